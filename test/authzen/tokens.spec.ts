/** A subject may be verified by its own token, which nobody else's word can replace. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { startTestServer, type TestServer } from '../support/server.js';
import { post } from './calls.js';

const ISSUER = 'https://login.acme.example/';
const AMBIGUOUS = 'https://both.acme.example/';

/** Tokens of one issuer are of users; those of the other may be of users or of programs. Nobody may vouch for anybody. */
const company = (jwks: object) => {
  const jwt = (name: string, issuer: string, principalType: string) => `
    - name: ${name}
      role: access
      kind: jwt
      jwt: { issuer: "${issuer}", audiences: [desk], principalType: ${principalType}, keys: { inline: ${JSON.stringify(jwks)} } }`;
  return `
apiVersion: dharma/v1
kind: Domain
metadata: { name: firm }
spec:
  access: [tokens, users, programs, anonymous]
  boundary: [desk/*]
  mechanisms:${jwt('tokens', ISSUER, 'user')}${jwt('users', AMBIGUOUS, 'user')}${jwt('programs', AMBIGUOUS, 'client')}
---
apiVersion: dharma/v1
kind: Service
metadata: { name: desk }
spec:
  domains: [firm]
  endpoints: [{ name: records, kind: resource, operations: [{ resourceType: record, actions: [view, list, sign] }] }]
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: desk, domain: firm }
spec:
  rules:
    - { id: ann, effect: allow, who: { principals: ["user:ann", "client:ann"] }, what: { actions: [view] } }
    - { id: staff, effect: allow, who: { groups: [staff] }, what: { actions: [sign] } }
    - { id: all, effect: allow, who: { anonymous: true }, what: { actions: [list] } }
---
apiVersion: dharma/v1
kind: EntitySet
metadata: { name: records, domain: firm }
spec: { entities: [{ type: record, id: "1", attributes: {} }, { type: record, id: "2", attributes: {} }] }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: firm }
spec: { credentials: [{ kind: network, cidrs: ["127.0.0.1/32"] }] }
`;
};

let server: TestServer;
let token: (
  claims: { readonly sub: string; readonly iss?: string; readonly groups?: string[] },
  exp?: string,
) => Promise<string>;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  server = await startTestServer(company({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] }));
  token = (claims, exp = '5m') =>
    new SignJWT({ iss: ISSUER, aud: 'desk', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuedAt('20m ago')
      .setExpirationTime(exp)
      .sign(privateKey);
});
afterAll(() => server?.stop());

const ask = (path: string, body: object) => post(server.addresses.http, `/access/v1/${path}`, body);
const RECORD = { resource: { type: 'record', id: '1' } };
const ANN = { type: 'user', id: 'ann' };
const shown = (access_token: unknown, subject: object = ANN) => ({ ...subject, properties: { access_token } });

it.each`
  because                                       | subject                                                                                           | action    | decision
  ${'the token is ann’s'}                       | ${async () => shown(await token({ sub: 'ann' }))}                                                 | ${'view'} | ${true}
  ${'her word alone is nobody’s'}               | ${async () => ANN}                                                                                | ${'view'} | ${false}
  ${'it is of somebody else'}                   | ${async () => shown(await token({ sub: 'bob' }))}                                                 | ${'view'} | ${false}
  ${'of another type she is another one'}       | ${async () => shown(await token({ sub: 'ann' }), { type: 'client', id: 'ann' })}                  | ${'view'} | ${false}
  ${'it may be of two'}                         | ${async () => shown(await token({ sub: 'ann', iss: AMBIGUOUS }))}                                 | ${'view'} | ${false}
  ${'it has expired'}                           | ${async () => shown(await token({ sub: 'ann' }, '10m ago'))}                                      | ${'view'} | ${false}
  ${'its issuer is not known'}                  | ${async () => shown(await token({ sub: 'ann', iss: 'https://evil.example/' }))}                   | ${'view'} | ${false}
  ${'its signature is cut'}                     | ${async () => shown((await token({ sub: 'ann' })).slice(0, -4))}                                  | ${'view'} | ${false}
  ${'it is none'}                               | ${async () => shown('x')}                                                                         | ${'view'} | ${false}
  ${'it says whose groups they are'}            | ${async () => shown(await token({ sub: 'eve', groups: ['staff'] }), { type: 'user', id: 'eve' })} | ${'sign'} | ${true}
  ${'and nobody else’s'}                        | ${async () => shown(await token({ sub: 'ann' }))}                                                 | ${'sign'} | ${false}
  ${'what nobody may do is not theirs who lie'} | ${async () => shown(await token({ sub: 'bob' }))}                                                 | ${'list'} | ${false}
  ${'nor theirs whose token is false'}          | ${async () => shown('x')}                                                                         | ${'list'} | ${false}
`('of $action it is said $decision, where $because', async ({ subject, action, decision }) => {
  const body = { subject: await subject(), action: { name: action }, ...RECORD };
  expect(await ask('evaluation', body)).toMatchObject({ status: 200, json: { decision } });
});

it.each`
  because                              | subject
  ${'a token is a text'}               | ${() => shown(7)}
  ${'null is no token'}                | ${() => shown(null)}
  ${'others say nothing of a token’s'} | ${() => ({ ...ANN, properties: { access_token: 'x', level: 9 } })}
`('is a problem alone, and a denial in a batch, where $because', async ({ subject }) => {
  const body = { action: { name: 'list' }, ...RECORD };
  expect((await ask('evaluation', { ...body, subject: subject() })).status).toBe(400);
  expect((await ask('evaluations', { ...body, evaluations: [{ subject: subject() }] })).json).toMatchObject({
    evaluations: [{ decision: false, context: { error: { status: 400 } } }],
  });
});

it('is looked at once for a batch, and for each of its items', async () => {
  const [own, other] = [shown(await token({ sub: 'ann' })), shown(await token({ sub: 'bob' }))];
  const evaluations = [{}, { subject: other }, { resource: { type: 'record', id: '2' } }];
  const { json } = await ask('evaluations', { subject: own, action: { name: 'view' }, ...RECORD, evaluations });
  expect(json).toEqual({ evaluations: [{ decision: true }, { decision: false }, { decision: true }] });
});

it('is searched for like one who is vouched for', async () => {
  const resources = async (subject: object) =>
    (await ask('search/resource', { subject, action: { name: 'view' }, resource: { type: 'record' } })).json['results'];
  expect(await resources(shown(await token({ sub: 'ann' })))).toHaveLength(2);
  expect(await resources(shown(await token({ sub: 'bob' })))).toEqual([]);
  const actions = await ask('search/action', { subject: shown(await token({ sub: 'ann' })), ...RECORD });
  expect(actions.json['results']).toEqual([{ name: 'list' }, { name: 'view' }]);
  const sought = { subject: { type: 'user', properties: { access_token: 'x' } }, action: { name: 'view' }, ...RECORD };
  expect((await ask('search/subject', sought)).status).toBe(400);
});

it('leaves no token in the log', async () => {
  const secret = await token({ sub: 'bob' });
  await ask('evaluation', { subject: shown(secret), action: { name: 'view' }, ...RECORD });
  expect(server.lines.length).toBeGreaterThan(0);
  expect(server.lines.join('')).not.toContain(secret.slice(0, 20));
});
