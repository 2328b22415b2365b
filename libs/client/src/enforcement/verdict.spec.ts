import * as fc from 'fast-check';
import type { Telling } from '#wire';
import type { Decided, Decision } from '../decision.js';
import { verdictOn } from './verdict.js';

const ALLOWED: Decided = {
  kind: 'decided',
  allowed: true,
  kept: false,
  answer: {
    decision: 'allow',
    reason: 'ALLOW_SLOW',
    route: 'slow',
    deniedAt: null,
    meeting: '*',
    crossed: ['shop'],
    rules: [],
    obligations: [],
    revision: 1,
    ageSeconds: 0,
    decisionId: 'd-1',
    ttlSeconds: 30,
  },
  telling: {
    'x-dharma-view': 'allow',
    'x-dharma-decision': 'd-1',
    'x-dharma-path': '/public',
    'x-dharma-actor': '',
    'x-dharma-principal': 'user:ann',
    'x-dharma-domain': 'shop',
    'x-dharma-unsaid': 'x-level',
  },
};
const limit = (critical: boolean): Decided => ({
  ...ALLOWED,
  answer: {
    ...ALLOWED.answer,
    obligations: [{ kind: 'rateLimit', key: 'k', class: 'slow', critical, rule: 'shop/limit' }],
  },
});

const query = (kind: 'setQueryParameter' | 'removeQueryParameter', critical: boolean): Decided => ({
  ...ALLOWED,
  answer: {
    ...ALLOWED.answer,
    obligations: [{ kind, name: 'tier', value: 'gold', critical, rule: 'shop/tier' }],
  },
});

const judgedAs = (path: string): Decided => ({
  ...ALLOWED,
  telling: { ...ALLOWED.telling, 'x-dharma-path': path } as Telling,
});

describe('what a decision means for its request', () => {
  it.each`
    because                                        | decision                                                                                          | path                  | carries  | status
    ${'it is allowed'}                             | ${ALLOWED}                                                                                        | ${'/public'}          | ${false} | ${undefined}
    ${'a resource has no path'}                    | ${ALLOWED}                                                                                        | ${undefined}          | ${false} | ${undefined}
    ${'the router reads another path'}             | ${ALLOWED}                                                                                        | ${'/%70ublic'}        | ${false} | ${403}
    ${'a router may decode a sign'}                | ${judgedAs('/export%28all%29')}                                                                   | ${'/export%28all%29'} | ${false} | ${403}
    ${'in small letters too'}                      | ${judgedAs('/a%7C')}                                                                              | ${'/a%7c'}            | ${false} | ${403}
    ${'an escape of an escape is a sign'}          | ${judgedAs('/a%2541')}                                                                            | ${'/a%2541'}          | ${false} | ${403}
    ${'a space has no other spelling'}             | ${judgedAs('/a%20b')}                                                                             | ${'/a%20b'}           | ${false} | ${undefined}
    ${'nor has what is not ASCII'}                 | ${judgedAs('/%C3%A9')}                                                                            | ${'/%c3%a9'}          | ${false} | ${undefined}
    ${'nobody decided'}                            | ${{ kind: 'unavailable', allowed: false, failure: { because: 'timeout', message: 'no answer' } }} | ${'/public'}          | ${false} | ${503}
    ${'nobody says what handlers are told'}        | ${{ ...ALLOWED, telling: undefined }}                                                             | ${'/public'}          | ${false} | ${503}
    ${'the client is told otherwise than we are'}  | ${{ ...ALLOWED, telling: { 'x-dharma-view': 'forbidden', 'x-dharma-decision': 'd-1' } }}          | ${'/public'}          | ${false} | ${403}
    ${'a denial without a view is plain'}          | ${{ ...ALLOWED, allowed: false, telling: undefined }}                                             | ${'/public'}          | ${false} | ${403}
    ${'a denial is not made an allow by its view'} | ${{ ...ALLOWED, allowed: false }}                                                                 | ${'/public'}          | ${false} | ${403}
    ${'nobody changes the query'}                  | ${query('setQueryParameter', true)}                                                               | ${'/public'}          | ${true}  | ${403}
    ${'nor takes anything out of it'}              | ${query('removeQueryParameter', true)}                                                            | ${'/public'}          | ${true}  | ${403}
    ${'which may be left undone'}                  | ${query('removeQueryParameter', false)}                                                           | ${'/public'}          | ${false} | ${undefined}
    ${'nobody would keep to the limit'}            | ${limit(true)}                                                                                    | ${'/public'}          | ${false} | ${403}
    ${'the program keeps to it'}                   | ${limit(true)}                                                                                    | ${'/public'}          | ${true}  | ${undefined}
    ${'it need not be kept'}                       | ${limit(false)}                                                                                   | ${'/public'}          | ${false} | ${undefined}
  `('$status: $because', ({ decision, path, carries, status }) => {
    const verdict = verdictOn(decision as Decision, { names: [], path }, carries);
    expect(verdict.kind === 'refusal' ? verdict.status : undefined).toBe(status);
  });

  it('no name that a client chooses survives beside ours, or in place of what only a rule may say', () => {
    const odd = fc
      .constantFrom('x-dharma-principal', 'x-dharma-anything', 'x-level', 'x-original-url', 'x-http-method-override')
      .chain((name) => fc.tuple(...[...name].map((letter) => fc.constantFrom(letter, letter === '-' ? '_' : letter))))
      .map((letters) => letters.join(''));
    fc.assert(
      fc.property(fc.array(odd, { maxLength: 5 }), (names) => {
        const verdict = verdictOn(ALLOWED, { names, path: '/public' }, false);
        if (verdict.kind !== 'pass') throw new Error('it was refused');
        const { removed, set } = verdict;
        for (const name of names) expect(removed.includes(name) || set.has(name)).toBe(true);
        expect(removed.filter((name) => set.has(name))).toEqual([]);
      }),
    );
  });
});
