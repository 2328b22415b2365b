import * as fc from 'fast-check';
import { allowedAnswer, deniedAnswer } from '../../../../test/support/answers.js';
import { MAX_BODY_BYTES } from '../json-text.js';
import { MAX_BATCH, toAsked, toBatch, toNativeAnswer } from './native.codec.js';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const TARGET = { host: 'shop.example', method: 'GET', path: '/public' };
const ASKED = { kind: 'request', request: { target: { kind: 'address', ...TARGET } } };

describe('a request as JSON', () => {
  it('presents what the enforcement point asserts and the credentials of the client', () => {
    const evidence = [{ role: 'trust', mechanism: 'spiffe', subject: 'spiffe://a/b' }];
    const body = { target: TARGET, evidence, credentials: { Authorization: 'Bearer t' }, minRevision: 4 };
    expect(toAsked(bytes(body), 'trace')).toMatchObject({
      question: {
        ...ASKED,
        presented: {
          asserted: [{ ...evidence[0], verified: false }],
          credentials: { authorization: 'Bearer t' },
          reported: {},
        },
        minRevision: 4,
        trace: 'trace',
      },
      explain: false,
    });
  });

  it.each`
    because                                        | credentials                             | headers                 | aliases
    ${'a program may write names as it likes'}     | ${{ x_api_key: 'k' }}                   | ${{ 'x-a.b': '' }}      | ${[]}
    ${'but not one in two ways'}                   | ${{ 'x-api-key': 'k', x_api_key: 'k' }} | ${{}}                   | ${['x_api_key']}
    ${'nor in two that are both odd'}              | ${{ 'x.api-key': 'k', X_Api_Key: 'k' }} | ${{}}                   | ${['x.api-key', 'x_api_key']}
    ${'nor as a credential and as another header'} | ${{ 'x-api-key': 'k' }}                 | ${{ x_api_key: '' }}    | ${['x_api_key']}
    ${'the same credential may be a header too'}   | ${{ 'x-api_key': 'k' }}                 | ${{ 'x-api_key': 'k' }} | ${[]}
  `('names what can be taken for another header: $because', ({ credentials, headers, aliases }) => {
    const { question } = toAsked(bytes({ target: TARGET, credentials, headers }));
    expect(question).toMatchObject({
      presented: { aliases: new Map(aliases.map((name: string) => [name, 'x-api-key'])) },
    });
  });

  it.each([true, false])('may ask for an explanation: %s', (explain) => {
    expect(toAsked(bytes({ target: TARGET, explain })).explain).toBe(explain);
  });

  it.each`
    because                      | body                                                | pointer
    ${'it has no target'}        | ${{}}                                               | ${''}
    ${'the clock is ours'}       | ${{ target: TARGET, time: '2026-12-24T12:00:00Z' }} | ${'/time'}
    ${'a member is unknown'}     | ${{ target: TARGET, targets: 1 }}                   | ${'/targets'}
    ${'a member is named twice'} | ${'{"target":1,"target":2}'}                        | ${''}
  `('is a question, though malformed, when $because', ({ body, pointer }) => {
    const { question } = toAsked(bytes(body));
    expect(question).toMatchObject({ kind: 'malformed', faults: [{ pointer: expect.stringContaining(pointer) }] });
  });

  it.each`
    because               | body                                      | code
    ${'there is no body'} | ${undefined}                              | ${'request-not-json'}
    ${'it is no JSON'}    | ${bytes('{')}                             | ${'request-not-json'}
    ${'it is no text'}    | ${Buffer.from([0xff])}                    | ${'request-not-json'}
    ${'it is large'}      | ${Buffer.alloc(MAX_BODY_BYTES + 1, 0x20)} | ${'request-too-large'}
  `('is a problem when $because', ({ body, code }) => {
    for (const read of [toAsked, toBatch]) expect(() => read(body)).toThrow(expect.objectContaining({ code }));
  });
});

describe('a batch', () => {
  it('is a question for each request in its place, malformed ones among them', () => {
    const requests = [{ target: TARGET }, { target: {} }, 7, null, { target: TARGET, explain: true }];
    expect(toBatch(bytes({ requests }))).toMatchObject([
      { question: ASKED, explain: false },
      { question: { kind: 'malformed' } },
      { question: { kind: 'malformed' } },
      { question: { kind: 'malformed' } },
      { question: ASKED, explain: true },
    ]);
  });

  it('may be empty', () => {
    expect(toBatch(bytes({ requests: [] }))).toEqual([]);
  });

  it.each`
    because                      | body                                                           | code
    ${'it is a bare list'}       | ${[]}                                                          | ${'request-malformed'}
    ${'it has no list'}          | ${{}}                                                          | ${'request-malformed'}
    ${'a member is unknown'}     | ${{ requests: [], explain: true }}                             | ${'request-malformed'}
    ${'a member is named twice'} | ${'{"requests":[],"requests":[]}'}                             | ${'request-malformed'}
    ${'there are too many'}      | ${{ requests: Array(MAX_BATCH + 1).fill({ target: TARGET }) }} | ${'batch-too-large'}
  `('is a problem when $because', ({ body, code }) => {
    expect(() => toBatch(bytes(body))).toThrow(expect.objectContaining({ code }));
  });
});

it('whatever bytes arrive, they are a question or a problem', () => {
  const body = fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.json().map(bytes), fc.anything());
  fc.assert(
    fc.property(body, (some) => {
      for (const read of [toAsked, toBatch]) {
        try {
          read(some);
        } catch (fault) {
          expect((fault as { name: string }).name).toBe('Problem');
        }
      }
    }),
    { numRuns: 500 },
  );
});

describe('the answer as JSON', () => {
  it('has an explanation only where it was asked for, be it none', () => {
    expect(toNativeAnswer(allowedAnswer())).not.toHaveProperty('explanation');
    expect(toNativeAnswer({ ...deniedAnswer(), explanation: null })).toHaveProperty('explanation', null);
  });

  it('names every fault of a malformed request', () => {
    const faults = [{ pointer: '/target', message: 'it is missing' }];
    expect(toNativeAnswer({ ...deniedAnswer({ reason: 'INVALID_REQUEST' }), faults })).toMatchObject({
      detail: faults,
    });
  });
});
