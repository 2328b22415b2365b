import type { Catalogue, Entry } from './catalogue.js';
import type { RoleSetDocument } from './document-domain.js';
import { chainOf } from './names.js';
import type { References } from './references.js';
import type { Place } from './read.js';
import { placeIn, type Report } from './report.js';

/** Role sets have no cycles along any chain, and an entity stands once at a domain. */
export function judgeDirectory(catalogue: Catalogue, known: References, report: Report): void {
  for (const { document, source } of catalogue.roleSets.values()) {
    known.domain({ name: document.metadata.domain, source, path: ['metadata', 'domain'] });
  }
  judgeRoles(catalogue, report);
  judgeEntities(catalogue, known, report);
}

/** `from` inherits `to`, as written at a place. */
interface Edge {
  readonly from: string;
  readonly to: string;
  readonly at: Place;
}

function judgeRoles(catalogue: Catalogue, report: Report): void {
  const edges = new Map<string, readonly Edge[]>();
  for (const set of catalogue.roleSets.values()) {
    const domain = set.document.metadata.domain;
    edges.set(domain, [...(edges.get(domain) ?? []), ...edgesOf(set)]);
  }
  for (const domain of edges.keys()) {
    const own = edges.get(domain)!;
    const union = chainOf(domain).flatMap((ancestor) => edges.get(ancestor) ?? []);
    const cycle = cycleThrough(own, union);
    if (cycle === undefined) continue;
    const names = cycle.edges.map(({ from }) => `\`${from}\``).join(' inherits ');
    report.add(
      cycle.edges.find((edge) => own.includes(edge))!.at,
      'role-cycle',
      `${names} inherits \`${cycle.edges[0]!.from}\`: roles at \`${domain}\` and above go in a circle`,
    );
  }
}

function edgesOf({ document, source }: Entry<RoleSetDocument>): readonly Edge[] {
  return (document.spec.roles ?? []).flatMap((role, index) =>
    (role.inherits ?? []).map((to, position) => ({
      from: role.name,
      to,
      at: placeIn(source, ['spec', 'roles', index, 'inherits', position]),
    })),
  );
}

/** A cycle that one of `own` closes; cycles of the ancestors alone are reported at the ancestors. */
function cycleThrough(own: readonly Edge[], union: readonly Edge[]): { readonly edges: readonly Edge[] } | undefined {
  const from = new Map<string, Edge[]>();
  for (const edge of union) {
    const list = from.get(edge.from) ?? [];
    from.set(edge.from, list);
    list.push(edge);
  }
  const mine = new Set(own);
  const finished = new Set<string>();
  for (const start of own) {
    const cycle = walk(start.from, from, finished);
    if (cycle?.some((edge) => mine.has(edge))) return { edges: cycle };
  }
  return undefined;
}

/** Depth first without recursion: chains of roles may be as long as a document. */
function walk(
  start: string,
  from: ReadonlyMap<string, readonly Edge[]>,
  finished: Set<string>,
): readonly Edge[] | undefined {
  const trail: Edge[] = [];
  const open: { readonly role: string; next: number }[] = [{ role: start, next: 0 }];
  const onTrail = new Set([start]);
  while (open.length > 0) {
    const current = open.at(-1)!;
    const edge = finished.has(current.role) ? undefined : from.get(current.role)?.[current.next];
    if (edge === undefined) {
      finished.add(current.role);
      onTrail.delete(current.role);
      open.pop();
      trail.pop();
      continue;
    }
    current.next += 1;
    if (onTrail.has(edge.to)) {
      const begin = trail.findIndex((earlier) => earlier.from === edge.to);
      return [...(begin < 0 ? [] : trail.slice(begin)), edge];
    }
    if (finished.has(edge.to)) continue;
    trail.push(edge);
    open.push({ role: edge.to, next: 0 });
    onTrail.add(edge.to);
  }
  return undefined;
}

function judgeEntities(catalogue: Catalogue, known: References, report: Report): void {
  const entities = new Map<string, Place>();
  for (const { document, source } of catalogue.entitySets.values()) {
    const domain = document.metadata.domain;
    known.domain({ name: domain, source, path: ['metadata', 'domain'] });
    for (const [index, { type, id }] of (document.spec.entities ?? []).entries()) {
      const at = placeIn(source, ['spec', 'entities', index]);
      const key = `${domain} ${type}:${id}`;
      const first = entities.get(key);
      if (first === undefined) entities.set(key, at);
      else report.add(at, 'duplicate-entity', `\`${type}:${id}\` is stored twice at \`${domain}\`; first at`, first);
    }
  }
}
