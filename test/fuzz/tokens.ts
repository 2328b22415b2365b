/** Tokens, as texts and put together from JSON: taken apart strictly, or not at all. */
import fc from 'fast-check';
import { readToken, tokenIn, type UnverifiedToken } from '../../libs/identity/src/token.js';
import { type Candidate, type Refused, TokenMechanism } from '../../libs/identity/src/token-mechanism.js';
import type { VerificationKeys } from '../../libs/identity/src/verification-keys.js';
import { mutated, piecesOf } from './mutation.js';
import { type FuzzTarget, insist, shownText } from './target.js';

const NOW = Date.parse('2026-12-24T12:00:00Z');
const LIMIT = 8 * 1024;

const HEADERS = [
  '{"alg":"ES256","kid":"k"}',
  '{"alg":"RS256","typ":"JWT"}',
  '{"alg":"none"}',
  '{"alg":"ES256","crit":["b64"],"b64":false}',
  '{"alg":"ES256","jku":"https://evil.example/jwks"}',
  '{"alg":"ES256","jwk":{"kty":"EC"}}',
  '{"alg":"ES256","x5u":"https://evil.example/"}',
  '{"alg":"ES256","kid":17}',
];
const CLAIMS = [
  '{"iss":"https://login.acme.example/","aud":"acme-api","sub":"u-17","iat":1798113590,"exp":1798114200}',
  '{"iss":"https://login.acme.example/","aud":["a","acme-api"],"sub":"u-17","exp":1798114200,"nbf":1798113000,"scope":"a b","groups":["g"]}',
  '{"iss":"https://login.acme.example/","iss":"https://evil.example/","aud":"acme-api","sub":"u","exp":1798114200}',
  '{"iss":"https://login.acme.example/","aud":"acme-api","sub":{"__proto__":{"a":1}},"exp":1e308}',
  '{"iss":"https://login.acme.example/","aud":"acme-api","sub":"\\u0000","exp":"1798114200"}',
  '[["iss","https://login.acme.example/"]]',
];
const PIECES = piecesOf('tokens');
const SIGNATURES = ['', 'AA', 'AB', 'c2lnbmF0dXJl', 'A'.repeat(86), 'AA=='];

const mechanism = new TokenMechanism(
  {
    owner: 'acme',
    declaration: {
      name: 'login',
      role: 'access',
      kind: 'jwt',
      jwt: { issuer: 'https://login.acme.example/', audiences: ['acme-api'], keys: { inline: { keys: [] } } },
    },
  } as ConstructorParameters<typeof TokenMechanism>[0],
  // Signatures are looked at by a library, in another test.
  { current: undefined, trouble: undefined } as unknown as VerificationKeys,
  0,
);

interface Output {
  readonly token: UnverifiedToken | string;
  readonly candidate: Candidate | Refused | undefined;
}

const encoded = (text: string): string => Buffer.from(text).toString('base64url');
const whole = HEADERS.flatMap((header) => CLAIMS.map((claims) => `${encoded(header)}.${encoded(claims)}.AA`));
const assembled = fc
  .tuple(mutated(HEADERS, PIECES, 2000), mutated(CLAIMS, PIECES, 4000), fc.constantFrom(...SIGNATURES))
  .map(([header, claims, signature]) => `${encoded(header)}.${encoded(claims)}.${signature}`);

export const tokens: FuzzTarget<string, Output> = {
  name: 'tokens',
  inputs: fc.oneof({ weight: 3, arbitrary: assembled }, { weight: 1, arbitrary: mutated(whole, PIECES, LIMIT) }),
  exercise(text) {
    const token = readToken(text);
    return { token, candidate: typeof token === 'string' ? undefined : mechanism.read(token, NOW) };
  },
  judge(text, { token, candidate }) {
    if (typeof token === 'string') return;
    const [header, claims, signature] = text.split('.').map((part) => Buffer.from(part, 'base64url'));
    const again = [header!, claims!, signature!].map((bytes) => bytes.toString('base64url')).join('.');
    insist(again === text, 'an accepted token is not spelled canonically');
    // What a lax reader makes of it is the same: nothing in it can be read in two ways.
    const lax = [header!, claims!].map((bytes) => JSON.parse(bytes.toString()) as { readonly [name: string]: unknown });
    insist(lax[0]!['alg'] === token.algorithm, 'another reader finds another algorithm');
    insist(lax[1]!['iss'] === token.issuer, 'another reader finds another issuer');
    insist(
      !['crit', 'b64', 'jku', 'jwk', 'x5u'].some((name) => name in lax[0]!),
      'a header that names keys is accepted',
    );
    insist(tokenIn('authorization', `Bearer ${text}`) === text, 'it is not found in its field');
    if (candidate?.kind === 'candidate') {
      insist(candidate.evidence.subject === lax[1]!['sub'], 'another reader finds another subject');
      insist(candidate.expiresAt > NOW, 'it counts after its end');
    }
  },
  show: shownText,
};
