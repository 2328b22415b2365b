import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Identity, Issuers, Judged } from '#identity';
import { identityOf, NOW, presented, reasons, shown } from './identities.js';
import { Issuer, NOW_SECONDS } from './issuers.js';
import { ScriptedIssuers } from './scripted-issuers.js';

const URL = 'https://login.acme.example/introspect';
const folder = mkdtempSync(join(tmpdir(), 'dharma-secret-'));
const secretFile = join(folder, 'secret');
afterAll(() => rmSync(folder, { recursive: true }));

let login: Issuer;
let world: ScriptedIssuers;
let issuers: Issuers;
let identity: Identity;
/** What the issuer says about a token. */
let word: { readonly [claim: string]: unknown };

const documents = (more = '') => `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  access: [opaque, login]
  mechanisms:
    - { name: opaque, role: access, kind: introspection, introspection: { url: "${URL}", clientId: "dharma:1", clientSecretFile: "${secretFile}"${more} } }
    - { name: login, role: access, kind: jwt, jwt: { issuer: "https://login.acme.example/", audiences: [acme-api], keys: { inline: ${JSON.stringify({ keys: [login.publicJwk] })} } } }
`;

beforeAll(async () => {
  login = await Issuer.create('ES256', 'k1');
});
beforeEach(async () => {
  world = new ScriptedIssuers();
  issuers = world.issuers();
  writeFileSync(secretFile, 's3cr3t +\n');
  word = { active: true, sub: 'u-17', scope: 'read write', exp: NOW_SECONDS + 600, client_id: 'app' };
  world.respond = () => JSON.stringify(word);
  identity = await identityOf(documents(), { issuers });
});
afterEach(async () => {
  await issuers.close();
  world.remove();
});

const caller = { kind: 'known', name: 'local', domain: '*', mayExplain: false, believed: new Set<string>() } as const;
async function judge(token: string, by = identity, from: Sender = {}): Promise<Judged> {
  const message = presented({
    credentials: { authorization: `Bearer ${token}` },
    ...(from.address !== undefined && { clientAddress: from.address }),
  });
  return by.judge(message, { ...caller, name: from.point ?? caller.name }, NOW + world.elapsed);
}

interface Sender {
  /** The enforcement point; absent: `local`. */
  readonly point?: string;
  /** The client's. */
  readonly address?: string;
}

it('asks the issuer, as RFC 7662 says, and takes its word', async () => {
  const judged = await judge('opaque-token');
  expect(judged.evidence).toMatchObject([
    {
      mechanism: 'opaque',
      subject: 'u-17',
      verified: true,
      scopes: ['read', 'write'],
      claims: { client_id: 'app' },
      expiresAt: NOW + 600_000,
    },
  ]);
  expect(judged).toMatchObject({ hasVerifiedCredential: true, dropped: [] });
  expect(world.asked).toEqual([
    {
      url: URL,
      form: { token: 'opaque-token', token_type_hint: 'access_token' },
      authorization: `Basic ${Buffer.from('dharma%3A1:s3cr3t+%2B').toString('base64')}`,
    },
  ]);
});

it.each`
  because                                          | claims                          | after
  ${'the token expires'}                           | ${{ exp: NOW_SECONDS + 60 }}    | ${60_000}
  ${'an issuer may take a token back before then'} | ${{ exp: NOW_SECONDS + 6_000 }} | ${300_000}
  ${'a token without end is asked about as well'}  | ${{ exp: undefined }}           | ${300_000}
`('does not ask again until $because', async ({ claims, after }) => {
  word = { ...word, ...claims };
  await judge('t');
  world.elapsed = after - 1;
  expect(shown(await judge('t'))).toEqual(['opaque u-17']);
  expect(world.asked).toHaveLength(1);
  world.elapsed = after;
  await judge('t');
  expect(world.asked).toHaveLength(2);
});

it('asks once about one token, however many requests bring it at the same time', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => judge('t')));
  expect(all.flatMap(shown)).toEqual(Array.from({ length: 20 }, () => 'opaque u-17'));
  expect(world.asked).toHaveLength(1);
});

it('goes on with what it knows in the next revision', async () => {
  await judge('t');
  const next = await identityOf(documents(), { issuers, previous: identity });
  expect(shown(await judge('t', next))).toEqual(['opaque u-17']);
  expect(world.asked).toHaveLength(1);
});

