import { ANONYMOUS, type Rule, type World } from '#engine';
import type { Catalogue, EndpointEntry, Entry } from './catalogue.js';
import type { DomainDocument } from './document-domain.js';
import { accessOf } from './lint-rules.js';
import { chainOf, isWithin, parentOf } from './names.js';
import { regionsAround, splitClaim } from './patterns.js';
import { placeIn, type Report } from './report.js';

/** Marks that open nothing, access sets that tell principals apart badly, overlaps nobody answers, addresses nobody claims. */
export function lintBoundaries(catalogue: Catalogue, world: World, report: Report): void {
  const coverage = new Map<string, Coverage>();
  for (const [name, domain] of catalogue.domains) {
    lintMarks(name, domain, catalogue, world, coverage, report);
    lintAccess(domain, world, report);
    lintOverlaps(name, domain, catalogue, report);
  }
  lintAddresses(catalogue, report);
}

function lintMarks(
  name: string,
  { document, source }: Entry<DomainDocument>,
  catalogue: Catalogue,
  world: World,
  coverage: Map<string, Coverage>,
  report: Report,
): void {
  const access = accessOf(name, world);
  for (const [index, mark] of (document.spec.boundary ?? []).entries()) {
    const at = placeIn(source, ['spec', 'boundary', index]);
    const endpoints = endpointsBy(mark, catalogue).filter(({ placements }) =>
      placements.some((placement) => isWithin(placement, name)),
    );
    if (endpoints.length === 0) {
      report.add(
        at,
        'mark-without-endpoint',
        `\`${mark}\` marks nothing: no endpoint of that service is placed in \`${name}\``,
      );
      continue;
    }
    const gap = gapBelow(name, endpoints, world);
    if (gap !== undefined) {
      report.add(
        at,
        'mark-above-gap',
        `\`${mark}\` is marked here but not in \`${gap}\`, so nobody can reach it from outside \`${gap}\`; mark it there too`,
      );
    } else if (access.length === 0) {
      report.add(at, 'boundary-without-access', `nobody can enter \`${name}\` by \`${mark}\`: its access set is empty`);
    } else {
      const covered = coverageAt(name, world, coverage);
      const bare = endpoints.find((endpoint) => !covers(covered, endpoint));
      if (bare !== undefined)
        report.add(
          at,
          'boundary-without-allow',
          `nobody can enter \`${name}\` by \`${bare.id}\`: no allow rule of \`${name}\` or above covers it`,
        );
    }
  }
}

function endpointsBy(reference: string, catalogue: Catalogue): readonly EndpointEntry[] {
  if (reference.endsWith('/*')) return catalogue.endpointsOf.get(reference.slice(0, -2)) ?? [];
  const endpoint = catalogue.endpoints.get(reference);
  return endpoint === undefined ? [] : [endpoint];
}

/** The domain below that makes a mark inert for every placement of every endpoint it names. */
function gapBelow(name: string, endpoints: readonly EndpointEntry[], world: World): string | undefined {
  let gap: string | undefined;
  for (const { id, placements } of endpoints) {
    for (const placement of placements) {
      if (!isWithin(placement, name)) continue;
      const below = chainOf(placement).filter((domain) => domain !== name && isWithin(domain, name));
      const unmarked = below.find((domain) => !marks(domain, id, world));
      if (unmarked === undefined) return undefined;
      gap ??= unmarked;
    }
  }
  return gap;
}

function marks(domain: string, endpoint: string, world: World): boolean {
  const { boundary } = world.domains.get(domain)!;
  return boundary.includes(endpoint) || boundary.includes(`${endpoint.slice(0, endpoint.indexOf('/'))}/*`);
}

/** What the allow rules in force at a domain name: everything, or these endpoints and services. */
interface Coverage {
  readonly isWhole: boolean;
  readonly endpoints: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
}

