import * as fc from 'fast-check';
import { allowedAnswer, deniedAnswer } from '../../../../test/support/answers.js';
import { toQuestion, toWord, type RabbitCheck } from './rabbitmq.codec.js';

const form = (fields: string) => Buffer.from(fields);
const TOPIC = 'username=ann&vhost=%2F&resource=topic&name=events&permission=write&routing_key=orders.created';

describe('a login', () => {
  it('is decided by the token in the password alone', () => {
    const { question, logsInAs } = toQuestion('user', form('username=ann&password=a.b.c&client_id=x'));
    expect(logsInAs).toBe('ann');
    expect(question).toMatchObject({
      request: { target: { resource: { type: 'rabbitmq', id: 'broker' }, action: { name: 'log-in' } }, carries: [] },
      presented: { credentials: { authorization: 'Bearer a.b.c' }, asserted: [] },
    });
    expect(question).not.toHaveProperty('presented.subject');
  });

  it.each`
    because                                    | answer                                        | word
    ${'the token is of whoever logs in'}       | ${allowedAnswer({ principal: 'user:ann' })}   | ${'allow'}
    ${'a program of that name is no user'}     | ${allowedAnswer({ principal: 'client:ann' })} | ${'deny'}
    ${'nor is what only ends like one'}        | ${allowedAnswer({ principal: 'x:user:ann' })} | ${'deny'}
    ${'a token of another one is no password'} | ${allowedAnswer({ principal: 'user:eve' })}   | ${'deny'}
    ${'nor is one of a longer name'}           | ${allowedAnswer({ principal: 'user:x:ann' })} | ${'deny'}
    ${'nor is none'}                           | ${allowedAnswer({ principal: null })}         | ${'deny'}
    ${'no rule lets it in'}                    | ${deniedAnswer({ principal: 'user:ann' })}    | ${'deny'}
  `('is answered $word: $because', ({ answer, word }) => {
    expect(toWord(answer, { logsInAs: 'ann' })).toBe(word);
  });
});

describe('a permission', () => {
  it.each`
    because                                     | check         | fields                                                                            | topic                                       | action
    ${'a vhost is opened'}                      | ${'vhost'}    | ${'username=ann&vhost=%2F&ip=10.0.0.1&tags='}                                     | ${'/'}                                      | ${'open'}
    ${'an exchange is written'}                 | ${'resource'} | ${'username=ann&vhost=shop&resource=exchange&name=events&permission=write&tags='} | ${'shop.exchange.events'}                   | ${'publish'}
    ${'a queue is read'}                        | ${'resource'} | ${'username=ann&vhost=shop&resource=queue&name=mail.out&permission=read&tags='}   | ${'shop.queue.mail.out'}                    | ${'consume'}
    ${'a queue is made'}                        | ${'resource'} | ${'username=ann&vhost=shop&resource=queue&name=mail&permission=configure&tags='}  | ${'shop.queue.mail'}                        | ${'configure'}
    ${'a routing key is written'}               | ${'topic'}    | ${TOPIC}                                                                          | ${'/.topic.events.orders.created'}          | ${'publish'}
    ${'an exchange cannot look like its keys'}  | ${'topic'}    | ${TOPIC.replace('events', 'events.orders')}                                       | ${'/.topic.events%2Eorders.orders.created'} | ${'publish'}
    ${'a vhost cannot look like what is in it'} | ${'topic'}    | ${TOPIC.replace('%2F', 'a.b%2525')}                                               | ${'a%2Eb%2525.topic.events.orders.created'} | ${'publish'}
  `('is about a topic: $because', ({ check, fields, topic, action }) => {
    const { question, logsInAs } = toQuestion(check as RabbitCheck, form(fields));
    expect(logsInAs).toBeUndefined();
    expect(question).toMatchObject({
      request: { target: { kind: 'topic', topic, action }, carries: [] },
      presented: { subject: { type: 'user', id: 'ann' }, credentials: {} },
    });
  });

  it('tells conditions the vhost, and networks the address', () => {
    expect(toQuestion('vhost', form('username=ann&vhost=shop&ip=10.0.0.1')).question).toMatchObject({
      request: { attributes: { vhost: 'shop' } },
      presented: { clientAddress: '10.0.0.1' },
    });
  });

  it.each(['hr.*', '*', '#', 'hr.#', '*.pay', 'hr.#.pay', '%23'])('to bind by the pattern %s is malformed', (key) => {
    const fields = TOPIC.replace('orders.created', key).replace('write', 'read');
    expect(toQuestion('topic', form(fields)).question).toMatchObject({
      kind: 'malformed',
      faults: [{ pointer: 'routing_key' }],
    });
  });

  it.each`
    because                         | check         | fields
    ${'there is no form'}           | ${'topic'}    | ${''}
    ${'a field is missing'}         | ${'topic'}    | ${TOPIC.replace('username=ann&', '')}
    ${'a field is empty'}           | ${'vhost'}    | ${'username=&vhost=%2F'}
    ${'a field comes twice'}        | ${'topic'}    | ${`${TOPIC}&username=root`}
    ${'two addresses are nobody’s'} | ${'vhost'}    | ${'username=ann&vhost=a&ip=10.0.0.1&ip=10.0.0.2'}
    ${'a permission is not known'}  | ${'topic'}    | ${TOPIC.replace('write', 'own')}
    ${'a resource is not known'}    | ${'resource'} | ${'username=ann&vhost=a&resource=topic&name=e&permission=read'}
    ${'a name is no text'}          | ${'vhost'}    | ${'username=%ff&vhost=a'}
    ${'a login has no password'}    | ${'user'}     | ${'username=ann'}
    ${'a password comes twice'}     | ${'user'}     | ${'username=ann&password=a&password=b'}
  `('is malformed when $because', ({ check, fields }) => {
    expect(toQuestion(check as RabbitCheck, form(fields)).question.kind).toBe('malformed');
  });

  it('whatever bytes arrive, it is a question', () => {
    const check = fc.constantFrom<RabbitCheck>('user', 'vhost', 'resource', 'topic');
    fc.assert(
      fc.property(check, fc.oneof(fc.uint8Array(), fc.webQueryParameters().map(form), fc.anything()), (asks, body) => {
        expect(['request', 'malformed']).toContain(toQuestion(asks, body).question.kind);
      }),
    );
  });
});
