/** A server beside a real issuer that rotates its keys, goes down, is slow, and sends it elsewhere. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { type Attacker, startAttacker } from '../support/attacker.js';
import { createAuthority, hasOpenssl } from '../support/certificates.js';
import { DISCOVERY, type Fault, KEYS, type OidcServer, startOidcServer } from '../support/oidc-server.js';
import { stopPrograms } from '../support/program.js';
import { startTestServer } from '../support/server.js';
import { AUDIENCE, challenged, IssuerProgram, issuerWorld, said, until, untilAccepted } from './issuer-world.js';

/** The program starts twice within it on a busy machine. */
jest.setTimeout(120_000);

const METADATA_ADDRESS = '169.254.169.254';
/** Of a decision that waits for an issuer, on a machine that does other things too; an issuer is given up after 3 s. */
const SOON_MILLISECONDS = 1_500;

let oidc: OidcServer;
let attacker: Attacker;
/** What is still to be put away, last first. */
let opened: (() => Promise<void> | void)[];

async function open(): Promise<void> {
  opened = [];
  await issuerFrom(() => startOidcServer());
  attacker = await startAttacker();
  opened.push(() => attacker.stop());
}

async function close(): Promise<void> {
  const { connections } = attacker;
  for (const putAway of opened.reverse()) await putAway();
  await stopPrograms();
  expect(connections).toBe(0);
}

async function issuerFrom(start: () => Promise<OidcServer>): Promise<void> {
  const issuer = await start();
  oidc = issuer;
  opened.push(() => issuer.stop());
}

/** The program, on a policy that names the issuer; it may ask it although it is on this machine. */
async function startedProgram(): Promise<IssuerProgram> {
  const program = new IssuerProgram(oidc);
  opened.push(async () => {
    await program.stop();
    program.remove();
  });
  await program.start();
  return program;
}

/**
 * The same within this process, where it is there sooner.
 *
 * @param minutes  that are taken to have passed since the start
 * @returns address of its check listener
 */
async function startedServer(
  flags: { readonly [flag: string]: string } = { 'issuer-hosts': oidc.address },
  minutes: () => number = () => 0,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'dharma-issuers-'));
  const monotonic = () => performance.now() + minutes() * 60_000;
  const server = await startTestServer(issuerWorld(oidc.issuer), { 'data-dir': folder, ...flags }, Date.now, monotonic);
  opened.push(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return server.addresses.http;
}

function token(): Promise<string> {
  return oidc.accessToken(AUDIENCE);
}

/** Looks until a token is dropped for a reason with these words. */
function untilDropped(http: string, text: string, words: string): Promise<void> {
  let last = '';
  return until(
    async () => {
      const { decision, because } = await said(http, text);
      expect(decision).toBe('deny');
      last = because;
      return because.includes(words);
    },
    () => last,
  );
}

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

