/** The program beside a real issuer that rotates its keys, goes down, is slow, and sends it elsewhere. */
import { readFileSync } from 'node:fs';
import { type Attacker, startAttacker } from '../support/attacker.js';
import { createAuthority, hasOpenssl } from '../support/certificates.js';
import { DISCOVERY, type Fault, KEYS, type OidcServer, startOidcServer } from '../support/oidc-server.js';
import { stopPrograms } from '../support/program.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { AUDIENCE, challenged, IssuerProgram, issuerWorld, said, until } from './issuer-world.js';

const METADATA_ADDRESS = '169.254.169.254';
/** Of a decision that waits for an issuer, on a machine that does other things too; an issuer is given up after 3 s. */
const SOON_MILLISECONDS = 1_500;

let oidc: OidcServer;
let attacker: Attacker;
const programs: IssuerProgram[] = [];

beforeEach(async () => {
  [oidc, attacker] = await Promise.all([startOidcServer(), startAttacker()]);
});

afterEach(async () => {
  expect(attacker.connections).toBe(0);
  await stopPrograms();
  for (const program of programs.splice(0)) program.remove();
  await Promise.all([oidc.stop(), attacker.stop()]);
});

/** The program on a policy that names the issuer; it may ask it although it is on this machine. */
async function started(settings: { readonly [variable: string]: string } = {}): Promise<IssuerProgram> {
  const program = new IssuerProgram(oidc.issuer, { DHARMA_ISSUER_HOSTS: oidc.address, ...settings });
  programs.push(program);
  await program.start();
  return program;
}

function token(): Promise<string> {
  return oidc.accessToken(AUDIENCE);
}

describe('tokens', () => {
  it('of the issuer are accepted once its keys are there, for their audience alone', async () => {
    const program = await started();
    await program.untilAccepted(await token());
    expect(await said(program.http, await oidc.accessToken('urn:acme:other'))).toEqual({
      decision: 'deny',
      because: expect.stringContaining('another audience'),
    });
    expect(await said(program.http, await oidc.idToken('ann'))).toMatchObject({ decision: 'deny' });
    expect(await program.standing()).toEqual({
      address: oidc.issuer,
      mechanisms: ['login'],
      keys: 1,
      fetchedAt: expect.stringMatching(/Z$/),
      trouble: null,
    });
    expect([oidc.requests(DISCOVERY), oidc.requests(KEYS)]).toEqual([1, 1]);
  });
});

describe('keys that rotate', () => {
  it('are in force when an operator asks for it, by signal or by the admin route', async () => {
    const program = await started();
    const old = await token();
    await program.untilAccepted(old);
    oidc.rotate();
    program.hangUp();
    await program.untilAccepted(await token());
    expect(await said(program.http, old)).toMatchObject({ decision: 'deny' });

    oidc.rotate();
    const young = await token();
    expect(await said(program.http, young)).toEqual({
      decision: 'deny',
      because: expect.stringContaining('none of the keys'),
    });
    await program.refresh();
    expect(await said(program.http, young)).toMatchObject({ decision: 'allow' });
  });

  it('are fetched when a token names an unknown one, and at most once a minute, whoever sends how many', async () => {
    let minutes = 0;
    const server: TestServer = await startTestServer(
      issuerWorld(oidc.issuer),
      { 'issuer-hosts': oidc.address },
      Date.now,
      () => performance.now() + minutes * 60_000,
    );
    const { http } = server.addresses;
    const accepted = async (text: string) => (await said(http, text)).decision === 'allow';
    const first = await token();
    await until(() => accepted(first));
    const before = oidc.requests(KEYS);

    minutes += 1;
    oidc.rotate();
    expect(await accepted(await token())).toBe(true);
    expect(oidc.requests(KEYS)).toBe(before + 1);

    oidc.rotate();
    for (let times = 0; times < 20; times += 1) expect(await accepted(await token())).toBe(false);
    expect(oidc.requests(KEYS)).toBe(before + 1);

    minutes += 1;
    expect(await accepted(await token())).toBe(true);
    expect(oidc.requests(KEYS)).toBe(before + 2);
    await server.stop();
  });
});

