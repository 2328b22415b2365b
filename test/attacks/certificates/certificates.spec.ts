/**
 * SPIFFE IDs and forwarded certificates that someone may try: the subject to the letter, or nobody and a reason. Each is
 * said in every way in which an enforcement point reports a certificate, then through running listeners.
 */
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { jest } from '@jest/globals';
import type { Identity, Judged, Presented } from '#identity';
import { certificate, encodedPem, type Names, pemOf } from '../../identity/certificates.js';
import { callerNamed, identityOf, item, NOW, presented, reasons, sha256, shown } from '../../identity/identities.js';
import { type CheckListeners, clientOf, startCheckListeners, type Untyped } from '../../protocols/check-listeners.js';
import { Metadata } from '../../support/grpc.js';
import { sendRaw } from '../../support/http.js';
import { corpus, type Written, written } from '../corpus.js';

jest.setTimeout(120_000);

interface SpiffeRow {
  readonly because: string;
  /** The URI names of one certificate. */
  readonly uris: readonly Written[];
  /** `accepted`, or words of the reason. */
  readonly expect: string;
}

interface ForwardedRow {
  readonly because: string;
  /** With `{cert:NAME}` (URL-encoded PEM), `{pem:NAME}`, `{hash:NAME}` and `{key:NAME}` for what is made in the test. */
  readonly value: Written;
  readonly mechanism: string;
  readonly subjects?: readonly string[];
  /** Words of the reason. */
  readonly dropped?: string;
}

const SPIFFE_IDS = corpus<SpiffeRow>('certificates/spiffe-ids.json').map((row) => ({
  ...row,
  uris: row.uris.map(written),
}));
const FORWARDED = corpus<ForwardedRow>('certificates/forwarded.json');

/** Certificates with fresh keys. */
const CERTIFICATES: { readonly [name: string]: Buffer } = {
  orders: certificate({ uris: ['spiffe://acme.example/orders'], dnsNames: ['orders.acme.example'] }),
  till: certificate({ uris: ['spiffe://acme.example/till'] }),
  foreign: certificate({ uris: ['spiffe://other.example/orders'] }),
  two: certificate({ uris: ['spiffe://acme.example/orders', 'spiffe://acme.example/till'] }),
  bare: certificate({}),
  book: certificate({
    uris: ['spiffe://acme.example/orders'],
    dnsNames: Array.from({ length: 40 }, (_, index) => `h${index}.example`),
  }),
  trailing: Buffer.concat([certificate({ uris: ['spiffe://acme.example/orders'] }), Buffer.from('00112233', 'hex')]),
  cut: certificate({ uris: ['spiffe://acme.example/orders'] }).subarray(0, -10),
};
const KEY_PEM = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });

const HEADER = 'x-client-cert';
const HEADERS: { readonly [mechanism: string]: string } = { mesh: HEADER, names: 'x-dns-cert', prints: 'x-print-cert' };
/** Members of the shop go everywhere in it, and nobody else comes in. */
const SHOP = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec:
  trust: [mesh, names, prints]
  mechanisms:
    - { name: mesh, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example, header: ${HEADER} } }
    - { name: names, role: trust, kind: mtls, mtls: { match: dns, header: x-dns-cert } }
    - { name: prints, role: trust, kind: mtls, mtls: { match: fingerprint, header: x-print-cert } }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec:
  domains: [shop]
  hosts: [shop.example]
  identities:
    - { mechanism: mesh, subject: "spiffe://**" }
    - { mechanism: names, subject: "**" }
    - { mechanism: prints, subject: "**" }
${enforcementPoint('edge', ['mesh'])}${enforcementPoint('front', ['names', 'prints'])}`;

/** It proves itself by the key `NAME.secret-of-NAME`. */
function enforcementPoint(name: string, mayAssert: readonly string[]): string {
  return `---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: ${name}, domain: shop }
spec:
  credentials: [{ kind: apiKey, id: ${name}, sha256: "${sha256(`secret-of-${name}`)}" }]
  mayAssert: [${mayAssert.join(', ')}]
