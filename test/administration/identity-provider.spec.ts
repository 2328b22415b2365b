/** Operators who come with a token of an identity provider: what lets them in, and what does not. */
import { IssuerTokens } from '#identity';
import { MemoryAuditLog, MemoryCredentialStore, MemoryFleet, MemoryRevisionStore } from '#store';
import { type Answer, ScriptedServer, startTestAdmin, type TestAdmin, TOKEN } from '../admin-api/admin-server.js';
import { NOW } from '../identity/identities.js';
import { compact, Issuer, NOW_SECONDS } from '../identity/issuers.js';
import { ScriptedIssuers } from '../identity/scripted-issuers.js';

const ISSUER = 'https://login.acme.example/';
const AUDIENCE = 'urn:acme:dharma';
const ANN = `oidc:${ISSUER}#u-17`;
const SET = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec: {}
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.shop }
spec: { administrators: [{ role: owner, principals: ["group:shopkeepers"] }] }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.bank }
spec: { administrators: [{ role: owner, principals: ["user:${ANN}", "user:u-17", "user:ann"] }] }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.post }
spec: { administrators: [{ role: owner, principals: ["user:u-18"] }] }
`;
const CLAIMS = { iss: ISSUER, aud: AUDIENCE, realm: { groups: ['shopkeepers'] } };

const provider = new ScriptedIssuers();
let keys: Issuer;
let stranger: Issuer;
let tokens: IssuerTokens;
let admin: TestAdmin;
let audit: MemoryAuditLog;

beforeAll(async () => {
  [keys, stranger] = await Promise.all([Issuer.create('ES256', 'key'), Issuer.create('ES256', 'key')]);
  answering(keys);
  const clock = () => NOW + provider.elapsed;
  audit = new MemoryAuditLog(clock);
  tokens = new IssuerTokens({ issuer: ISSUER, audience: AUDIENCE, groupsClaim: 'realm.groups' }, provider.issuers());
  admin = await startTestAdmin({
    history: {
      store: new MemoryRevisionStore(clock, audit),
      credentials: new MemoryCredentialStore(clock, audit),
      audit,
      fleet: new MemoryFleet(clock),
    },
    server: new ScriptedServer(),
    operatorIssuer: tokens,
    clock,
  });
  const published = await admin.ask('POST', '/admin/v1/revisions', {
    body: { source: 'git', files: [{ file: 'set.yaml', text: SET }], base: null, because: 'the world of the test' },
  });
  expect(published.status).toBe(201);
});
afterAll(async () => {
  await admin.stop();
  await tokens.close();
});

/** The provider publishes the key of one issuer. */
function answering({ publicJwk }: Issuer): void {
  provider.respond = ({ url }) =>
    url === `${ISSUER}.well-known/openid-configuration`
      ? JSON.stringify({ issuer: ISSUER, jwks_uri: `${ISSUER}jwks` })
      : url === `${ISSUER}jwks`
        ? JSON.stringify({ keys: [publicJwk] })
        : undefined;
}

async function domainsOf(token: string): Promise<readonly string[] | string> {
  const { status, json } = await admin.ask('GET', '/admin/v1/domains', { token });
  return status === 200 ? json.items.map(({ name }: { readonly name: string }) => name) : `${status} ${json.code}`;
}

async function createOperator(name: string, token: string): Promise<Answer> {
  return admin.ask('POST', '/admin/v1/operators', { token, body: { name } });
}

const NOBODY = '401 operator-unknown';
const ELSE = { shop: ['acme.shop'], bank: ['acme.bank'], none: [] as string[] };

describe('a token of the identity provider', () => {
  it.each`
    because                                                     | claims                                                      | seen
    ${'its groups are what documents call `group:`'}            | ${{ sub: 'u-99' }}                                          | ${ELSE.shop}
    ${'its subject is named with its issuer, and with no less'} | ${{ realm: {} }}                                            | ${ELSE.bank}
    ${'a subject by itself is a token of ours'}                 | ${{ sub: 'u-18', realm: {} }}                               | ${ELSE.none}
    ${'groups of another claim are none'}                       | ${{ sub: 'u-99', realm: {}, groups: ['shopkeepers'] }}      | ${ELSE.none}
    ${'no group begins with what another ends with'}            | ${{ sub: 'u-99', realm: { groups: ['shop', 'user:ann'] } }} | ${ELSE.none}
    ${'a list of groups that is none lets nobody in'}           | ${{ realm: { groups: 7 } }}                                 | ${NOBODY}
    ${'it is meant for another API'}                            | ${{ aud: 'urn:acme:shop' }}                                 | ${NOBODY}
    ${'it is of another issuer'}                                | ${{ iss: 'https://login.other.example/' }}                  | ${NOBODY}
    ${'it has expired'}                                         | ${{ exp: NOW_SECONDS - 61 }}                                | ${NOBODY}
    ${'it is not valid yet'}                                    | ${{ nbf: NOW_SECONDS + 120 }}                               | ${NOBODY}
    ${'it never expires'}                                       | ${{ exp: undefined }}                                       | ${NOBODY}
    ${'it says that it is valid for a year'}                    | ${{ exp: NOW_SECONDS + 31_536_000 }}                        | ${NOBODY}
    ${'it is of nobody'}                                        | ${{ sub: undefined }}                                       | ${NOBODY}
    ${'its subject would break lines of a log'}                 | ${{ sub: 'ann\nroot' }}                                     | ${NOBODY}
    ${'a subject is longer than a name can be'}                 | ${{ sub: 'a'.repeat(600) }}                                 | ${NOBODY}
  `('$because', async ({ claims, seen }) => {
    expect(await domainsOf(await keys.token({ ...CLAIMS, ...claims }))).toEqual(seen);
  });

  it('of which one word was changed is nobody’s', async () => {
    const token = await keys.token({ ...CLAIMS, sub: 'u-99' });
    const [header, , signature] = token.split('.');
    const claims = { ...CLAIMS, sub: 'u-99', exp: NOW_SECONDS + 600, realm: { groups: ['owners'] } };
    const forged = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
    expect([await domainsOf(token), await domainsOf(forged)]).toEqual([['acme.shop'], NOBODY]);
  });

  it('by another key of the same name, or by none, is nobody’s', async () => {
    const unsigned = compact({ alg: 'none' }, { ...CLAIMS, sub: 'u-99', exp: NOW_SECONDS + 600 }, 'AA');
    expect(await domainsOf(await stranger.token({ ...CLAIMS }))).toBe(NOBODY);
    expect(await domainsOf(unsigned)).toBe(NOBODY);
  });

  it('is looked for where its form says, and nowhere else', async () => {
    expect(await domainsOf(`${TOKEN}.more`)).toBe(NOBODY);
    expect(await domainsOf(TOKEN)).toHaveLength(4);
  });
});

describe('who comes with one', () => {
  it('is named in revisions and acts, with the issuer', async () => {
    const token = await keys.token({ ...CLAIMS, realm: { groups: ['shopkeepers'] } });
    const { status } = await admin.ask('POST', '/admin/v1/domains/acme.shop/suspend', {
      token,
      body: { because: 'a test says so' },
    });
    const [act] = await audit.list({}, { order: 'newest', limit: 1 });
    const { json } = await admin.ask('GET', '/admin/v1/revisions/2');
    expect([status, json.author, act]).toMatchObject([201, ANN, { operator: ANN, act: 'revision.publish' }]);
    expect(act).toMatchObject({ credential: null });
  });

  it('changes nothing that their groups do not administer', async () => {
    const token = await keys.token({ ...CLAIMS, sub: 'u-99', realm: { groups: ['shopkeepers'] } });
    const body = { because: 'a test says so' };
    const { status, json } = await admin.ask('POST', '/admin/v1/domains/acme.bank/suspend', { token, body });
    expect([status, json.code]).toEqual([404, 'domain-unknown']);
  });

  it('makes no tokens, which would outlive their groups', async () => {
    const { status, json } = await createOperator('bo', await keys.token(CLAIMS));
    expect([status, json.code]).toEqual([422, 'publication-refused']);
  });

  it('has a name that no token of ours can have', async () => {
    const { status, json } = await createOperator(ANN, TOKEN);
    expect([status, json.code, json.errors[0].pointer]).toEqual([400, 'request-invalid', '/name']);
  });

  it('is nobody once the token has expired, and once its key is gone', async () => {
    const token = await keys.token({ ...CLAIMS, sub: 'u-99' });
    expect(await domainsOf(token)).toEqual(['acme.shop']);
    await provider.pass(661_000);
    expect(await domainsOf(token)).toBe(NOBODY);
  });
});

it('lets nobody in while the provider cannot be reached', async () => {
  const silent = new ScriptedIssuers();
  const unreachable = new IssuerTokens(
    { issuer: ISSUER, audience: AUDIENCE, groupsClaim: 'groups' },
    silent.issuers(0),
  );
  expect(await unreachable.judge(await keys.token(CLAIMS), NOW)).toBeUndefined();
  await unreachable.close();
});

it('is let in where others guess, and guessing its subject helps nobody for long', async () => {
  const crowded = await startTestAdmin({
    history: null,
    server: new ScriptedServer(),
    operatorIssuer: tokens,
    admission: { perSecond: 100, burst: 100, wrongTokensPerMinute: 2 },
    clock: () => NOW,
  });
  const knock = async (token: string): Promise<number> =>
    (await crowded.ask('GET', '/admin/v1/domains', { token })).status;
  const [known, unknown] = [await keys.token(CLAIMS), await keys.token({ ...CLAIMS, sub: 'u-98' })];
  const guess = await stranger.token({ ...CLAIMS, sub: 'u-97' });
  const before = await knock(known);
  const guesses = [await knock(guess), await knock(guess)];
  const after = [await knock(known), await knock(unknown), await knock(guess)];
  await crowded.stop();
  expect([before, guesses, after]).toEqual([200, [401, 401], [200, 429, 429]]);
});
