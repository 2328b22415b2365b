/** Values in the format of `x-forwarded-client-cert`, SPIFFE IDs and names of certificates. */
import fc from 'fast-check';
import { certificateFromPem, certificateFromPrincipal } from '../../libs/identity/src/certificate.js';
import { type ForwardedClientCert, parseForwardedClientCert } from '../../libs/identity/src/forwarded-client-cert.js';
import { spiffeTrustDomain } from '../../libs/identity/src/spiffe-id.js';
import { corpus, type Written, written } from '../attacks/corpus.js';
import { encodedPem } from '../identity/certificates.js';
import { mutated, piecesOf } from './mutation.js';
import { type FuzzTarget, insist, shownText } from './target.js';

const PEM = encodedPem({ uris: ['spiffe://acme.example/orders'], dnsNames: ['orders.acme.example'] });
const FORWARDED = corpus<{ readonly value: Written }>('certificates/forwarded.json').map(({ value }) =>
  written(value).replaceAll(/\{cert:\w+\}/g, PEM),
);
const IDS = corpus<{ readonly uris: readonly Written[] }>('certificates/spiffe-ids.json').flatMap(({ uris }) =>
  uris.map(written),
);
const PIECES = piecesOf('certificates');
const LIMIT = 70_000;

interface Output {
  readonly forwarded: ForwardedClientCert;
  readonly trustDomain: string | undefined;
}

export const forwardedCertificates: FuzzTarget<string, Output> = {
  name: 'certificates',
  inputs: fc.oneof(
    { weight: 3, arbitrary: mutated(FORWARDED, PIECES, LIMIT) },
    { weight: 1, arbitrary: mutated([...IDS, PEM], PIECES, LIMIT) },
  ),
  exercise(text) {
    certificateFromPem(text);
    certificateFromPrincipal(text);
    return { forwarded: parseForwardedClientCert(text), trustDomain: spiffeTrustDomain(text) };
  },
  judge(text, { forwarded, trustDomain }) {
    if (trustDomain !== undefined) {
      insist(/^[\u0021-\u007e]{1,2048}$/.test(text), 'a SPIFFE ID holds what none may hold');
      const [scheme, nothing, host, ...segments] = text.split('/');
      insist(
        scheme === 'spiffe:' && nothing === '' && host === trustDomain,
        'another reader finds another trust domain',
      );
      insist(segments.length > 0 && !segments.some((one) => ['', '.', '..'].includes(one)), 'a path is no path');
    }
    if (forwarded.kind !== 'certificate') return insist(forwarded.because !== '', 'it is refused without a reason');
    if (/cert=/i.test(text)) return;
    const { uris, dnsNames, subject, fingerprint } = forwarded.certificate;
    const values = [...uris, ...dnsNames, subject ?? ''];
    // A backslash before a quote is not written by anyone whom we read.
    if (values.some((value) => /\\(?:"|$)/.test(value))) return;
    const member = (name: string, value: string) => `${name}="${value.replaceAll('"', String.raw`\"`)}"`;
    const members = [
      ...uris.map((uri) => member('URI', uri)),
      ...dnsNames.map((name) => member('DNS', name)),
      ...(subject === undefined ? [] : [member('Subject', subject)]),
      ...(fingerprint === undefined ? [] : [`Hash=${fingerprint}`]),
    ];
    const rewritten = members.length === 0 ? 'By=' : members.join(';');
    // Quotes may make it too long.
    if (rewritten.length > 64 * 1024) return;
    const again = parseForwardedClientCert(rewritten);
    insist(
      JSON.stringify(again) === JSON.stringify(forwarded),
      'what was read, written again, reads as something else',
    );
  },
  show: shownText,
};