describe('an issuer that is down', () => {
  it('is not missed for tokens of known keys, not even by a server that starts anew', async () => {
    const program = await started();
    await program.untilAccepted(await token());
    await oidc.goDown();
    await program.refresh();
    expect(await program.standing()).toMatchObject({ keys: 1, trouble: expect.stringContaining('cannot be reached') });
    expect(await said(program.http, await token())).toEqual({ decision: 'allow', because: '' });

    await program.stop();
    await program.start();
    expect(await said(program.http, await token())).toEqual({ decision: 'allow', because: '' });
    expect(await program.standing()).toMatchObject({ keys: 1 });

    oidc.rotate();
    expect(await said(program.http, await token())).toMatchObject({ decision: 'deny' });
    await oidc.comeBack();
    await program.refresh();
    expect(await said(program.http, await token())).toEqual({ decision: 'allow', because: '' });
  });

  it('makes no token false that a server without keys cannot judge, and is found by itself when it comes back', async () => {
    await oidc.goDown();
    const program = await started();
    const text = await token();
    expect(await said(program.http, text)).toEqual({
      decision: 'deny',
      because: expect.stringContaining('cannot be reached'),
    });
    expect(await challenged(program.http, text)).toBe('Bearer');
    await oidc.comeBack();
    await program.untilAccepted(text);
    expect(await challenged(program.http, 'no.token.atall')).toBe('Bearer error="invalid_token"');
  });
});

describe('an issuer that is slow', () => {
  it.each([
    ['answers in the end', 1_500],
    ['is given up', 5_000],
  ])('holds no decision up: one that %s', async (_case, milliseconds) => {
    oidc.misbehave(KEYS, { kind: 'slow', milliseconds });
    const program = await started();
    const text = await token();
    const taken: number[] = [];
    for (let times = 0; times < 5; times += 1) {
      const begin = performance.now();
      const { decision, because } = await said(program.http, text);
      taken.push(performance.now() - begin);
      if (decision === 'allow') break;
      expect(because).not.toBe('');
    }
    expect(Math.max(...taken)).toBeLessThan(SOON_MILLISECONDS);
    oidc.misbehave(KEYS, milliseconds > 3_000 ? undefined : { kind: 'slow', milliseconds });
    await program.untilAccepted(text);
  });
});

/** What an issuer sends, and words of what is said about it. */
const FAULTS: readonly (readonly [because: string, path: string, fault: () => Fault, words: string])[] = [
  ['its keys are ten megabytes', KEYS, () => ({ kind: 'huge' }), 'larger than'],
  ['its metadata are ten megabytes', DISCOVERY, () => ({ kind: 'huge' }), 'larger than'],
  ['its keys are said to be with the cloud', KEYS, () => redirectTo(`http://${METADATA_ADDRESS}/latest`), 'redirect'],
  [
    'its metadata are said to be with the cloud',
    DISCOVERY,
    () => redirectTo(`http://${METADATA_ADDRESS}/`),
    'redirect',
  ],
  ['its keys are said to be with somebody else', KEYS, () => redirectTo(`${attacker.url}/jwks`), 'redirect'],
  ['its metadata are said to be with somebody else', DISCOVERY, () => redirectTo(attacker.url), 'redirect'],
  ['its keys are said to be where they are', KEYS, () => redirectTo(`${oidc.issuer}${KEYS}?again`), 'redirect'],
  ['its keys are at an address without TLS', DISCOVERY, () => keysAt(attacker.url), 'DHARMA_ISSUER_HOSTS'],
  ['its keys are on this machine', DISCOVERY, () => keysAt(attacker.url.replace('http', 'https')), 'not public'],
  ['its keys are in the cloud', DISCOVERY, () => keysAt(`https://${METADATA_ADDRESS}/`), 'not public'],
  [
    'its keys are in the cloud, in IPv6',
    DISCOVERY,
    () => keysAt(`https://[::ffff:${METADATA_ADDRESS}]/`),
    'not public',
  ],
  ['its keys are a file', DISCOVERY, () => keysAt('file:///etc/passwd'), 'not https'],
  ['its keys are nowhere', DISCOVERY, () => ({ kind: 'edited', members: { jwks_uri: 7 } }), 'jwks_uri'],
  [
    'its metadata are of another issuer',
    DISCOVERY,
    () => ({ kind: 'edited', members: { issuer: attacker.url } }),
    'another issuer',
  ],
  ['its keys are a page', KEYS, () => ({ kind: 'page' }), 'no JSON Web Key Set'],
  ['its metadata are a page', DISCOVERY, () => ({ kind: 'page' }), 'metadata'],
  [
    'its keys are too many',
    KEYS,
    () => ({ kind: 'edited', members: { keys: Array(51).fill({ kty: 'RSA' }) } }),
    'more than 50 keys',
  ],
  [
    'one of its keys is a secret',
    KEYS,
    () => ({ kind: 'edited', members: { keys: [{ kty: 'oct', k: 'AAAA' }] } }),
    'not public',
  ],
  ['it has trouble of its own', KEYS, () => ({ kind: 'status', status: 503 }), '503'],
  ['it hangs up', KEYS, () => ({ kind: 'dropped' }), 'cannot be reached'],
  ['it takes too long', KEYS, () => ({ kind: 'slow', milliseconds: 4_000 }), 'within 3 s'],
];

