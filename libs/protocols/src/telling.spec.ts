import { allowedAnswer, deniedAnswer } from '../../../test/support/answers.js';
import { isTold, tellingOf } from './telling.js';
import { toldHeaders } from './told-headers.js';

describe('what a program is told beside the answer', () => {
  it('on allow is what services are told, and what they must not hear from the client', () => {
    const answer = {
      ...allowedAnswer({
        principal: 'user:ann',
        obligations: [{ kind: 'setHeader', name: 'X-Tier', value: 'gold', critical: true, rule: 'shop/read' }],
      }),
      headersSet: new Map([
        ['x-tier', ['x-tier', 'x_tier']],
        ['x-level', ['x-level']],
      ]),
    };
    expect(tellingOf(answer, 'Bearer')).toEqual({
      ...toldHeaders(answer),
      'x-dharma-view': 'allow',
      'x-dharma-unsaid': 'x_tier,x-level',
    });
  });

  it.each`
    because                                  | query               | view
    ${'only a rule may say it'}              | ${'tier=gold'}      | ${'forbidden'}
    ${'a handler may read it by that name'}  | ${'a=1&%74ier[]=2'} | ${'forbidden'}
    ${'it says nothing that a rule may say'} | ${'tiers=2'}        | ${'allow'}
    ${'there is none'}                       | ${undefined}        | ${'allow'}
  `('lets no query through that nobody can mend: $because', ({ query, view }) => {
    const answer = { ...allowedAnswer(), parametersSet: new Set(['tier']), query };
    expect(tellingOf(answer, 'Bearer')['x-dharma-view']).toBe(view);
  });

  const verified = { hasVerifiedCredential: true };

  it.each`
    because                              | facts                                     | outcome                             | told
    ${'nobody is logged in'}             | ${{}}                                     | ${{}}                               | ${{ 'x-dharma-view': 'unauthenticated', 'x-dharma-challenge': 'Bearer' }}
    ${'a credential is false'}           | ${{ hasFalseCredential: true }}           | ${{}}                               | ${{ 'x-dharma-view': 'invalid_token', 'x-dharma-challenge': 'Bearer error="invalid_token"' }}
    ${'only a scope is missing'}         | ${{ ...verified, lacksOnlyScopes: true }} | ${{}}                               | ${{ 'x-dharma-view': 'insufficient_scope', 'x-dharma-challenge': 'Bearer error="insufficient_scope"' }}
    ${'the client can do nothing'}       | ${verified}                               | ${{}}                               | ${{ 'x-dharma-view': 'forbidden' }}
    ${'the server has no policy itself'} | ${verified}                               | ${{ reason: 'POLICY_UNAVAILABLE' }} | ${{ 'x-dharma-view': 'unavailable' }}
  `('on deny is what the client hears: $because', ({ facts, outcome, told }) => {
    expect(tellingOf({ ...deniedAnswer(outcome), ...facts }, 'Bearer')).toEqual({
      'x-dharma-decision': 'd-1',
      ...told,
    });
  });

  it.each([undefined, '', 'no', 'YES', ['yes']])('is not for who says %j', (value) => {
    expect(isTold(value)).toBe(false);
  });
});
