/**
 * A world, and a snapshot, in which other things are stored of some people and things. Everything else is shared with the
 * ones before: the domains keep what they were compiled with, and the snapshot says which directories became others.
 *
 * @see docs/decisions/0043-an-entity-is-a-small-change.md
 */
import { bareMap } from './bare-map.js';
import { LayeredMap } from './layered-map.js';
import type { Attributes, World } from './model.js';
import { snapshotWith } from './snapshot.js';
import type { DomainNode, Entities, Snapshot } from './snapshot.js';

/** What is stored of one person or thing at a domain from now on. */
export interface EntityChange {
  readonly domain: string;
  /** `type:id`. */
  readonly entity: string;
  /** Null: nothing any more. */
  readonly attributes: Attributes | null;
}

/** @param changes  at domains of the world, one about each entity there */
export function worldWithEntities(world: World, changes: readonly EntityChange[]): World {
  const domains = new Map(world.domains);
  for (const [name, changed] of byDomain(changes)) {
    const domain = domains.get(name)!;
    const entities = new LayeredMap(domain.directory.entities, changed);
    domains.set(name, { ...domain, directory: { ...domain.directory, entities } });
  }
  return { ...world, domains };
}

/**
 * @param changes  at domains of the snapshot, one about each entity there
 * @returns undefined when it takes a compilation: rules below a domain do not look for entities where none was stored
 */
export function snapshotWithEntities(snapshot: Snapshot, changes: readonly EntityChange[]): Snapshot | undefined {
  const changedEntities = new Map(snapshot.changedEntities);
  for (const [name, changed] of byDomain(changes)) {
    const compiled = ownDirectory(snapshot.domains.get(name)!);
    if (compiled === undefined) return undefined;
    const before = changedEntities.get(compiled) ?? compiled;
    changedEntities.set(compiled, { entities: new LayeredMap(before.entities, changed) });
  }
  return snapshotWith(snapshot, { changedEntities });
}

function byDomain(changes: readonly EntityChange[]): ReadonlyMap<string, ReadonlyMap<string, Attributes | undefined>> {
  const domains = new Map<string, Map<string, Attributes | undefined>>();
  for (const { domain, entity, attributes } of changes) {
    const here = domains.get(domain) ?? new Map<string, Attributes | undefined>();
    domains.set(domain, here.set(entity, attributes === null ? undefined : bareMap(attributes)));
  }
  return domains;
}

/** Where entities of the domain itself were stored when it was compiled. */
function ownDirectory({ parent, entityChain }: DomainNode): Entities | undefined {
  return entityChain.length > (parent?.entityChain.length ?? 0) ? entityChain[0] : undefined;
}
