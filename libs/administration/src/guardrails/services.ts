import { chainOf, type PolicyDocument, type ServiceDocument } from '#policy';
import { endpointsOf, type PlacedEndpoint } from '../rights/endpoints.js';
import { denyCount } from './denies.js';
import { touched, type TouchedGuardrail } from './guardrail.js';
import type { Places } from './places.js';

/** What stands in a domain for everything that lies in it. */
export class Standing {
  readonly #documents: Iterable<PolicyDocument>;
  readonly #places: Places;
  #denies: ReadonlyMap<string, number> | undefined;

  /** @param documents  the whole set after a step */
  constructor(documents: Iterable<PolicyDocument>, places: Places) {
    this.#documents = documents;
    this.#places = places;
  }

  /** Empty where nothing does. */
  wordsOf(domain: string): readonly string[] {
    this.#denies ??= this.#counted();
    const spec = this.#places.domain(domain)?.spec;
    const count = this.#denies.get(domain) ?? 0;
    return [
      ...(count === 0 ? [] : [`${count} ${count === 1 ? 'deny' : 'denies'}`]),
      ...(spec?.zeroTrust === true ? ['its zero trust'] : []),
      ...(spec?.egress === 'closed' ? ['its closed egress'] : []),
      ...(spec?.suspended === true ? ['its suspension'] : []),
    ];
  }

  #counted(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const document of this.#documents) {
      if (document.kind !== 'Policy') continue;
      const { domain } = document.metadata;
      counts.set(domain, (counts.get(domain) ?? 0) + denyCount(document));
    }
    return counts;
  }
}

/** Where a service lies, and what its endpoints let pass; nothing for one that comes or goes. */
export function touchedService(
  before: ServiceDocument,
  after: ServiceDocument,
  standing: Standing,
): readonly TouchedGuardrail[] {
  const old = new Map(endpointsOf(before).map((endpoint) => [endpoint.id, endpoint]));
  const { name } = after.metadata;
  const memberships = moves(before.spec.domains ?? [], after.spec.domains ?? []);
  const isTold = new Set(memberships.left);
  return [
    ...memberships.left.map((domain) => leaves(name, domain, standing)),
    ...memberships.joined.map((domain) => touched('membership', 'changed', domain, name, `${name} joins ${domain}`)),
    ...endpointsOf(after).flatMap((endpoint) => {
      const was = old.get(endpoint.id);
      if (was === undefined) return [];
      const { left } = moves(was.placements, endpoint.placements);
      return [
        ...left.filter((domain) => !isTold.has(domain)).map((domain) => leaves(endpoint.id, domain, standing)),
        ...touchedEndpoint(was, endpoint),
      ];
    }),
  ];
}

/** Domains, with all around them, that something lies in no more, and that it did not lie in before. */
function moves(before: readonly string[], after: readonly string[]) {
  const [old, now] = [new Set(before.flatMap(chainOf)), new Set(after.flatMap(chainOf))];
  return {
    left: [...old].filter((domain) => !now.has(domain)),
    joined: [...now].filter((domain) => !old.has(domain)),
  };
}

function leaves(name: string, domain: string, standing: Standing): TouchedGuardrail {
  const behind = standing.wordsOf(domain);
  if (behind.length === 0) return touched('membership', 'changed', domain, name, `${name} leaves ${domain}`);
  return touched('membership', 'weakened', domain, name, `${name} leaves ${domain}, and ${behind.join(', ')} with it`);
}

const SETTINGS = [
  ['preflight', 'deny', 'lets CORS preflight pass without credentials', 'lets no preflight pass any more'],
  ['encodedSlash', 'refuse', 'takes escaped slashes in paths', 'refuses escaped slashes in paths'],
] as const;

/** Told of each domain that it lies in. */
function touchedEndpoint(was: PlacedEndpoint, is: PlacedEndpoint): readonly TouchedGuardrail[] {
  return SETTINGS.flatMap(([member, standard, looser, tighter]) => {
    const [old, now] = [was.settings[member] ?? standard, is.settings[member] ?? standard];
    if (old === now) return [];
    const [change, words] = now === standard ? (['strengthened', tighter] as const) : (['weakened', looser] as const);
    return is.placements.map((domain) => touched('endpoint', change, domain, is.id, `${is.id} ${words}`));
  });
}
