import * as fc from 'fast-check';
import { allowedAnswer, deniedAnswer } from '../../../../test/support/answers.js';
import { grpcDefinition } from '../grpc-definition.js';
import { MAX_BODY_BYTES } from '../json-text.js';
import { toAsked } from '../native/native.codec.js';
import type { DecideRequest } from './decisions-message.js';
import { toDecideResponse, toExplainResponse, toQuestion } from './decisions.codec.js';

let definition: ReturnType<typeof grpcDefinition> | undefined;

/** A message as it arrives: written by a client, read by the server. */
function arrived(message: object): DecideRequest {
  const { requestSerialize, requestDeserialize } = method('Decide');
  return requestDeserialize(requestSerialize(message)) as DecideRequest;
}

const text = (stringValue: string) => ({ stringValue });
const struct = (fields: object) => ({ fields });

describe('a request', () => {
  const TARGETS = [
    [{ endpoint: { endpoint: 'a/b' } }, { endpoint: 'a/b' }],
    [{ endpoint: { endpoint: 'a/b', method: 'GET', path: '/' } }, { endpoint: 'a/b', method: 'GET', path: '/' }],
    [{ address: { host: 'h', method: 'GET', path: '/a?b' } }, { host: 'h', method: 'GET', path: '/a?b' }],
    [{ rpc: { rpc: '/p.S/M' } }, { rpc: '/p.S/M' }],
    [{ rpc: { rpc: '/p.S/M', host: 'h' } }, { rpc: '/p.S/M', host: 'h' }],
    [{ topic: { topic: 'a.b', action: 'publish' } }, { topic: 'a.b', action: 'publish' }],
    [
      {
        resourceAction: {
          resource: { type: 'record', id: '1', properties: struct({ a: text('b') }) },
          action: { name: 'view' },
        },
      },
      { resource: { type: 'record', id: '1', properties: { a: 'b' } }, action: { name: 'view' } },
    ],
  ] as const;

  it.each(TARGETS)('asks about the same as its JSON: %j', (target, json) => {
    expect(toQuestion(arrived({ target }))).toEqual(toAsked(Buffer.from(JSON.stringify({ target: json }))).question);
  });

  it('says the same as its JSON in every other member', () => {
    const item = { role: 'access', mechanism: 'm', subject: 's', scopes: ['a'], groups: ['g'] };
    const plain = { credentials: { Authorization: 'Bearer t' }, headers: { Accept: 'a' }, minRevision: 7 };
    const message = {
      ...plain,
      target: { rpc: { rpc: '/p.S/M' } },
      evidence: [{ ...item, claims: struct({ tier: text('gold') }), expiresAt: '2026-12-24T13:00:00Z' }],
      attributes: struct({ country: text('PT') }),
      claimed: struct({ tags: { listValue: { values: [text('a'), { boolValue: true }, { numberValue: 2 }] } } }),
      context: struct({ inner: { structValue: struct({ a: text('b') }) } }),
    };
    const json = {
      ...plain,
      target: { rpc: '/p.S/M' },
      evidence: [{ ...item, claims: { tier: 'gold' }, attributes: undefined, expiresAt: '2026-12-24T13:00:00Z' }],
      attributes: { country: 'PT' },
      claimed: { tags: ['a', true, 2] },
      context: { inner: { a: 'b' } },
    };
    expect(toQuestion(arrived(message), 't')).toEqual(toAsked(Buffer.from(JSON.stringify(json)), 't').question);
  });

  it.each`
    because                            | message                                                                                     | pointer
    ${'nothing is in it'}              | ${{}}                                                                                       | ${'/target'}
    ${'its target is none'}            | ${{ target: {} }}                                                                           | ${'/target'}
    ${'a resource needs an action'}    | ${{ target: { resourceAction: { resource: { type: 'a', id: 'b' } } } }}                     | ${'/target/action'}
    ${'evidence has one of two roles'} | ${{ target: { rpc: { rpc: '/p.S/M' } }, evidence: [{ role: 'admin' }] }}                    | ${'/evidence/0/role'}
    ${'a time is no time'}             | ${{ target: { rpc: { rpc: '/p.S/M' } }, evidence: [{ role: 'trust', expiresAt: 'soon' }] }} | ${'/evidence/0/expiresAt'}
    ${'names do not differ by case'}   | ${{ target: { rpc: { rpc: '/p.S/M' } }, headers: { a: '1', A: '2' } }}                      | ${'/headers/A'}
  `('is malformed, and no gRPC error, when $because', ({ message, pointer }) => {
    expect(toQuestion(arrived(message))).toMatchObject({ kind: 'malformed', faults: [{ pointer }] });
  });

  it.each`
    because                                 | bytes
    ${'the bytes are no message'}           | ${Buffer.from('ff', 'hex')}
    ${'it is larger than a request may be'} | ${method('Decide').requestSerialize({ target: { rpc: { rpc: '/'.padEnd(MAX_BODY_BYTES) } } })}
    ${'it is nested beyond all measure'}    | ${nested(17_000)}
    ${'it is nested more than it may be'}   | ${nested(1_000)}
  `('is malformed when $because', ({ bytes }) => {
    expect(toQuestion(method('Decide').requestDeserialize(bytes) as DecideRequest).kind).toBe('malformed');
  });

  it('never makes the codec fall over, whatever bytes arrive', () => {
    const { requestDeserialize } = method('Decide');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const question = toQuestion(requestDeserialize(Buffer.from(bytes)) as DecideRequest);
        expect(['request', 'malformed']).toContain(question.kind);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the response', () => {
  const rule = 'shop/read';
  const obligations = [
    { kind: 'setHeader', name: 'x-tier', value: 'gold', critical: true, rule },
    { kind: 'removeHeader', name: 'x-debug', critical: true, rule },
    { kind: 'setQueryParameter', name: 'tier', value: 'a&b', critical: true, rule },
    { kind: 'removeQueryParameter', name: 'debug', critical: true, rule },
    { kind: 'rateLimit', key: 'user:ann', class: 'standard', critical: false, rule },
  ] as const;

  it.each([
    ['an allow', allowedAnswer({ obligations, wouldDeny: { reason: 'NO_ALLOW_RULE', deniedAt: null } })],
    ['a deny', deniedAnswer({ accepts: ['acme-oauth'] })],
    ['a malformed request', { ...deniedAnswer(), faults: [{ pointer: '/target', message: 'it is missing' }] }],
  ])('survives the wire: %s', (_, answer) => {
    const { responseSerialize, responseDeserialize } = method('Decide');
    const response = toDecideResponse(answer);
    expect(responseDeserialize(responseSerialize(response))).toMatchObject(response);
  });

  it('is an allow by one value alone', () => {
    expect(toDecideResponse(allowedAnswer()).decision).toBe('DECISION_ALLOW');
    expect(toDecideResponse(deniedAnswer()).decision).toBe('DECISION_DENY');
    expect(method('Decide').responseDeserialize(Buffer.alloc(0))).toMatchObject({ decision: 'DECISION_UNSPECIFIED' });
  });

  it('has an explanation where there is one', () => {
    expect(toExplainResponse({ ...deniedAnswer(), explanation: null })).not.toHaveProperty('explanation');
    const explanation = { denies: [], nearestMiss: null } as never;
    const { responseSerialize, responseDeserialize } = method('Explain');
    const response = toExplainResponse({ ...deniedAnswer(), explanation });
    expect(responseDeserialize(responseSerialize(response))).toMatchObject({
      explanation: { fields: { denies: { listValue: { values: [] } }, nearestMiss: { nullValue: 'NULL_VALUE' } } },
    });
  });
});

function method(name: 'Decide' | 'Explain') {
  definition ??= grpcDefinition();
  const service = definition['dharma.v1.Decisions'];
  if (service === undefined || 'format' in service) throw new Error('the service is missing');
  return service[name]!;
}

/** `attributes` with this many structs inside one another, as bytes: the writer itself would not survive it. */
function nested(levels: number): Buffer {
  let value = Buffer.alloc(0);
  const wrap = (tag: number, inner: Buffer) => Buffer.concat([Buffer.from([tag]), varint(inner.length), inner]);
  for (let level = 0; level < levels && value.length < MAX_BODY_BYTES - 64; level += 1) {
    value = wrap(0x0a, Buffer.concat([wrap(0x0a, Buffer.from('a')), wrap(0x12, wrap(0x2a, value))]));
  }
  return wrap(0x2a, value);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
