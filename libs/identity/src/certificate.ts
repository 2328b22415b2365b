import { X509Certificate } from 'node:crypto';

/** What an enforcement point said about a client's certificate; what it did not say is missing. */
export interface ReportedCertificate {
  /** URI names (SAN), as they stand. */
  readonly uris: readonly string[];
  /** DNS names (SAN) that are host names, in lower case. */
  readonly dnsNames: readonly string[];
  /** RFC 2253, as Envoy and nginx write it. */
  readonly subject?: string;
  /** SHA-256 of the certificate, in lower-case hex. */
  readonly fingerprint?: string;
}

/** Characters of one certificate, URL-encoded. */
const MAXIMUM_ENCODED = 64 * 1024;
/** URI and DNS names of one certificate that is read: each may become an item of evidence. */
export const MAXIMUM_NAMES = 32;
const ONE_PEM = /^-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\s*$/;
const HOST_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const MAXIMUM_HOST_NAME = 253;
const SUBJECT = /^[A-Za-z][A-Za-z0-9]*=/;
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * @param encoded  URL-encoded PEM of one certificate
 * @returns undefined when it cannot be read, or says more names than anyone needs
 */
export function certificateFromPem(encoded: string): ReportedCertificate | undefined {
  if (encoded.length > MAXIMUM_ENCODED) return undefined;
  let certificate: X509Certificate;
  try {
    const pem = decodeURIComponent(encoded);
    if (!ONE_PEM.test(pem)) return undefined;
    certificate = new X509Certificate(pem);
  } catch {
    return undefined;
  }
  const names = alternativeNames(certificate.subjectAltName ?? '');
  if (names === undefined || names.length > MAXIMUM_NAMES) return undefined;
  const subject = subjectOf(certificate.subject ?? '');
  return {
    uris: names.flatMap(({ type, value }) => (type === 'URI' ? [value] : [])),
    dnsNames: hostNames(names.flatMap(({ type, value }) => (type === 'DNS' ? [value] : []))),
    ...(subject !== undefined && { subject }),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

/**
 * One name of a certificate, whose kind has to be told by its form: a URI, a subject, or a host name. The three have no
 * text in common.
 *
 * @returns undefined when it has none of these forms
 */
export function certificateFromPrincipal(principal: string): ReportedCertificate | undefined {
  if (principal.length > MAXIMUM_ENCODED) return undefined;
  if (SCHEME.test(principal)) return { uris: [principal], dnsNames: [] };
  if (SUBJECT.test(principal)) return { uris: [], dnsNames: [], subject: principal };
  const dnsNames = hostNames([principal]);
  return dnsNames.length === 0 ? undefined : { uris: [], dnsNames };
}

/** Those that are host names; a wildcard names nobody. */
export function hostNames(names: readonly string[]): readonly string[] {
  return names
    .map((name) => name.toLowerCase())
    .filter((name) => name.length <= MAXIMUM_HOST_NAME && HOST_NAME.test(name));
}

interface AlternativeName {
  readonly type: string;
  readonly value: string;
}

/**
 * Node's text of a certificate's alternative names: `DNS:a.example, URI:"…"`. Whatever could be taken for more than one
 * name stands in quotes, as JSON.
 *
 * @returns undefined for a text of another form
 * @see https://nodejs.org/api/crypto.html#x509subjectaltname
 */
function alternativeNames(text: string): readonly AlternativeName[] | undefined {
  const names: AlternativeName[] = [];
  let at = 0;
  while (at < text.length) {
    const colon = text.indexOf(':', at);
    if (colon < 0) return undefined;
    const type = text.slice(at, colon);
    const end = text[colon + 1] === '"' ? endOfQuoted(text, colon + 1) : endOfPlain(text, colon + 1);
    if (end === undefined || !(end === text.length || text.startsWith(', ', end))) return undefined;
    const written = text.slice(colon + 1, end);
    const value = written.startsWith('"') ? unquoted(written) : written;
    if (value === undefined) return undefined;
    names.push({ type, value });
    at = end + 2;
  }
  return names;
}

function endOfPlain(text: string, start: number): number {
  const comma = text.indexOf(', ', start);
  return comma < 0 ? text.length : comma;
}

function endOfQuoted(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  return undefined;
}

function unquoted(written: string): string | undefined {
  try {
    return JSON.parse(written) as string;
  } catch {
    return undefined;
  }
}

/**
 * Node writes a subject in the order of the certificate, an attribute a line, RFC 2253 has it the other way round, joined
 * by commas, and without anything beyond ASCII.
 *
 * @returns undefined for an empty one, and for one with attributes that have no name: those are written in many ways
 */
function subjectOf(lines: string): string | undefined {
  if (lines === '') return undefined;
  const parts = lines.split('\n').flatMap((line) => line.split(' + ').toReversed().join('+'));
  if (parts.some((part) => /^[0-9]|[^\\]\+[0-9]/.test(part))) return undefined;
  return parts
    .toReversed()
    .join(',')
    .replaceAll(/\P{ASCII}+/gu, (text) =>
      Buffer.from(text)
        .toString('hex')
        .toUpperCase()
        .replaceAll(/../g, String.raw`\$&`),
    );
}
