/** A real RabbitMQ asks Dharma, with the configuration of its page, for real AMQP clients. */
import { jest } from '@jest/globals';
import { connect, type ChannelModel, type ConfirmChannel, type Options } from 'amqplib';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type Impostor, startImpostor, type Treatment } from '../support/impostor.js';
import { type RabbitMq, startRabbitMq } from '../support/rabbitmq.js';
import { putInForce, startTestServer, type TestServer } from '../support/server.js';

/** A broker starts slowly on a machine that does other things too. */
jest.setTimeout(120_000);

/** Milliseconds after which RabbitMQ gives up on an answer; a busy machine answers later than an idle one. */
const PATIENCE = 1_500;

/** Ann owns the events, bob reads the mail made of them, zoe pays wages, and eve has a token and no rule. */
const company = (jwks: object, isBobLeft = false) => `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  access: [named, tokens]
  boundary: ["broker/*"]
  mechanisms:
    - { name: named, role: access, kind: asserted }
    - name: tokens
      role: access
      kind: jwt
      jwt: { issuer: "https://login.acme.example/", audiences: [broker], keys: { inline: ${JSON.stringify(jwks)} } }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: broker }
spec:
  kind: broker
  domains: [acme]
  endpoints:
    - { name: login, kind: resource, operations: [{ resourceType: rabbitmq, actions: [log-in] }] }
    - { name: vhost, kind: async, operations: [{ topic: /, actions: [open] }] }
    - name: events
      kind: async
      operations:
        - { topic: "/.exchange.events", actions: [configure, publish, consume] }
        - { topic: "/.topic.events.orders.*", actions: [publish, consume] }
    - name: mail
      kind: async
      operations: [{ topic: "/.queue.mail", actions: [configure, publish, consume] }]
    - name: wages
      kind: async
      operations:
        - { topic: "/.topic.events.wages.*", actions: [publish, consume] }
        - { topic: "/.queue.wages", actions: [configure, publish, consume] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: acme, domain: acme }
spec:
  rules:
    - { id: enter, effect: allow, who: { principals: ["user:ann", "user:bob", "user:zoe"] }, what: { endpoints: [broker/login, broker/vhost] } }
    - { id: ann, effect: allow, who: { principals: ["user:ann"] }, what: { endpoints: [broker/events, broker/mail] } }
    - { id: bob, effect: allow, who: { principals: ["user:bob"] }, what: { endpoints: [broker/mail], actions: [consume] } }
    - { id: zoe, effect: allow, who: { principals: ["user:zoe"] }, what: { endpoints: [broker/events, broker/wages] } }
    - { id: bobs, effect: allow, who: { principals: ["user:bob"] }, what: { endpoints: [broker/events], actions: [consume] } }
${isBobLeft ? '    - { id: left, effect: deny, who: { principals: ["user:bob"] }, what: { endpoints: [broker/mail] } }' : ''}
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: rabbit, domain: acme }
spec: { credentials: [{ kind: network, cidrs: ["127.0.0.1/32"] }], mayAssert: [named] }
`;

let dharma: TestServer;
let between: Impostor;
let broker: RabbitMq;
let jwks: object;
let token: (subject: string, changes?: TokenChanges) => Promise<string>;

interface TokenChanges {
  readonly audience?: string;
  readonly expires?: string;
  /** The key of nobody that is known. */
  readonly isForged?: boolean;
}

const connections = new Set<ChannelModel>();

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] };
  const forger = await generateKeyPair('ES256');
  token = (subject, { audience = 'broker', expires = '15m', isForged = false } = {}) =>
    new SignJWT({ iss: 'https://login.acme.example/', aud: audience, sub: subject })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuedAt('20m ago')
      .setExpirationTime(expires)
      .sign(isForged ? forger.privateKey : privateKey);
  dharma = await startTestServer(company(jwks));
  between = await startImpostor(dharma.addresses.http);
  broker = await startRabbitMq(between.address, PATIENCE);
  const channel = await channelOf('ann');
  await channel.assertExchange('events', 'topic', { durable: false });
  await channel.assertQueue('mail', { durable: false });
});

afterAll(async () => {
  for (const connection of connections) await connection.close().catch(() => undefined);
  await broker?.stop();
  await between?.stop();
  await dharma?.stop();
});

async function connected(username: string, password: string, vhost = '/'): Promise<ChannelModel> {
  const connection = await connect({ hostname: '127.0.0.1', port: broker.port, username, password, vhost });
  connections.add(connection);
  connection.on('error', () => connections.delete(connection));
  connection.on('close', () => connections.delete(connection));
  return connection;
}

/** A channel that nobody was told anything about yet: RabbitMQ keeps what it was told as long as a channel lives. */
async function channelOf(user: string): Promise<ConfirmChannel> {
  const channel = await (await connected(user, await token(user))).createConfirmChannel();
  channel.on('error', () => undefined);
  return channel;
}

