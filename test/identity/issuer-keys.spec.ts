import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Identity, Issuers, Judged } from '#identity';
import { identityOf, NOW, presented, reasons, shown } from './identities.js';
import { Issuer, NOW_SECONDS } from './issuers.js';
import { ScriptedIssuers } from './scripted-issuers.js';

const MINUTE = 60_000;
const ISSUER = 'https://login.acme.example/';
const KEYS = 'https://keys.acme.example/jwks';
const METADATA = `${ISSUER}.well-known/openid-configuration`;

const documents = (keys: string) => `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  access: [login]
  mechanisms:
    - { name: login, role: access, kind: jwt, jwt: { issuer: "${ISSUER}", audiences: [acme-api]${keys} } }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: acme }
spec: { credentials: [{ kind: apiKey, id: edge, sha256: "${'0'.repeat(64)}" }] }
`;
const BY_DISCOVERY = documents('');
const BY_URL = documents(`, keys: { url: "${KEYS}" }`);

let first: Issuer;
let second: Issuer;
beforeAll(async () => {
  first = await Issuer.create('RS256', 'first');
  second = await Issuer.create('ES256', 'second');
});

let world: ScriptedIssuers;
let issuers: Issuers;
beforeEach(() => {
  world = new ScriptedIssuers();
  issuers = world.issuers();
  publish(first);
});
afterEach(async () => {
  await issuers.close();
  world.remove();
});

const setOf = (...keys: readonly Issuer[]) => JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) });

/** From now on the issuer publishes these keys. */
function publish(...keys: readonly Issuer[]): void {
  world.respond = ({ url }) => {
    if (url === METADATA) return JSON.stringify({ issuer: ISSUER, jwks_uri: KEYS });
    return url === KEYS ? setOf(...keys) : undefined;
  };
}

async function judge(identity: Identity, token: string): Promise<Judged> {
  const caller = { ...callerOf(), kind: 'known' as const };
  return identity.judge(presented({ credentials: { authorization: `Bearer ${token}` } }), caller, NOW + world.elapsed);
}

const callerOf = () => ({ name: 'edge', domain: 'acme', mayExplain: false, believed: new Set<string>() });
const fetches = (url: string) => world.asked.filter((request) => request.url === url).length;
const longLived = (issuer: Issuer) => issuer.token({ exp: NOW_SECONDS + 80_000, iat: NOW_SECONDS });