it('an issuer that misbehaves is not listened to, and its last good keys stay', async () => {
  const program = await started();
  await program.untilAccepted(await token());
  for (const [because, path, fault, words] of FAULTS) {
    oidc.misbehave(path, fault());
    await program.refresh();
    const { keys, trouble } = await program.standing();
    expect([because, keys, trouble]).toEqual([because, 1, expect.stringContaining(words)]);
    expect([because, await said(program.http, await token())]).toEqual([because, { decision: 'allow', because: '' }]);
    oidc.misbehave(path, undefined);
    expect([because, attacker.connections]).toEqual([because, 0]);
  }
  await program.refresh();
  expect(await program.standing()).toMatchObject({ keys: 1, trouble: null });
});

it('an issuer that sends elsewhere from the start is never followed, and its tokens are dropped for that reason', async () => {
  oidc.misbehave(DISCOVERY, redirectTo(attacker.url));
  const program = await started();
  const text = await token();
  await program.untilStanding(({ trouble }) => trouble?.includes('redirect') ?? false);
  expect(await said(program.http, text)).toEqual({ decision: 'deny', because: expect.stringContaining('redirect') });
  oidc.misbehave(DISCOVERY, undefined);
  await program.untilAccepted(text);
});

it('an issuer on this machine that no operator listed is not asked at all', async () => {
  const program = await started({ DHARMA_ISSUER_HOSTS: 'login.acme.example' });
  await program.untilStanding(({ trouble }) => trouble?.includes('DHARMA_ISSUER_HOSTS') ?? false);
  expect(await said(program.http, await token())).toEqual({
    decision: 'deny',
    because: expect.stringContaining('DHARMA_ISSUER_HOSTS'),
  });
  expect([oidc.requests(DISCOVERY), oidc.requests(KEYS)]).toEqual([0, 0]);
});

it('says nothing of tokens in its log', async () => {
  const program = await started();
  const texts = [await token(), await oidc.accessToken('urn:acme:other')];
  await program.untilAccepted(texts[0]!);
  await said(program.http, texts[1]!);
  await program.stop();
  expect(program.log).toContain('another audience');
  for (const part of texts.flatMap((text) => text.split('.'))) expect(program.log).not.toContain(part);
});

(hasOpenssl ? it : it.skip)(
  'an issuer with a certificate of its own is asked where an operator trusts it',
  async () => {
    const authority = createAuthority('issuers');
    const { cert, key } = authority.issue('localhost');
    const plain = oidc;
    oidc = await startOidcServer({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') });
    await plain.stop();
    const trusting = await started({ DHARMA_ISSUER_CA: authority.cert });
    await trusting.untilAccepted(await token());
    const distrusting = await started();
    await distrusting.untilStanding(({ trouble }) => trouble?.includes('cannot be reached') ?? false);
    expect(await said(distrusting.http, await token())).toMatchObject({ decision: 'deny' });
    authority.remove();
  },
);

function redirectTo(to: string): Fault {
  return { kind: 'redirect', to };
}

function keysAt(place: string): Fault {
  return { kind: 'edited', members: { jwks_uri: place } };
}
