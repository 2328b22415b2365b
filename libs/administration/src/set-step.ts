import {
  type EntityChange,
  OUTSIDE,
  type PolicyRules,
  type Rule,
  ruleChanges,
  type World,
  type WorldStep,
} from '#engine';
import type { Bundle, SourceFile } from '#policy';
import { assignmentStep } from './assignment-step.js';
import { entityStep, type IsStored, storedIn } from './entity-step.js';
import type { DocumentChange } from './revision.js';
import { type SoundFacts, soundFacts } from './sound-facts.js';
import type { StoredDocument } from './stored-document.js';

/** Reads and judges some documents. One that remembers the last ones spares most of the time. */
export type Load = (files: readonly SourceFile[]) => Bundle;

/**
 * What a step from one set to the next changes of who holds which role, of what is stored of people and things, and of
 * rules, when it changes nothing else. Costs time in proportion to the documents that changed and to the declarations that
 * rules refer to.
 *
 * @param after  the whole set after the step
 * @param world  before it
 * @param sound  asked about role sets and entity sets that are put
 * @returns null when there is more to it, when what changed is not sound, or when it takes a compilation to tell
 */
export function setStep(
  changes: readonly DocumentChange[],
  after: readonly StoredDocument[],
  world: World,
  load: Load,
  sound: SoundFacts = soundFacts,
): WorldStep | null {
  const assignmentsAt = (domain: string) => world.domains.get(domain)?.directory.assignments;
  const assignments = assignmentsIn(changes, after, (domain, one) => assignmentsAt(domain)?.get(one) ?? [], sound);
  if (assignments === null || assignments.some(({ domain }) => !world.domains.has(domain))) return null;
  const isStored: IsStored = (domain, { type, id }) =>
    world.domains.get(domain)?.directory.entities.has(`${type}:${id}`) ?? false;
  const entities = entitiesIn(changes, isStored, sound);
  if (entities === null || entities.some(({ domain }) => !world.domains.has(domain))) return null;
  const policies = policiesIn(changes);
  const rules = policies && rulesOfPolicies(policies, after, load);
  const changed = rules && ruleChanges(world, rules);
  return changed ? { assignments, entities, rules: changed } : null;
}

/** Whether a step from a sound set to the next can bring no fault but in the documents that changed. */
export function isSmallStep(
  changes: readonly DocumentChange[],
  after: readonly StoredDocument[],
  sound: SoundFacts,
): boolean {
  return (
    assignmentsIn(changes, after, () => [], sound) !== null &&
    entitiesIn(changes, storedIn(after, changes), sound) !== null &&
    policiesIn(changes) !== null
  );
}

/** Declarations that rules refer to. */
export function placesOf(set: readonly StoredDocument[]): readonly SourceFile[] {
  return set
    .filter(({ kind }) => kind === 'Domain' || kind === 'Service')
    .map(({ kind, name, text }) => ({ file: `${kind}/${name}`, text }));
}

function kindOf(change: DocumentChange): string {
  return (change.kind === 'removed' ? change.before : change.after).kind;
}

function assignmentsIn(
  changes: readonly DocumentChange[],
  after: readonly StoredDocument[],
  heldBefore: Parameters<typeof assignmentStep>[2],
  sound: SoundFacts,
) {
  const others = changes.filter((change) => kindOf(change) !== 'Policy' && kindOf(change) !== 'EntitySet');
  return assignmentStep(others, after, heldBefore, sound);
}

function entitiesIn(
  changes: readonly DocumentChange[],
  isStored: IsStored,
  sound: SoundFacts,
): readonly EntityChange[] | null {
  return entityStep(
    changes.filter((change) => kindOf(change) === 'EntitySet'),
    isStored,
    sound,
  );
}

/** As they are after the step; null where one does not stay what and whose it is. */
function policiesIn(changes: readonly DocumentChange[]): readonly StoredDocument[] | null {
  const policies: StoredDocument[] = [];
  for (const change of changes.filter((one) => kindOf(one) === 'Policy')) {
    if (change.kind !== 'changed') return null;
    if (change.before.source !== change.after.source || change.before.domain !== change.after.domain) return null;
    policies.push(change.after);
  }
  return policies;
}

/** Null where one is not sound: that is a matter of its rules and of what they refer to. */
function rulesOfPolicies(
  policies: readonly StoredDocument[],
  after: readonly StoredDocument[],
  load: Load,
): readonly PolicyRules[] | null {
  if (policies.length === 0) return [];
  const files = policies.map(({ kind, name, text }) => ({ file: `${kind}/${name}`, text }));
  const { world } = load([...placesOf(after), ...files]);
  return (
    world &&
    policies.map(({ name, domain }) => ({
      policy: name,
      owner: domain!,
      rules: rulesOf(world, domain!).filter(({ id }) => id.startsWith(`${name}/`)),
    }))
  );
}

function rulesOf({ outside, domains }: World, owner: string): readonly Rule[] {
  return owner === OUTSIDE ? outside : domains.get(owner)!.rules;
}
