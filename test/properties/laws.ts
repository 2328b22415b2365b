/** The laws of the semantics as properties of any engine: a function from world and request to outcome. */
import fc from 'fast-check';
import type { AccessRequest, Evidence, Outcome, World } from '#engine';
import { faultsOf } from './certificate.js';
import { CONDITIONS, situations, worldOf } from './worlds.js';
import type { Document, Generated } from './worlds.js';

export type Engine = (world: World, request: AccessRequest) => Outcome;

export interface Law {
  readonly name: string;
  readonly property: (engine: Engine) => fc.IProperty<never> | fc.IPropertyWithHooks<never>;
}

const REQUESTS = 12;

type Situation = { readonly generated: Generated; readonly requests: readonly AccessRequest[] };

function law<Extra>(
  name: string,
  extra: fc.Arbitrary<Extra>,
  holds: (engine: Engine, situation: Situation, extra: Extra) => void,
): Law {
  return {
    name,
    property: (engine) =>
      fc.property(situations(REQUESTS), extra, (situation, drawn) => holds(engine, situation, drawn)) as never,
  };
}

const at = fc.nat({ max: 9999 });
const pick = <T>(list: readonly T[], index: number): T => list[index % list.length]!;

function expectThat(holds: boolean, what: () => string): void {
  if (!holds) throw new Error(what());
}

/** No request that was denied before is allowed after. */
function neverOpens(engine: Engine, before: World, after: World, requests: readonly AccessRequest[]): void {
  for (const request of requests) {
    if (engine(before, request).decision === 'allow') continue;
    const outcome = engine(after, request);
    expectThat(outcome.decision === 'deny', () => `opened: ${JSON.stringify({ request, outcome })}`);
  }
}

/** No request that was allowed before is denied after; what a convention cannot carry is not the model's business. */
function neverCloses(
  engine: Engine,
  before: World,
  after: World,
  pairs: readonly (readonly [AccessRequest, AccessRequest])[],
): void {
  for (const [earlier, later] of pairs) {
    if (engine(before, earlier).decision === 'deny') continue;
    const outcome = engine(after, later);
    const stands = outcome.decision === 'allow' || outcome.reason === 'OBLIGATION_UNSUPPORTED';
    expectThat(stands, () => `closed: ${JSON.stringify({ later, outcome })}`);
  }
}

type Edit = (document: Document) => Document | undefined;

function edited(documents: readonly Document[], edit: Edit): readonly Document[] {
  return documents.flatMap((document) => edit(document) ?? []);
}

const domainOf =
  (name: string, spec: Record<string, unknown>): Edit =>
  (document) =>
    document.kind === 'Domain' && document.metadata.name === name
      ? { ...document, spec: { ...document.spec, ...spec } }
      : document;

const rulesOf = (document: Document): Record<string, unknown>[] => document.spec['rules'] as Record<string, unknown>[];

/** Rules kept by a test; policies that keep none go. */
const onlyRules =
  (keep: (rule: Record<string, unknown>) => boolean): Edit =>
  (document) => {
    if (document.kind !== 'Policy') return document;
    const rules = rulesOf(document).filter(keep);
    return rules.length === 0 ? undefined : { ...document, spec: { rules } };
  };

/** Monotony in the caller's domains does not hold for conditions that read them. */
const withoutCallerConditions = onlyRules(({ when }) => typeof when !== 'string' || !when.includes('actor.'));

const addedRule = fc.record({
  owner: at,
  outside: fc.boolean(),
  out: fc.boolean(),
  scope: fc.constantFrom('self', 'subtree'),
  subject: fc.option(fc.constantFrom('u-1', 'u-2'), { nil: undefined }),
  when: fc.option(fc.constantFrom(...CONDITIONS), { nil: undefined, freq: 3 }),
  anonymous: fc.boolean(),
});

function withRule(
  documents: readonly Document[],
  effect: 'allow' | 'deny',
  drawn: typeof addedRule extends fc.Arbitrary<infer T> ? T : never,
  domains: readonly string[],
): readonly Document[] {
  const who = {
    ...(drawn.subject ? { subjects: [drawn.subject] } : {}),
    ...(drawn.anonymous && effect === 'allow' && !drawn.out ? { anonymous: true } : {}),
  };
  return [
    ...documents,
    {
      apiVersion: 'dharma/v1',
      kind: 'Policy',
      metadata: { name: 'added', domain: effect === 'deny' && drawn.outside ? '*' : pick(domains, drawn.owner) },
      spec: {
        rules: [
          {
            id: 'added',
            effect,
            scope: drawn.scope,
            ...(drawn.out ? { direction: 'out' } : {}),
            ...(Object.keys(who).length > 0 ? { who } : {}),
            ...(drawn.when ? { when: drawn.when } : {}),
          },
        ],
      },
    },
  ];
}

