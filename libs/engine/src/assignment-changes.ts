/**
 * A world, and a snapshot, in which some principals hold other roles. Everything else is shared with the ones before, so
 * that making them costs time in proportion to the principals that changed since the last compilation.
 *
 * @see docs/decisions/0033-a-joiner-is-a-small-change.md
 */
import { type Changed, Holdings, type Placed } from './holdings.js';
import { LayeredMap } from './layered-map.js';
import type { World } from './model.js';
import { snapshotWith } from './snapshot.js';
import type { MechanismNode, Snapshot } from './snapshot.js';

/** What a principal holds at a domain from now on. */
export interface AssignmentChange {
  readonly domain: string;
  /** `type:id` of no service: what a service holds stands in its own node. */
  readonly principal: string;
  /** Sorted, each once; none: nothing any more. */
  readonly roles: readonly string[];
}

/** Whether a change of what this principal holds can be made without a compilation. */
export function isHolder(principal: string): boolean {
  return !principal.startsWith('service:');
}

/** @param changes  at domains of the world */
export function worldWithAssignments(world: World, changes: readonly AssignmentChange[]): World {
  const changed = new Map<string, Map<string, readonly string[] | undefined>>();
  for (const { domain, principal, roles } of changes) {
    const here = changed.get(domain) ?? new Map<string, readonly string[] | undefined>();
    changed.set(domain, here.set(principal, roles.length === 0 ? undefined : roles));
  }
  const domains = new Map(world.domains);
  for (const [name, principals] of changed) {
    const domain = domains.get(name)!;
    const assignments = new LayeredMap(domain.directory.assignments, principals);
    domains.set(name, { ...domain, directory: { ...domain.directory, assignments } });
  }
  return { ...world, domains };
}

/** @param changes  at domains of the snapshot, of principals for which {@link isHolder} says yes */
export function snapshotWithAssignments(snapshot: Snapshot, changes: readonly AssignmentChange[]): Snapshot {
  const byType = new Map<string, Map<string, Placed[]>>();
  for (const { domain, principal, roles } of changes) {
    const colon = principal.indexOf(':');
    const type = principal.slice(0, colon);
    const id = principal.slice(colon + 1);
    const ids = byType.get(type) ?? new Map<string, Placed[]>();
    byType.set(type, ids);
    const placed = { domain: snapshot.domains.get(domain)!, roles: snapshot.holdings.rolesOf(roles) };
    ids.set(id, [...(ids.get(id) ?? []), placed]);
  }
  const changed: Changed = byType;
  const holdings = snapshot.holdings.with(changed);
  const mechanisms = new Map<string, MechanismNode>();
  for (const [name, node] of snapshot.mechanisms) {
    mechanisms.set(name, changed.has(node.principalType) ? withHolders(node, holdings) : node);
  }
  return snapshotWith(snapshot, { holdings, mechanisms });
}

/** By the same literal as `compile` uses: so it is as fast to read. */
function withHolders(
  { name, alone, kind, role, principalType, filed, owner, bindings }: MechanismNode,
  holdings: Holdings,
): MechanismNode {
  return {
    name,
    alone,
    kind,
    role,
    principalType,
    filed,
    holders: holdings.ofType(principalType),
    owner,
    bindings,
  };
}