/** Resolves to `done`, or to what the broker says instead. */
async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (fault) {
    return /ACCESS_REFUSED|NOT_ALLOWED|PRECONDITION_FAILED/.exec(String(fault))?.[0] ?? `${String(fault)}`;
  }
}

/** The same claims with a header that says that there is no signature. */
function unsigned(signed: string): string {
  const header = Buffer.from('{"alg":"none"}').toString('base64url');
  return `${header}.${signed.split('.')[1]!}.`;
}

/** What becomes of a message is told when the broker confirms it, or closes the channel or the connection over it. */
function published(
  channel: ConfirmChannel,
  exchange: string,
  key: string,
  text = 'hello',
  properties: Options.Publish = {},
): Promise<void> {
  return new Promise((confirmed, refused) => {
    channel.once('error', refused);
    channel.once('close', () => refused(new Error('the broker hung up')));
    channel.publish(exchange, key, Buffer.from(text), properties, (fault) =>
      fault === null ? confirmed() : refused(fault),
    );
  });
}

/** The next message of a queue. */
async function received(channel: ConfirmChannel, queue: string): Promise<string> {
  return new Promise((got, failed) => {
    channel.once('error', failed);
    channel.consume(queue, (message) => got(String(message?.content)), { noAck: true }).catch(failed);
  });
}

describe('a login', () => {
  it.each`
    because                                       | user                  | password                                                     | said
    ${'the token is ann’s'}                       | ${'ann'}              | ${() => token('ann')}                                        | ${'done'}
    ${'it is somebody else’s'}                    | ${'ann'}              | ${() => token('bob')}                                        | ${'ACCESS_REFUSED'}
    ${'no rule lets eve in'}                      | ${'eve'}              | ${() => token('eve')}                                        | ${'ACCESS_REFUSED'}
    ${'it is meant for another service'}          | ${'ann'}              | ${() => token('ann', { audience: 'other' })}                 | ${'ACCESS_REFUSED'}
    ${'it has expired'}                           | ${'ann'}              | ${() => token('ann', { expires: '10m ago' })}                | ${'ACCESS_REFUSED'}
    ${'its signature is cut'}                     | ${'ann'}              | ${async () => (await token('ann')).slice(0, -4)}             | ${'ACCESS_REFUSED'}
    ${'a password is no token'}                   | ${'ann'}              | ${() => 'guest'}                                             | ${'ACCESS_REFUSED'}
    ${'there is none'}                            | ${'ann'}              | ${() => ''}                                                  | ${'ACCESS_REFUSED'}
    ${'somebody else signed it'}                  | ${'ann'}              | ${() => token('ann', { isForged: true })}                    | ${'ACCESS_REFUSED'}
    ${'nobody signed it'}                         | ${'ann'}              | ${async () => unsigned(await token('ann'))}                  | ${'ACCESS_REFUSED'}
    ${'a word before it makes it another'}        | ${'ann'}              | ${async () => `Bearer ${await token('ann')}`}                | ${'ACCESS_REFUSED'}
    ${'it comes twice'}                           | ${'ann'}              | ${async () => `${await token('ann')},${await token('ann')}`} | ${'ACCESS_REFUSED'}
    ${'the name has another case'}                | ${'Ann'}              | ${() => token('ann')}                                        | ${'ACCESS_REFUSED'}
    ${'the name has a space'}                     | ${'ann '}             | ${() => token('ann')}                                        | ${'ACCESS_REFUSED'}
    ${'the name has a type'}                      | ${'user:ann'}         | ${() => token('ann')}                                        | ${'ACCESS_REFUSED'}
    ${'the name stands for all'}                  | ${'*'}                | ${() => token('ann')}                                        | ${'ACCESS_REFUSED'}
    ${'the name is another field of the form'}    | ${'ann&username=bob'} | ${() => token('bob')}                                        | ${'ACCESS_REFUSED'}
    ${'the token is the name'}                    | ${''}                 | ${() => token('ann')}                                        | ${'ACCESS_REFUSED'}
    ${'the broker’s own first user is not known'} | ${'guest'}            | ${() => 'guest'}                                             | ${'ACCESS_REFUSED'}
  `('is told $said: $because', async ({ user, password, said }) => {
    expect(await outcome(connected(user, await password()))).toBe(said);
  });

  it('opens no vhost that there is no rule for', async () => {
    expect(await outcome(connected('ann', await token('ann'), 'other'))).not.toBe('done');
  });
});

