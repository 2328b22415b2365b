import { certificateFromPem, hostNames, MAXIMUM_NAMES, type ReportedCertificate } from './certificate.js';

const MAXIMUM_VALUE = 64 * 1024;
const FINGERPRINT = /^[0-9a-f]{64}$/;
/** Members that may be given more than once. */
const REPEATED: ReadonlySet<string> = new Set(['by', 'uri', 'dns']);
const MEMBERS: ReadonlySet<string> = new Set([...REPEATED, 'hash', 'cert', 'chain', 'subject']);
const PLAIN_VALUE = /[^",;=\s]*/y;
const MEMBER_NAME = /[A-Za-z]+/y;

export type ForwardedClientCert =
  | { readonly kind: 'certificate'; readonly certificate: ReportedCertificate }
  | { readonly kind: 'refused'; readonly because: string };

/**
 * The value of a header in the format of `x-forwarded-client-cert`. Exactly one element: a proxy appends its own to those
 * that came with the request, so of several it cannot be told which ones a client wrote.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert
 */
export function parseForwardedClientCert(value: string): ForwardedClientCert {
  const members = membersOf(value);
  if (typeof members === 'string') return { kind: 'refused', because: members };
  const one = (name: string): string | undefined => members.get(name)?.[0];
  const fingerprint = one('hash')?.toLowerCase();
  if (fingerprint !== undefined && !FINGERPRINT.test(fingerprint)) return refused('its `Hash` is no SHA-256 in hex');
  const pem = one('cert');
  if (pem !== undefined) {
    const certificate = certificateFromPem(pem);
    if (certificate === undefined) return refused('its `Cert` cannot be read');
    if (fingerprint !== undefined && fingerprint !== certificate.fingerprint)
      return refused('its `Hash` is not that of its `Cert`');
    return { kind: 'certificate', certificate };
  }
  const [uris = [], dnsNames = []] = [members.get('uri'), members.get('dns')];
  if (uris.length + dnsNames.length > MAXIMUM_NAMES) return refused(`it says more than ${MAXIMUM_NAMES} names`);
  const subject = one('subject');
  const certificate = {
    uris,
    dnsNames: hostNames(dnsNames),
    ...(subject !== undefined && { subject }),
    ...(fingerprint !== undefined && { fingerprint }),
  };
  return { kind: 'certificate', certificate };
}

function refused(because: string): ForwardedClientCert {
  return { kind: 'refused', because };
}

/** Values by lower-case name, empty ones left out; or why there are none. */
function membersOf(value: string): ReadonlyMap<string, readonly string[]> | string {
  if (value.length > MAXIMUM_VALUE) return `it is longer than ${MAXIMUM_VALUE} characters`;
  const members = new Map<string, string[]>();
  const seen = new Set<string>();
  for (let at = 0; ;) {
    MEMBER_NAME.lastIndex = at;
    const name = MEMBER_NAME.exec(value)?.[0].toLowerCase();
    if (name === undefined || !MEMBERS.has(name)) return 'it is not in the format of `x-forwarded-client-cert`';
    if (seen.has(name) && !REPEATED.has(name)) return `it says \`${name}\` twice`;
    seen.add(name);
    at += name.length;
    if (value[at] !== '=') return 'it is not in the format of `x-forwarded-client-cert`';
    const read = value[at + 1] === '"' ? quotedAt(value, at + 1) : plainAt(value, at + 1);
    if (read === undefined) return 'it is not in the format of `x-forwarded-client-cert`';
    if (read.text !== '') {
      const texts = members.get(name);
      if (texts === undefined) members.set(name, [read.text]);
      else texts.push(read.text);
    }
    at = read.end;
    if (at === value.length) return members;
    if (value[at] === ',') return 'it speaks of several certificates; let the gateway replace the header, not append';
    if (value[at] !== ';') return 'it is not in the format of `x-forwarded-client-cert`';
    at += 1;
  }
}

interface Read {
  readonly text: string;
  readonly end: number;
}

function plainAt(value: string, start: number): Read {
  PLAIN_VALUE.lastIndex = start;
  const text = PLAIN_VALUE.exec(value)![0];
  return { text, end: start + text.length };
}

/** Only a quote is escaped in there, a backslash is not: `\\"` could be an escaped quote or the end, so it is refused. */
function quotedAt(value: string, start: number): Read | undefined {
  let text = '';
  for (let at = start + 1; at < value.length; at++) {
    const sign = value[at]!;
    if (sign === '"') return { text, end: at + 1 };
    if (sign === '\\' && value[at + 1] === '"') {
      if (value[at - 1] === '\\') return undefined;
      text += '"';
      at++;
    } else {
      text += sign;
    }
  }
  return undefined;
}
