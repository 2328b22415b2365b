/** A small change of a world, and of a snapshot: whatever it does not speak of is shared with the ones before. */
import { type AssignmentChange, snapshotWithAssignments, worldWithAssignments } from './assignment-changes.js';
import { type EntityChange, snapshotWithEntities, worldWithEntities } from './entity-changes.js';
import type { World } from './model.js';
import { type RuleChanges, snapshotWithRules, worldWithRules } from './rule-changes.js';
import type { Snapshot } from './snapshot.js';
import type { Steps } from './steps.js';

export interface WorldStep {
  readonly assignments: readonly AssignmentChange[];
  readonly entities: readonly EntityChange[];
  readonly rules: RuleChanges;
}

export function worldAfter(world: World, { assignments, entities, rules }: WorldStep): World {
  return worldWithRules(worldWithEntities(worldWithAssignments(world, assignments), entities), rules);
}

/** @returns undefined when it takes a compilation; snapshots of equal worlds tell alike */
export function* snapshotAfter(
  snapshot: Snapshot,
  { assignments, entities, rules }: WorldStep,
): Steps<Snapshot | undefined> {
  const held = assignments.length === 0 ? snapshot : snapshotWithAssignments(snapshot, assignments);
  const after = entities.length === 0 ? held : snapshotWithEntities(held, entities);
  if (after === undefined || rules.gone.length + rules.put.length === 0) return after;
  return yield* snapshotWithRules(after, rules);
}
