/** Tokens are believed when everything about them is right, and dropped with a reason when anything is not. */
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type CryptoKey, exportSPKI, importJWK } from 'jose';
import type { Identity, Judged } from '#identity';
import { callerNamed, identityOf, NOW, presented, reasons, sha256, shown } from './identities.js';
import { compact, Issuer, NOW_SECONDS } from './issuers.js';

/** A set whose mechanisms are written in YAML flow style, and an enforcement point that may assert nothing. */
function setOf(mechanisms: readonly string[]): string {
  return `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  mechanisms:
${mechanisms.map((mechanism) => `    - ${mechanism}`).join('\n')}
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: acme }
spec: { credentials: [{ kind: apiKey, id: edge, sha256: "${sha256('secret-of-edge')}" }] }
`;
}

function jwt(name: string, settings: object, role = 'access'): string {
  return JSON.stringify({
    name,
    role,
    kind: 'jwt',
    jwt: { issuer: 'https://login.acme.example/', audiences: ['acme-api'], ...settings },
  });
}

let rsa: Issuer;
let rsaSpare: Issuer;
let pss: Issuer;
let ec: Issuer;
let ed: Issuer;
let stranger: Issuer;
let identity: Identity;

beforeAll(async () => {
  [rsa, rsaSpare, pss, ec, ed, stranger] = await Promise.all([
    Issuer.create('RS256', 'rsa'),
    Issuer.create('RS256', 'rsa-spare'),
    Issuer.create('PS256', 'pss'),
    Issuer.create('ES256', 'ec'),
    Issuer.create('EdDSA', 'ed'),
    Issuer.create('RS256', 'rsa'),
  ]);
  const keys = { inline: { keys: [rsa, rsaSpare, pss, ec, ed].map(({ publicJwk }) => publicJwk) } };
  identity = await identityOf(
    setOf([
      jwt('acme-oauth', { keys }),
      jwt('acme-admin', { keys, audiences: ['admin-api'], header: 'x-admin-token', leewaySeconds: 0 }),
      jwt('acme-short', { keys, issuer: 'https://short.acme.example/', maxLifetimeSeconds: 60 }),
      jwt('acme-claims', {
        keys,
        issuer: 'https://claims.acme.example/',
        subjectClaim: 'email',
        groupsClaim: 'teams',
        scopesClaim: 'scp',
        algorithms: ['ES256'],
      }),
      jwt('acme-workload', { keys, header: 'x-workload-token' }, 'trust'),
      jwt('acme-url', { issuer: 'https://url.example/', keys: { url: 'https://url.example/jwks' } }),
      jwt('acme-discovery', { issuer: 'https://discovery.example/' }),
    ]),
  );
});

function judge(credentials: { readonly [header: string]: string }, now = NOW, by = identity): Judged | Promise<Judged> {
  return by.judge(presented({ credentials }), callerNamed(by, 'edge'), now);
}

function bearer(token: string): { readonly [header: string]: string } {
  return { authorization: `Bearer ${token}` };
}

