import type { Decision, DecisionRequest } from '#client';
import { decode, type User } from '@nats-io/jwt';
import { createAccount, createServer, createUser } from '@nats-io/nkeys';
import type { NatsClient } from './authorization-request.js';
import { writeAuthorizationResponse } from './authorization-response.js';
import { permissionsOf } from './permissions.js';
import { quickSigner } from './quick-signer.js';

const NOW = 1_800_000_000_000;
const CLIENT = { userKey: createUser().getPublicKey(), serverId: createServer().getPublicKey() };
const WANTED = [
  { action: 'publish', subject: 'orders.created' },
  { action: 'consume', subject: 'orders.created' },
  { action: 'publish', subject: 'things.{user}.state' },
] as const;
const STAMP = { kind: 'setHeader', name: 'x-tier', value: 'gold', critical: true, rule: 'p/r' } as const;

type Saying = 'allow' | 'deny' | 'stamp' | 'nothing';

/** Says the same of every question of a kind. */
function dharma(saying: { readonly login?: Saying; readonly subject?: Saying; readonly principal?: string | null }) {
  const { login = 'allow', subject = 'allow', principal = 'user:ann' } = saying;
  const messages: (readonly DecisionRequest[])[] = [];
  const decision = (said: Saying): Decision => {
    if (said === 'nothing') {
      return { kind: 'unavailable', allowed: false, failure: { because: 'timeout', message: 'no answer in time' } };
    }
    const answer = { obligations: said === 'stamp' ? [STAMP] : [] };
    const told = { 'x-dharma-view': 'allow', 'x-dharma-principal': principal ?? '%' };
    return { kind: 'decided', allowed: said !== 'deny', answer, kept: false, telling: told } as unknown as Decision;
  };
  return {
    messages,
    decide: () => Promise.resolve(decision(login)),
    decideMany: (questions: readonly DecisionRequest[]) => {
      messages.push(questions);
      return Promise.resolve(questions.map(() => decision(subject)));
    },
  };
}

const ANN = { ...CLIENT, user: 'ann', secret: 'a.b.c' };

const asked = (saying: Parameters<typeof dharma>[0], client: Partial<NatsClient> = {}) =>
  permissionsOf({ ...ANN, ...client }, { dharma: dharma(saying), wanted: WANTED, lifetimeSeconds: 300 }, NOW);

it('are whole subjects of the list, and an inbox of one’s own', async () => {
  expect(await asked({})).toEqual({
    kind: 'granted',
    name: 'user:ann',
    publish: ['orders.created', 'things.ann.state'],
    subscribe: ['orders.created', '_INBOX.ann.>'],
    until: NOW / 1000 + 300,
  });
});

it.each`
  because                                     | saying                         | client                 | kind
  ${'the login is denied'}                    | ${{ login: 'deny' }}           | ${{}}                  | ${'refused'}
  ${'there is no answer about the login'}     | ${{ login: 'nothing' }}        | ${{}}                  | ${'refused'}
  ${'there is none about subjects'}           | ${{ subject: 'nothing' }}      | ${{}}                  | ${'refused'}
  ${'NATS sets no headers'}                   | ${{ login: 'stamp' }}          | ${{}}                  | ${'refused'}
  ${'it is somebody else'}                    | ${{ principal: 'user:eve' }}   | ${{}}                  | ${'refused'}
  ${'a program is no user'}                   | ${{ principal: 'client:ann' }} | ${{}}                  | ${'refused'}
  ${'nobody is not ann'}                      | ${{ principal: '' }}           | ${{}}                  | ${'refused'}
  ${'who it is cannot be read'}               | ${{ principal: null }}         | ${{}}                  | ${'refused'}
  ${'nothing is allowed but to log in'}       | ${{ subject: 'deny' }}         | ${{}}                  | ${'granted'}
  ${'who says no name is who the token says'} | ${{ principal: 'client:ann' }} | ${{ user: undefined }} | ${'granted'}
  ${'rules may let nobody in'}                | ${{ principal: '' }}           | ${{ user: undefined }} | ${'granted'}
`('are $kind where $because', async ({ saying, client, kind }) => {
  expect(await asked(saying, client)).toMatchObject({ kind });
});

it('leave out what needs an obligation', async () => {
  expect(await asked({ subject: 'stamp' })).toMatchObject({ publish: [], subscribe: ['_INBOX.ann.>'] });
});

it('have nothing of one’s own for a program, whatever its name', async () => {
  expect(await asked({ principal: 'client:ann' }, { user: undefined })).toMatchObject({
    publish: ['orders.created'],
    subscribe: ['orders.created'],
  });
});

it.each`
  because                            | exp                 | until
  ${'the token lives longer'}        | ${NOW / 1000 + 900} | ${NOW / 1000 + 300}
  ${'the token ends earlier'}        | ${NOW / 1000 + 90}  | ${NOW / 1000 + 90}
  ${'it counts for a moment longer'} | ${NOW / 1000 - 20}  | ${NOW / 1000 + 10}
  ${'it says nothing of its end'}    | ${'soon'}           | ${NOW / 1000 + 300}
`('end at $until where $because', async ({ exp, until }) => {
  const secret = `a.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.c`;
  expect(await asked({}, { secret })).toMatchObject({ until });
});

it('are asked about in messages that a server takes, however long the token is', async () => {
  const wanted = Array.from({ length: 250 }, (_, index) => ({ action: 'publish', subject: `a.${index}` }) as const);
  const asking = dharma({});
  const client = { ...CLIENT, user: 'ann', secret: 'x'.repeat(8_000) };
  const granted = await permissionsOf(client, { dharma: asking, wanted, lifetimeSeconds: 300 }, NOW);
  expect(granted).toMatchObject({ publish: wanted.map(({ subject }) => subject) });
  for (const message of asking.messages) expect(JSON.stringify(message).length).toBeLessThan(256 * 1024);
});

it('of nothing are closed to everything, as an empty list would be open to NATS', async () => {
  const issuer = quickSigner(createAccount());
  const granted = { kind: 'granted', name: 'n', publish: [], subscribe: ['a'], until: NOW } as const;
  const response = await writeAuthorizationResponse({ ...CLIENT, user: undefined, secret: undefined }, granted, {
    issuer,
    account: 'APP',
    mayAnswer: false,
  });
  const { aud, sub, iss, nats } = decode<{ jwt: string }>(response);
  expect([aud, sub, iss]).toEqual([CLIENT.serverId, CLIENT.userKey, issuer.getPublicKey()]);
  expect(decode<User>(nats.jwt!)).toMatchObject({
    aud: 'APP',
    sub: CLIENT.userKey,
    exp: NOW,
    nats: { pub: { deny: ['>'] }, sub: { allow: ['a'] } },
  });
  expect(decode<User>(nats.jwt!).nats).not.toHaveProperty('resp');
});
