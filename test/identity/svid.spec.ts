import type { Identity } from '#identity';
import { identityOf, NOW, presented, reasons, shown } from './identities.js';
import { Issuer } from './issuers.js';

const ID = 'spiffe://acme.example/ns/orders/sa/api';
let rsa: Issuer;
let plain: Issuer;
let identity: Identity;

beforeAll(async () => {
  rsa = await Issuer.create('RS256', 'svid-1');
  plain = await Issuer.create('ES256', 'x509-1');
  const bundle = {
    keys: [
      { ...rsa.publicJwk, use: 'jwt-svid', alg: undefined },
      { ...plain.publicJwk, use: 'x509-svid' },
    ],
  };
  identity = await identityOf(`
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  trust: [mesh]
  access: [login]
  mechanisms:
    - name: mesh
      role: trust
      kind: spiffe
      spiffe: { trustDomain: acme.example, jwtSvid: { audiences: [orders], keys: { inline: ${JSON.stringify(bundle)} } } }
    - name: login
      role: access
      kind: jwt
      jwt: { issuer: "https://spire.acme.example", audiences: [acme-api], keys: { inline: ${JSON.stringify({ keys: [plain.publicJwk] })} } }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [acme], hosts: [orders.example], identities: [{ mechanism: mesh, subject: "${ID}" }] }
`);
});

const caller = { kind: 'known', name: 'local', domain: '*', mayExplain: false, believed: new Set<string>() } as const;
const judge = async (token: string) =>
  identity.judge(presented({ credentials: { authorization: `Bearer ${token}` } }), caller, NOW);
const svid = (claims: object = {}, header: object = {}, issuer = rsa) =>
  issuer.token({ iss: undefined, aud: 'orders', sub: ID, ...claims }, { ...header });

it.each`
  because                           | token
  ${'it needs no issuer'}           | ${() => svid()}
  ${'it may have one'}              | ${() => svid({ iss: 'https://spire.acme.example' })}
  ${'it says what it is'}           | ${() => svid({}, { typ: 'JWT' })}
  ${'it says what it is otherwise'} | ${() => svid({}, { typ: 'JOSE' })}
  ${'one of its audiences is ours'} | ${() => svid({ aud: ['other', 'orders'] })}
`('a JWT-SVID proves a workload: $because', async ({ token }) => {
  const judged = await judge(await token());
  expect(shown(judged)).toEqual([`mesh ${ID}`]);
  expect(judged).toMatchObject({ hasVerifiedCredential: false, hasFalseCredential: false });
});

it.each`
  because                             | token                                | reason
  ${'another workload may replay it'} | ${() => svid({ aud: 'billing' })}    | ${'it is meant for another audience'}
  ${'it has no end'}                  | ${() => svid({ exp: undefined })}    | ${'it has no `exp`'}
  ${'it is some other token'}         | ${() => svid({}, { typ: 'at+jwt' })} | ${'its `typ` is not that of a JWT-SVID'}
  ${'the key is for certificates'}    | ${() => svid({}, {}, plain)}         | ${'none of the keys of the mechanism is the one it names'}
`('a JWT-SVID does not count when $because', async ({ token, reason }) => {
  const judged = await judge(await token());
  expect(reasons(judged)).toEqual([`mesh: ${reason}`]);
  expect(judged.evidence).toEqual([]);
});

it.each`
  because                            | sub
  ${'it is of another trust domain'} | ${'spiffe://evil.example/ns/orders/sa/api'}
  ${'it names no workload'}          | ${'spiffe://acme.example'}
  ${'it could be read differently'}  | ${'spiffe://acme.example/ns/../sa/api'}
  ${'its case differs'}              | ${'spiffe://ACME.example/ns/orders/sa/api'}
  ${'it is no SPIFFE ID'}            | ${'orders'}
`('a subject is none of ours: $because', async ({ sub }) => {
  const judged = await judge(await svid({ sub }));
  expect(reasons(judged)).toEqual(['-: what is in `authorization` does not count: it has no `iss`']);
  expect(judged).toMatchObject({ evidence: [], hasFalseCredential: true });
});