describe('the program beside its issuer', () => {
  let program: IssuerProgram;

  beforeAll(async () => {
    await open();
    program = await startedProgram();
    await untilAccepted(program.http, await token());
  });
  afterAll(close);

  it('takes tokens for its audience alone', async () => {
    expect(await said(program.http, await token())).toEqual({ decision: 'allow', because: '' });
    for (const other of [await oidc.accessToken('urn:acme:other'), await oidc.idToken('ann')]) {
      expect(await said(program.http, other)).toEqual({
        decision: 'deny',
        because: expect.stringContaining('another audience'),
      });
    }
    expect(await program.standing()).toEqual({
      address: oidc.issuer,
      mechanisms: ['login'],
      keys: 1,
      fetchedAt: expect.stringMatching(/Z$/),
      trouble: null,
    });
  });

  it('has new keys in force when an operator asks for it, by signal or by the admin route', async () => {
    const old = await token();
    expect(await said(program.http, old)).toMatchObject({ decision: 'allow' });
    oidc.rotate();
    program.hangUp();
    await untilAccepted(program.http, await token());
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

  it('does not listen to it when it misbehaves, and goes on with its last good keys', async () => {
    for (const [because, path, fault, words] of FAULTS) {
      oidc.misbehave(path, fault());
      await program.refresh();
      const { keys, trouble } = await program.standing();
      expect([because, keys, trouble]).toEqual([because, 1, expect.stringContaining(words)]);
      expect([because, await said(program.http, await token())]).toEqual([because, { decision: 'allow', because: '' }]);
      expect([because, attacker.connections]).toEqual([because, 0]);
      oidc.misbehave(path, undefined);
    }
    await program.refresh();
    expect(await program.standing()).toMatchObject({ keys: 1, trouble: null });
  });

  it('says nothing of tokens in its log', async () => {
    const other = await oidc.accessToken('urn:acme:other');
    await said(program.http, other);
    await until(async () => program.log.includes('another audience'));
    for (const part of [...other.split('.'), ...(await token()).split('.')]) expect(program.log).not.toContain(part);
  });
});

describe('a server', () => {
  beforeEach(open);
  afterEach(close);

  it('asks for keys when a token names an unknown one, and at most once a minute, whoever sends how many', async () => {
    let minutes = 0;
    const http = await startedServer(undefined, () => minutes);
    const isAccepted = async (text: string) => (await said(http, text)).decision === 'allow';
    await untilAccepted(http, await token());
    expect([oidc.requests(DISCOVERY), oidc.requests(KEYS)]).toEqual([1, 1]);

    minutes += 1;
    oidc.rotate();
    await untilAccepted(http, await token());
    expect(oidc.requests(KEYS)).toBe(2);

    oidc.rotate();
    for (let times = 0; times < 20; times += 1) expect(await isAccepted(await token())).toBe(false);
    expect(oidc.requests(KEYS)).toBe(2);

    minutes += 1;
    await untilAccepted(http, await token());
    expect(oidc.requests(KEYS)).toBe(3);
  });

  it('does not miss an issuer that is down for tokens of known keys, not even when it starts anew', async () => {
    const program = await startedProgram();
    await untilAccepted(program.http, await token());
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

  it('calls no token false that it cannot judge without keys, and finds an issuer by itself that comes back', async () => {
    await oidc.goDown();
    const http = await startedServer();
    const text = await token();
    await untilDropped(http, text, 'cannot be reached');
    expect(await challenged(http, text)).toBe('Bearer');
    await oidc.comeBack();
    await untilAccepted(http, text);
    expect(await challenged(http, 'no.token.atall')).toBe('Bearer error="invalid_token"');
  });

  it('holds no decision up for an issuer that is slow, and takes its tokens when it has answered', async () => {
    oidc.misbehave(KEYS, { kind: 'slow', milliseconds: 1_500 });
    const http = await startedServer();
    const text = await token();
    await expectSoon(http, text);
    await untilAccepted(http, text);
  });

  it('gives up an issuer that is very slow, and takes its tokens when it is faster again', async () => {
    oidc.misbehave(KEYS, { kind: 'slow', milliseconds: 5_000 });
    const { http } = await startedProgram();
    const text = await token();
    await expectSoon(http, text);
    await untilDropped(http, text, 'within 3 s');
    oidc.misbehave(KEYS, undefined);
    await untilAccepted(http, text);
  });

  it('never follows an issuer that sends it elsewhere from the start, and says why it drops its tokens', async () => {
    oidc.misbehave(DISCOVERY, redirectTo(attacker.url));
    const http = await startedServer();
    const text = await token();
    await untilDropped(http, text, 'redirect');
    oidc.misbehave(DISCOVERY, undefined);
    await untilAccepted(http, text);
  });

  it('does not ask an issuer on this machine at all that no operator has listed', async () => {
    const http = await startedServer({ 'issuer-hosts': 'login.acme.example' });
    await untilDropped(http, await token(), 'DHARMA_ISSUER_HOSTS');
    expect([oidc.requests(DISCOVERY), oidc.requests(KEYS)]).toEqual([0, 0]);
  });

  (hasOpenssl ? it : it.skip)('trusts the certificate of an issuer where an operator does', async () => {
    const authority = createAuthority('issuers');
    opened.push(() => authority.remove());
    const { cert, key } = authority.issue('localhost');
    await issuerFrom(() => startOidcServer({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }));
    const listed = { 'issuer-hosts': oidc.address };
    await untilAccepted(await startedServer({ ...listed, 'issuer-ca': authority.cert }), await token());
    await untilDropped(await startedServer(listed), await token(), 'cannot be reached');
  });
});

/** Whatever is said about a token, it is said soon; as long as it is dropped, with a reason. */
async function expectSoon(http: string, text: string): Promise<void> {
  for (let times = 0; times < 5; times += 1) {
    const begin = performance.now();
    const { decision, because } = await said(http, text);
    expect(performance.now() - begin).toBeLessThan(SOON_MILLISECONDS);
    if (decision === 'allow') return;
    expect(because).not.toBe('');
  }
}

function redirectTo(to: string): Fault {
  return { kind: 'redirect', to };
}

function keysAt(place: string): Fault {
  return { kind: 'edited', members: { jwks_uri: place } };
}
