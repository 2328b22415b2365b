/** What a plan says of a guardrail agrees with what is decided before and after. */
import fc from 'fast-check';
import { type AccessRequest, compile, decide, isWithin } from '#engine';
import { loadBundle } from '#policy';
import { touchedGuardrails } from '../../libs/administration/src/guardrails/touched-guardrails.js';
import { RUNS } from './runs.js';
import { CONDITIONS, type Document, type Generated, situations } from './worlds.js';

/** Flips are rare: few worlds with many requests each show more of them than many with few. */
const REQUESTS = 60;
const TRIED = 'tried';

const at = fc.nat({ max: 9999 });
const pick = <T>(list: readonly T[], index: number): T => list[index % list.length]!;
const perhaps = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });
const lists = fc.array(at, { minLength: 1, maxLength: 3 });

/** Monotony in the caller's domains does not hold for conditions that read them. */
const readsCaller = (condition: unknown) => typeof condition === 'string' && condition.includes('actor.');

const denies = fc.record({
  outside: fc.nat({ max: 2 }).map((one) => one === 0),
  owner: at,
  scope: fc.constantFrom(undefined, 'self', 'subtree'),
  direction: fc.constantFrom('in', 'in', 'in', 'out'),
  mode: fc.constantFrom(undefined, undefined, undefined, 'report'),
  methods: perhaps(fc.subarray(['GET', 'POST', 'HEAD', 'OPTIONS'], { minLength: 1 })),
  endpoints: perhaps(lists),
  inside: perhaps(lists),
  principals: perhaps(fc.subarray(['user:u-1', 'user:u-2', 'user:*', 'client:u-1'], { minLength: 1 })),
  from: perhaps(lists),
  scopes: perhaps(
    fc
      .tuple(fc.subarray(['read', 'write', 'book:read'], { minLength: 1 }), fc.boolean())
      .map(([scopes, isAllOf]) => (isAllOf ? { allOf: scopes } : scopes)),
  ),
  when: perhaps(fc.constantFrom(...CONDITIONS.filter((condition) => !readsCaller(condition)))),
  notAfter: fc.constantFrom(undefined, undefined, '2026-12-24T11:30:00Z', '2026-12-24T12:30:00Z'),
});
type Deny = typeof denies extends fc.Arbitrary<infer Drawn> ? Drawn : never;
const SELECTORS = ['methods', 'endpoints', 'inside', 'principals', 'from', 'scopes', 'when', 'notAfter'] as const;
const PARTS = ['outside', 'owner', 'scope', 'direction', 'mode', ...SELECTORS] as const;

/** Two that differ in a part or two tell more than two that have nothing in common; with many selectors none ever holds. */
const twoDenies = fc
  .tuple(
    denies,
    denies,
    fc.subarray([...PARTS], { minLength: 1, maxLength: 2 }),
    fc.subarray([...SELECTORS], { maxLength: 1 }),
  )
  .map(([one, other, parts, selectors]): [Deny, Deny] => {
    const isKept = (part: string) => [...parts, ...selectors].includes(part as never);
    const dropped = Object.fromEntries(SELECTORS.filter((part) => !isKept(part)).map((part) => [part, undefined]));
    const first: Deny = { ...one, ...dropped };
    return [first, { ...first, ...Object.fromEntries(parts.map((part) => [part, other[part]])) }];
  });

function denyOf(drawn: Deny, { domains, endpoints, services }: Generated): Document {
  const places = [...domains, '*'];
  const things = [...endpoints, ...services.map((name) => `${name}/*`)];
  const named = (list: readonly string[], draws: readonly number[] | undefined) =>
    draws && { list: [...new Set(draws.map((draw) => pick(list, draw)))] };
  const who = {
    domains: named(places, drawn.from)?.list,
    principals: drawn.principals,
    scopes: drawn.scopes,
  };
  const what = {
    domains: named(places, drawn.inside)?.list,
    endpoints: named(things, drawn.endpoints)?.list,
    methods: drawn.methods,
  };
  const { scope, direction, mode, when, notAfter } = drawn;
  return {
    apiVersion: 'dharma/v1',
    kind: 'Policy',
    metadata: { name: TRIED, domain: drawn.outside ? '*' : pick(domains, drawn.owner) },
    spec: { rules: [{ id: 'tried', effect: 'deny', scope, direction, mode, who, what, when, notAfter }] },
  };
}

const marks = fc.record({
  domain: at,
  member: fc.constantFrom('boundary', 'boundary', 'access', 'access', 'trust', 'trust', 'recognizes', 'mode', 'flags'),
  before: perhaps(lists),
  after: perhaps(lists),
});
type Marks = typeof marks extends fc.Arbitrary<infer Drawn> ? Drawn : never;

