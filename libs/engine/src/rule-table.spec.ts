import { HOME, homeOf, KEY, RuleTable } from './rule-table.js';
import type { Filed } from './rule-table.js';
import { finished } from './steps.js';

const HOME_OF_ACME = homeOf(1, HOME.allowInSelf);

/** A rule about anything of one role. */
function filed(ordinal: number, role: number): Filed {
  const about = [0];
  return {
    ordinal,
    admitsAnonymous: false,
    home: HOME_OF_ACME,
    about,
    key: KEY.role,
    values: [role],
    details: undefined,
  };
}

function idsOf(table: RuleTable, role: number): readonly string[] {
  const ids: string[] = [];
  table.visit(HOME_OF_ACME, 0, KEY.role, role, { consider: (rule) => ids.push(table.ids.at(rule)) });
  return ids;
}

it('finds the rules of one key in the order of their ids, however they came', () => {
  const ids = ['b', 'd', 'f', 'h'];
  const table = new RuleTable(ids, [filed(0, 1), filed(1, 1), filed(2, 1), filed(3, 2)], 16);
  const added = ['a', 'e', 'g'];
  const moved = finished(table.renumbered(['f'], added));
  const after = finished(
    table.with(moved, [filed(moved.added[0]!, 1), filed(moved.added[1]!, 1), filed(moved.added[2]!, 2)], new Set([1])),
  );
  expect(idsOf(after, 1)).toEqual(['a', 'b', 'd', 'e']);
  expect(idsOf(after, 2)).toEqual(['g', 'h']);
  expect(idsOf(table, 1)).toEqual(['b', 'd', 'f']);
});

it('makes room for as many as come, and none for those that go', () => {
  const table = new RuleTable(['a'], [filed(0, 1)], 16);
  const names = Array.from({ length: 500 }, (_, index) => `b${1_000 + index}`);
  const more = finished(table.renumbered([], names));
  const many = finished(
    table.with(
      more,
      names.map((_, index) => filed(more.added[index]!, index % 100)),
      new Set(),
    ),
  );
  expect(idsOf(many, 7)).toEqual(names.filter((_, index) => index % 100 === 7));
  const fewer = finished(many.renumbered(names, []));
  const few = finished(many.with(fewer, [], new Set([1])));
  expect([idsOf(few, 1), idsOf(few, 7), few.isInUse(HOME_OF_ACME)]).toEqual([['a'], [], true]);
});
