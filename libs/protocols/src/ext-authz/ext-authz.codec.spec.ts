import * as fc from 'fast-check';
import { allowedAnswer, deniedAnswer } from '../../../../test/support/answers.js';
import { grpcDefinition } from '../grpc-definition.js';
import type { CheckRequest, HttpAttributes } from './check-message.js';
import { refusedWithoutDecision, toCheckResponse, toQuestion } from './ext-authz.codec.js';

const HTTP: HttpAttributes = {
  method: 'GET',
  path: '/public?x=1',
  host: 'shop.example:443',
  headers: {},
  headerMap: null,
};

function check(http: Partial<HttpAttributes>): CheckRequest {
  return { attributes: { request: { http: { ...HTTP, ...http } } } };
}

const line = (key: string, text: string) => ({ key, value: '', rawValue: Buffer.from(text) });

describe('a Check', () => {
  it('asks about the address that the gateway saw', () => {
    expect(toQuestion(check({ headers: { ':path': '/public?x=1', accept: 'a' } }))).toMatchObject({
      kind: 'request',
      request: {
        target: { kind: 'address', method: 'GET', host: 'shop.example:443', path: '/public?x=1' },
        headers: { accept: 'a' },
        evidence: [],
        carries: ['setHeader', 'removeHeader', 'rateLimit'],
      },
    });
  });

  it('has its headers in either of two places', () => {
    const headerMap = {
      headers: [line('Accept', 'a'), line('accept', 'b'), { key: 'x', value: 'c', rawValue: Buffer.alloc(0) }],
    };
    expect(toQuestion(check({ headerMap }))).toMatchObject({ request: { headers: { accept: 'a,b', x: 'c' } } });
  });

  it.each`
    because                                     | message
    ${'nothing is in it'}                       | ${{ attributes: null }}
    ${'it has no request'}                      | ${{ attributes: { request: null } }}
    ${'it has no HTTP request'}                 | ${{ attributes: { request: { http: null } } }}
    ${'path and :path differ'}                  | ${check({ headers: { ':path': '/admin' } })}
    ${'method and :method differ'}              | ${check({ headers: { ':method': 'POST' } })}
    ${'host and :authority differ'}             | ${check({ headers: { ':authority': 'other' } })}
    ${':path differs in the other place'}       | ${check({ headerMap: { headers: [line(':path', '/admin')] } })}
    ${'two parties could read two credentials'} | ${check({ headerMap: { headers: [line('authorization', 'a'), line('authorization', 'b')] } })}
  `('is malformed when $because', ({ message }: { message: CheckRequest }) => {
    expect(toQuestion(message).kind).toBe('malformed');
  });

  it('never makes the codec fall over, whatever bytes arrive', () => {
    const { requestDeserialize } = checkMethod();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const question = toQuestion(requestDeserialize(Buffer.from(bytes)) as CheckRequest);
        expect(['request', 'malformed']).toContain(question.kind);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the response to a Check', () => {
  it('overwrites in both ways that gateways know', () => {
    const set = { kind: 'setHeader', name: 'X-Tier', value: 'gold', critical: true, rule: 'shop/read' } as const;
    const { okResponse } = toCheckResponse(allowedAnswer({ obligations: [set] }), 'Bearer');
    expect(okResponse?.headers.map(({ header }) => header)).toEqual([
      { key: 'x-dharma-decision', value: 'd-1' },
      { key: 'x-dharma-path', value: '/public' },
      { key: 'x-tier', value: 'gold' },
    ]);
    for (const option of okResponse?.headers ?? []) {
      expect(option).toMatchObject({ append: { value: false }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' });
    }
  });

  it('carries every kind of obligation', () => {
    const rule = 'shop/read';
    const response = toCheckResponse(
      allowedAnswer({
        obligations: [
          { kind: 'removeHeader', name: 'X-Debug', critical: true, rule },
          { kind: 'rateLimit', key: 'user:ann', class: 'standard', critical: false, rule },
        ],
      }),
      'Bearer',
    );
    expect(response.okResponse?.headersToRemove).toEqual(['x-debug']);
    expect(response.dynamicMetadata?.fields['rate_limit']).toEqual({
      structValue: { fields: { standard: { stringValue: 'user:ann' } } },
    });
  });

  it.each`
    because                                 | response                                                                     | code  | status
    ${'a stranger may log in'}              | ${toCheckResponse(deniedAnswer(), 'Bearer')}                                 | ${16} | ${'Unauthorized'}
    ${'no login mends a malformed request'} | ${toCheckResponse(deniedAnswer({ reason: 'INVALID_REQUEST' }), 'Bearer')}    | ${7}  | ${'Forbidden'}
    ${'our own state is no error'}          | ${toCheckResponse(deniedAnswer({ reason: 'POLICY_UNAVAILABLE' }), 'Bearer')} | ${14} | ${'ServiceUnavailable'}
    ${'an unknown caller hears no more'}    | ${refusedWithoutDecision()}                                                  | ${7}  | ${'Forbidden'}
  `('denies with a message: $because', ({ response, code, status }) => {
    expect(response).toMatchObject({ status: { code }, deniedResponse: { status: { code: status } } });
    expect(response.okResponse).toBeUndefined();
  });

  it.each([
    ['allow', toCheckResponse(allowedAnswer(), 'Bearer')],
    ['deny', toCheckResponse(deniedAnswer(), 'Bearer')],
  ])('survives the wire: %s', (_, response) => {
    const { responseSerialize, responseDeserialize } = checkMethod();
    expect(responseDeserialize(responseSerialize(response))).toMatchObject(response);
  });

  it('has the numbers of the interface on the wire', () => {
    const { responseSerialize } = checkMethod();
    // status(1).code(1) = 7; denied_response(2).status(1).code(1) = 403
    expect(responseSerialize(refusedWithoutDecision()).toString('hex')).toBe(`0a020807${'1205' + '0a03' + '089303'}`);
  });
});

function checkMethod() {
  const service = grpcDefinition()['envoy.service.auth.v3.Authorization'];
  if (service === undefined || 'format' in service) throw new Error('the service is missing');
  return service['Check']!;
}
