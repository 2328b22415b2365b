/** The issuer of these tests is a real one, and each of its faults is what it says. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { type Attacker, startAttacker } from '../support/attacker.js';
import { createAuthority, hasOpenssl } from '../support/certificates.js';
import { CLIENT, DISCOVERY, KEYS, type OidcServer, startOidcServer } from '../support/oidc-server.js';

let oidc: OidcServer;
let attacker: Attacker;

beforeAll(async () => {
  [oidc, attacker] = await Promise.all([startOidcServer(), startAttacker()]);
});

afterEach(() => {
  for (const path of [DISCOVERY, KEYS]) oidc.misbehave(path, undefined);
});

afterAll(async () => {
  await oidc.stop();
  await attacker.stop();
});

function ask(path: string): Promise<Response> {
  return fetch(`${oidc.issuer}${path}`, { redirect: 'manual' });
}

async function publishedKeys(): Promise<readonly string[]> {
  const { keys } = (await (await ask(KEYS)).json()) as { readonly keys: readonly { readonly kid: string }[] };
  return keys.map(({ kid }) => kid);
}

/** By the keys that are published where its discovery document says. */
async function verified(token: string, audience: string) {
  const { jwks_uri } = (await (await ask(DISCOVERY)).json()) as { readonly jwks_uri: string };
  return jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri)), { issuer: oidc.issuer, audience });
}

describe('tokens', () => {
  it('for an API name the client, and are verified with the published keys', async () => {
    const { payload, protectedHeader } = await verified(await oidc.accessToken('urn:acme:api'), 'urn:acme:api');
    expect(payload).toMatchObject({ sub: CLIENT, client_id: CLIENT, exp: expect.any(Number) });
    expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
  });

  it('about a user name the user, and are for the client', async () => {
    const { payload } = await verified(await oidc.idToken('ann'), CLIENT);
    expect(payload).toMatchObject({ sub: 'ann', iss: oidc.issuer });
  });

  it('for another audience are not for this one', async () => {
    await expect(verified(await oidc.accessToken('urn:acme:other'), 'urn:acme:api')).rejects.toMatchObject({
      code: 'ERR_JWT_CLAIM_VALIDATION_FAILED',
    });
  });
});

it('rotates its keys: the new one is published, the old one is gone', async () => {
  const [before, old] = [await publishedKeys(), await oidc.accessToken('urn:acme:api')];
  oidc.rotate();
  const [after, young] = [await publishedKeys(), await oidc.accessToken('urn:acme:api')];
  expect([before, after]).toEqual([[decodeProtectedHeader(old).kid], [decodeProtectedHeader(young).kid]]);
  expect(after).not.toEqual(before);
  await expect(verified(old, 'urn:acme:api')).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  expect((await verified(young, 'urn:acme:api')).payload.sub).toBe(CLIENT);
});

it('goes down and comes back at the same address, and issues tokens all the time', async () => {
  await oidc.goDown();
  await expect(ask(KEYS)).rejects.toThrow('fetch failed');
  const token = await oidc.accessToken('urn:acme:api');
  await oidc.comeBack();
  expect((await verified(token, 'urn:acme:api')).payload.sub).toBe(CLIENT);
});

it('counts what is asked for by path, and not the tokens of the tests', async () => {
  const before = [DISCOVERY, KEYS, '/token'].map((path) => oidc.requests(path));
  await ask(KEYS);
  await ask(`${KEYS}?again`);
  await oidc.accessToken('urn:acme:api');
  expect([DISCOVERY, KEYS, '/token'].map((path) => oidc.requests(path))).toEqual([
    before[0],
    before[1]! + 2,
    before[2],
  ]);
});

describe.each([DISCOVERY, KEYS])('a fault at %s', (path) => {
  it('slow: the answer is right, and takes its time', async () => {
    oidc.misbehave(path, { kind: 'slow', milliseconds: 200 });
    const begin = performance.now();
    expect((await ask(path)).status).toBe(200);
    expect(performance.now() - begin).toBeGreaterThan(190);
  });

  it('huge: ten megabytes that begin with the right members', async () => {
    const right = (await (await ask(path)).json()) as object;
    oidc.misbehave(path, { kind: 'huge' });
    const text = await (await ask(path)).text();
    expect(text.length).toBeGreaterThan(10_000_000);
    expect(JSON.parse(text)).toMatchObject(right);
  });

  it('edited: some members are others', async () => {
    const right = (await (await ask(path)).json()) as object;
    oidc.misbehave(path, { kind: 'edited', members: { issuer: 'https://evil.example' } });
    expect(await (await ask(path)).json()).toEqual({ ...right, issuer: 'https://evil.example' });
  });

  it('redirect: somebody else is to be asked, who is not unless one follows', async () => {
    oidc.misbehave(path, { kind: 'redirect', to: `${attacker.url}/keys` });
    const response = await ask(path);
    expect([response.status, response.headers.get('location')]).toEqual([302, `${attacker.url}/keys`]);
    expect(attacker.connections).toBe(0);
  });

  it('dropped: there is no answer', async () => {
    oidc.misbehave(path, { kind: 'dropped' });
    await expect(ask(path)).rejects.toThrow('fetch failed');
  });

  it('page: what comes is no JSON', async () => {
    oidc.misbehave(path, { kind: 'page' });
    const response = await ask(path);
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(/^<!doctype/);
  });

  it('status: it has trouble of its own', async () => {
    oidc.misbehave(path, { kind: 'status', status: 503 });
    expect((await ask(path)).status).toBe(503);
  });

  it('is over when it is told so', async () => {
    oidc.misbehave(path, { kind: 'status', status: 503 });
    oidc.misbehave(path, undefined);
    expect((await ask(path)).status).toBe(200);
  });
});

it('knows who connects to an attacker, whatever is said', async () => {
  const noticed = await startAttacker();
  const given = new AbortController();
  const asked = fetch(noticed.url, { signal: given.signal });
  while (noticed.connections === 0) await pause(5);
  given.abort();
  await expect(asked).rejects.toThrow();
  expect(noticed.connections).toBe(1);
  await noticed.stop();
});

(hasOpenssl ? it : it.skip)('speaks TLS where it has a certificate', async () => {
  const authority = createAuthority('issuers');
  const { cert, key } = authority.issue('localhost');
  const secure = await startOidcServer({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') });
  const ca = readFileSync(authority.cert);
  const status = await new Promise((answered, failed) => {
    const asking = request(`${secure.issuer}${DISCOVERY}`, { ca }, (response) => {
      response.resume();
      answered(response.statusCode);
    });
    asking.once('error', failed);
    asking.end();
  });
  expect(status).toBe(200);
  await secure.stop();
  authority.remove();
});
