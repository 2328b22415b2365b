/** A real NATS server asks Dharma, by the callout and with the configuration of their page, for real NATS clients. */
import { jest } from '@jest/globals';
import {
  connect,
  type ConnectionOptions,
  type Msg,
  type NatsConnection,
  nkeyAuthenticator,
} from '@nats-io/transport-node';
import { createUser } from '@nats-io/nkeys';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createAuthority } from '../support/certificates.js';
import { type Impostor, startImpostor, type Treatment } from '../support/impostor.js';
import { type Nats, startNats } from '../support/nats.js';
import { putInForce, startTestServer, type TestServer } from '../support/server.js';

jest.setTimeout(90_000);

/** Seconds that the callout waits for each answer. */
const PATIENCE = 1;
/** Seconds that a connection lives where its end is waited for. */
const SHORT_LIFE = 2;

const SUBJECTS = `
# What clients may be given.
publish   orders.created
subscribe orders.created
publish   orders.secret
subscribe orders.secret
publish   wages.paid
subscribe wages.paid
publish   things.{user}.state
`;

/** Ann publishes orders and bob gets them; eve has a token and no rule, and a program is called ann as well. */
const company = (jwks: object, isBobLeft = false) => `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  access: [tokens, programs]
  boundary: ["bus/*"]
  mechanisms:
    - name: tokens
      role: access
      kind: jwt
      jwt: { issuer: "https://login.acme.example/", audiences: [bus], keys: { inline: ${JSON.stringify(jwks)} } }
    - name: programs
      role: access
      kind: jwt
      jwt: { issuer: "https://login.acme.example/", audiences: [programs], principalType: client, keys: { inline: ${JSON.stringify(jwks)} } }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: bus }
spec:
  kind: broker
  domains: [acme]
  endpoints:
    - { name: login, kind: resource, operations: [{ resourceType: nats, actions: [log-in] }] }
    - { name: orders, kind: async, operations: [{ topic: "orders.*", actions: [publish, consume] }] }
    - { name: secret, kind: async, operations: [{ topic: orders.secret, actions: [publish, consume] }] }
    - { name: wages, kind: async, operations: [{ topic: "wages.*", actions: [publish, consume] }] }
    - { name: things, kind: async, operations: [{ topic: "things.*.state", actions: [publish] }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: acme, domain: acme }
spec:
  rules:
    - { id: enter, effect: allow, who: { principals: ["user:ann", "user:a.n%n", "user:bob", "client:ann"] }, what: { endpoints: [bus/login] } }
    - { id: ann, effect: allow, who: { principals: ["user:ann"] }, what: { endpoints: [bus/orders, bus/secret], actions: [publish] } }
    - { id: bob, effect: allow, who: { principals: ["user:bob"] }, what: { endpoints: [bus/orders, bus/secret], actions: [consume] } }
    - { id: things, effect: allow, who: { principals: ["user:ann", "user:a.n%n", "client:ann"] }, what: { endpoints: [bus/things] } }
    - { id: secret, effect: deny, what: { endpoints: [bus/secret] } }
${isBobLeft ? '    - { id: left, effect: deny, who: { principals: ["user:bob"] }, what: { endpoints: [bus/orders] } }' : ''}
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: callout, domain: acme }
spec: { credentials: [{ kind: network, cidrs: ["127.0.0.1/32"] }] }
`;

let dharma: TestServer;
let between: Impostor;
let nats: Nats;
let jwks: object;
let token: (subject: string, changes?: TokenChanges) => Promise<string>;

interface TokenChanges {
  readonly audience?: string;
  readonly expires?: string;
  /** The key of nobody that is known. */
  readonly isForged?: boolean;
}

const connections = new Set<NatsConnection>();

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] };
  const forger = await generateKeyPair('ES256');
  token = (subject, { audience = 'bus', expires = '15m', isForged = false } = {}) =>
    new SignJWT({ iss: 'https://login.acme.example/', aud: audience, sub: subject })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuedAt('20m ago')
      .setExpirationTime(expires)
      .sign(isForged ? forger.privateKey : privateKey);
  dharma = await startTestServer(company(jwks));
  between = await startImpostor(dharma.addresses.http);
  nats = await startNats(between.address, SUBJECTS, ['--patience', `${PATIENCE}`, '--may-answer']);
});