/** The same domain with one member as it is drawn. */
function markedOf(drawn: Marks, draws: readonly number[] | undefined, generated: Generated): Document {
  const { world, domains, documents } = generated;
  const name = pick(domains, drawn.domain);
  const domain = documents.find(({ kind, metadata }) => kind === 'Domain' && metadata.name === name)!;
  const set = (member: string, value: unknown) => ({ ...domain, spec: { ...domain.spec, [member]: value } });
  const some = (list: readonly string[]) =>
    draws && (list.length === 0 ? [] : [...new Set(draws.map((draw) => pick(list, draw)))]);
  const mechanisms = [...world.mechanisms.values()];
  switch (drawn.member) {
    case 'boundary': {
      const here = [...world.services.values()].flatMap(({ endpoints }) =>
        endpoints.filter(({ placements }) => placements.some((place) => isWithin(place, name))),
      );
      return set('boundary', some(here.flatMap(({ id, service }) => [id, `${service}/*`])));
    }
    case 'access':
      return set(
        'access',
        some([...mechanisms.filter(({ role }) => role === 'access').map((one) => one.name), 'anonymous']),
      );
    case 'mode':
      return set('mode', draws && pick(['report', 'enforce'], draws[0]!));
    case 'flags':
      return set(...(pick(FLAGS, draws === undefined ? 0 : draws[0]!) as [string, unknown]));
    default: {
      const known = mechanisms.filter(
        ({ role, kind, owner }) => role === 'trust' && (kind !== 'network' || owner === name),
      );
      return set(drawn.member, some(known.map((one) => one.name)));
    }
  }
}
const FLAGS = [
  ['zeroTrust', true],
  ['egress', 'closed'],
  ['suspended', true],
  ['zeroTrust', undefined],
  ['egress', undefined],
  ['suspended', undefined],
  ['maxStalenessSeconds', 10],
  ['maxStalenessSeconds', undefined],
] as const;

interface Seen {
  opened: number;
  closed: number;
}

/** Documents with what they mean, and what decides by them. */
function read(documents: readonly Document[]) {
  const text = documents.map((document) => JSON.stringify(document)).join('\n---\n');
  const { world, faults, documents: all } = loadBundle([{ file: 'generated.json', text }]);
  if (world === null) throw new Error(faults.map(({ message }) => message).join('\n'));
  return { snapshot: compile(world), documents: all.map(({ document }) => document) };
}
type Read = ReturnType<typeof read>;

/** What is told to be looser closes nothing, what is told to be tighter opens nothing, and of what is untold nothing is otherwise. */
function expectAgreement(was: Read, is: Read, name: string, requests: readonly AccessRequest[], seen: Seen): void {
  const changing = ({ documents }: Read) => documents.filter(({ metadata }) => metadata.name === name);
  const told = touchedGuardrails({ before: changing(was), after: changing(is), whole: is.documents });
  const changes = new Set(told.map(({ change }) => change));
  const mayOpen = changes.has('weakened') || changes.has('removed') || changes.has('changed');
  const mayClose = changes.has('strengthened') || changes.has('added') || changes.has('changed');
  for (const request of requests) {
    const [before, after] = [decide(was.snapshot, request), decide(is.snapshot, request)];
    // What a convention cannot carry is not the model's business.
    if ([before.reason, after.reason].includes('OBLIGATION_UNSUPPORTED') || before.decision === after.decision)
      continue;
    const isOpened = after.decision === 'allow';
    seen[isOpened ? 'opened' : 'closed'] += 1;
    if (isOpened ? mayOpen : mayClose) continue;
    throw new Error(`${isOpened ? 'opened' : 'closed'}: ${JSON.stringify({ told, request, before, after }, null, 1)}`);
  }
}

/** A law that never met a flip says nothing. */
function expectSeen({ opened, closed }: Seen): void {
  expect({ opened: opened > 0, closed: closed > 0 }).toEqual({ opened: true, closed: true });
}

it('a deny that is told to be weaker or stronger is', () => {
  const seen: Seen = { opened: 0, closed: 0 };
  fc.assert(
    fc.property(situations(REQUESTS), twoDenies, ({ generated, requests }, [one, other]) => {
      const without = read(generated.documents);
      const [first, second] = [one, other].map((drawn) => read([...generated.documents, denyOf(drawn, generated)]));
      expectAgreement(first!, second!, TRIED, requests, seen);
      expectAgreement(second!, first!, TRIED, requests, seen);
      expectAgreement(without, first!, TRIED, requests, seen);
      expectAgreement(second!, without, TRIED, requests, seen);
    }),
    { numRuns: RUNS.law / 2 },
  );
  expectSeen(seen);
});

it('a mark of a domain that is told to let in more or less does', () => {
  const seen: Seen = { opened: 0, closed: 0 };
  fc.assert(
    fc.property(situations(REQUESTS), marks, ({ generated, requests }, drawn) => {
      const name = pick(generated.domains, drawn.domain);
      const others = generated.documents
        .filter(({ kind, metadata }) => kind !== 'Domain' || metadata.name !== name)
        .map(withoutCallerConditions);
      const [first, second] = [drawn.before, drawn.after].map((draws) =>
        read([...others, markedOf(drawn, draws, generated)]),
      );
      expectAgreement(first!, second!, name, requests, seen);
      expectAgreement(second!, first!, name, requests, seen);
    }),
    { numRuns: RUNS.law },
  );
  expectSeen(seen);
});

function withoutCallerConditions(document: Document): Document {
  if (document.kind !== 'Policy') return document;
  const rules = document.spec['rules'] as readonly Record<string, unknown>[];
  return rules.some(({ when }) => readsCaller(when))
    ? { ...document, spec: { rules: rules.filter(({ when }) => !readsCaller(when)) } }
    : document;
}
