import fc from 'fast-check';
import { contentHashOf, GIVEN_OPERATOR, keyText, type StoredDocument } from '#administration';
import { Problem } from '#problem';
import { MemoryAuditLog, MemoryCredentialStore, MemoryFleet, MemoryRevisionStore } from '#store';
import { Admission } from '../../libs/admin-api/src/admission.js';
import type { Published } from '../../libs/admin-api/src/dto/revision.dto.js';
import { OperatorRights } from '../../libs/admin-api/src/operator-rights.js';
import { Operators } from '../../libs/admin-api/src/operators.js';
import { PolicySets } from '../../libs/admin-api/src/policy-sets.js';
import { PlannedFlips } from '../../libs/admin-api/src/planned-flips.js';
import { Publishing } from '../../libs/admin-api/src/publishing.js';
import { Replays } from '../../libs/admin-api/src/replays.js';
import { ScriptedServer } from '../admin-api/admin-server.js';

/** Worlds that are tried; each is a dozen publications. */
const IS_LONG = process.env['DHARMA_LONG'] === '1';
const WORLDS = IS_LONG ? 500 : 20;
const SOURCES = ['north', 'south', 'west'];

const document = (kind: string, metadata: string, spec = '{}') =>
  `---\napiVersion: dharma/v1\nkind: ${kind}\nmetadata: { ${metadata} }\nspec: ${spec}\n`;

/** Documents of one source by key, each in one of a few versions. */
type Texts = ReadonlyMap<string, string>;

/** What a source may hold: names are its own, and lean on what others have. */
function textsOf(source: string, choice: readonly number[]): Texts {
  const versions: readonly (readonly [key: string, texts: readonly string[]])[] = [
    [`Domain ${source}`, ['{}', '{ zeroTrust: true }'].map((spec) => document('Domain', `name: ${source}`, spec))],
    [
      `Domain ${source}.lab`,
      ['', '{}', '{ mode: report }'].map((spec) => spec && document('Domain', `name: ${source}.lab`, spec)),
    ],
    [
      `Policy ${source}-guard`,
      ['', source, ...SOURCES].map(
        (at) =>
          at &&
          document(
            'Policy',
            `name: ${source}-guard, domain: ${at}`,
            `{ rules: [{ id: r, effect: deny, who: { roles: [clerk] } }] }`,
          ),
      ),
    ],
    [
      `Policy ${source}-all`,
      ['', ...SOURCES.map((other) => `{ rules: [{ id: r, effect: deny, who: { domains: [${other}] } }] }`)].map(
        (spec) => spec && document('Policy', `name: ${source}-all, domain: "*"`, spec),
      ),
    ],
    [
      `RoleSet ${source}-staff`,
      ['', '{ roles: [{ name: clerk }] }', '{ assignments: [{ role: clerk, principals: ["user:a"] }] }'].map(
        (spec) => spec && document('RoleSet', `name: ${source}-staff, domain: ${source}`, spec),
      ),
    ],
  ];
  const chosen = versions.map(([key, texts], index) => [key, texts[choice[index]! % texts.length]!] as const);
  return new Map(chosen.filter(([, text]) => text !== ''));
}

/** One who publishes what a source has, on a base that may be old. */
interface Publisher {
  readonly source: string;
  readonly texts: Texts;
  /** Publishes only what it holds. */
  readonly isPart: boolean;
}

const choices = fc.array(fc.nat(11), { minLength: 5, maxLength: 5 });
const publishers: fc.Arbitrary<readonly Publisher[]> = fc.array(
  fc
    .record({ source: fc.constantFrom(...SOURCES), choice: choices, part: fc.option(fc.nat(4), { freq: 2 }) })
    .map(({ source, choice, part }): Publisher => {
      const texts = textsOf(source, choice);
      if (part === null) return { source, texts, isPart: false };
      return { source, texts: new Map([...texts].slice(0, 1 + (part % texts.size))), isPart: true };
    }),
  { minLength: 3, maxLength: 7 },
);

interface History {
  /** @returns what was published, or the problem why nothing was */
  readonly publish: (publisher: Publisher, base: Published | null) => Promise<Published | Problem>;
  readonly documents: () => Promise<readonly StoredDocument[]>;
}

/** Whoever shows the token that a server was started with. */
const ROOT = {
  id: GIVEN_OPERATOR,
  standing: { kind: 'root' },
  makers: [GIVEN_OPERATOR],
  person: { kind: 'root' },
} as const;