afterAll(async () => {
  for (const connection of connections) await connection.close();
  await nats?.stop();
  await between?.stop();
  await dharma?.stop();
});

async function connected(options: ConnectionOptions, to = nats): Promise<NatsConnection> {
  const connection = await connect({ servers: to.address, reconnect: false, timeout: 10_000, ...options });
  connections.add(connection);
  void connection.closed().then(() => connections.delete(connection));
  return connection;
}

async function as(user: string, to = nats): Promise<NatsConnection> {
  return connected({ user, pass: await token(user), inboxPrefix: `_INBOX.${user}` }, to);
}

/** The same claims with a header that says that there is no signature. */
function unsigned(signed: string): string {
  const header = Buffer.from('{"alg":"none"}').toString('base64url');
  return `${header}.${signed.split('.')[1]!}.`;
}

/** Resolves to `done`, or to what NATS says instead. */
async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (fault) {
    return /authorization violation|permissions violation/i.exec(String(fault))?.[0].toLowerCase() ?? String(fault);
  }
}

/** What the server says of a message: it tells a violation on the connection before it answers the flush. */
async function published(connection: NatsConnection, subject: string): Promise<void> {
  const told = violationOn(connection, subject);
  connection.publish(subject, 'hello');
  const said = await Promise.race([told, flushed(connection)]);
  if (said !== undefined) throw new Error(said);
}

/** Resolves when everything that was sent is judged, and whoever waits for the judgement has heard it. */
async function flushed(connection: NatsConnection): Promise<undefined> {
  await connection.flush();
  await new Promise((turn) => setImmediate(turn));
}

async function violationOn(connection: NatsConnection, subject: string): Promise<string | undefined> {
  for await (const status of connection.status()) {
    if (status.type === 'error' && status.error.message.includes(`"${subject}"`)) return status.error.message;
  }
  return undefined;
}

async function subscribed(connection: NatsConnection, subject: string, queue?: string): Promise<void> {
  const refused = new Promise<never>((_, failed) => {
    const callback = (fault: Error | null): void => void (fault && failed(fault));
    connection.subscribe(subject, { callback, ...(queue !== undefined && { queue }) });
  });
  await Promise.race([refused, flushed(connection)]);
}

describe('a login', () => {
  const REFUSED = 'authorization violation';
  it.each`
    because                                | options                                                                              | said
    ${'the token is ann’s'}                | ${async () => ({ user: 'ann', pass: await token('ann') })}                           | ${'done'}
    ${'it says itself whose it is'}        | ${async () => ({ token: await token('ann') })}                                       | ${'done'}
    ${'it is somebody else’s'}             | ${async () => ({ user: 'ann', pass: await token('bob') })}                           | ${REFUSED}
    ${'no rule lets eve in'}               | ${async () => ({ user: 'eve', pass: await token('eve') })}                           | ${REFUSED}
    ${'a program of that name is no user'} | ${async () => ({ user: 'ann', pass: await token('ann', { audience: 'programs' }) })} | ${REFUSED}
    ${'it is meant for another service'}   | ${async () => ({ user: 'ann', pass: await token('ann', { audience: 'other' }) })}    | ${REFUSED}
    ${'it has expired'}                    | ${async () => ({ user: 'ann', pass: await token('ann', { expires: '10m ago' }) })}   | ${REFUSED}
    ${'its signature is cut'}              | ${async () => ({ user: 'ann', pass: (await token('ann')).slice(0, -4) })}            | ${REFUSED}
    ${'a password is no token'}            | ${() => ({ user: 'ann', pass: 'ann' })}                                              | ${REFUSED}
    ${'there is none'}                     | ${() => ({ user: 'ann' })}                                                           | ${REFUSED}
    ${'somebody else signed it'}           | ${async () => ({ user: 'ann', pass: await token('ann', { isForged: true }) })}       | ${REFUSED}
    ${'nobody signed it'}                  | ${async () => ({ user: 'ann', pass: unsigned(await token('ann')) })}                 | ${REFUSED}
    ${'a word before it makes it another'} | ${async () => ({ token: `Bearer ${await token('ann')}` })}                           | ${REFUSED}
    ${'it comes twice'}                    | ${async () => ({ token: `${await token('ann')},${await token('ann')}` })}            | ${REFUSED}
    ${'the name has another case'}         | ${async () => ({ user: 'Ann', pass: await token('ann') })}                           | ${REFUSED}
    ${'the name has a space'}              | ${async () => ({ user: 'ann ', pass: await token('ann') })}                          | ${REFUSED}
    ${'the name stands for all'}           | ${async () => ({ user: '*', pass: await token('ann') })}                             | ${REFUSED}
    ${'the name has a type'}               | ${async () => ({ user: 'user:ann', pass: await token('ann') })}                      | ${REFUSED}
    ${'a key of NATS is nobody’s'}         | ${() => ({ authenticator: nkeyAuthenticator(createUser().getSeed()) })}              | ${REFUSED}
    ${'its own name says nothing'}         | ${async () => ({ name: 'ann', token: await token('eve') })}                          | ${REFUSED}
    ${'nobody is nobody'}                  | ${() => ({})}                                                                        | ${REFUSED}
    ${'the callout is in another account'} | ${() => ({ user: 'dharma', pass: 'guess' })}                                         | ${REFUSED}
  `('is told $said: $because', async ({ options, said }) => {
    expect(await outcome(connected(await options()))).toBe(said);
  });
});

