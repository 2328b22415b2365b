import { encodeGeneric } from '@nats-io/jwt';
import { createServer, createUser, type KeyPair } from '@nats-io/nkeys';
import * as fc from 'fast-check';
import { readAuthorizationRequest } from './authorization-request.js';
import { quickSigner } from './quick-signer.js';

const NOW = Date.parse('2026-12-24T12:00:00Z');
const server = quickSigner(createServer());
const user = createUser().getPublicKey();

interface Said {
  readonly signer?: KeyPair;
  readonly aud?: string;
  readonly exp?: number;
  readonly type?: string;
  readonly nats?: object;
}

const asked = ({ signer = server, aud = 'nats-authorization-request', exp = NOW / 1000 + 2, ...rest }: Said) =>
  encodeGeneric(
    'x',
    signer,
    rest.type ?? 'authorization_request',
    {
      server_id: { id: server.getPublicKey() },
      user_nkey: user,
      connect_opts: { user: 'ann', pass: 'a.b.c' },
      ...rest.nats,
    },
    { aud, exp },
  );

it('names the connection, the server, the user and the one secret', async () => {
  const client = { userKey: user, serverId: server.getPublicKey(), user: 'ann', secret: 'a.b.c' };
  expect(readAuthorizationRequest(await asked({}), NOW)).toEqual(client);
  const token = { connect_opts: { auth_token: 't' } };
  expect(readAuthorizationRequest(await asked({ nats: token }), NOW)).toEqual({
    ...client,
    user: undefined,
    secret: 't',
  });
});

it.each<[because: string, said: Said]>([
  ['it is meant for somebody else', { aud: 'other' }],
  ['it is another kind of statement', { type: 'user' }],
  ['it is old', { exp: NOW / 1000 }],
  ['a client may not sign for a server', { signer: quickSigner(createUser()) }],
  ['another server may not sign for it', { signer: quickSigner(createServer()) }],
  ['the server does not say who it is', { nats: { server_id: {} } }],
  ['it names no connection', { nats: { user_nkey: undefined } }],
  ['an account is no connection', { nats: { user_nkey: `A${user.slice(1)}` } }],
  ['two secrets are one too many', { nats: { connect_opts: { pass: 'a', auth_token: 'b' } } }],
  ['a secret is as long as a book', { nats: { connect_opts: { pass: 'a'.repeat(20_000) } } }],
])('is no question: %s', async (_because, said) => {
  expect(readAuthorizationRequest(await asked(said), NOW)).toEqual(expect.any(String));
});

it('is no question when a letter of it is changed', async () => {
  const text = await asked({});
  const [header, claims, signature] = text.split('.') as [string, string, string];
  const other = Buffer.from(Buffer.from(claims, 'base64url').toString().replace('"ann"', '"eve"')).toString(
    'base64url',
  );
  expect(readAuthorizationRequest([header, other, signature].join('.'), NOW)).toEqual(expect.any(String));
});

it('is a question or none, whatever arrives', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.base64String()).map((parts) => parts.join('.')),
      ),
      (text) => {
        expect(typeof readAuthorizationRequest(text, NOW)).toBe('string');
      },
    ),
  );
});