function history(): History {
  const store = new MemoryRevisionStore(() => 0);
  const parts = {
    history: {
      store,
      credentials: new MemoryCredentialStore(() => 0),
      audit: new MemoryAuditLog(() => 0),
      fleet: new MemoryFleet(() => 0),
    },
    server: new ScriptedServer(),
    operatorToken: undefined,
    clock: () => 0,
  };
  const sets = new PolicySets(parts);
  const rights = new OperatorRights(parts, sets, new Operators(parts, new Admission(parts)));
  const flips = new PlannedFlips(parts, rights);
  const publishing = new Publishing(parts, sets, rights, new Replays(parts, rights), flips);
  return {
    publish: async ({ source, texts, isPart }, base) => {
      const files = [{ file: 'all.yaml', text: [...texts.values()].join('') }];
      const asked = { source, files, prune: !isPart, base: base?.revision ?? null, because: 'a property says so' };
      try {
        return await publishing.publish(asked, { ...ROOT, name: source }, undefined, {});
      } catch (fault) {
        if (fault instanceof Problem) return fault;
        throw fault;
      }
    },
    documents: async () => {
      const newest = await store.newest();
      return newest === null ? [] : store.documents(newest.number);
    },
  };
}

/** Every source begins with its domain. */
async function begin(on: History): Promise<Published> {
  let base: Published | null = null;
  for (const source of SOURCES) {
    base = await published(on, { source, texts: textsOf(source, [0, 0, 0, 0, 0]), isPart: false }, base);
  }
  return base!;
}

async function published(on: History, publisher: Publisher, base: Published | null): Promise<Published> {
  const answer = await on.publish(publisher, base);
  if (answer instanceof Problem) throw answer;
  return answer;
}

describe('publications from one base', () => {
  it('become what they are one after the other, or say which documents meet', async () => {
    const counts = { rebased: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(publishers, async (asked) => {
        const forked = history();
        const base = await begin(forked);
        const taken: Publisher[] = [];
        for (const publisher of asked) {
          const answer = await forked.publish(publisher, base);
          if (answer instanceof Problem) {
            if (answer.code !== 'revision-superseded') continue;
            counts.refused += 1;
            expect(answer.members['conflicts']).not.toEqual([]);
          } else if (answer.unchanged === undefined) {
            counts.rebased += answer.rebased === undefined ? 0 : 1;
            taken.push(publisher);
          }
        }
        const found = await forked.documents();
        for (const order of speaksLast(taken) ? [taken] : [taken, [...taken].reverse()]) {
          const straight = history();
          let newest = await begin(straight);
          for (const publisher of order) {
            newest = await published(straight, publisher, newest);
            expect(newest).not.toHaveProperty('rebased');
          }
          expect(contentHashOf(await straight.documents())).toBe(contentHashOf(found));
        }
        nothingIsLost(taken, found);
      }),
      // Of a few worlds, which ones decides what they show: the same ones each time.
      { numRuns: WORLDS, ...(IS_LONG ? {} : { seed: 20_261_126 }) },
    );
    // A property about nothing would hold as well.
    expect(Math.min(counts.rebased, counts.refused)).toBeGreaterThan(WORLDS / 5);
  }, 900_000);
});

/**
 * Whether somebody's word about a document was the last one. A source that published everything it has published a part
 * beside it: such a part came after the whole; in the other order the whole would have removed it, as it says of each
 * document of its source whether it is there. Or two hold one document: who left it as it was came before who changed it.
 */
function speaksLast(taken: readonly Publisher[]): boolean {
  const held = taken.flatMap(({ texts }) => [...texts.keys()]);
  if (new Set(held).size < held.length) return true;
  return taken.some(({ source, isPart }) => !isPart && taken.filter((other) => other.source === source).length > 1);
}

/** What each of them said of its documents is so at the end. */
function nothingIsLost(taken: readonly Publisher[], found: readonly StoredDocument[]): void {
  const texts = new Map(found.map((one) => [keyText(one), one]));
  for (const { source, texts: said, isPart } of taken) {
    for (const key of said.keys()) expect(texts.get(key)).toMatchObject({ source });
    if (isPart || speaksLast(taken)) continue;
    const own = found.filter((one) => one.source === source).map(keyText);
    expect(own.filter((key) => !said.has(key))).toEqual([]);
  }
}
