/** People and things are data beside the rules: a hundred thousand of them cost their own indexing and no decision anything. */
import { compile, decide } from '#engine';
import type { AccessRequest, Attributes, Snapshot, World } from '#engine';
import { asking, token } from '../reference/worlds.js';
import { bestOfThree, medianMicroseconds } from './processor-time.js';
import { allow, deny, shop } from './voices.js';

const MANY = 100_000;
/** What a neighbour's load may add to one of two measurements. */
const GENEROUS = 1.5;
const LITTLE_MORE = 2;

const rules = [
  allow('p/reader', { who: { roles: ['reader'] } }),
  allow('p/senior', { when: 'principal.attributes.level > 2' }),
  deny('p/banned', { who: { roles: ['banned'] } }),
];
const noAssignments: { [principal: string]: readonly string[] } = { 'user:u-7': ['reader'] };
const noEntities: { [entity: string]: Attributes } = { 'user:u-8': { level: 3 } };

const few = shop({ rules, assignments: noAssignments, entities: noEntities });
const many = shop({
  rules,
  assignments: {
    ...Object.fromEntries(Array.from({ length: MANY }, (_, index) => [`user:u-${index}`, ['visitor']])),
    ...noAssignments,
  },
  entities: {
    ...Object.fromEntries(Array.from({ length: MANY }, (_, index) => [`user:u-${index}`, { level: 1 }])),
    ...noEntities,
  },
});

const asked = (subject: string): AccessRequest => asking('GET api.example/', { evidence: [token(subject)] });

describe('a decision', () => {
  const [small, large] = [compile(few), compile(many)];

  it.each`
    because                          | subject  | rule
    ${'a role that is held'}         | ${'u-7'} | ${'p/reader'}
    ${'an attribute that is stored'} | ${'u-8'} | ${'p/senior'}
  `('finds $because among all of them', ({ subject, rule }) => {
    expect(decide(large, asked(subject))).toMatchObject({ reason: 'ALLOW_SLOW', rules: [rule] });
    expect(decide(large, asked('u-99999'))).toMatchObject({ reason: 'NO_ALLOW_RULE' });
  });

  it.each`
    because                  | subject
    ${'by a role'}           | ${'u-7'}
    ${'by an attribute'}     | ${'u-8'}
    ${'of somebody unknown'} | ${'nobody'}
  `('costs the same however many there are: $because', ({ subject }) => {
    const request = asked(subject);
    const cost = (snapshot: Snapshot): number => medianMicroseconds(() => decide(snapshot, request), 400, 25);
    const ratio = bestOfThree(
      () => cost(large) / cost(small),
      (measured) => measured <= GENEROUS,
    );
    expect(ratio).toBeLessThanOrEqual(GENEROUS);
  });
});

it('compiling costs little more than indexing them', () => {
  // What cannot be saved: each is put in a map under its name, once.
  const index = (world: World): number => {
    const { assignments, entities } = world.domains.get('acme')!.directory;
    return new Map<string, unknown>([...assignments, ...entities]).size;
  };
  const measured = bestOfThree(
    () => ({
      indexing: medianMicroseconds(() => index(many), 1, 5),
      compiling: medianMicroseconds(() => compile(many), 1, 5) - medianMicroseconds(() => compile(few), 1, 5),
    }),
    ({ compiling, indexing }) => compiling <= LITTLE_MORE * indexing,
  );
  expect(measured.compiling).toBeLessThanOrEqual(LITTLE_MORE * measured.indexing);
});