`;
}

/** Whoever takes the certificate itself would take the same one for several proofs. */
function askedBy(mechanism: string): string {
  return mechanism === 'mesh' ? 'edge' : 'front';
}

let identity: Identity;
let server: CheckListeners;
let authorization: Untyped;

beforeAll(async () => {
  identity = await identityOf(SHOP);
  server = await startCheckListeners(SHOP);
  authorization = clientOf('envoy.service.auth.v3.Authorization', server.grpc);
});

afterAll(async () => {
  authorization.close();
  identity.close();
  await server.stop();
});

it('are as many as were promised, no two alike', () => {
  expect(SPIFFE_IDS.length + FORWARDED.length).toBeGreaterThanOrEqual(150);
  const texts = [
    ...SPIFFE_IDS.map(({ uris }) => JSON.stringify(uris)),
    ...FORWARDED.map((row) => `${row.mechanism} ${rawOf(row)}`),
  ];
  expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([]);
});

describe('a SPIFFE ID', () => {
  it.each(SPIFFE_IDS.map((row) => [row.because, brief(row.uris), row] as const))('%s (%s)', async (_, _uris, row) => {
    const accepted = row.expect === 'accepted' ? [`mesh ${row.uris[0]}`] : [];
    const words = row.expect === 'accepted' ? undefined : row.expect;
    // In PEM as a gateway's own field, and in a header; then its names alone.
    const pem = encodedPem({ uris: row.uris });
    expectSubjects(await judged({ certificate: { principal: '', pem } }), accepted, words);
    expectSubjects(await judged({ reported: { [HEADER]: `Cert="${pem}"` } }), accepted, words);
    expectSubjects(
      await judged({ reported: { [HEADER]: `By=x;${row.uris.map(quoted).join('')}DNS=` } }),
      accepted,
      words,
    );
    if (row.uris.length !== 1) return;
    const subject = row.uris[0]!;
    // Texts of another form are taken for another kind of name there, or for none.
    expectSubjects(await judged({ certificate: { principal: subject, pem: '' } }), accepted);
    expectSubjects(await judged({ asserted: [item({ mechanism: 'mesh', subject })] }), accepted);
  });

  it('admits through the listeners who is accepted, and nobody else', async () => {
    const wrong: string[] = [];
    for (const { because, uris, expect: expected } of SPIFFE_IDS) {
      const source = { certificate: encodedPem({ uris }) };
      const seen = [await check(source), await nginx('mesh', `Cert="${source.certificate}"`)];
      if (seen.some((allowed) => allowed !== (expected === 'accepted'))) wrong.push(`${because}: ${seen}`);
    }
    expect(wrong).toEqual([]);
  });
});

describe('a forwarded certificate', () => {
  it.each(FORWARDED.map((row) => [row.because, brief(row.value), row] as const))('%s (%s)', async (_, _value, row) => {
    const accepted = (row.subjects ?? []).map((subject) => `${row.mechanism} ${filled(subject)}`);
    const reported = { [HEADERS[row.mechanism]!]: rawOf(row) };
    expectSubjects(await judged({ reported }, askedBy(row.mechanism)), accepted, row.dropped);
  });

  it('admits through a listener who is accepted, and nobody else', async () => {
    const wrong: string[] = [];
    for (const row of FORWARDED.filter((one) => /^[\t\x20-\x7e]*$/.test(rawOf(one)))) {
      const value = rawOf(row);
      // Blanks around the value of a field are no part of it.
      const isAccepted = row.subjects !== undefined || (value !== value.trim() && value.trim() !== '');
      const allowed = await nginx(row.mechanism, value);
      if (allowed !== isAccepted) wrong.push(`${row.because}: ${allowed}`);
    }
    expect(wrong).toEqual([]);
  });
});

it('the certificates of these tests are what OpenSSL takes for certificates', () => {
  const names: Names = { uris: ['spiffe://acme.example/orders'], dnsNames: ['orders.acme.example'] };
  expect(new X509Certificate(certificate(names)).subjectAltName).toBe(
    'URI:spiffe://acme.example/orders, DNS:orders.acme.example',
  );
});

async function judged(differing: Partial<Presented>, by = 'edge'): Promise<Judged> {
  return identity.judge(presented(differing), callerNamed(identity, by), NOW);
}

/** Exactly these are believed; where there are words, the reason for the rest holds them. */
function expectSubjects(seen: Judged, accepted: readonly string[], words?: string): void {
  expect(shown(seen).filter((text) => !text.startsWith('?'))).toEqual(accepted);
  if (words !== undefined) expect(reasons(seen).join('\n')).toContain(words);
}

async function check(source: object): Promise<boolean> {
  const attributes = { source, request: { http: { method: 'GET', host: 'shop.example', path: '/' } } };
  const shownKey = new Metadata();
  shownKey.add('x-dharma-key', 'edge.secret-of-edge');
  const answer = await new Promise<Untyped>((done, failed) => {
    authorization.Check({ attributes }, shownKey, (fault: unknown, said: unknown) =>
      fault ? failed(fault) : done(said),
    );
  });
  return answer.status.code === 0;
}

async function nginx(mechanism: string, value: string): Promise<boolean> {
  const name = askedBy(mechanism);
  const { status } = await sendRaw(server.http, [
    'GET /forward-auth/nginx HTTP/1.1',
    'Host: dharma',
    `X-Dharma-Key: ${name}.secret-of-${name}`,
    'X-Original-Method: GET',
    'X-Original-Host: shop.example',
    'X-Original-URI: /',
    `${HEADERS[mechanism]}: ${value}`,
  ]);
  expect(status === 200 || (status >= 400 && status < 500)).toBe(true);
  return status === 200;
}

function rawOf({ value }: ForwardedRow): string {
  return filled(written(value));
}

/** Certificates of this run in the place of their names. */
function filled(text: string): string {
  return text.replaceAll(/\{(cert|pem|hash|key):(\w+)\}/g, (_, what: string, name: string) => {
    if (what === 'key') return encodeURIComponent(String(KEY_PEM));
    const der = CERTIFICATES[name]!;
    switch (what) {
      case 'cert':
        return encodeURIComponent(pemOf(der));
      case 'pem':
        return pemOf(der);
      default:
        return createHash('sha256').update(der).digest('hex');
    }
  });
}

/** A member of the format. */
function quoted(uri: string): string {
  return `URI="${uri.replaceAll('"', String.raw`\"`)}";`;
}

function brief(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 60)}… ${text.length} characters` : text;
}