function coverageAt(name: string, world: World, known: Map<string, Coverage>): Coverage {
  const before = known.get(name);
  if (before !== undefined) return before;
  const rules = chainOf(name).flatMap((domain) =>
    world.domains.get(domain)!.rules.filter((rule) => lets(rule, domain === name)),
  );
  const coverage = {
    isWhole: rules.some(({ what }) => what.endpoints === undefined && what.services === undefined),
    endpoints: new Set(rules.flatMap(({ what }) => what.endpoints ?? [])),
    services: new Set(rules.flatMap(({ what }) => (what.endpoints === undefined ? (what.services ?? []) : []))),
  };
  known.set(name, coverage);
  return coverage;
}

function lets(rule: Rule, isOwn: boolean): boolean {
  return (
    rule.effect === 'allow' && rule.direction === 'in' && rule.mode === 'enforce' && (isOwn || rule.scope === 'subtree')
  );
}

function covers({ isWhole, endpoints, services }: Coverage, { id }: EndpointEntry): boolean {
  const service = id.slice(0, id.indexOf('/'));
  return isWhole || endpoints.has(id) || endpoints.has(`${service}/*`) || services.has(service);
}

function lintAccess({ document, source }: Entry<DomainDocument>, world: World, report: Report): void {
  const byType = new Map<string, string>();
  for (const [index, name] of (document.spec.access ?? []).entries()) {
    if (name === ANONYMOUS) continue;
    const type = world.mechanisms.get(name)!.principalType;
    const other = byType.get(type);
    if (other === undefined) byType.set(type, name);
    else if (other !== name) {
      const message = `\`${name}\` and \`${other}\` both name principals of type \`${type}\`: \`${type}:x\` of one cannot be told from \`${type}:x\` of the other`;
      report.add(placeIn(source, ['spec', 'access', index]), 'shared-principal-type', message);
    }
  }
}

function lintOverlaps(
  name: string,
  { document, source }: Entry<DomainDocument>,
  catalogue: Catalogue,
  report: Report,
): void {
  for (const [index, other] of (document.spec.overlaps ?? []).entries()) {
    const at = placeIn(source, ['spec', 'overlaps', index]);
    if (isWithin(name, other) || isWithin(other, name)) {
      report.add(
        at,
        'overlap-of-relatives',
        `\`${name}\` and \`${other}\` lie in one another already; an overlap adds nothing`,
      );
    } else if (!(catalogue.domains.get(other)!.document.spec.overlaps ?? []).includes(name)) {
      report.add(
        at,
        'one-sided-overlap',
        `the overlap with \`${other}\` does not count: \`${other}\` does not list \`${name}\``,
      );
    }
  }
}

/** A host that endpoints of unrelated domains answer, while no domain claims it. */
function lintAddresses(catalogue: Catalogue, report: Report): void {
  const claimed = new Set<string>();
  for (const { document } of catalogue.domains.values())
    for (const claim of document.spec.addresses ?? []) claimed.add(claim);
  const first = new Map<string, EndpointEntry>();
  const reported = new Set<string>();
  for (const endpoint of catalogue.endpoints.values()) {
    for (const host of endpoint.hosts) {
      const other = first.get(host);
      if (other === undefined) {
        first.set(host, endpoint);
        continue;
      }
      if (
        reported.has(host) ||
        sharesTop(endpoint, other) ||
        regionsAround(splitClaim(host)).some((region) => claimed.has(region))
      )
        continue;
      reported.add(host);
      const message = `\`${host}\` is answered by \`${other.id}\` and \`${endpoint.id}\` of unrelated domains, and no domain claims it in \`addresses\`; the other is at`;
      report.add(
        placeIn(endpoint.service.source, endpoint.path),
        'contested-address',
        message,
        placeIn(other.service.source, other.path),
      );
    }
  }
}

function sharesTop(one: EndpointEntry, other: EndpointEntry): boolean {
  const tops = new Set(one.placements.map(topOf));
  return (
    other.placements.some((placement) => tops.has(topOf(placement))) ||
    (one.placements.length === 0 && other.placements.length === 0)
  );
}

function topOf(domain: string): string {
  const parent = parentOf(domain);
  return parent === undefined ? domain : topOf(parent);
}