describe('a connection', () => {
  const REFUSED = 'permissions violation';
  it.each`
    because                                | user     | publishes                                 | said
    ${'a rule lets ann publish'}           | ${'ann'} | ${'orders.created'}                       | ${'done'}
    ${'a rule denies the secret to all'}   | ${'ann'} | ${'orders.secret'}                        | ${REFUSED}
    ${'no rule lets her pay wages'}        | ${'ann'} | ${'wages.paid'}                           | ${REFUSED}
    ${'what is not in the list is closed'} | ${'ann'} | ${'orders.changed'}                       | ${REFUSED}
    ${'bob only gets them'}                | ${'bob'} | ${'orders.created'}                       | ${REFUSED}
    ${'her thing is hers'}                 | ${'ann'} | ${'things.ann.state'}                     | ${'done'}
    ${'his is not'}                        | ${'ann'} | ${'things.bob.state'}                     | ${REFUSED}
    ${'the inboxes of others are closed'}  | ${'ann'} | ${'_INBOX.bob.x'}                         | ${REFUSED}
    ${'the system is closed'}              | ${'ann'} | ${'$SYS.REQ.USER.AUTH'}                   | ${REFUSED}
    ${'a shorter subject is another'}      | ${'ann'} | ${'orders'}                               | ${REFUSED}
    ${'and a longer one'}                  | ${'ann'} | ${'orders.created.eu'}                    | ${REFUSED}
    ${'case counts'}                       | ${'ann'} | ${'Orders.created'}                       | ${REFUSED}
    ${'an escape is no dot'}               | ${'ann'} | ${'orders%2Ecreated'}                     | ${REFUSED}
    ${'letters beyond ASCII count'}        | ${'ann'} | ${'orders.creаted'}                       | ${REFUSED}
    ${'a thing has one state'}             | ${'ann'} | ${'things.ann.state.x'}                   | ${REFUSED}
    ${'streams are made by nobody'}        | ${'ann'} | ${'$JS.API.STREAM.CREATE.orders'}         | ${REFUSED}
    ${'nor asked about'}                   | ${'ann'} | ${'$JS.API.INFO'}                         | ${REFUSED}
    ${'nor read'}                          | ${'bob'} | ${'$JS.API.CONSUMER.MSG.NEXT.orders.bob'} | ${REFUSED}
    ${'nor said to be read'}               | ${'bob'} | ${'$JS.ACK.orders.bob.1.1.1.1.1'}         | ${REFUSED}
    ${'values of keys are in streams'}     | ${'ann'} | ${'$KV.things.ann'}                       | ${REFUSED}
    ${'answers go to who asked'}           | ${'bob'} | ${'_INBOX.ann.x'}                         | ${REFUSED}
  `('as $user publishes to $publishes: $said, as $because', async ({ user, publishes, said }) => {
    expect(await outcome(published(await as(user), publishes))).toBe(said);
  });

  it.each`
    because                              | user     | subscribes          | said
    ${'a rule lets bob consume'}         | ${'bob'} | ${'orders.created'} | ${'done'}
    ${'a rule denies the secret to all'} | ${'bob'} | ${'orders.secret'}  | ${REFUSED}
    ${'a pattern holds the secret too'}  | ${'bob'} | ${'orders.*'}       | ${REFUSED}
    ${'everything holds it, too'}        | ${'bob'} | ${'>'}              | ${REFUSED}
    ${'ann only sends'}                  | ${'ann'} | ${'orders.created'} | ${REFUSED}
    ${'answers come to her own inbox'}   | ${'ann'} | ${'_INBOX.ann.x'}   | ${'done'}
    ${'those of others are not hers'}    | ${'ann'} | ${'_INBOX.bob.>'}   | ${REFUSED}
    ${'all inboxes are not hers'}        | ${'ann'} | ${'_INBOX.>'}       | ${REFUSED}
    ${'so do all of them'}               | ${'ann'} | ${'_INBOX.ann.>'}   | ${'done'}
    ${'a longer name is another one'}    | ${'ann'} | ${'_INBOX.ann2.x'}  | ${REFUSED}
    ${'one without a name is nobody’s'}  | ${'ann'} | ${'_INBOX.*'}       | ${REFUSED}
    ${'what begins so holds the secret'} | ${'bob'} | ${'orders.>'}       | ${REFUSED}
    ${'one word may be any'}             | ${'bob'} | ${'*.created'}      | ${REFUSED}
    ${'any word is no way around'}       | ${'bob'} | ${'*'}              | ${REFUSED}
    ${'the system is not for him'}       | ${'bob'} | ${'$SYS.>'}         | ${REFUSED}
    ${'nor what streams tell'}           | ${'bob'} | ${'$JS.EVENT.>'}    | ${REFUSED}
    ${'nor who serves what'}             | ${'bob'} | ${'$SRV.PING'}      | ${REFUSED}
  `('as $user subscribes to $subscribes: $said, as $because', async ({ user, subscribes, said }) => {
    expect(await outcome(subscribed(await as(user), subscribes))).toBe(said);
  });

  it('carries a request from whoever may publish, and one answer back', async () => {
    const bob = await as('bob');
    const callback = (_: Error | null, message: Msg): void => void message.respond(`got ${message.string()}`);
    bob.subscribe('orders.created', { callback, max: 1 });
    await bob.flush();
    const answer = await (await as('ann')).request('orders.created', 'an order', { timeout: 5_000 });
    expect(answer.string()).toBe('got an order');
  });

  it('shares the work of a subject in a queue, and none of one that is closed', async () => {
    const bob = await as('bob');
    expect(await outcome(subscribed(bob, 'orders.created', 'readers'))).toBe('done');
    expect(await outcome(subscribed(await as('bob'), 'orders.secret', 'readers'))).toBe(REFUSED);
    expect(await outcome(subscribed(await as('bob'), 'orders.*', 'readers'))).toBe(REFUSED);
  });

  it('answers a message once, and nobody who did not ask', async () => {
    const bob = await as('bob');
    const asked = new Promise<Msg>((got) =>
      bob.subscribe('orders.created', { callback: (_, message) => got(message) }),
    );
    await bob.flush();
    const ann = await as('ann');
    const heard: string[] = [];
    ann.subscribe('_INBOX.ann.here', { callback: (_, message) => void heard.push(message.string()) });
    await ann.flush();
    ann.publish('orders.created', 'an order', { reply: '_INBOX.ann.here' });
    (await asked).respond('first');
    await bob.flush();
    expect(await outcome(published(bob, '_INBOX.ann.here'))).toBe(REFUSED);
    await ann.flush();
    expect(heard).toEqual(['first']);
  });

  it('may not ask what it may not publish', async () => {
    const ann = await as('ann');
    const told = violationOn(ann, 'wages.paid');
    const answer = outcome(ann.request('wages.paid', 'how much', { timeout: 5_000 }));
    expect(await told).toMatch(/permissions violation/i);
    expect(await answer).not.toBe('done');
  });

  it('of a program has nothing that belongs to the user of its name', async () => {
    const program = await connected({ token: await token('ann', { audience: 'programs' }) });
    expect(await outcome(published(program, 'things.ann.state'))).toBe(REFUSED);
    expect(await outcome(subscribed(program, '_INBOX.ann.x'))).toBe(REFUSED);
  });

  it('writes a name with a dot as one token', async () => {
    const dotted = await connected({ user: 'a.n%n', pass: await token('a.n%n') });
    expect(await outcome(published(dotted, 'things.a%2En%25n.state'))).toBe('done');
    expect(await outcome(published(dotted, 'things.a.state'))).toBe(REFUSED);
  });
});