describe.each([
  ['by discovery', BY_DISCOVERY],
  ['by URL', BY_URL],
])('keys %s', (_, set) => {
  it('verify tokens, and are fetched once for all of them', async () => {
    const identity = await identityOf(set, { issuers });
    expect(shown(await judge(identity, await first.token()))).toEqual(['login u-17']);
    expect(shown(await judge(identity, await first.token({ sub: 'u-18' })))).toEqual(['login u-18']);
    expect(fetches(KEYS)).toBe(1);
  });

  it('are not fetched again by the next revision', async () => {
    const identity = await identityOf(set, { issuers });
    await judge(identity, await first.token());
    const next = await identityOf(set.replace('acme-api', 'acme-api, more'), { issuers, previous: identity });
    identity.close();
    expect(shown(await judge(next, await first.token({ aud: 'more' })))).toEqual(['login u-17']);
    expect(fetches(KEYS)).toBe(1);
  });

  it('are fetched when a token names an unknown one, and then not again for a minute', async () => {
    const identity = await identityOf(set, { issuers });
    await judge(identity, await first.token());
    publish(first, second);
    await world.pass(MINUTE);
    expect(shown(await judge(identity, await second.token()))).toEqual(['login u-17']);
    const stranger = await Issuer.create('ES256', 'stranger');
    for (let at = 0; at < 5; at += 1) {
      const judged = await judge(identity, await stranger.token({ jti: String(at) }));
      expect(reasons(judged)).toEqual(['login: none of the keys of the mechanism is the one it names']);
      expect(judged.hasFalseCredential).toBe(true);
    }
    expect(fetches(KEYS)).toBe(2);
    publish(first, second, stranger);
    await world.pass(MINUTE);
    expect(shown(await judge(identity, await stranger.token({ jti: '0' })))).toEqual(['login u-17']);
    expect(fetches(KEYS)).toBe(3);
  });

  it('are fetched at once when an operator says so', async () => {
    const identity = await identityOf(set, { issuers });
    await judge(identity, await first.token());
    publish(second);
    await issuers.refresh();
    expect(shown(await judge(identity, await second.token()))).toEqual(['login u-17']);
  });

  it('that are gone verify nothing any more, though their tokens were seen; the others go on without a look', async () => {
    publish(first, second);
    const identity = await identityOf(set, { issuers });
    const [gone, stays] = [await first.token(), await second.token()];
    await judge(identity, gone);
    await judge(identity, stays);
    publish(second);
    await issuers.refresh();
    const kept = identity.judge(
      presented({ credentials: { authorization: `Bearer ${stays}` } }),
      { kind: 'known', ...callerOf() },
      NOW,
    );
    expect(kept).not.toBeInstanceOf(Promise);
    expect(shown(await judge(identity, gone))).toEqual([]);
  });

  it('that cannot be fetched leave tokens undecided, not false; tries come closer together at first', async () => {
    world.respond = () => undefined;
    const identity = await identityOf(set, { issuers });
    await world.settle();
    const judged = await judge(identity, await first.token());
    expect(reasons(judged)).toEqual([
      expect.stringMatching(/^login: its (keys|metadata) cannot be fetched: it cannot be reached/),
    ]);
    expect(judged).toMatchObject({ evidence: [], hasFalseCredential: false });
    publish(first);
    await world.pass(1_500);
    expect(shown(await judge(identity, await first.token()))).toEqual(['login u-17']);
  });

  it('stay for a day when the issuer is away, and no longer', async () => {
    const identity = await identityOf(set, { issuers });
    const token = await longLived(first);
    await judge(identity, token);
    world.respond = () => undefined;
    for (let hour = 0; hour < 20; hour += 1) await world.pass(60 * MINUTE);
    expect(shown(await judge(identity, token))).toEqual(['login u-17']);
    expect(issuers.standings()).toMatchObject([
      { mechanisms: ['login'], keys: 1, trouble: expect.stringContaining('cannot be') },
    ]);
    for (let hour = 0; hour < 5; hour += 1) await world.pass(60 * MINUTE);
    const late = await first.token({ iat: NOW_SECONDS + 90_000, exp: NOW_SECONDS + 90_600 });
    expect(shown(await judge(identity, late))).toEqual([]);
  });

  it('are there after a restart, also while the issuer is away', async () => {
    await judge(await identityOf(set, { issuers }), await first.token());
    await issuers.close();
    world.respond = () => undefined;
    const restarted = world.issuers();
    const identity = await identityOf(set, { issuers: restarted });
    expect(shown(await judge(identity, await first.token()))).toEqual(['login u-17']);
    await restarted.close();
  });

  it('are not there after a restart a day later', async () => {
    await judge(await identityOf(set, { issuers }), await first.token());
    await issuers.close();
    world.respond = () => new Promise(() => {});
    world.elapsed += 25 * 60 * MINUTE;
    const restarted = world.issuers(20);
    const identity = await identityOf(set, { issuers: restarted });
    const late = await first.token({ iat: NOW_SECONDS + 90_000, exp: NOW_SECONDS + 90_600 });
    expect(shown(await judge(identity, late))).toEqual([]);
    await restarted.close();
  });

  it('are not waited for longer than a decision may wait', async () => {
    issuers = world.issuers(50);
    let release = (): void => {};
    const later = new Promise<void>((done) => (release = done));
    const { respond } = world;
    world.respond = async (request) => {
      await later;
      return respond(request);
    };
    const identity = await identityOf(set, { issuers });
    const begin = performance.now();
    const judged = await judge(identity, await first.token());
    expect(performance.now() - begin).toBeLessThan(1_000);
    expect(reasons(judged)).toEqual(['login: its issuer has not sent its keys yet']);
    expect(judged.hasFalseCredential).toBe(false);
    release();
    await world.settle();
    expect(shown(await judge(identity, await first.token()))).toEqual(['login u-17']);
  });
});

it.each`
  because                               | metadata                                                               | reason
  ${'they are those of another issuer'} | ${JSON.stringify({ issuer: 'https://evil.example/', jwks_uri: KEYS })} | ${'its metadata are those of another issuer'}
  ${'the issuer differs by a slash'}    | ${JSON.stringify({ issuer: ISSUER.slice(0, -1), jwks_uri: KEYS })}     | ${'its metadata are those of another issuer'}
  ${'they name no keys'}                | ${JSON.stringify({ issuer: ISSUER })}                                  | ${'its metadata name no `jwks_uri`'}
  ${'they name the issuer twice'}       | ${`{"issuer":"${ISSUER}","issuer":"${ISSUER}","jwks_uri":"${KEYS}"}`}  | ${'its metadata are those of another issuer'}
  ${'they are no JSON'}                 | ${'<html>'}                                                            | ${'its metadata are those of another issuer'}
`('metadata are not believed when $because', async ({ metadata, reason }) => {
  world.respond = ({ url }) => (url === METADATA ? metadata : setOf(first));
  const identity = await identityOf(BY_DISCOVERY, { issuers });
  await world.settle();
  expect(reasons(await judge(identity, await first.token()))).toEqual([`login: ${reason}`]);
  expect(fetches(KEYS)).toBe(0);
});

