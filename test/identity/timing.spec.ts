/** The time that a wrong key takes does not tell whether there is a key of its id. */
import { randomBytes, randomInt } from 'node:crypto';
import { type Identity, KeyRing, type MintedKey } from '#identity';
import { callerNamed, identityOf, NOW, peer, presented, sha256 } from './identities.js';
import { rankTest } from './rank-test.js';

const TRIES = 20_000;
const LEAST_P = 0.01;
/** One run in a hundred finds a separation where there is none. */
const RUNS = 3;
const IDS = 20;

/** Ids of one length: `a-00` to `a-19`. */
const idsOf = (letter: string) =>
  Array.from({ length: IDS }, (_, index) => `${letter}-${String(index).padStart(2, '0')}`);
const DOCUMENTED = idsOf('d');
const MINTED = idsOf('m');
const MINTED_POINT = idsOf('e');
const UNKNOWN = idsOf('u');
const rightSecret = (id: string) => `the right secret of ${id}`;

const documentedKey = (id: string) => `{ id: ${id}, sha256: "${sha256(rightSecret(id))}", subject: ${id} }`;
const SET = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  mechanisms:
    - name: partner-key
      role: access
      kind: apiKey
      apiKey: { header: x-api-key, keys: [${DOCUMENTED.map(documentedKey).join(', ')}] }
    - name: other-key
      role: access
      kind: apiKey
      apiKey: { header: x-api-key, keys: [${DOCUMENTED.slice(0, 5)
        .map((id) => documentedKey(id))
        .join(', ')}] }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: acme }
spec:
  credentials:
    - { kind: apiKey, id: edge, sha256: "${sha256('secret-of-edge')}" }
    - ${DOCUMENTED.map((id) => `{ kind: apiKey, id: ${id}, sha256: "${sha256(rightSecret(id))}" }`).join('\n    - ')}
`;

type Try = (key: string) => unknown;
type MakeKey = () => string;

let identity: Identity;
let client: Try;
let enforcementPoint: Try;
beforeAll(async () => {
  const keys = new KeyRing();
  keys.replace(
    new Map<string, MintedKey>([
      ...MINTED.map((id): [string, MintedKey] => [
        id,
        { mechanism: 'partner-key', subject: id, scopes: [], groups: [], sha256: sha256(rightSecret(id)) },
      ]),
      ...MINTED_POINT.map((id): [string, MintedKey] => [
        id,
        { enforcementPoint: 'edge', sha256: sha256(rightSecret(id)) },
      ]),
    ]),
  );
  identity = await identityOf(SET, { keys });
  const edge = callerNamed(identity, 'edge');
  client = (key) => identity.judge(presented({ credentials: { 'x-api-key': key } }), edge, NOW);
  enforcementPoint = (key) => identity.caller(peer({ key }), NOW);
});

/** Nanoseconds of each try, of either kind in a random order, so that whatever the machine does falls on both alike. */
function samples(attempt: Try, kinds: readonly [MakeKey, MakeKey]): readonly [number[], number[]] {
  const order = shuffled(Array.from({ length: 2 * TRIES }, (_, index) => (index % 2) as 0 | 1));
  // Bytes made beforehand: texts of the two kinds must have nothing in common with how they came to be.
  const keys = order.map((kind) => Buffer.from(kinds[kind]()));
  const took: [number[], number[]] = [[], []];
  const times = new Float64Array(order.length);
  for (let index = 0; index < 5_000; index += 1) attempt(keys[index]!.toString('latin1'));
  for (let index = 0; index < order.length; index += 1) {
    const key = keys[index]!.toString('latin1');
    const since = process.hrtime.bigint();
    attempt(key);
    times[index] = Number(process.hrtime.bigint() - since);
  }
  order.forEach((kind, index) => took[kind].push(times[index]!));
  return took;
}

/** The largest p of up to three runs: noise that one run takes for a separation is not there in the next. */
function bestP(attempt: Try, kinds: readonly [MakeKey, MakeKey]): number {
  let best = 0;
  for (let run = 0; run < RUNS && best <= LEAST_P; run += 1)
    best = Math.max(best, rankTest(...samples(attempt, kinds)));
  return best;
}

const keyOf = (ids: readonly string[]) => () => `${ids[randomInt(IDS)]}.${randomBytes(32).toString('base64url')}`;
const isDocumented = (key: string) => DOCUMENTED.includes(key.slice(0, key.indexOf('.')));
const bareId = (ids: readonly string[]) => () => ids[randomInt(IDS)]!;

describe('an unknown id and a wrong secret are not told apart by their time', () => {
  it.each([
    ["a client's key of the document", () => client, keyOf(DOCUMENTED), keyOf(UNKNOWN)],
    ["a client's key that was minted", () => client, keyOf(MINTED), keyOf(UNKNOWN)],
    ['an id without a secret', () => client, bareId(DOCUMENTED), bareId(UNKNOWN)],
    ["an enforcement point's key of the document", () => enforcementPoint, keyOf(DOCUMENTED), keyOf(UNKNOWN)],
    ["an enforcement point's key that was minted", () => enforcementPoint, keyOf(MINTED_POINT), keyOf(UNKNOWN)],
    ["a client's key shown by an enforcement point", () => enforcementPoint, keyOf(MINTED), keyOf(UNKNOWN)],
  ] as const)(
    '%s',
    (_what, attempt, known, unknown) => {
      expect(bestP(attempt(), [known, unknown])).toBeGreaterThan(LEAST_P);
    },
    60_000,
  );

  it.each([
    ['returns early for an unknown id', (key: string) => (isDocumented(key) ? client(key) : undefined)],
    [
      'hashes once more for a known id',
      (key: string) => (isDocumented(key) ? [client(key), sha256(key)] : client(key)),
    ],
  ])(
    'and the test sees one that %s',
    (_what, attempt) => {
      expect(rankTest(...samples(attempt, [keyOf(DOCUMENTED), keyOf(UNKNOWN)]))).toBeLessThan(1e-9);
    },
    60_000,
  );
});

describe('the rank test', () => {
  const noise = (shift: number) => Array.from({ length: 2_000 }, (_, index) => ((index * 7_919) % 2_003) + shift);

  it.each`
    because                                    | left               | right                          | least    | most
    ${'they are the same'}                     | ${noise(0)}        | ${noise(0)}                    | ${0.99}  | ${1.01}
    ${'a tenth of the spread is a lot'}        | ${noise(0)}        | ${noise(200)}                  | ${0}     | ${1e-9}
    ${'one outlier is nothing'}                | ${noise(0)}        | ${[...noise(0).slice(1), 1e9]} | ${0.9}   | ${1.01}
    ${'all are equal'}                         | ${[1, 1, 1, 2]}    | ${[1, 2, 1, 1]}                | ${0.99}  | ${1.01}
    ${'of the tables: 1 to 5 against 6 to 10'} | ${[1, 2, 3, 4, 5]} | ${[6, 7, 8, 9, 10]}            | ${0.008} | ${0.0095}
  `('says what tables say: $because', ({ left, right, least, most }) => {
    expect(rankTest(left, right)).toBeGreaterThanOrEqual(least);
    expect(rankTest(left, right)).toBeLessThanOrEqual(most);
  });
});

function shuffled<Item>(items: Item[]): Item[] {
  for (let index = items.length - 1; index > 0; index -= 1) {
    const other = randomInt(index + 1);
    [items[index], items[other]] = [items[other]!, items[index]!];
  }
  return items;
}