describe('what is believed', () => {
  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('%s', async (algorithm) => {
    const issuer = [rsa, pss, ec, ed].find((candidate) => candidate.algorithm === algorithm)!;
    const judged = await judge(bearer(await issuer.token()));
    expect(shown(judged)).toEqual(['acme-oauth u-17']);
    expect(judged).toMatchObject({ dropped: [], hasVerifiedCredential: true, hasFalseCredential: false });
  });

  it.each`
    because                                      | claims                                               | header
    ${'its audience is one of several'}          | ${{ aud: ['other', 'acme-api'] }}                    | ${{}}
    ${'it expired within the leeway'}            | ${{ exp: NOW_SECONDS - 59 }}                         | ${{}}
    ${'it begins within the leeway'}             | ${{ nbf: NOW_SECONDS + 60 }}                         | ${{}}
    ${'it was issued within the leeway'}         | ${{ iat: NOW_SECONDS + 60, exp: NOW_SECONDS + 100 }} | ${{}}
    ${'its lifetime is just what is allowed'}    | ${{ iat: NOW_SECONDS, exp: NOW_SECONDS + 86400 }}    | ${{}}
    ${'it need not say when it was issued'}      | ${{ iat: undefined }}                                | ${{}}
    ${'NumericDate may have a fraction'}         | ${{ exp: NOW_SECONDS + 0.5 }}                        | ${{}}
    ${'a type changes nothing'}                  | ${{}}                                                | ${{ typ: 'at+jwt' }}
    ${'unknown header members change nothing'}   | ${{}}                                                | ${{ x5t: 'abc' }}
    ${'claims may be named like object members'} | ${{ constructor: 'x', toString: 1 }}                 | ${{}}
  `('a token is believed though $because', async ({ claims, header }) => {
    expect(shown(await judge(bearer(await rsa.token(claims, header))))).toEqual(['acme-oauth u-17']);
  });

  it('a token without `kid`, where only one key can be meant', async () => {
    expect(shown(await judge(bearer(await ec.token({}, { kid: undefined }))))).toEqual(['acme-oauth u-17']);
  });

  it('claims, groups, scopes and the end of the token', async () => {
    const claims = { groups: ['staff'], scope: 'book:read  pay', tier: { level: 'gold' }, exp: NOW_SECONDS + 600 };
    const { evidence } = await judge(bearer(await rsa.token(claims)));
    expect(evidence[0]).toMatchObject({
      role: 'access',
      groups: ['staff'],
      scopes: ['book:read', 'pay'],
      expiresAt: NOW + 660_000,
      claims: { tier: { level: 'gold' }, sub: 'u-17' },
      attributes: {},
    });
    expect(Object.getPrototypeOf(evidence[0]!.claims)).toBeNull();
    expect(Object.getPrototypeOf(evidence[0]!.claims['tier'])).toBeNull();
  });

  it('claims by the names that the mechanism gives', async () => {
    const claims = { iss: 'https://claims.acme.example/', email: 'ann@acme.example', teams: 'red', scp: ['a', 'b'] };
    const { evidence } = await judge(bearer(await ec.token(claims)));
    expect(evidence[0]).toMatchObject({ subject: 'ann@acme.example', groups: ['red'], scopes: ['a', 'b'] });
  });

  it('a token in a header of its own, with the scheme or without', async () => {
    const token = await rsa.token({ aud: 'admin-api' });
    expect(shown(await judge({ 'x-admin-token': token }))).toEqual(['acme-admin u-17']);
    expect(shown(await judge({ 'x-admin-token': `bearer  ${token}` }))).toEqual(['acme-admin u-17']);
  });

  it('a token of a service, which is no credential of a client', async () => {
    const judged = await judge({ 'x-workload-token': await rsa.token({ sub: 'job-1' }) });
    expect(judged).toMatchObject({ evidence: [{ role: 'trust', subject: 'job-1' }], hasVerifiedCredential: false });
  });

  it('tokens in several headers, in the order of the mechanisms', async () => {
    const judged = await judge({
      'x-workload-token': await rsa.token({ sub: 'job-1' }),
      ...bearer(await ec.token()),
    });
    expect(shown(judged)).toEqual(['acme-oauth u-17', 'acme-workload job-1']);
  });
});