describe('a policy', () => {
  it('counts from the next login on', async () => {
    await putInForce(dharma, company(jwks, true));
    expect(await outcome(subscribed(await as('bob'), 'orders.created'))).toBe('permissions violation');
    await putInForce(dharma, company(jwks));
    expect(await outcome(subscribed(await as('bob'), 'orders.created'))).toBe('done');
  });

  it('ends a connection when its lifetime is over, by TLS and unsealed too', async () => {
    const authority = createAuthority('nats-authority');
    const short = await startNats(dharma.addresses.http, SUBJECTS, ['--lifetime', `${SHORT_LIFE}`], {
      isSealed: false,
      authority,
    });
    const bob = async () =>
      connected({ user: 'bob', pass: await token('bob'), tls: { caFile: authority.cert } }, short);
    try {
      const connection = await bob();
      expect(await outcome(subscribed(connection, 'orders.created'))).toBe('done');
      expect(String(await connection.closed())).toMatch(/expired/i);
      expect(await short.stopCallout()).toBe(0);
      expect(await outcome(bob())).not.toBe('done');
    } finally {
      await short.stop();
      authority.remove();
    }
  });
});

describe('without an answer', () => {
  const TEXT = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
  const ALLOW = '{"decision":"allow"}';
  it.each<[because: string, treatment: Treatment]>([
    ['says nothing', 'say nothing'],
    ['hangs up', 'hang up'],
    ['talks nonsense', { says: 'nonsense\r\n\r\n' }],
    ['fails', { says: `HTTP/1.1 500 Fault\r\nContent-Length: ${ALLOW.length}\r\nConnection: close\r\n\r\n${ALLOW}` }],
    ['knows only strangers', { says: 'HTTP/1.1 401 Who\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' }],
    ['says a word alone', { says: `${TEXT}Content-Length: ${ALLOW.length}\r\nConnection: close\r\n\r\n${ALLOW}` }],
    ['resets the connection', 'reset'],
    ['is not ready', { says: 'HTTP/1.1 503 Not yet\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' }],
    ['begins and does not end', { says: `${TEXT}Content-Length: 400\r\n\r\n${ALLOW}`, stays: true }],
    ['drips, and does not end', { drips: `${TEXT}Content-Length: 400\r\n\r\n${ALLOW}` }],
    [
      'sends one elsewhere',
      { says: 'HTTP/1.1 302 Found\r\nLocation: /v1/decide\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' },
    ],
    ['ends in the middle', { says: `${TEXT}Content-Length: 400\r\n\r\n${ALLOW}` }],
  ])('nobody is let in when Dharma %s', async (_because, treatment) => {
    between.treat(treatment);
    expect(await outcome(as('ann'))).toBe('authorization violation');
    between.treat('pass on');
    expect(await outcome(as('ann'))).toBe('done');
  });

  it('nobody is let in when Dharma is not there, and they are again when it is back', async () => {
    await between.leave();
    expect(await outcome(as('ann'))).toBe('authorization violation');
    await between.back();
    expect(await outcome(as('ann'))).toBe('done');
  });

  it('the callout has told no secret', async () => {
    expect(nats.said()).toContain('a login is refused: ');
    expect(nats.said()).not.toContain('eyJ');
  });
});
