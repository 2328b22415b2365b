import fc from 'fast-check';
import { Administrators } from './administrators.js';
import { ADMINISTRATOR_ROLES, type AdministratorRole } from './right.js';
import { Holdings, type Mandate } from './standing.js';

const PLACES = ['a', 'a.b', 'a.b.c', 'a.d', 'b', 'b.b'];
/** Also some that no document speaks of. */
const ASKED = [...PLACES, 'a.b.c.d', 'a.bb', 'b.c', 'c'];

const place = fc.constantFrom(...PLACES);
const role = fc.constantFrom<AdministratorRole>(...ADMINISTRATOR_ROLES);
const principal = fc.constantFrom('user:ann', 'group:leads', 'group:others');
const mandate: fc.Arbitrary<Mandate> = fc.oneof(
  fc.array(fc.record({ role, domain: place }), { maxLength: 3 }).map((grants) => ({ kind: 'scope', grants }) as const),
  fc.uniqueArray(principal, { maxLength: 2 }).map((principals) => ({ kind: 'person', principals }) as const),
);
const named = fc.array(fc.record({ name: place, role, principal }), { maxLength: 6 });

it('holds a right below the tops that it is said to hold it over, and nowhere else', async () => {
  let inside = 0;
  await fc.assert(
    fc.asyncProperty(named, fc.array(mandate, { minLength: 1, maxLength: 2 }), async (said, mandates) => {
      const administered = said.map(({ name, role: given, principal: whom }) => ({
        name,
        administrators: [{ role: given, principals: [whom] }],
      }));
      const holdings = new Holdings({ kind: 'bounded', mandates }, await Administrators.of(administered));
      const tops = holdings.tops('read');
      const isBelow = (asked: string) => tops.some((top) => asked === top || asked.startsWith(`${top}.`));
      for (const asked of ASKED) expect([asked, isBelow(asked)]).toEqual([asked, holdings.may('read', asked)]);
      expect(tops.filter((top) => tops.some((other) => top.startsWith(`${other}.`)))).toEqual([]);
      inside += tops.length > 1 ? 1 : 0;
    }),
    { numRuns: 200, seed: 3 },
  );
  // A property about one subtree at most would hold for less.
  expect(inside).toBeGreaterThan(10);
});
