import * as fc from 'fast-check';
import { answerIn, answersIn } from './answer-reading.js';

const ALLOW = {
  decision: 'allow',
  reason: 'ALLOW_SLOW',
  route: 'slow',
  deniedAt: null,
  meeting: '*',
  crossed: ['shop'],
  rules: ['shop/read'],
  obligations: [{ kind: 'setHeader', name: 'x-tier', value: 'gold', critical: true, rule: 'shop/read' }],
  revision: 1,
  ageSeconds: 0,
  decisionId: 'd-1',
  ttlSeconds: 30,
};
const isAllow = (body: unknown) => answerIn(body)?.decision === 'allow';

describe('an answer', () => {
  it('is taken whole, with what a later server adds', () => {
    expect(answerIn({ ...ALLOW, accepts: ['a'], later: 1 })).toMatchObject({ ...ALLOW, accepts: ['a'] });
  });

  it.each(Object.keys(ALLOW))('is none without `%s`', (member) => {
    const { [member]: _gone, ...rest } = ALLOW as { [member: string]: unknown };
    expect(answerIn(rest)).toBeUndefined();
  });

  const obligation = ALLOW.obligations[0]!;

  it.each`
    because                                         | body
    ${'true is not allow'}                          | ${{ ...ALLOW, decision: true }}
    ${'nor is it in capitals'}                      | ${{ ...ALLOW, decision: 'ALLOW' }}
    ${'reason and decision say two things'}         | ${{ ...ALLOW, reason: 'NO_ALLOW_RULE' }}
    ${'a denial does not allow either'}             | ${{ ...ALLOW, decision: 'deny' }}
    ${'nobody knows how to carry this out'}         | ${{ ...ALLOW, obligations: [{ ...obligation, kind: 'redact' }] }}
    ${'a kind is no member that every map has'}     | ${{ ...ALLOW, obligations: [{ ...obligation, kind: 'constructor' }] }}
    ${'half an obligation cannot be carried out'}   | ${{ ...ALLOW, obligations: [{ ...obligation, value: undefined }] }}
    ${'an obligation is critical or it is not'}     | ${{ ...ALLOW, obligations: [{ ...obligation, critical: 'no' }] }}
    ${'obligations are a list'}                     | ${{ ...ALLOW, obligations: {} }}
    ${'nobody could say how long it holds'}         | ${{ ...ALLOW, ttlSeconds: -1 }}
    ${'nor for ever'}                               | ${{ ...ALLOW, ttlSeconds: Infinity }}
    ${'a revision is a number'}                     | ${{ ...ALLOW, revision: '1' }}
    ${'it is a list'}                               | ${[ALLOW]}
    ${'it is inside something else'}                | ${{ answer: ALLOW }}
    ${'its members belong to no answer of its own'} | ${Object.create(ALLOW)}
    ${'it is text'}                                 | ${'allow'}
    ${'it is nothing'}                              | ${null}
  `('is none when $because', ({ body }) => {
    expect(answerIn(body)).toBeUndefined();
  });

  it('that allows is never made of a denial by one change', () => {
    const deny = { ...ALLOW, decision: 'deny', reason: 'NO_ALLOW_RULE', route: null, obligations: [] };
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(ALLOW)), fc.anything(), (member, value) => {
        expect(isAllow({ ...deny, [member]: value })).toBe(false);
      }),
    );
  });

  it('is not made of whatever comes', () => {
    fc.assert(fc.property(fc.anything(), (body) => expect(isAllow(body)).toBe(false)));
  });
});

describe('answers to many', () => {
  it('are judged one by one', () => {
    expect(answersIn({ answers: [ALLOW, { decision: 'allow' }] }, 2)).toMatchObject([ALLOW, undefined]);
  });

  it.each([{ answers: [ALLOW] }, { answers: [ALLOW, ALLOW, ALLOW] }, [ALLOW, ALLOW], {}, null])(
    'are none where their places are in doubt: %j',
    (body) => {
      expect(answersIn(body, 2)).toBeUndefined();
    },
  );
});
