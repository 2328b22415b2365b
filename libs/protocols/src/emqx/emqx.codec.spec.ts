import { allowedAnswer, deniedAnswer } from '../../../../test/support/answers.js';
import { toQuestion, toResult } from './emqx.codec.js';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const ASKED = { username: 'ann', clientid: 'c-1', peerhost: '10.0.0.1', action: 'publish', topic: 'shop/orders/1' };

it('asks about the topic, by the user that EMQX has seen', () => {
  expect(toQuestion(bytes({ ...ASKED, qos: 1, retain: false }))).toMatchObject({
    request: {
      target: { kind: 'topic', topic: 'shop.orders.1', action: 'publish' },
      // The client chose it: nobody attests it, neither of the request nor of the user.
      claimed: { clientid: 'c-1' },
      attributes: {},
      carries: [],
    },
    presented: {
      subject: { type: 'user', id: 'ann', attributes: {} },
      clientAddress: '10.0.0.1',
      credentials: {},
    },
  });
});

it.each`
  because                           | asked                                     | target
  ${'to subscribe is to consume'}   | ${{ ...ASKED, action: 'subscribe' }}      | ${{ topic: 'shop.orders.1', action: 'consume' }}
  ${'a dot is a letter of a level'} | ${{ ...ASKED, topic: 'shop.orders/1' }}   | ${{ topic: 'shop%2Eorders.1' }}
  ${'and cannot look like one'}     | ${{ ...ASKED, topic: 'shop%2Eorders/1' }} | ${{ topic: 'shop%252Eorders.1' }}
  ${'an empty level stays one'}     | ${{ ...ASKED, topic: '/shop' }}           | ${{ topic: '.shop' }}
`('names its target: $because', ({ asked, target }) => {
  expect(toQuestion(bytes(asked))).toMatchObject({ request: { target } });
});

it.each(['', 'undefined', null])('names nobody by the user %j', (username) => {
  expect(toQuestion(bytes({ ...ASKED, username }))).not.toHaveProperty('presented.subject');
});

it.each`
  because                     | asked
  ${'a filter is no topic'}   | ${{ ...ASKED, topic: 'shop/+/1' }}
  ${'nor is any rest'}        | ${{ ...ASKED, action: 'subscribe', topic: 'shop/#' }}
  ${'nor is everything'}      | ${{ ...ASKED, action: 'subscribe', topic: '#' }}
  ${'an action is not known'} | ${{ ...ASKED, action: 'all' }}
  ${'there is no topic'}      | ${{ ...ASKED, topic: undefined }}
  ${'it is a list'}           | ${[]}
`('is malformed: $because', ({ asked }) => {
  expect(toQuestion(bytes(asked)).kind).toBe('malformed');
});

it('answers in its word', () => {
  expect([toResult(allowedAnswer()), toResult(deniedAnswer())]).toEqual([{ result: 'allow' }, { result: 'deny' }]);
});
