/** Random changes of random worlds: every kind of document, and every part of it that a decision reads. */
import fc from 'fast-check';
import { loadBundle } from '#policy';
import type { World } from '#engine';
import type { Document, Generated } from '../properties/worlds.js';

export interface Draw {
  readonly kind: number;
  readonly at: number;
  readonly more: number;
}

export const draws: fc.Arbitrary<readonly Draw[]> = fc.array(
  fc.record({ kind: fc.nat({ max: 999 }), at: fc.nat({ max: 999 }), more: fc.nat({ max: 999 }) }),
  { minLength: 1, maxLength: 2 },
);

type Spec = Record<string, unknown>;
type Part = (spec: Spec, draw: Draw, generated: Generated) => Spec | undefined;

const pick = <Item>(list: readonly Item[], at: number): Item => list[at % list.length]!;
const without = (spec: Spec, member: string): Spec => {
  const { [member]: _gone, ...rest } = spec;
  return rest;
};

const WHO: readonly ((generated: Generated, at: number) => Spec)[] = [
  () => ({}),
  (_, at) => ({ subjects: [pick(['u-1', 'u-2'], at)] }),
  (_, at) => ({ groups: [pick(['staff', 'night'], at)] }),
  (_, at) => ({ roles: [pick(['agent', 'traveller', 'admin'], at)] }),
  (_, at) => ({ scopes: pick([['read'], { allOf: ['read', 'write'] }], at) }),
  ({ access }, at) => ({ mechanisms: [pick(access, at)] }),
  ({ domains }, at) => ({ domains: [pick([...domains, '*'], at)] }),
  ({ services }, at) => ({ services: [pick(services, at)] }),
  (_, at) => ({ principals: [pick(['user:u-1', 'user:*', 'grant:*'], at)] }),
  (_, at) => ({ clients: [pick(['web', 'app'], at)] }),
];

function who(generated: Generated, { at, more }: Draw): Spec {
  return pick(WHO, more)(generated, at);
}

const rulesOf = (spec: Spec): readonly Spec[] => (spec['rules'] as readonly Spec[] | undefined) ?? [];

/** One rule of a policy, changed or gone. */
const rule =
  (change: (rule: Spec, draw: Draw, generated: Generated) => Spec | undefined): Part =>
  (spec, draw, generated) => {
    const rules = rulesOf(spec);
    const place = draw.at % rules.length;
    const left = rules.flatMap((one, index) => (index === place ? (change(one, draw, generated) ?? []) : [one]));
    return left.length === 0 ? undefined : { ...spec, rules: left };
  };

const set =
  (members: (draw: Draw, generated: Generated, spec: Spec) => Spec): Part =>
  (spec, draw, generated) => ({ ...spec, ...members(draw, generated, spec) });

/** One item of a list, changed or gone. */
const item =
  (member: string, change: (item: Spec, draw: Draw, generated: Generated) => Spec | undefined): Part =>
  (spec, draw, generated) => {
    const items = (spec[member] as readonly Spec[] | undefined) ?? [];
    if (items.length === 0) return spec;
    const place = draw.more % items.length;
    const left = items.flatMap((one, index) => (index === place ? (change(one, draw, generated) ?? []) : [one]));
    return left.length === 0 ? without(spec, member) : { ...spec, [member]: left };
  };

const marksOf = (spec: Spec): readonly string[] => (spec['boundary'] as readonly string[] | undefined) ?? [];

interface Change {
  readonly what: string;
  readonly kind: string;
  readonly part: Part;
  /** The domain that the document is of from then on. */
  readonly home?: (draw: Draw, generated: Generated) => string;
}

const asItIs: Part = (spec) => spec;
const anotherHome = ({ more }: Draw, { domains }: Generated): string => pick(domains, more);

/** What a rule may be about. */
const WHAT: readonly Spec[] = [
  { methods: ['POST'] },
  { paths: ['/e0/{id}', '/e1/x/*'] },
  { methods: ['GET'], paths: ['/e1/x/y/**'] },
  { actions: ['view', 'publish'] },
];
const PAST = '2026-12-01T00:00:00Z';

