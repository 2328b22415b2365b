/** A small change of a world, and of a snapshot: whatever it does not speak of is shared with the ones before. */
import { type AssignmentChange, snapshotWithAssignments, worldWithAssignments } from './assignment-changes.js';
import type { World } from './model.js';
import { type RuleChanges, snapshotWithRules, worldWithRules } from './rule-changes.js';
import type { Snapshot } from './snapshot.js';
import type { Steps } from './steps.js';

export interface WorldStep {
  readonly assignments: readonly AssignmentChange[];
  readonly rules: RuleChanges;
}

export function worldAfter(world: World, { assignments, rules }: WorldStep): World {
  return worldWithRules(worldWithAssignments(world, assignments), rules);
}

/** @returns undefined when it takes a compilation; snapshots of equal worlds tell alike */
export function* snapshotAfter(snapshot: Snapshot, { assignments, rules }: WorldStep): Steps<Snapshot | undefined> {
  const after = assignments.length === 0 ? snapshot : snapshotWithAssignments(snapshot, assignments);
  return rules.gone.length + rules.put.length === 0 ? after : yield* snapshotWithRules(after, rules);
}
