/** What an export calls `always` or `never` holds for every request there is, whatever it brings. */
import fc from 'fast-check';
import {
  type AccessRequest,
  compile,
  decide,
  type Domain,
  type Evidence,
  type Rule,
  type Segment,
  type World,
} from '#engine';
import { type JudgedRegion, staticMap, type Verdict } from '#mesh-export';
import { requestsFor } from '#verification';
import { RUNS } from '../properties/runs.js';
import { NOW, worlds } from '../properties/worlds.js';

const HOUR = 3_600_000;
const WORDS = ['7', 'x', 'y', 'any', 'Get'];
const HOST_LABELS = ['a', 'b.a'];

interface Draw {
  readonly region: number;
  readonly caller: number;
  /** What else it proves, that a mesh does not see. */
  readonly unseen: readonly number[];
  readonly words: readonly number[];
  readonly hours: number;
  readonly policyAgeSeconds: number;
}

const draws: fc.Arbitrary<Draw> = fc.record({
  region: fc.nat(),
  caller: fc.nat(),
  unseen: fc.array(fc.nat(), { maxLength: 2 }),
  words: fc.array(fc.nat({ max: 9 }), { minLength: 4, maxLength: 4 }),
  hours: fc.nat({ max: 4 }),
  policyAgeSeconds: fc.constantFrom(0, 50, 500),
});

it('an export says always and never where that is so, in random worlds', () => {
  const seen: Record<Verdict, Record<'allow' | 'deny', number>> = {
    always: { allow: 0, deny: 0 },
    undecided: { allow: 0, deny: 0 },
    never: { allow: 0, deny: 0 },
  };
  fc.assert(
    fc.property(
      worlds,
      fc.array(draws, { minLength: 60, maxLength: 60 }),
      fc.nat(),
      ({ world: random }, drawn, seed) => {
        const world = seed % 2 === 0 ? random : openedBut(random, seed);
        const map = staticMap(world, spiffeMechanisms(world), NOW);
        if (map.regions.length === 0) return;
        const snapshot = compile(world);
        const unseen = unseenOf(world);
        const others = requestsFor(world, seed)[Symbol.iterator]();
        const open = map.regions.filter(({ outsiders }) => outsiders === 'always');
        // Where anybody may pass, everybody tries who is somebody to Dharma alone: plain chance seldom brings them together.
        const tries = open.flatMap((region) =>
          unseen.map((one, at) => ({ region, caller: undefined, also: [one], draw: drawn[at % drawn.length]! })),
        );
        const callers = [undefined, ...map.callers];
        const asked = drawn.map((draw) => ({
          region: map.regions[draw.region % map.regions.length]!,
          caller: callers[draw.caller % callers.length],
          also: unseen.length === 0 ? [] : draw.unseen.map((at) => unseen[at % unseen.length]!),
          draw,
        }));
        for (const { region, caller, also, draw } of [...asked, ...tries]) {
          const known = [...(caller?.evidence ?? []), ...also];
          const request = requestTo(region, known, draw, others.next().value as AccessRequest);
          if (request === undefined) continue;
          const verdict = caller === undefined ? region.outsiders : region.callers.get(caller)!;
          const { decision, reason } = decide(snapshot, request);
          seen[verdict][decision]++;
          // Whoever proves two services is listed, and so is whoever is let in for what a mesh does not see.
          if (reason === 'AMBIGUOUS_CALLER') expect(also).not.toEqual([]);
          else if (verdict === 'always') expect(decision).toBe('allow');
          if (verdict === 'never' && also.length === 0) expect(decision).toBe('deny');
        }
      },
    ),
    { numRuns: RUNS.law },
  );
  // A property about always and never that only ever sees one of them proves nothing.
  expect(seen.always.allow).toBeGreaterThan(50);
  expect(seen.never.deny).toBeGreaterThan(250);
  expect(seen.undecided.allow).toBeGreaterThan(50);
  expect(seen.undecided.deny).toBeGreaterThan(50);
});

function spiffeMechanisms(world: World): ReadonlyMap<string, string> {
  return new Map(
    [...world.mechanisms.values()].filter(({ kind }) => kind === 'spiffe').map(({ name }) => [name, 'x.example']),
  );
}

/** Random worlds seldom let anybody do anything always: one where every boundary does, and one service is denied by name. */
function openedBut(world: World, at: number): World {
  const names = [...world.services.keys()];
  const rule = { direction: 'in', scope: 'subtree', mode: 'enforce', what: {}, obligations: [] } as const;
  const domains = [...world.domains].map(([name, domain]): [string, Domain] => {
    const allow: Rule = { ...rule, id: `open/${name}`, owner: name, effect: 'allow', who: { anonymous: true } };
    const boundary = names.map((service) => `${service}/*`);
    return [name, { ...domain, mode: 'enforce', access: ['anonymous'], boundary, rules: [...domain.rules, allow] }];
  });
  const who = { anonymous: false, services: [names[at % names.length]!] };
  const deny: Rule = { ...rule, id: 'named/denied', owner: '*', effect: 'deny', who };
  return { ...world, domains: new Map(domains), outside: [...world.outside, deny] };
}

/** Addresses and certificates that Dharma knows services by and a mesh does not. */
function unseenOf(world: World): readonly Evidence[] {
  return [...world.services.values()].flatMap(({ identities }) =>
    identities
      .filter(({ mechanism }) => ['network', 'mtls'].includes(world.mechanisms.get(mechanism)!.kind))
      .map(({ mechanism, subject }) => ({
        role: 'trust',
        mechanism,
        subject: subject.replace('.0.0/16', '.3.4'),
        verified: true,
        scopes: [],
        groups: [],
        claims: {},
        attributes: {},
      })),
  );
}

/** A request of the region, with everything else as it comes. */
function requestTo(
  region: JudgedRegion,
  known: readonly Evidence[],
  { words, hours, policyAgeSeconds }: Draw,
  other: AccessRequest,
): AccessRequest | undefined {
  let at = 0;
  const next = (): string => WORDS[words[at++ % words.length]! % WORDS.length]!;
  const segments = region.path.flatMap((segment): string[] => {
    if (segment.kind === 'literal') return [segment.text];
    return segment.kind === 'parameter' ? [next()] : Array.from({ length: words[0]! % 3 }, next);
  });
  if (region.exceptPaths.some((template) => holds(template, segments))) return undefined;
  const method = region.methods.kind === 'named' ? region.methods.names[0]! : ['PUT', 'get', 'X'][words[1]! % 3]!;
  if (region.methods.kind === 'other' && region.methods.but.includes(method)) return undefined;
  return {
    ...other,
    target: {
      kind: 'address',
      host: region.host.replace('*', HOST_LABELS[words[2]! % 2]!),
      method,
      path: `/${segments.join('/')}`,
    },
    evidence: [...known, ...other.evidence.filter(({ role }) => role === 'access')],
    time: NOW + hours * HOUR,
    askedFrom: '*',
    policyAgeSeconds,
    carries: [],
  };
}

function holds(template: readonly Segment[], segments: readonly string[]): boolean {
  for (const [index, segment] of template.entries()) {
    if (segment.kind === 'rest') return true;
    const actual = segments[index];
    if (actual === undefined) return false;
    if (segment.kind === 'literal' ? actual !== segment.text : actual === '') return false;
  }
  return template.length === segments.length;
}