it.each`
  because                    | keys                                                                            | reason
  ${'they are no JSON'}      | ${'<html>'}                                                                     | ${'it is no JSON Web Key Set'}
  ${'one of them is secret'} | ${JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] })}                    | ${'it holds a key that is not public'}
  ${'there are too many'}    | ${JSON.stringify({ keys: Array.from({ length: 51 }, () => ({ kty: 'OKP' })) })} | ${'it holds more than 50 keys'}
`('keys are not taken when $because, and the last good ones stay', async ({ keys, reason }) => {
  const identity = await identityOf(BY_URL, { issuers });
  await judge(identity, await first.token());
  world.respond = () => keys;
  await issuers.refresh();
  expect(issuers.standings()).toMatchObject([{ keys: 1, trouble: `its keys cannot be used: ${reason}` }]);
  expect(shown(await judge(identity, await first.token({ sub: 'u-18' })))).toEqual(['login u-18']);
});

it('keys of kinds that nobody here can use are left out', async () => {
  world.respond = () => JSON.stringify({ keys: [{ kty: 'AKP', kid: 'first' }, first.publicJwk, { kty: 'RSA' }] });
  const identity = await identityOf(BY_URL, { issuers });
  expect(shown(await judge(identity, await first.token()))).toEqual(['login u-17']);
});

it('what is on disk counts only for its own address, also when it is put in the place of another', async () => {
  await judge(await identityOf(BY_URL, { issuers }), await first.token());
  const other = BY_URL.replace(KEYS, `${KEYS}/other`);
  world.respond = () => setOf(second);
  await judge(await identityOf(other, { issuers }), await second.token());
  await issuers.close();
  const [one, two] = readdirSync(world.folder).map((name) => join(world.folder, name)) as [string, string];
  const [textOfOne, textOfTwo] = [readFileSync(one), readFileSync(two)];
  writeFileSync(one, textOfTwo);
  writeFileSync(two, textOfOne);
  world.respond = () => undefined;
  const restarted = world.issuers();
  const identity = await identityOf(BY_URL, { issuers: restarted });
  for (const issuer of [first, second]) expect(shown(await judge(identity, await issuer.token()))).toEqual([]);
  await restarted.close();
});

it('what is on disk counts only as it was written', async () => {
  await judge(await identityOf(BY_URL, { issuers }), await first.token());
  await issuers.close();
  const [file] = readdirSync(world.folder);
  const path = join(world.folder, file!);
  const written = readFileSync(path, 'utf8');
  world.respond = () => undefined;
  for (const change of [written.replace('RSA', 'RSB'), written.slice(0, -2), '']) {
    writeFileSync(path, change);
    const restarted = world.issuers();
    const identity = await identityOf(BY_URL, { issuers: restarted });
    expect(shown(await judge(identity, await first.token()))).toEqual([]);
    await restarted.close();
  }
});
it('says when nobody uses the keys of an issuer any more, and asks it no more', async () => {
  const identity = await identityOf(BY_URL, { issuers });
  await world.settle();
  const next = await identityOf(BY_DISCOVERY, { issuers, previous: identity });
  identity.close();
  await world.pass(60 * MINUTE);
  expect(world.events).toContainEqual({ kind: 'issuer-unused', address: KEYS });
  expect(issuers.standings()).toMatchObject([{ address: ISSUER }]);
  next.close();
  world.asked.length = 0;
  await world.pass(60 * MINUTE);
  expect(world.asked).toEqual([]);
});

it('says once that keys cannot be fetched, and once that they can again', async () => {
  await identityOf(BY_URL, { issuers });
  await world.settle();
  world.respond = () => undefined;
  for (let times = 0; times < 3; times += 1) await issuers.refresh();
  publish(first);
  await issuers.refresh();
  const news = world.events.flatMap((event) => (event.kind === 'issuer-keys' && event.isNews ? [event.trouble] : []));
  expect(news).toEqual([undefined, expect.stringContaining('cannot be fetched'), undefined]);
});
