import type { EntityChange } from '#engine';
import type { EntitySetDocument } from '#policy';
import { entitySetIn } from './facts.js';
import { keyText, type DocumentChange } from './revision.js';
import { type SoundFacts, soundFacts } from './sound-facts.js';
import { type EntityFact, entityFacts, entitySetText, type StoredDocument } from './stored-document.js';

/** One entity set that stores other things, and says nothing else anew. */
interface EntitySetStep {
  readonly domain: string;
  readonly before: ReadonlyMap<string, Stored>;
  readonly after: ReadonlyMap<string, Stored>;
}

interface Stored {
  readonly fact: EntityFact;
  readonly attributes: EntityChange['attributes'];
}

/** Whether an entity set that does not change stores a person or thing at a domain. It may say yes where none does. */
export type IsStored = (domain: string, fact: Pick<EntityFact, 'type' | 'id'>) => boolean;

/**
 * What a step from one set to the next changes of what is stored of people and things, when it changes nothing else. Costs
 * time in proportion to the entity sets that changed; a document is at most 1 MiB.
 *
 * @param isStored  asked about entities that no entity set that changes had
 * @param sound  asked about what is put; what was there before is sound
 * @returns null when there is more to it, or when a domain would store one entity twice
 */
export function entityStep(
  changes: readonly DocumentChange[],
  isStored: IsStored,
  sound: SoundFacts = soundFacts,
): readonly EntityChange[] | null {
  const steps: EntitySetStep[] = [];
  for (const change of changes) {
    const step = change.kind === 'changed' ? entitySetStep(change.before, change.after, sound) : null;
    if (step === null) return null;
    steps.push(step);
  }
  const found: EntityChange[] = [];
  for (const domain of new Set(steps.map((step) => step.domain))) {
    const here = steps.filter((step) => step.domain === domain);
    const before = new Map(here.flatMap((step) => [...step.before]));
    const after = new Map(here.flatMap((step) => [...step.after]));
    if (after.size < here.reduce((count, step) => count + step.after.size, 0)) return null;
    for (const [entity, { fact, attributes }] of after) {
      const was = before.get(entity);
      if (was === undefined && isStored(domain, fact)) return null;
      if (was?.fact.attributes !== fact.attributes) found.push({ domain, entity, attributes });
    }
    for (const entity of before.keys()) if (!after.has(entity)) found.push({ domain, entity, attributes: null });
  }
  return found;
}

/** Looks into the texts of the entity sets of a set that do not change: for few entities that is fast. */
export function storedIn(set: readonly StoredDocument[], changes: readonly DocumentChange[]): IsStored {
  const changed = new Set(changes.map((change) => keyText(change.kind === 'removed' ? change.before : change.after)));
  const texts = new Map<string, readonly string[]>();
  let left = MOST_SEARCHED;
  return (domain, { type, id }) => {
    const here =
      texts.get(domain) ??
      set.filter((one) => one.kind === 'EntitySet' && one.domain === domain && !changed.has(keyText(one))).map(textOf);
    texts.set(domain, here);
    // INVARIANT: an entity of a stored entity set is spelled so; an attribute may be, too.
    const spelled = JSON.stringify({ type, id }).slice(0, -1);
    for (const text of here) {
      left -= text.length;
      if (left < 0 || text.includes(spelled)) return true;
    }
    return false;
  };
}

/** Characters of texts that are looked into: a tenth of a second. What takes longer counts as stored. */
const MOST_SEARCHED = 256 * 1024 * 1024;

function textOf({ text }: StoredDocument): string {
  return text;
}

/** @returns null when it is no change of entities alone */
function entitySetStep(before: StoredDocument, after: StoredDocument, sound: SoundFacts): EntitySetStep | null {
  if (before.kind !== 'EntitySet' || before.source !== after.source) return null;
  const [was, is] = [entitySetIn(before), sound(after)];
  if (is?.kind !== 'EntitySet' || entitySetText(was, []) !== entitySetText(is, [])) return null;
  return { domain: is.metadata.domain, before: storedBy(was), after: storedBy(is) };
}

/** By `type:id`. */
function storedBy(document: EntitySetDocument): ReadonlyMap<string, Stored> {
  const attributes = (document.spec.entities ?? []).map((entity) => entity.attributes ?? NO_ATTRIBUTES);
  return new Map(
    entityFacts(document).map((fact, index) => [`${fact.type}:${fact.id}`, { fact, attributes: attributes[index]! }]),
  );
}

const NO_ATTRIBUTES: NonNullable<EntityChange['attributes']> = {};
