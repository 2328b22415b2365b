/** What it costs to tell who asks, and to judge what comes along. */
import { hash } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Identity, identitySettings, KeyRing, type KnownCaller, type Peer, type Presented } from '#identity';
import { loadBundle } from '#policy';

export interface EvidenceCall {
  readonly name: string;
  readonly call: (index: number) => unknown;
}

/** Different tokens in use at one time. */
const TOKENS = 500;
const SECRET = 's'.repeat(43);
const NOW = Date.now();

/** Each made anew from bytes, as headers are: text that was read before is cheaper to read again. */
const fresh = (bytes: Buffer): string => bytes.toString('latin1');

export async function evidenceCalls(): Promise<readonly EvidenceCall[]> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const identity = await prepared({ ...(await exportJWK(publicKey)), kid: 'a', alg: 'RS256' });
  const edge = identity.caller(peer({ key: `edge.${SECRET}` }), NOW) as KnownCaller;
  const judge = (differing: Partial<Presented>) =>
    identity.judge({ asserted: [], credentials: {}, reported: {}, ...differing }, edge, NOW);

  const seconds = Math.floor(NOW / 1000);
  const token = async (index: number) =>
    new SignJWT({ scope: 'book:read book:write', groups: ['staff', 'travellers'], name: 'n'.repeat(60) })
      .setProtectedHeader({ alg: 'RS256', kid: 'a' })
      .setIssuer('https://login.acme.example/')
      .setAudience('acme-api')
      .setSubject(`u-${index}`)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + 3600)
      .sign(privateKey);
  const tokens = await Promise.all(Array.from({ length: TOKENS }, (_, index) => token(index)));
  const headers = tokens.map((text) => Buffer.from(`Bearer ${text}`));
  await Promise.all(headers.map(async (header) => judge({ credentials: { authorization: fresh(header) } })));
  const key = Buffer.from(`p1.${SECRET}`);
  const principal = Buffer.from('spiffe://acme.example/ns/orders/sa/api');

  return [
    { name: 'a caller by its address', call: () => identity.caller(peer({ address: '10.1.2.3' }), NOW) },
    { name: 'a caller by its key', call: () => identity.caller(peer({ key: `edge.${SECRET}` }), NOW) },
    { name: 'nothing presented', call: () => judge({}) },
    {
      name: `a token seen before (RS256, ${tokens[0]!.length} characters)`,
      call: (index) => judge({ credentials: { authorization: fresh(headers[index % TOKENS]!) } }),
    },
    { name: 'an API key', call: () => judge({ credentials: { 'x-api-key': fresh(key) } }) },
    {
      name: 'a SPIFFE ID that the gateway reports',
      call: () => judge({ certificate: { principal: fresh(principal), pem: '' } }),
    },
  ];
}

function peer(differing: Partial<Peer>): Peer {
  return { listener: 'tcp', address: undefined, key: undefined, certificateUris: [], ...differing };
}

async function prepared(jwk: object): Promise<Identity> {
  const sha256 = hash('sha256', SECRET);
  const mechanisms = [
    {
      name: 'login',
      role: 'access',
      kind: 'jwt',
      jwt: { issuer: 'https://login.acme.example/', audiences: ['acme-api'], keys: { inline: { keys: [jwk] } } },
    },
    {
      name: 'partner-key',
      role: 'access',
      kind: 'apiKey',
      apiKey: { header: 'x-api-key', keys: [{ id: 'p1', sha256, subject: 'partner-1' }] },
    },
    { name: 'mesh', role: 'trust', kind: 'spiffe', spiffe: { trustDomain: 'acme.example' } },
  ];
  const credentials = [
    { kind: 'apiKey', id: 'edge', sha256 },
    { kind: 'network', cidrs: ['10.0.0.0/8'] },
  ];
  const documents = [
    { kind: 'Domain', metadata: { name: 'acme' }, spec: { mechanisms } },
    {
      kind: 'EnforcementPoint',
      metadata: { name: 'edge', domain: 'acme' },
      spec: { credentials, mayAssert: ['mesh'] },
    },
  ];
  const text = documents.map((document) => JSON.stringify({ apiVersion: 'dharma/v1', ...document })).join('\n---\n');
  const bundle = loadBundle([{ file: 'bench.yaml', text }]);
  if (bundle.faults.length > 0) throw new Error(bundle.faults[0]!.message);
  const settings = identitySettings(bundle.documents.map(({ document }) => document));
  return Identity.prepare(settings, { keys: new KeyRing(), onlyLocal: true });
}