describe('what is not', () => {
  it.each`
    because                                 | reason                                                                     | claims                                            | header
    ${'it has expired, leeway included'}    | ${'it has expired'}                                                        | ${{ exp: NOW_SECONDS - 60 }}                      | ${{}}
    ${'it is not valid yet'}                | ${'it is not valid yet'}                                                   | ${{ nbf: NOW_SECONDS + 61 }}                      | ${{}}
    ${'it comes from the future'}           | ${'it was issued in the future'}                                           | ${{ iat: NOW_SECONDS + 61 }}                      | ${{}}
    ${'it lives too long'}                  | ${'its lifetime is longer than the mechanism allows'}                      | ${{ iat: NOW_SECONDS, exp: NOW_SECONDS + 86401 }} | ${{}}
    ${'it lives too long from now on'}      | ${'its lifetime is longer than the mechanism allows'}                      | ${{ iat: undefined, exp: NOW_SECONDS + 86401 }}   | ${{}}
    ${'it is for somebody else'}            | ${'it is meant for another audience'}                                      | ${{ aud: 'other' }}                               | ${{}}
    ${'an audience is not a prefix'}        | ${'it is meant for another audience'}                                      | ${{ aud: 'acme-api-2' }}                          | ${{}}
    ${'nobody is meant'}                    | ${'it is meant for another audience'}                                      | ${{ aud: undefined }}                             | ${{}}
    ${'an audience is text'}                | ${'it is meant for another audience'}                                      | ${{ aud: [['acme-api']] }}                        | ${{}}
    ${'it never ends'}                      | ${'it has no `exp`'}                                                       | ${{ exp: undefined }}                             | ${{}}
    ${'its end is no number'}               | ${'it has no `exp`'}                                                       | ${{ exp: `${NOW_SECONDS + 600}` }}                | ${{}}
    ${'its end is beyond all calendars'}    | ${'it has no `exp`'}                                                       | ${{ exp: 1e300 }}                                 | ${{}}
    ${'its beginning is no number'}         | ${'its `nbf` is no number'}                                                | ${{ nbf: 'now' }}                                 | ${{}}
    ${'its age is no number'}               | ${'its `iat` is no number'}                                                | ${{ iat: null }}                                  | ${{}}
    ${'nobody is named'}                    | ${'it has no `sub`'}                                                       | ${{ sub: undefined }}                             | ${{}}
    ${'an empty name is none'}              | ${'it has no `sub`'}                                                       | ${{ sub: '' }}                                    | ${{}}
    ${'a name is text'}                     | ${'it has no `sub`'}                                                       | ${{ sub: 17 }}                                    | ${{}}
    ${'a name is one line'}                 | ${'its subject holds control characters or half characters'}               | ${{ sub: 'u-17\nu-18' }}                          | ${{}}
    ${'a name is short'}                    | ${'its subject is longer than 1024 bytes'}                                 | ${{ sub: 'u'.repeat(1025) }}                      | ${{}}
    ${'groups left out would blind a deny'} | ${'its groups are no list of texts'}                                       | ${{ groups: { staff: true } }}                    | ${{}}
    ${'half of the groups would too'}       | ${'its groups are no list of texts'}                                       | ${{ groups: ['staff', 7] }}                       | ${{}}
    ${'scopes are text'}                    | ${'its scopes are neither a text nor a list of texts'}                     | ${{ scope: 7 }}                                   | ${{}}
    ${'nobody has that key'}                | ${'none of the keys of the mechanism is the one it names'}                 | ${{}}                                             | ${{ kid: 'other' }}
    ${'the key is of another kind'}         | ${'none of the keys of the mechanism is the one it names'}                 | ${{}}                                             | ${{ kid: 'ec' }}
    ${'a path is no key'}                   | ${'none of the keys of the mechanism is the one it names'}                 | ${{}}                                             | ${{ kid: '../../dev/null' }}
    ${'two keys could be meant'}            | ${'several keys of the mechanism could be meant, because it has no `kid`'} | ${{}}                                             | ${{ kid: undefined }}
  `('a token is dropped because $because', async ({ claims, header, reason }) => {
    const judged = await judge(bearer(await rsa.token(claims, header)));
    expect(reasons(judged)).toEqual([`acme-oauth: ${reason}`]);
    expect(judged).toMatchObject({ evidence: [], hasVerifiedCredential: false, hasFalseCredential: true });
  });

  const good = { iss: 'https://login.acme.example/', aud: 'acme-api', sub: 'u-17', exp: NOW_SECONDS + 600 };
  const text = JSON.stringify(good);

  it.each`
    because                                      | reason                                                     | token
    ${'nobody signed it'}                        | ${'its algorithm is not one of the mechanism'}             | ${() => compact({ alg: 'none' }, good, 'AAAA')}
    ${'nobody signed it, in capitals'}           | ${'its algorithm is not one of the mechanism'}             | ${() => compact({ alg: 'None' }, good, 'AAAA')}
    ${'a public key is no shared secret'}        | ${'its algorithm is not one of the mechanism'}             | ${() => hmacByPublicKey(good)}
    ${'the mechanism does not list it'}          | ${'its algorithm is not one of the mechanism'}             | ${() => compact({ alg: 'RS512', kid: 'rsa' }, good, 'AAAA')}
    ${'the key is for another algorithm'}        | ${'none of the keys of the mechanism is the one it names'} | ${() => rsa.token({}, { alg: 'PS256', kid: 'rsa' }).catch(() => compact({ alg: 'PS256', kid: 'rsa' }, good, 'AAAA'))}
    ${'somebody else signed it'}                 | ${'its signature is wrong'}                                | ${() => stranger.token()}
    ${'its claims were changed'}                 | ${'its signature is wrong'}                                | ${async () => withClaims(await rsa.token(), { ...good, sub: 'root' })}
    ${'its header was changed'}                  | ${'its signature is wrong'}                                | ${async () => withHeader(await rsa.token(), { alg: 'RS256', kid: 'rsa-spare' })}
    ${'its signature was cut'}                   | ${'its signature is wrong'}                                | ${async () => (await rsa.token()).slice(0, -2)}
    ${'a signature of zeros is known from Java'} | ${'its signature is wrong'}                                | ${() => compact({ alg: 'ES256', kid: 'ec' }, good, new Uint8Array(64))}
  `('a token is dropped because $because', async ({ token, reason }) => {
    const judged = await judge(bearer(await token()));
    expect(reasons(judged)).toEqual([`acme-oauth: ${reason}`]);
    expect(judged).toMatchObject({ evidence: [], hasVerifiedCredential: false, hasFalseCredential: true });
  });

  it.each`
    because                                  | reason                       | token
    ${'it could change what is signed'}      | ${'its header has `crit`'}   | ${() => rsa.token({}, { crit: ['b64'], b64: true })}
    ${'it could say what is signed'}         | ${'its header has `b64`'}    | ${() => compact({ alg: 'RS256', b64: false }, good, 'AAAA')}
    ${'it brings its own key'}               | ${'its header has `jwk`'}    | ${() => stranger.token({}, { jwk: stranger.publicJwk })}
    ${'it says where its keys are'}          | ${'its header has `jku`'}    | ${() => stranger.token({}, { jku: 'http://127.0.0.1:1/' })}
    ${'it says where its certificate is'}    | ${'its header has `x5u`'}    | ${() => stranger.token({}, { x5u: 'http://127.0.0.1:1/' })}
    ${'there is no algorithm'}               | ${'its header has no `alg`'} | ${() => compact({ kid: 'rsa' }, good, 'AAAA')}
    ${'an algorithm is text'}                | ${'its header has no `alg`'} | ${() => compact({ alg: ['RS256'] }, good, 'AAAA')}
    ${'the name of a key is text'}           | ${'its `kid` is no text'}    | ${() => compact({ alg: 'RS256', kid: { a: 1 } }, good, 'AAAA')}
    ${'nobody issued it'}                    | ${'it has no `iss`'}         | ${() => rsa.token({ iss: undefined })}
    ${'several cannot have issued it'}       | ${'its `iss` is no text'}    | ${() => rsa.token({ iss: ['https://login.acme.example/'] })}
    ${'its signature is missing'}            | ${'it is no signed token'}   | ${() => compact({ alg: 'RS256' }, good, '')}
    ${'it is encrypted'}                     | ${'it is no signed token'}   | ${() => 'e30.e30.e30.e30.e30'}
    ${'it is opaque'}                        | ${'it is no signed token'}   | ${() => 'f7ac9b'}
    ${'its payload is no map'}               | ${'it is no signed token'}   | ${() => compact({ alg: 'RS256' }, '[]', 'AAAA')}
    ${'its payload is no JSON'}              | ${'it is no signed token'}   | ${() => compact({ alg: 'RS256' }, '{', 'AAAA')}
    ${'a member named twice is two tokens'}  | ${'it is no signed token'}   | ${() => compact({ alg: 'RS256' }, `{"sub":"root",${text.slice(1)}`, 'AAAA')}
    ${'a header member named twice is too'}  | ${'it is no signed token'}   | ${() => compact('{"alg":"none","alg":"RS256"}', good, 'AAAA')}
    ${'it is too deep'}                      | ${'it is no signed token'}   | ${() => compact({ alg: 'RS256' }, `{"a":${'['.repeat(40)}${']'.repeat(40)}}`, 'AAAA')}
    ${'it is not UTF-8'}                     | ${'it is no signed token'}   | ${() => `e30.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.AAAA`}
    ${'padding is another spelling'}         | ${'it is no signed token'}   | ${async () => `${await rsa.token()}==`}
    ${'left-over bits are another spelling'} | ${'it is no signed token'}   | ${async () => respelled(await rsa.token())}
    ${'base64 is not base64url'}             | ${'it is no signed token'}   | ${() => 'e+0.e30.AAAA'}
    ${'two tokens are none'}                 | ${'it is no signed token'}   | ${async () => `${await rsa.token()}, Bearer ${await rsa.token()}`}
    ${'two tokens are none, joined'}         | ${'it is no signed token'}   | ${async () => `${await rsa.token()},${await rsa.token()}`}
    ${'there is nothing'}                    | ${'it is no signed token'}   | ${() => ''}
  `('a text is no token because $because', async ({ token, reason }) => {
    const judged = await judge(bearer(await token()));
    expect(reasons(judged)).toEqual([`-: what is in \`authorization\` does not count: ${reason}`]);
    expect(judged).toMatchObject({ evidence: [], hasVerifiedCredential: false, hasFalseCredential: true });
  });

  it('a token of more than 8 KiB, whatever is in it', async () => {
    const judged = await judge(bearer(await rsa.token({ filler: 'x'.repeat(8000) })));
    expect(reasons(judged)).toEqual(['-: the token in `authorization` is longer than 8192 characters']);
    expect(judged.hasFalseCredential).toBe(true);
  });

  it('a token of an issuer that no mechanism of that header has', async () => {
    const judged = await judge(bearer(await rsa.token({ iss: 'https://login.acme.example' })));
    expect(reasons(judged)).toEqual(['-: no mechanism knows the issuer of the token in `authorization`']);
    expect(judged.hasFalseCredential).toBe(true);
  });

  it.each`
    because                                | iss                             | reason
    ${'its keys would have to be fetched'} | ${'https://url.example/'}       | ${'acme-url: keys are not fetched here'}
    ${'its keys would have to be found'}   | ${'https://discovery.example/'} | ${'acme-discovery: keys are not fetched here'}
  `('a token that nobody here can verify is not called false: $because', async ({ iss, reason }) => {
    const judged = await judge(bearer(await rsa.token({ iss })));
    expect(reasons(judged)).toEqual([reason]);
    expect(judged).toMatchObject({ evidence: [], hasFalseCredential: false });
  });

  it('another scheme, which is not called false: it is not for us', async () => {
    const judged = await judge({ authorization: 'Basic dTpw' });
    expect(reasons(judged)).toEqual(['-: `authorization` is not of the scheme `Bearer`']);
    expect(judged.hasFalseCredential).toBe(false);
  });

  it('a token that lives longer than its own mechanism allows', async () => {
    const iss = 'https://short.acme.example/';
    const long = await judge(bearer(await rsa.token({ iss, iat: NOW_SECONDS, exp: NOW_SECONDS + 61 })));
    expect(reasons(long)).toEqual(['acme-short: its lifetime is longer than the mechanism allows']);
    expect(shown(await judge(bearer(await rsa.token({ iss, iat: NOW_SECONDS, exp: NOW_SECONDS + 60 }))))).toHaveLength(
      1,
    );
  });

  it('a token in a header that no mechanism reads', async () => {
    expect(await judge({ 'x-other': await rsa.token() })).toMatchObject({ evidence: [], dropped: [] });
  });

  it('an algorithm that the mechanism leaves out, though its keys could verify it', async () => {
    const judged = await judge(bearer(await rsa.token({ iss: 'https://claims.acme.example/', email: 'a@b' })));
    expect(reasons(judged)).toEqual(['acme-claims: its algorithm is not one of the mechanism']);
  });

  it('says nothing of the token in any reason', async () => {
    const secrets = { sub: 'subject-canary', groups: 'group-canary', tier: 'claim-canary', jti: 'id-canary' };
    const tokens = await Promise.all([
      rsa.token({ ...secrets, exp: NOW_SECONDS - 1000 }),
      rsa.token({ ...secrets, aud: 'audience-canary' }),
      rsa.token({ ...secrets, iss: 'https://issuer-canary/' }),
      stranger.token(secrets),
      rsa.token(secrets, { kid: 'kid-canary' }),
    ]);
    for (const token of tokens) {
      const because = reasons(await judge(bearer(token))).join();
      expect(because).not.toContain('canary');
      for (const part of token.split('.')) expect(because).not.toContain(part);
    }
  });
});

describe('two mechanisms that share an issuer', () => {
  let shared: Identity;
  beforeAll(async () => {
    const keys = { inline: { keys: [rsa.publicJwk] } };
    shared = await identityOf(
      setOf([
        jwt('to-api', { keys }),
        jwt('to-both', { keys, audiences: ['acme-api', 'admin-api'] }),
        jwt('to-admin', { keys, audiences: ['admin-api'] }),
        jwt('by-other-keys', { keys: { inline: { keys: [ec.publicJwk] } } }),
      ]),
    );
  });

  it('each take the tokens that are right for them, and the others do not make them false', async () => {
    const judged = await judge(bearer(await rsa.token()), NOW, shared);
    expect(shown(judged)).toEqual(['to-api u-17', 'to-both u-17']);
    expect(reasons(judged)).toEqual([
      'to-admin: it is meant for another audience',
      'by-other-keys: none of the keys of the mechanism is the one it names',
    ]);
    expect(judged).toMatchObject({ hasVerifiedCredential: true, hasFalseCredential: false });
    expect(judge(bearer(await rsa.token()), NOW, shared)).toEqual(judged);
  });
});

it('is judged again by a mechanism for which only the time was wrong', async () => {
  const keys = { inline: { keys: [rsa.publicJwk] } };
  const shared = await identityOf(setOf([jwt('lenient', { keys }), jwt('strict', { keys, leewaySeconds: 0 })]));
  const credentials = bearer(await rsa.token({ nbf: NOW_SECONDS + 30 }));
  expect(shown(await judge(credentials, NOW, shared))).toEqual(['lenient u-17']);
  expect(shown(await judge(credentials, NOW + 30_000, shared))).toEqual(['lenient u-17', 'strict u-17']);
});

describe('a token seen before', () => {
  it('needs no waiting', async () => {
    const credentials = bearer(await rsa.token({ sub: 'u-again' }));
    const first = judge(credentials);
    expect(first).toBeInstanceOf(Promise);
    const judged = await first;
    expect(judge(credentials)).toEqual(judged);
  });

  it('is verified once, however many ask at the same time', async () => {
    const credentials = bearer(await rsa.token({ sub: 'u-crowd' }));
    const judged = await Promise.all(Array.from({ length: 50 }, () => judge(credentials)));
    expect(new Set(judged.map(({ evidence }) => evidence[0]!)).size).toBe(1);
  });

  it('ends when it expires, leeway included, and not before', async () => {
    const credentials = bearer(await rsa.token({ exp: NOW_SECONDS + 1 }));
    expect(shown(await judge(credentials))).toHaveLength(1);
    expect(shown(judge(credentials, NOW + 60_999) as Judged)).toHaveLength(1);
    const late = judge(credentials, NOW + 61_000) as Judged;
    expect(reasons(late)).toEqual(['acme-oauth: it has expired']);
    expect(late.hasFalseCredential).toBe(true);
  });

  it('is judged again where only the time was wrong', async () => {
    const credentials = bearer(await rsa.token({ nbf: NOW_SECONDS + 100 }));
    expect(shown(await judge(credentials))).toEqual([]);
    expect(shown(await judge(credentials, NOW + 50_000))).toEqual(['acme-oauth u-17']);
  });

  it('needs no waiting either when it is forged, and is never believed', async () => {
    const credentials = bearer(await stranger.token());
    const first = await judge(credentials);
    expect(judge(credentials)).toEqual(first);
    expect(first.evidence).toEqual([]);
  });

  it('is still known after a flood of forged ones', async () => {
    const credentials = bearer(await rsa.token({ sub: 'u-flood' }));
    await judge(credentials);
    const [header, claims] = (await rsa.token()).split('.');
    await Promise.all(
      Array.from({ length: 1100 }, (_, index) => {
        const signature = Buffer.alloc(256);
        signature.writeUInt32BE(index);
        return judge(bearer(`${header}.${claims}.${signature.toString('base64url')}`));
      }),
    );
    expect(judge(credentials)).not.toBeInstanceOf(Promise);
  });

  it('is not believed on top of a thousand that are being verified', async () => {
    const tokens = await Promise.all(Array.from({ length: 1001 }, (_, index) => ec.token({ sub: `u-${index}` })));
    const judged = tokens.map((token) => judge(bearer(token)));
    expect(reasons(judged.at(-1) as Judged)).toEqual(['-: too many tokens are being verified']);
    expect(judged.at(-1)).toMatchObject({ evidence: [], hasFalseCredential: false });
    await Promise.all(judged);
    expect(shown(await judge(bearer(tokens.at(-1)!)))).toEqual(['acme-oauth u-1000']);
  });
});

describe('keys in a file', () => {
  let folder: string;
  let file: string;
  let byFile: Identity;

  const keySet = (...issuers: Issuer[]) => JSON.stringify({ keys: issuers.map(({ publicJwk }) => publicJwk) });

  /** Judges until the answer is as expected; the file is looked at every second. */
  async function until(
    credentials: { readonly [header: string]: string },
    expected: readonly string[],
  ): Promise<Judged> {
    for (;;) {
      const judged = await judge(credentials, NOW, byFile);
      if (shown(judged).join() === expected.join()) return judged;
      await pause(20);
    }
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dharma-keys-'));
    file = join(folder, 'keys.json');
  });
  afterEach(async () => {
    byFile.close();
    await rm(folder, { recursive: true });
  });

  it('are read again when it changes: old ones go at once, new ones come, a broken file changes nothing', async () => {
    await writeFile(file, keySet(rsa));
    byFile = await identityOf(setOf([jwt('by-file', { keys: { file } })]));
    const [old, young] = [bearer(await rsa.token()), bearer(await ec.token())];
    expect(shown(await judge(old, NOW, byFile))).toEqual(['by-file u-17']);
    expect(shown(await judge(young, NOW, byFile))).toEqual([]);
    await writeFile(file, keySet(ec));
    await until(young, ['by-file u-17']);
    expect(shown(await judge(old, NOW, byFile))).toEqual([]);

    await writeFile(file, '{ "keys": [');
    const told = () =>
      judge(bearer(compact({ alg: 'ES256', kid: 'ec', at: Math.random() }, decodedClaims(), 'AAAA')), NOW, byFile);
    while (
      !reasons(await told())
        .join()
        .includes('cannot be used')
    )
      await pause(20);
    expect(reasons(await told())[0]).toBe(
      `by-file: its signature is wrong; the keys may be old: \`${file}\` cannot be used: it is no JSON Web Key Set`,
    );
    expect(shown(await judge(young, NOW, byFile))).toEqual(['by-file u-17']);

    await rm(file);
    while (
      !reasons(await told())
        .join()
        .includes('ENOENT')
    )
      await pause(20);
    expect(shown(await judge(young, NOW, byFile))).toEqual(['by-file u-17']);
    await writeFile(file, keySet(rsa, ec));
    await until(old, ['by-file u-17']);
  });

  it.each`
    because                               | content                                                                           | reason
    ${'it is not there'}                  | ${undefined}                                                                      | ${'cannot be read (ENOENT)'}
    ${'it is empty'}                      | ${''}                                                                             | ${'cannot be used: it is no JSON Web Key Set'}
    ${'it is one key, not a set'}         | ${() => JSON.stringify(rsa.publicJwk)}                                            | ${'cannot be used: it is no JSON Web Key Set'}
    ${'a shared secret verifies nothing'} | ${JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] })}                      | ${'cannot be used: it holds a key that is not public'}
    ${'a private key does not belong'}    | ${() => JSON.stringify({ keys: [{ ...ec.publicJwk, d: 'AA' }] })}                 | ${'cannot be used: it holds a key that is not public'}
    ${'nobody has that many keys'}        | ${() => JSON.stringify({ keys: Array.from({ length: 51 }, () => ec.publicJwk) })} | ${'cannot be used: it holds more than 50 keys'}
    ${'it is a book'}                     | ${() => `${keySet(rsa)}${' '.repeat(300_000)}`}                                   | ${'is no file of at most 262144 bytes'}
  `('that cannot be used make no token false: $because', async ({ content, reason }) => {
    if (content !== undefined) await writeFile(file, typeof content === 'string' ? content : content());
    byFile = await identityOf(setOf([jwt('by-file', { keys: { file } })]));
    const judged = await judge(bearer(await rsa.token()), NOW, byFile);
    expect(reasons(judged)).toEqual([`by-file: \`${file}\` ${reason}`]);
    expect(judged).toMatchObject({ evidence: [], hasFalseCredential: false });
    await writeFile(file, keySet(rsa));
    await until(bearer(await rsa.token()), ['by-file u-17']);
  });
});

