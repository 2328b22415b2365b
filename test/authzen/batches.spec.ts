/** A batch says of each item what a single evaluation would say, and stops where its semantic says so. */
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { Judgements, type Question } from '#decision';
import { Identity } from '#identity';
import {
  isLast,
  toDecision,
  toEvaluation,
  toEvaluations,
  type Evaluations,
} from '../../libs/protocols/src/authzen/authzen.codec.js';
import { AuthzenController } from '../../libs/protocols/src/authzen/authzen.controller.js';
import { countTurns } from './turns.js';
import { ACTIONS, documents, RECORDS, standing, USERS } from './small-worlds.js';

const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 3 });
const properties = maybe(fc.constantFrom({ owner: 'u-1' }, { level: 2, key: 'level' }));
const members = {
  subject: maybe(fc.record({ type: fc.constantFrom('user', 'robot'), id: fc.constantFrom(...USERS), properties })),
  action: maybe(fc.record({ name: fc.constantFrom(...ACTIONS), properties })),
  resource: maybe(
    fc.record({ type: fc.constantFrom('record', 'parcel'), id: fc.constantFrom(...RECORDS), properties }),
  ),
  context: maybe(fc.constantFrom({}, { ticket: 'T' })),
};
const batches = fc.record({
  ...members,
  evaluations: fc.array(fc.record(members), { minLength: 1, maxLength: 6 }),
  semantic: fc.constantFrom('execute_all', 'deny_on_first_deny', 'permit_on_first_permit'),
});

const bytes = (value: object) => Buffer.from(JSON.stringify(value));

it('says what single evaluations say, as far as they would be asked', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(documents, batches, async (text, { semantic, evaluations, ...top }) => {
      const { decisionPoint, caller } = await standing(text);
      const ask = async (question: Question) => decisionPoint.answer(question, caller);
      const batch = toEvaluations(bytes({ ...top, evaluations, options: { evaluations_semantic: semantic } }));
      const { questions } = batch as Evaluations;
      const singles = await Promise.all(
        evaluations.map(async (item) => {
          const given = Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined));
          try {
            return toDecision(await ask(toEvaluation(bytes({ ...top, ...given })))).decision;
          } catch {
            // Alone it would be an error; among others it is a denial.
            return false;
          }
        }),
      );
      const said: boolean[] = [];
      const judgements = new Judgements();
      for (const question of questions) {
        const answer = await decisionPoint.answer(question, caller, judgements);
        said.push(answer.outcome.decision === 'allow');
        if (isLast((batch as Evaluations).semantic, answer)) break;
      }
      const stop = {
        execute_all: -1,
        deny_on_first_deny: singles.indexOf(false),
        permit_on_first_permit: singles.indexOf(true),
      };
      const end = stop[semantic as keyof typeof stop];
      expect(said).toEqual(end < 0 ? singles : singles.slice(0, end + 1));
      for (const one of said) seen.add(`${semantic} ${one}`);
    }),
    { numRuns: 250 },
  );
  expect(seen.size).toBe(6);
});

const ONE = { subject: { type: 'user', id: 'u-1' }, action: { name: 'view' }, resource: { type: 'record', id: '1' } };

/** Asks about a batch as a caller would, in a small world. */
async function asked(body: object, parts: Parameters<typeof standing>[1] = {}) {
  const [text] = fc.sample(documents, { numRuns: 1, seed: 1 });
  const { decisionPoint, caller } = await standing(text!, parts);
  type Parts = ConstructorParameters<typeof AuthzenController>;
  const controller = new AuthzenController(decisionPoint, { overHttp: () => caller } as unknown as Parts[1]);
  const request = { raw: { headers: {}, rawHeaders: [] }, body: bytes(body) };
  return controller.evaluateAll(request as unknown as Parameters<typeof controller.evaluateAll>[0]);
}

it('lets others in between its items', async () => {
  let microseconds = 0;
  const others = countTurns();
  const body = { ...ONE, evaluations: Array.from({ length: 100 }, () => ({})) };
  const reply = await asked(body, { stopwatch: () => (microseconds += 1_000) });
  expect(reply).toHaveProperty('evaluations.length', 100);
  expect(others.stop()).toBeGreaterThan(5);
});

it.each`
  because                                             | item                                         | times
  ${'whom all are about is judged once'}              | ${{}}                                        | ${1}
  ${'what else an item says is not about the person'} | ${{ resource: { type: 'parcel', id: '2' } }} | ${1}
  ${'null says no more than nothing'}                 | ${{ subject: null }}                         | ${1}
  ${'whom an item names itself is its own'}           | ${{ subject: ONE.subject }}                  | ${40}
  ${'whom it names by half is its own too'}           | ${{ subject: { type: 'user' } }}             | ${40}
`('judges evidence $times times for 40 items: $because', async ({ item, times }: { item: object; times: number }) => {
  const judge = jest.spyOn(Identity.prototype, 'judge');
  const reply = await asked({ ...ONE, evaluations: Array.from({ length: 40 }, () => item) });
  expect(reply).toHaveProperty('evaluations.length', 40);
  expect(judge).toHaveBeenCalledTimes(times);
  judge.mockRestore();
});
