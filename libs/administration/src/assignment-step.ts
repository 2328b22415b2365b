import { type AssignmentChange, isHolder } from '#engine';
import type { RoleSetDocument } from '#policy';
import { roleSetIn } from './facts.js';
import type { DocumentChange } from './revision.js';
import { type SoundFacts, soundFacts } from './sound-facts.js';
import { assignmentFacts, roleSetText, type StoredDocument } from './stored-document.js';

/** One role set that gives and takes roles, and says nothing else anew. */
interface RoleSetStep {
  readonly domain: string;
  readonly given: readonly Fact[];
  readonly taken: readonly Fact[];
}

type Fact = readonly [role: string, principal: string];

/**
 * What a step from one set to the next changes of who holds which role, when it changes nothing else. Costs time in
 * proportion to the role sets that changed; a document is at most 1 MiB.
 *
 * @param after  the whole set after the step
 * @param heldBefore  roles of a principal at a domain before it, sorted
 * @param sound  asked about what is put; what was there before is sound
 * @returns null when there is more to it, or when it takes a compilation to tell
 */
export function assignmentStep(
  changes: readonly DocumentChange[],
  after: readonly StoredDocument[],
  heldBefore: (domain: string, principal: string) => readonly string[],
  sound: SoundFacts = soundFacts,
): readonly AssignmentChange[] | null {
  const steps: RoleSetStep[] = [];
  for (const change of changes) {
    const step = change.kind === 'changed' ? roleSetStep(change.before, change.after, sound) : null;
    if (step === null) return null;
    steps.push(step);
  }
  const facts = steps.flatMap(({ given, taken }) => [...given, ...taken]);
  return facts.every(([, principal]) => isHolder(principal)) ? changesOf(steps, after, heldBefore) : null;
}

/** @returns null when it is no change of assignments alone */
function roleSetStep(before: StoredDocument, after: StoredDocument, sound: SoundFacts): RoleSetStep | null {
  if (before.kind !== 'RoleSet' || before.source !== after.source) return null;
  const [was, is] = [roleSetIn(before), sound(after)];
  if (is?.kind !== 'RoleSet' || roleSetText(was, []) !== roleSetText(is, [])) return null;
  const [old, now] = [factsOf(was), factsOf(is)];
  return {
    domain: is.metadata.domain,
    given: [...now].filter(([key]) => !old.has(key)).map(([, fact]) => fact),
    taken: [...old].filter(([key]) => !now.has(key)).map(([, fact]) => fact),
  };
}

function factsOf(document: RoleSetDocument): ReadonlyMap<string, Fact> {
  return new Map(assignmentFacts(document).map((fact) => [factKey(fact), fact]));
}

function factKey(fact: Fact): string {
  return JSON.stringify(fact);
}

function changesOf(
  steps: readonly RoleSetStep[],
  after: readonly StoredDocument[],
  heldBefore: (domain: string, principal: string) => readonly string[],
): readonly AssignmentChange[] {
  const roles = new Map<string, { readonly domain: string; readonly principal: string; readonly roles: Set<string> }>();
  const held = (domain: string, principal: string): Set<string> => {
    // No domain has a space in its name.
    const key = `${domain} ${principal}`;
    const known = roles.get(key) ?? { domain, principal, roles: new Set(heldBefore(domain, principal)) };
    roles.set(key, known);
    return known.roles;
  };
  for (const { domain, taken } of steps) {
    if (taken.length === 0) continue;
    // Another role set of the domain may say the same.
    const staying = stillSaid(domain, after);
    for (const fact of taken) if (!staying.has(factKey(fact))) held(domain, fact[1]).delete(fact[0]);
  }
  for (const { domain, given } of steps) for (const [role, principal] of given) held(domain, principal).add(role);
  return [...roles.values()].map((one) => ({ ...one, roles: [...one.roles].sort() }));
}

function stillSaid(domain: string, after: readonly StoredDocument[]): ReadonlySet<string> {
  return new Set(
    after
      .filter((document) => document.kind === 'RoleSet' && document.domain === domain)
      .flatMap(({ text }) => [...factsOf(JSON.parse(text) as RoleSetDocument).keys()]),
  );
}