export const CHANGES: readonly Change[] = [
  { what: 'a rule goes', kind: 'Policy', part: rule(() => undefined) },
  {
    what: 'a rule says the opposite',
    kind: 'Policy',
    part: rule((one) => ({
      id: one['id'],
      effect: one['effect'] === 'allow' ? 'deny' : 'allow',
      who: { subjects: ['u-1'] },
    })),
  },
  {
    what: 'a rule asks for somebody else',
    kind: 'Policy',
    part: rule((one, draw, generated) => ({ ...one, who: who(generated, draw) })),
  },
  {
    what: 'a rule reaches otherwise',
    kind: 'Policy',
    part: rule((one) => ({ ...one, scope: one['scope'] === 'subtree' ? 'self' : 'subtree' })),
  },
  {
    what: 'a rule only reports',
    kind: 'Policy',
    part: rule((one) => ({ ...one, mode: one['mode'] === 'report' ? 'enforce' : 'report' })),
  },
  {
    what: 'a rule is about something else',
    kind: 'Policy',
    part: rule((one, { more }) => ({ ...one, what: pick(WHAT, more) })),
  },
  {
    what: 'a rule is of another time',
    kind: 'Policy',
    part: rule((one) => {
      const whenever = without(without(one, 'notBefore'), 'notAfter');
      return Object.keys(one).length > Object.keys(whenever).length ? whenever : { ...one, notAfter: PAST };
    }),
  },
  { what: "a policy is another domain's", kind: 'Policy', part: asItIs, home: anotherHome },
  { what: 'a rule is about anything', kind: 'Policy', part: rule((one) => without(one, 'what')) },
  { what: 'a rule has no condition', kind: 'Policy', part: rule((one) => without(one, 'when')) },
  {
    what: 'a rule comes',
    kind: 'Policy',
    part: (spec, draw, generated) => ({
      ...spec,
      rules: [
        ...rulesOf(spec),
        {
          id: 'new',
          effect: draw.at % 3 === 0 ? 'deny' : 'allow',
          scope: draw.at % 2 === 0 ? 'self' : 'subtree',
          direction: draw.at % 5 === 0 ? 'out' : 'in',
          who: who(generated, draw),
        },
      ],
    }),
  },
  { what: 'zero trust', kind: 'Domain', part: set((_, __, spec) => ({ zeroTrust: spec['zeroTrust'] !== true })) },
  {
    what: 'egress',
    kind: 'Domain',
    part: set((_, __, spec) => ({ egress: spec['egress'] === 'closed' ? 'open' : 'closed' })),
  },
  { what: 'suspension', kind: 'Domain', part: set((_, __, spec) => ({ suspended: spec['suspended'] !== true })) },
  {
    what: 'report mode',
    kind: 'Domain',
    part: set((_, __, spec) => ({ mode: spec['mode'] === 'report' ? 'enforce' : 'report' })),
  },
  { what: 'sealed trust', kind: 'Domain', part: set(() => ({ trust: [] })) },
  { what: 'inherited trust', kind: 'Domain', part: (spec) => without(spec, 'trust') },
  { what: 'other trust', kind: 'Domain', part: set(({ more }, { trust }) => ({ trust: [pick(trust, more)] })) },
  { what: 'sealed access', kind: 'Domain', part: set(() => ({ access: [] })) },
  { what: 'inherited access', kind: 'Domain', part: (spec) => without(spec, 'access') },
  { what: 'other access', kind: 'Domain', part: set(({ more }, { access }) => ({ access: [pick(access, more)] })) },
  { what: 'anonymous access', kind: 'Domain', part: set(() => ({ access: ['anonymous'] })) },
  { what: 'recognition', kind: 'Domain', part: set(({ more }, { trust }) => ({ recognizes: [pick(trust, more)] })) },
  { what: 'no recognition', kind: 'Domain', part: (spec) => without(spec, 'recognizes') },
  {
    what: 'a mark more',
    kind: 'Domain',
    part: set(({ more }, { services }, spec) => ({ boundary: [...marksOf(spec), `${pick(services, more)}/*`] })),
  },
  { what: 'no marks', kind: 'Domain', part: (spec) => without(spec, 'boundary') },
  { what: 'a claim', kind: 'Domain', part: set(({ more }) => ({ addresses: [`s${more % 4}.example`] })) },
  { what: 'no claim', kind: 'Domain', part: (spec) => without(spec, 'addresses') },
  {
    what: 'another type of principals',
    kind: 'Domain',
    part: item('mechanisms', (one) =>
      one['kind'] === 'jwt' ? { ...one, jwt: { ...(one['jwt'] as Spec), principalType: 'person' } } : one,
    ),
  },
  {
    what: 'another trust domain',
    kind: 'Domain',
    part: item('mechanisms', (one) =>
      one['kind'] === 'spiffe' ? { ...one, spiffe: { ...(one['spiffe'] as Spec), trustDomain: 'y.example' } } : one,
    ),
  },
  { what: 'a mechanism goes', kind: 'Domain', part: item('mechanisms', () => undefined) },
  {
    what: 'an endpoint is placed elsewhere',
    kind: 'Service',
    part: item('endpoints', (one, { at }, { domains }) =>
      one['domains'] === undefined ? { ...one, domains: [pick(domains, at)] } : without(one, 'domains'),
    ),
  },
  {
    what: 'a service moves',
    kind: 'Service',
    part: (spec, { more }, { domains }) =>
      spec['domains'] === undefined
        ? spec
        : {
            ...spec,
            domains: [pick(domains, more)],
            endpoints: ((spec['endpoints'] ?? []) as Spec[]).map((endpoint) => without(endpoint, 'domains')),
          },
  },
  { what: 'an identity goes', kind: 'Service', part: item('identities', () => undefined) },
  {
    what: 'an identity is another',
    kind: 'Service',
    part: item('identities', (one) => ({ ...one, subject: `${String(one['subject'])}-new` })),
  },
  {
    what: 'an endpoint answers less',
    kind: 'Service',
    part: item('endpoints', (one) =>
      one['kind'] === undefined ? { ...one, operations: [{ path: '/e0/**', methods: ['GET'] }] } : one,
    ),
  },
  {
    what: 'an endpoint answers elsewhere too',
    kind: 'Service',
    part: item('endpoints', (one, { at }) => ({ ...one, hosts: [`s${at % 3}.example`, 'elsewhere.example'] })),
  },
  {
    what: 'an endpoint reads slashes in another way',
    kind: 'Service',
    part: item('endpoints', (one, { at }) => {
      if (one['kind'] !== undefined) return one;
      if (at % 2 === 0) return { ...one, encodedSlash: one['encodedSlash'] === 'allow' ? 'refuse' : 'allow' };
      return { ...one, trailingSlash: one['trailingSlash'] === 'ignore' ? 'significant' : 'ignore' };
    }),
  },
  {
    what: 'an endpoint lets other preflights pass',
    kind: 'Service',
    part: item('endpoints', (one) =>
      one['kind'] === undefined ? { ...one, preflight: one['preflight'] === 'allow' ? 'deny' : 'allow' } : one,
    ),
  },
  { what: 'an endpoint goes', kind: 'Service', part: item('endpoints', () => undefined) },
  {
    what: 'an endpoint comes',
    kind: 'Service',
    part: (spec, { at }) => ({
      ...spec,
      endpoints: [
        ...((spec['endpoints'] ?? []) as Spec[]),
        { name: 'new', hosts: [`s${at % 3}.example`], operations: [{ path: '/e0/7' }, { path: '/e1/x' }] },
      ],
    }),
  },
  { what: "a role set is another domain's", kind: 'RoleSet', part: asItIs, home: anotherHome },
  { what: 'an assignment goes', kind: 'RoleSet', part: item('assignments', () => undefined) },
  {
    what: 'an assignment comes',
    kind: 'RoleSet',
    part: (spec, { at, more }, { services }) => ({
      ...spec,
      assignments: [
        ...((spec['assignments'] as Spec[] | undefined) ?? []),
        {
          role: pick(['agent', 'traveller', 'admin'], at),
          principals: [pick(['user:u-1', 'user:u-3', 'group:staff', `service:${pick(services, at)}`], more)],
        },
      ],
    }),
  },
  {
    what: 'a role includes another',
    kind: 'RoleSet',
    part: item('roles', (one) => ({ ...one, inherits: one['name'] === 'agent' ? [] : ['agent'] })),
  },
  { what: 'an entity goes', kind: 'EntitySet', part: item('entities', () => undefined) },
];

export interface Changed {
  readonly documents: readonly Document[];
  readonly world: World;
  readonly what: string;
}

/** The set after a change; undefined where there is nothing to change, or nobody could publish it. */
export function changed(generated: Generated, drawn: readonly Draw[]): Changed | undefined {
  let documents: readonly Document[] = generated.documents;
  const what: string[] = [];
  for (const draw of drawn) {
    const change = pick(CHANGES, draw.kind);
    const candidates = documents.filter(({ kind }) => kind === change.kind);
    if (candidates.length === 0) return undefined;
    const one = pick(candidates, draw.at);
    documents = documents.flatMap((document) => {
      if (document !== one) return [document];
      const spec = change.part(document.spec, draw, generated);
      const domain = change.home?.(draw, generated);
      const metadata = domain === undefined ? document.metadata : { ...document.metadata, domain };
      return spec === undefined ? [] : [{ ...document, metadata, spec }];
    });
    what.push(`${change.what} (${one.metadata.name})`);
  }
  const text = documents.map((document) => JSON.stringify(document)).join('\n---\n');
  const { world } = loadBundle([{ file: 'changed.json', text }]);
  return world === null ? undefined : { documents, world, what: what.join(', ') };
}