describe('the next revision', () => {
  const inline = () => ({ inline: { keys: [rsa.publicJwk] } });

  it('needs no waiting for a token that the one before has verified', async () => {
    const before = await identityOf(setOf([jwt('login', { keys: inline() })]));
    const credentials = bearer(await rsa.token());
    const judged = await judge(credentials, NOW, before);
    const same = setOf([jwt('login', { keys: inline() }), jwt('other', { keys: inline(), header: 'x-other' })]);
    const after = await identityOf(same, { previous: before });
    before.close();
    expect(judge(credentials, NOW, after)).toEqual(judged);
  });

  it.each`
    because                             | mechanism
    ${'the keys are others'}            | ${() => jwt('login', { keys: { inline: { keys: [ec.publicJwk] } } })}
    ${'the audience is another'}        | ${() => jwt('login', { keys: inline(), audiences: ['admin-api'] })}
    ${'the mechanism has another role'} | ${() => jwt('login', { keys: inline() }, 'trust')}
    ${'the mechanism has another name'} | ${() => jwt('sign-in', { keys: inline() })}
    ${'the token is in another header'} | ${() => jwt('login', { keys: inline(), header: 'x-login' })}
  `('judges it anew when $because', async ({ mechanism }) => {
    const before = await identityOf(setOf([jwt('login', { keys: inline() })]));
    const credentials = bearer(await rsa.token());
    const judged = await judge(credentials, NOW, before);
    const after = await identityOf(setOf([mechanism()]), { previous: before });
    expect(await judge(credentials, NOW, after)).not.toEqual(judged);
  });

  it('goes on looking at a key file when the one before is let go, however often', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dharma-keys-'));
    const file = join(folder, 'keys.json');
    await writeFile(file, JSON.stringify({ keys: [rsa.publicJwk] }));
    const documents = setOf([jwt('by-file', { keys: { file } })]);
    const before = await identityOf(documents);
    const after = await identityOf(documents, { previous: before });
    before.close();
    before.close();
    await writeFile(file, JSON.stringify({ keys: [ec.publicJwk] }));
    const credentials = bearer(await ec.token());
    while (shown(await judge(credentials, NOW, after)).length === 0) await pause(20);
    after.close();
    // Nobody looks at the file any more: the next revision reads it for itself.
    const late = await identityOf(documents, { previous: after });
    expect(judge(credentials, NOW, late)).toBeInstanceOf(Promise);
    late.close();
    await rm(folder, { recursive: true });
  });
});

function decodedClaims(): object {
  return { iss: 'https://login.acme.example/', aud: 'acme-api', sub: 'u-17', exp: NOW_SECONDS + 600 };
}

async function hmacByPublicKey(claims: object): Promise<string> {
  const pem = await exportSPKI((await importJWK(rsa.publicJwk, 'RS256')) as CryptoKey);
  const unsigned = compact({ alg: 'HS256', kid: 'rsa' }, claims, '').slice(0, -1);
  return `${unsigned}.${createHmac('sha256', pem).update(unsigned).digest('base64url')}`;
}

function withClaims(token: string, claims: object): string {
  const [header, , signature] = token.split('.');
  return `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
}

function withHeader(token: string, header: object): string {
  const [, claims, signature] = token.split('.');
  return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${claims}.${signature}`;
}

/** The same bytes in another spelling: the last of 342 characters carries four bits that mean nothing. */
function respelled(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(token.at(-1)!);
  return token.slice(0, -1) + alphabet[last ^ 1]!;
}