it.each`
  because                        | said                                    | reason
  ${'the issuer says so'}        | ${{ active: false }}                    | ${'its issuer says that it is not active'}
  ${'a text is no yes'}          | ${{ active: 'true', sub: 'u-17' }}      | ${'its issuer says that it is not active'}
  ${'nothing is no yes'}         | ${{ sub: 'u-17' }}                      | ${'its issuer says that it is not active'}
  ${'it names nobody'}           | ${{ active: true }}                     | ${'its subject is no text'}
  ${'it has ended'}              | ${{ active: true, sub: 'u', exp: 1 }}   | ${'it has expired'}
  ${'its end is no instant'}     | ${{ active: true, sub: 'u', exp: 'x' }} | ${'its `exp` is no number'}
  ${'it begins later'}           | ${{ active: true, sub: 'u', nbf: 4e9 }} | ${'it is not valid yet'}
  ${'its scopes cannot be read'} | ${{ active: true, sub: 'u', scope: 1 }} | ${'its scopes are neither a text nor a list of texts'}
`('is a false credential: $because', async ({ said, reason }) => {
  word = said;
  for (let times = 0; times < 3; times += 1) {
    const judged = await judge('t');
    expect(reasons(judged)).toContain(`opaque: ${reason}`);
    expect(judged).toMatchObject({ evidence: [], hasFalseCredential: true });
  }
  expect(world.asked).toHaveLength(1);
});

it('asks again about a token that was not known, for it may be new', async () => {
  word = { active: false };
  await judge('t');
  word = { active: true, sub: 'u-17' };
  world.elapsed = 10_000;
  expect(shown(await judge('t'))).toEqual(['opaque u-17']);
});

it.each`
  because                         | more                                         | claims                              | reason
  ${'it is of another issuer'}    | ${', issuer: "https://login.acme.example/"'} | ${{ iss: 'https://evil.example/' }} | ${'it is of another issuer'}
  ${'it says no issuer'}          | ${', issuer: "https://login.acme.example/"'} | ${{}}                               | ${'it is of another issuer'}
  ${'it is for another audience'} | ${', audiences: [acme-api]'}                 | ${{ aud: ['other'] }}               | ${'it is meant for another audience'}
`('holds the word of the issuer to what the mechanism asks: $because', async ({ more, claims, reason }) => {
  word = { ...word, ...claims };
  const strict = await identityOf(documents(more), { issuers });
  expect(reasons(await judge('t', strict))).toContain(`opaque: ${reason}`);
});

it.each`
  because                     | respond                                  | reason
  ${'it is away'}             | ${() => undefined}                       | ${'its issuer cannot be asked: it cannot be reached (ECONNREFUSED)'}
  ${'its word is no JSON'}    | ${() => '<html>'}                        | ${'the word of its issuer cannot be read'}
  ${'its word is said twice'} | ${() => '{"active":true,"active":true}'} | ${'the word of its issuer cannot be read'}
`('does not call a token false that nobody could judge: $because', async ({ respond, reason }) => {
  world.respond = respond;
  const judged = await judge('t');
  expect(reasons(judged)).toContain(`opaque: ${reason}`);
  expect(judged).toMatchObject({ evidence: [], hasFalseCredential: false });
});

it('does not ask at all for a second when the issuer was away', async () => {
  world.respond = () => undefined;
  for (const token of ['a', 'b', 'c']) await judge(token);
  expect(world.asked).toHaveLength(1);
  world.elapsed = 1_000;
  world.respond = () => JSON.stringify(word);
  expect(shown(await judge('d'))).toEqual(['opaque u-17']);
});

it.each`
  because                                         | status       | retryAfterSeconds | isFalse  | rest
  ${'the issuer does not take such a token'}      | ${400}       | ${undefined}      | ${true}  | ${0}
  ${'it has no such thing'}                       | ${404}       | ${undefined}      | ${true}  | ${0}
  ${'its wall does not let such a token by'}      | ${403}       | ${undefined}      | ${false} | ${0}
  ${'its wall leads whoever brings it elsewhere'} | ${302}       | ${undefined}      | ${false} | ${0}
  ${'its answer about this token is too large'}   | ${200}       | ${undefined}      | ${false} | ${0}
  ${'it does not know us'}                        | ${401}       | ${undefined}      | ${false} | ${1_000}
  ${'it has trouble'}                             | ${503}       | ${60}             | ${false} | ${1_000}
  ${'it cannot be reached'}                       | ${undefined} | ${undefined}      | ${false} | ${1_000}
  ${'it was asked too much'}                      | ${429}       | ${undefined}      | ${false} | ${1_000}
  ${'it was asked too much, and says how long'}   | ${429}       | ${3}              | ${false} | ${3_000}
  ${'no client can make it rest for an hour'}     | ${429}       | ${3_600}          | ${false} | ${5_000}
`(
  'asks about the next token after $rest ms when one met status $status ($retryAfterSeconds), for $because',
  async ({ status, retryAfterSeconds, isFalse, rest }) => {
    const fault = { kind: 'fault', because: 'so' } as const;
    world.respond = ({ form }) =>
      form!['token'] === 'hostile'
        ? { ...fault, ...(status && { status }), ...(retryAfterSeconds && { retryAfterSeconds }) }
        : JSON.stringify(word);
    expect(await judge('hostile')).toMatchObject({ evidence: [], hasFalseCredential: isFalse });
    if (rest > 0) {
      world.elapsed = rest - 1;
      expect(reasons(await judge('early'))).toContain('opaque: its issuer did not answer just now');
    }
    world.elapsed = rest;
    expect(shown(await judge('good'))).toEqual(['opaque u-17']);
  },
);