describe('a channel', () => {
  const EXCHANGE = { durable: false };
  type Work = (channel: ConfirmChannel) => Promise<unknown>;

  it.each<[because: string, user: string, said: string, work: Work]>([
    ['ann makes her exchange', 'ann', 'done', (own) => own.assertExchange('events', 'topic', EXCHANGE)],
    ['but no other', 'ann', 'ACCESS_REFUSED', (own) => own.assertExchange('wages', 'topic', EXCHANGE)],
    ['nor does bob make hers', 'bob', 'ACCESS_REFUSED', (own) => own.assertExchange('events', 'topic', EXCHANGE)],
    ['ann makes the queue', 'ann', 'done', (own) => own.assertQueue('mail', EXCHANGE)],
    ['bob only reads it', 'bob', 'ACCESS_REFUSED', (own) => own.assertQueue('mail', EXCHANGE)],
    ['a queue of no rule is nobody’s', 'ann', 'ACCESS_REFUSED', (own) => own.assertQueue('wages', EXCHANGE)],
    ['a name that the broker makes up is in no rule', 'ann', 'ACCESS_REFUSED', (own) => own.assertQueue('')],
    ['bob may not throw it away', 'bob', 'ACCESS_REFUSED', (own) => own.deleteQueue('mail')],
    ['ann binds by a whole key', 'ann', 'done', (own) => own.bindQueue('mail', 'events', 'orders.created')],
    ['orders are all there is', 'ann', 'ACCESS_REFUSED', (own) => own.bindQueue('mail', 'events', 'wages.paid')],
    ['a pattern is more than one', 'ann', 'ACCESS_REFUSED', (own) => own.bindQueue('mail', 'events', 'orders.*')],
    ['and so is everything', 'ann', 'ACCESS_REFUSED', (own) => own.bindQueue('mail', 'events', '#')],
    ['bob may not fill the queue', 'bob', 'ACCESS_REFUSED', (own) => own.bindQueue('mail', 'events', 'orders.created')],
    ['ann publishes an order', 'ann', 'done', (own) => published(own, 'events', 'orders.created')],
    ['but no wages', 'ann', 'ACCESS_REFUSED', (own) => published(own, 'events', 'wages.paid')],
    ['bob does not', 'bob', 'ACCESS_REFUSED', (own) => published(own, 'events', 'orders.created')],
    ['the nameless exchange is a way around', 'ann', 'ACCESS_REFUSED', (own) => published(own, '', 'mail')],
    [
      'and so is one that is there from the start',
      'ann',
      'ACCESS_REFUSED',
      (own) => published(own, 'amq.topic', 'orders.created'),
    ],
    ['bob reads the mail', 'bob', 'done', (own) => own.get('mail', { noAck: true })],
    ['whoever may read may also throw away', 'bob', 'done', (own) => own.purgeQueue('mail')],
    ['an exchange of hers is not his to throw away', 'bob', 'ACCESS_REFUSED', (own) => own.deleteExchange('events')],
    ['a longer name is another queue', 'ann', 'ACCESS_REFUSED', (own) => own.assertQueue('mail.x', EXCHANGE)],
    ['another case is', 'ann', 'ACCESS_REFUSED', (own) => own.assertQueue('Mail', EXCHANGE)],
    ['a space makes one', 'ann', 'ACCESS_REFUSED', (own) => own.assertQueue('mail ', EXCHANGE)],
    ['a star is a name, and nobody’s', 'ann', 'ACCESS_REFUSED', (own) => own.assertQueue('*', EXCHANGE)],
    ['two stars are no rest', 'ann', 'ACCESS_REFUSED', (own) => own.assertQueue('**', EXCHANGE)],
    ['a whole topic is a name', 'ann', 'ACCESS_REFUSED', (own) => own.assertQueue('/.queue.mail', EXCHANGE)],
    ['letters beyond ASCII make another', 'ann', 'ACCESS_REFUSED', (own) => own.assertQueue('ma\u0131l', EXCHANGE)],
    ['a name is no further field', 'ann', 'ACCESS_REFUSED', (own) => own.assertQueue('wages&name=mail', EXCHANGE)],
    ['an exchange is not the queue of its name', 'ann', 'ACCESS_REFUSED', (own) => own.assertQueue('events', EXCHANGE)],
    ['a key that is too short', 'ann', 'ACCESS_REFUSED', (own) => published(own, 'events', 'orders')],
    ['one that is too long', 'ann', 'ACCESS_REFUSED', (own) => published(own, 'events', 'orders.created.eu')],
    ['one with an empty word', 'ann', 'ACCESS_REFUSED', (own) => published(own, 'events', 'orders.')],
    ['one that begins with one', 'ann', 'ACCESS_REFUSED', (own) => published(own, 'events', '.orders.created')],
    ['one in another case', 'ann', 'ACCESS_REFUSED', (own) => published(own, 'events', 'Orders.created')],
    ['one that is a pattern', 'ann', 'ACCESS_REFUSED', (own) => published(own, 'events', 'orders.*')],
    ['none at all', 'ann', 'ACCESS_REFUSED', (own) => published(own, 'events', '')],
    [
      'what was never bound is not loosed by a pattern',
      'ann',
      'ACCESS_REFUSED',
      (own) => own.unbindQueue('mail', 'events', '#'),
    ],
    [
      'an exchange gets nothing from one that she may not read',
      'ann',
      'ACCESS_REFUSED',
      (own) => own.bindExchange('events', 'amq.topic', 'orders.created'),
    ],
    [
      'nobody writes in the name of another',
      'ann',
      'PRECONDITION_FAILED',
      (own) => published(own, 'events', 'orders.created', 'hello', { userId: 'bob' }),
    ],
    ['nobody reads wages', 'bob', 'ACCESS_REFUSED', (own) => own.get('wages', { noAck: true })],
  ])('is told, as %s (%s): %s', async (_because, user, said, work) => {
    const channel = await channelOf(user);
    expect(await outcome(work(channel))).toBe(said);
  });

  it('carries a message from whoever may publish to whoever may consume', async () => {
    const ann = await channelOf('ann');
    await ann.purgeQueue('mail');
    await ann.bindQueue('mail', 'events', 'orders.created');
    const delivered = received(await channelOf('bob'), 'mail');
    await published(ann, 'events', 'orders.created', 'an order');
    expect(await delivered).toBe('an order');
  });

  it('takes further keys in `CC` unasked, as the page warns', async () => {
    const zoe = await channelOf('zoe');
    await zoe.assertQueue('wages', EXCHANGE);
    await zoe.bindQueue('wages', 'events', 'wages.paid');
    const delivered = received(zoe, 'wages');
    await published(await channelOf('ann'), 'events', 'orders.created', 'wages', { CC: ['wages.paid'] });
    expect(await delivered).toBe('wages');
  });
});