/** What the two answers have in common besides the time to live, which any rule's validity may shorten. */
const verdictOf = ({ ttlSeconds: _ttl, ...verdict }: Outcome): Omit<Outcome, 'ttlSeconds'> => verdict;

export const laws: readonly Law[] = [
  law('S3 to S9 every strict allow has its certificate', fc.constant(undefined), (engine, { generated, requests }) => {
    for (const request of requests) {
      const outcome = engine(generated.world, request);
      const faults = faultsOf(generated.world, request, outcome);
      expectThat(faults.length === 0, () => JSON.stringify({ faults, request, outcome }));
    }
  }),
  law(
    'D1 the order of documents, rules and evidence never matters, nor do duplicate evidence items',
    fc.array(at, { minLength: 8, maxLength: 8 }),
    (engine, { generated, requests }, seeds) => {
      const shuffle = <T>(list: readonly T[]): T[] =>
        list
          .map((item, index) => ({ item, key: (seeds[index % seeds.length]! * (index + 7)) % 101 }))
          .sort((a, b) => a.key - b.key)
          .map(({ item }) => item);
      const shuffled = shuffle(generated.documents).map((document) =>
        document.kind === 'Policy' ? { ...document, spec: { rules: shuffle(rulesOf(document)) } } : document,
      );
      const world = worldOf(shuffled);
      for (const request of requests) {
        const evidence = shuffle([...request.evidence, ...request.evidence.slice(0, 1)]);
        expect(engine(world, { ...request, evidence })).toEqual(engine(generated.world, request));
      }
    },
  ),
  law('M1 adding a deny never turns deny into allow', addedRule, (engine, { generated, requests }, rule) => {
    neverOpens(
      engine,
      generated.world,
      worldOf(withRule(generated.documents, 'deny', rule, generated.domains)),
      requests,
    );
  }),
  law('M2 removing a mark never turns deny into allow', at, (engine, { generated, requests }, index) => {
    const name = pick(generated.domains, index);
    const marks =
      (generated.documents.find(({ kind, metadata }) => kind === 'Domain' && metadata.name === name)!.spec[
        'boundary'
      ] as string[] | undefined) ?? [];
    const fewer = edited(generated.documents, domainOf(name, { boundary: marks.slice(1) }));
    neverOpens(engine, generated.world, worldOf(fewer), requests);
  }),
  law(
    'M3 switching on zero trust, closing egress or suspending a domain never turns deny into allow',
    fc.tuple(at, fc.constantFrom({ zeroTrust: true }, { egress: 'closed' }, { suspended: true })),
    (engine, { generated, requests }, [index, spec]) => {
      const documents = edited(generated.documents, withoutCallerConditions);
      const tighter = edited(documents, domainOf(pick(generated.domains, index), spec));
      neverOpens(engine, worldOf(documents), worldOf(tighter), requests);
    },
  ),
  law(
    'R1 switching a domain from report to enforce never turns deny into allow',
    at,
    (engine, { generated, requests }, index) => {
      const name = pick(generated.domains, index);
      const reporting = edited(generated.documents, domainOf(name, { mode: 'report' }));
      const enforcing = edited(generated.documents, domainOf(name, { mode: 'enforce' }));
      neverOpens(engine, worldOf(reporting), worldOf(enforcing), requests);
    },
  ),
  law('M4 adding an allow never turns allow into deny', addedRule, (engine, { generated, requests }, rule) => {
    const more = worldOf(withRule(generated.documents, 'allow', rule, generated.domains));
    neverCloses(
      engine,
      generated.world,
      more,
      requests.map((request) => [request, request]),
    );
  }),
  law(
    'M5 without denies, more evidence for the same actor, or a credential, never turns allow into deny',
    fc.tuple(at, at),
    (engine, { generated, requests }, [service, mechanism]) => {
      const documents = edited(
        edited(
          generated.documents,
          onlyRules(({ effect }) => effect === 'allow'),
        ),
        withoutCallerConditions,
      );
      const world = worldOf(documents);
      const pairs = requests.map((request): [AccessRequest, AccessRequest] => {
        const trusted = request.evidence.find(
          ({ role, verified, expiresAt }) =>
            role === 'trust' && verified && (expiresAt === undefined || request.time < expiresAt),
        );
        const owner = [...world.services.values()].find(({ identities }) =>
          identities.some(
            (identity) =>
              trusted !== undefined && identity.mechanism === trusted.mechanism && identity.subject === trusted.subject,
          ),
        );
        const another = owner === undefined ? undefined : pick(owner.identities, service);
        const same =
          another === undefined ||
          world.mechanisms.get(another.mechanism)!.role !== 'trust' ||
          another.subject.includes('*') ||
          another.subject.includes('/16');
        const more: Evidence = same
          ? {
              ...blankEvidence,
              role: 'access',
              mechanism: pick(generated.access, mechanism),
              subject: 'u-1',
              scopes: ['read'],
            }
          : { ...blankEvidence, role: 'trust', mechanism: another.mechanism, subject: another.subject };
        return [request, { ...request, evidence: [...request.evidence, more] }];
      });
      neverCloses(engine, world, world, pairs);
    },
  ),
  law(
    'S1 unverified evidence changes nothing',
    fc.tuple(at, at),
    (engine, { generated, requests }, [service, mechanism]) => {
      const { identities } = generated.world.services.get(pick(generated.services, service))!;
      const identity = pick(identities, mechanism);
      const { role } = generated.world.mechanisms.get(identity.mechanism)!;
      for (const request of requests) {
        const claims: Evidence[] = [
          {
            ...blankEvidence,
            role,
            mechanism: identity.mechanism,
            subject: identity.subject.replace('**', 'x').replace('.0.0/16', '.0.1'),
            verified: false,
          },
          {
            ...blankEvidence,
            role: 'access',
            mechanism: pick(generated.access, mechanism),
            subject: 'u-1',
            scopes: ['read', 'write'],
            verified: false,
          },
        ];
        expect(engine(generated.world, { ...request, evidence: [...claims, ...request.evidence] })).toEqual(
          engine(generated.world, request),
        );
      }
    },
  ),
  law(
    'S2 without rules nothing crosses an enforcing boundary',
    fc.constant(undefined),
    (engine, { generated, requests }) => {
      const world = worldOf(
        edited(
          edited(
            generated.documents,
            onlyRules(() => false),
          ),
          (document) =>
            document.kind === 'Service'
              ? {
                  ...document,
                  spec: {
                    ...document.spec,
                    endpoints: (document.spec['endpoints'] as object[]).map((endpoint) => ({
                      ...endpoint,
                      preflight: undefined,
                    })),
                  },
                }
              : document,
        ),
      );
      for (const request of requests) {
        const outcome = engine(world, request);
        const enforcing = outcome.crossed.filter((name) => modeOf(world, name) === 'enforce');
        expectThat(outcome.decision === 'deny' || enforcing.length === 0, () => JSON.stringify({ request, outcome }));
      }
    },
  ),
  law(
    'L1 edits inside a subtree change no decision whose caller and target have no chain through it',
    fc.tuple(at, addedRule, addedRule),
    (engine, { generated, requests }, [index, allow, deny]) => {
      const name = pick(generated.domains, index);
      const own = (document: Document): boolean => document.kind === 'Domain' && document.metadata.name === name;
      const changed = edited(
        withRule(generated.documents, 'allow', { ...allow, owner: index }, generated.domains),
        (document) =>
          own(document)
            ? {
                ...document,
                spec: { ...document.spec, zeroTrust: true, egress: 'closed', boundary: [], mode: 'report' },
              }
            : document,
      );
      const denied = withRule(
        edited(changed, ({ metadata, ...rest }) => ({
          ...rest,
          metadata: metadata.name === 'added' ? { ...metadata, name: 'added-allow' } : metadata,
        })),
        'deny',
        { ...deny, owner: index, outside: false },
        generated.domains,
      );
      const world = worldOf(denied);
      for (const request of requests) {
        const before = engine(generated.world, request);
        if (before.endpoint === null || passesThrough(generated.world, request, before.endpoint, name)) continue;
        expect(verdictOf(engine(world, request))).toEqual(verdictOf(before));
      }
    },
  ),
];

const nothing = Object.freeze(Object.create(null) as Record<string, never>);
const blankEvidence = {
  role: 'trust' as const,
  mechanism: '',
  subject: '',
  verified: true,
  scopes: [],
  groups: [],
  claims: nothing,
  attributes: nothing,
};

function modeOf(world: World, name: string): 'enforce' | 'report' {
  for (let at = name; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const { mode } = world.domains.get(at)!;
    if (mode !== undefined) return mode;
  }
  return 'enforce';
}

/** Whether the target, or any service that the evidence could be bound to, has a chain through the domain. */
function passesThrough(world: World, request: AccessRequest, endpointId: string, name: string): boolean {
  const through = (place: string): boolean => place === name || place.startsWith(`${name}.`);
  const services = [...world.services.values()];
  const target = services.flatMap(({ endpoints }) => endpoints).find(({ id }) => id === endpointId)!;
  const callers = services.filter(({ identities }) =>
    identities.some(({ mechanism }) => request.evidence.some((item) => item.mechanism === mechanism)),
  );
  return target.placements.some(through) || callers.some(({ domains }) => domains.some(through));
}