it('remembers for a while that an issuer refuses a token', async () => {
  world.respond = () => ({ kind: 'fault', because: 'it answers with status 400', status: 400 });
  for (let times = 0; times < 3; times += 1) {
    expect(reasons(await judge('t'))).toContain('opaque: its issuer refuses it: it answers with status 400');
  }
  expect(world.asked).toHaveLength(1);
});

it.each`
  because                                   | flood                                       | other
  ${'another gateway has a share'}          | ${{ point: 'edge' }}                        | ${{ point: 'other' }}
  ${'so has another client of the gateway'} | ${{ point: 'edge', address: '192.0.2.66' }} | ${{ point: 'edge', address: '192.0.2.1' }}
`('asks about the token of somebody else while a flood is under way: $because', async ({ flood, other }) => {
  let release = (): void => {};
  const later = new Promise<void>((done) => (release = done));
  world.respond = async ({ form }) => {
    if (form!['token'] !== 'good') await later;
    return JSON.stringify(word);
  };
  const flooding = Array.from({ length: 200 }, (_, at) => judge(`t${at}`, identity, flood));
  await world.settle();
  expect(shown(await judge('good', identity, other))).toEqual(['opaque u-17']);
  release();
  const said = (await Promise.all(flooding)).flatMap(reasons);
  expect(said.filter((reason) => reason.includes('too many tokens')).length).toBeGreaterThanOrEqual(136);
});

it('does not wait longer than a decision may wait, and knows the answer at the next try', async () => {
  const hasty = world.issuers(30);
  let release = (): void => {};
  const later = new Promise<void>((done) => (release = done));
  world.respond = async () => {
    await later;
    return JSON.stringify(word);
  };
  identity = await identityOf(documents(), { issuers: hasty });
  const judged = await judge('t');
  expect(reasons(judged)).toContain('opaque: its issuer has not answered yet');
  expect(judged.hasFalseCredential).toBe(false);
  release();
  await world.settle();
  expect(shown(await judge('t'))).toEqual(['opaque u-17']);
  expect(world.asked).toHaveLength(1);
  await hasty.close();
});

it('asks about a bounded number of tokens at a time', async () => {
  let release = (): void => {};
  const later = new Promise<void>((done) => (release = done));
  world.respond = async () => {
    await later;
    return JSON.stringify(word);
  };
  const judging = Array.from({ length: 100 }, (_, at) => judge(`t${at}`));
  await world.settle();
  release();
  const said = (await Promise.all(judging)).flatMap(reasons);
  expect(said.filter((reason) => reason.includes('too many tokens'))).toHaveLength(36);
  expect(world.asked).toHaveLength(64);
});

it('tells nobody about a token that a mechanism here knows, not even a false one', async () => {
  expect(shown(await judge(await login.token()))).toEqual(['login u-17']);
  const expired = await judge(await login.token({ exp: NOW_SECONDS - 600, iat: NOW_SECONDS - 700 }));
  expect(reasons(expired)).toEqual(['login: it has expired']);
  expect(world.asked).toEqual([]);
});

it.each(['', 'a b', 'a,b', 'ä', `${'x'.repeat(9_000)}`])(
  'asks nobody about what cannot be a token: %#',
  async (text) => {
    await judge(text);
    expect(world.asked).toEqual([]);
  },
);

it('asks nobody while its secret cannot be read', async () => {
  rmSync(secretFile);
  expect(reasons(await judge('t'))).toContain('opaque: the secret to ask its issuer with cannot be read');
  expect(world.asked).toEqual([]);
});

it('says nothing of the token, the secret or the answer', async () => {
  word = { active: true, sub: 7, secret: 'word-of-the-issuer' };
  const text = JSON.stringify([await judge('canary-token'), world.events]);
  for (const secret of ['canary-token', 's3cr3t', 'word-of-the-issuer']) expect(text).not.toContain(secret);
});
