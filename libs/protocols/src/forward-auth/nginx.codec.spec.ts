import { allowedAnswer, deniedAnswer } from '../../../../test/support/answers.js';
import { toQuestion, toReply } from './nginx.codec.js';

type Lines = [string, string][];

const ASKED: Lines = [
  ['X-Original-Method', 'GET'],
  ['X-Original-Host', 'shop.example'],
  ['X-Original-URI', '/public?x=1'],
];

describe("nginx's sub-request", () => {
  it('names the target in three headers', () => {
    expect(toQuestion([...ASKED, ['Accept', 'text/html']])).toMatchObject({
      kind: 'request',
      request: {
        target: { kind: 'address', method: 'GET', host: 'shop.example', path: '/public?x=1' },
        headers: { accept: 'text/html' },
        evidence: [],
      },
    });
  });

  it.each(ASKED)('is malformed without %s', (missing) => {
    const question = toQuestion(ASKED.filter(([name]) => name !== missing));
    expect(question).toMatchObject({ kind: 'malformed', faults: [{ pointer: missing.toLowerCase() }] });
  });

  it.each(ASKED)('is malformed with a second %s, whatever it says', (name, value) => {
    const question = toQuestion([...ASKED, [name.toLowerCase(), value]]);
    expect(question).toMatchObject({ kind: 'malformed', faults: [{ pointer: name.toLowerCase() }] });
  });

  it.each(['X-Forwarded-Uri', 'X-Original-URL', 'X-Forwarded-Host', 'X-HTTP-Method-Override'])(
    'says nothing by %s, which is another convention',
    (name) => {
      expect(toQuestion([...ASKED, [name, '/other']])).toMatchObject({
        request: { target: { method: 'GET', host: 'shop.example', path: '/public?x=1' } },
      });
    },
  );
});

describe('the reply to nginx', () => {
  it('is 200 with the judged path and the obligations', () => {
    const set = { kind: 'setHeader', name: 'X-Tier', value: 'gold', critical: true, rule: 'shop/read' } as const;
    expect(toReply(allowedAnswer({ obligations: [set], path: '/a' }), 'Bearer')).toEqual({
      status: 200,
      headers: { 'x-dharma-decision': 'd-1', 'x-dharma-path': '/a', 'x-tier': 'gold', 'cache-control': 'no-store' },
    });
  });

  it.each`
    because                                                | answer                                            | status
    ${'a stranger may log in'}                             | ${deniedAnswer()}                                 | ${401}
    ${'no login mends a malformed request'}                | ${deniedAnswer({ reason: 'INVALID_REQUEST' })}    | ${403}
    ${'nginx turns our own state into a 500'}              | ${deniedAnswer({ reason: 'POLICY_UNAVAILABLE' })} | ${503}
    ${'without a judged path nginx would forward its own'} | ${allowedAnswer({ path: null })}                  | ${403}
  `('denies: $because', ({ answer, status }) => {
    const reply = toReply(answer, 'Bearer realm="shop"');
    expect(reply.status).toBe(status);
    expect(reply.headers['www-authenticate']).toBe(status === 401 ? 'Bearer realm="shop"' : undefined);
    expect(reply.headers).not.toHaveProperty('x-dharma-path');
  });
});