describe('a policy', () => {
  it('counts from the next channel on', async () => {
    expect(await outcome((await channelOf('bob')).get('mail', { noAck: true }))).toBe('done');
    await putInForce(dharma, company(jwks, true));
    expect(await outcome((await channelOf('bob')).get('mail', { noAck: true }))).toBe('ACCESS_REFUSED');
    await putInForce(dharma, company(jwks));
    expect(await outcome((await channelOf('bob')).get('mail', { noAck: true }))).toBe('done');
  });
});

describe('without an answer', () => {
  afterEach(async () => {
    between.treat('pass on');
    expect(await outcome((await channelOf('ann')).checkQueue('mail'))).toBe('done');
  });

  /** Neither who logs in nor who has is let go on; the broker may hang up on them too. */
  const expectClosed = async (trouble: () => unknown): Promise<void> => {
    const password = await token('ann');
    const channel = await channelOf('ann');
    await trouble();
    expect(await outcome(connected('ann', password))).not.toBe('done');
    expect(await outcome(published(channel, 'events', 'orders.created'))).not.toBe('done');
  };

  const ALLOW = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';
  it.each<[because: string, treatment: Treatment]>([
    ['says nothing', 'say nothing'],
    ['hangs up', 'hang up'],
    ['talks nonsense', { says: 'nonsense\r\n\r\n' }],
    ['fails', { says: 'HTTP/1.1 500 Fault\r\nContent-Length: 5\r\nConnection: close\r\n\r\nallow' }],
    ['is not ready', { says: 'HTTP/1.1 503 Not yet\r\nContent-Length: 5\r\nConnection: close\r\n\r\nallow' }],
    ['knows only strangers', { says: 'HTTP/1.1 401 Who\r\nContent-Length: 5\r\nConnection: close\r\n\r\nallow' }],
    ['says another word', { says: `${ALLOW}Content-Length: 7\r\nConnection: close\r\n\r\nallowed` }],
    ['says no word', { says: `${ALLOW}Content-Length: 0\r\nConnection: close\r\n\r\n` }],
    ['begins and does not end', { says: `${ALLOW}Content-Length: 5\r\n\r\nall`, stays: true }],
    ['ends in the middle', { says: `${ALLOW}Content-Length: 5\r\n\r\nall` }],
    ['drips, and does not end', { drips: `${ALLOW}Content-Length: 5\r\n\r\nall` }],
    ['resets the connection', 'reset'],
    [
      'sends one elsewhere',
      { says: 'HTTP/1.1 302 Found\r\nLocation: /allow\r\nContent-Length: 5\r\nConnection: close\r\n\r\nallow' },
    ],
    ['says no before it says yes', { says: `${ALLOW}Content-Length: 10\r\nConnection: close\r\n\r\ndeny allow` }],
  ])('it is closed when Dharma %s', async (_because, treatment) => {
    await expectClosed(() => between.treat(treatment));
  });

  it('it is closed when Dharma is not there, and open again when it is back', async () => {
    await expectClosed(() => between.leave());
    await between.back();
  });
});
