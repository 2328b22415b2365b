import { isWithin } from '#engine';
import { documentChanges } from '../bundle-changes.js';
import { fourEyesDomains } from '../four-eyes.js';
import type { DocumentChange, DocumentKey } from '../revision.js';
import type { NewDocument, StoredDocument } from '../stored-document.js';
import type { AdministeredSet } from './administered-set.js';
import { FactsAround } from './facts-around.js';
import { needsOf, NOT_UNDERSTOOD, storedOf } from './judge.js';

/** A change that is not for one person alone. */
export interface PairedChange extends DocumentKey {
  readonly change: DocumentChange['kind'];
  /** The top of the subtree in which two people decide. */
  readonly domain: string;
}

/**
 * What of a publication two people decide on: each change that asks for a right in such a subtree, or lies there, and each
 * of facts around it that its rules read: who gives a role above would open what lies below. Those who
 * may everything are no exception. What opens nothing is for one, at once: suspending, limits, and asking for two.
 *
 * @param before  says where two people decide: a publication that ends it needs two
 */
export function pairedChanges(
  before: AdministeredSet,
  put: readonly NewDocument[],
  remove: readonly DocumentKey[],
): readonly PairedChange[] {
  const tops = [...fourEyesDomains(before.stored.values())];
  if (tops.length === 0) return [];
  const after = before.after(put, remove);
  const changes = documentChanges(storedOf(before, put, remove), storedOf(after, put, remove));
  const factsAround = new FactsAround([before, after]);
  return changes.filter(isForTwo).flatMap((change) => {
    const { kind, name } = change.kind === 'removed' ? change.before : change.after;
    const places = placesOf(change, before, after);
    return tops
      .filter(
        (top) =>
          places === null || places.some((place) => isWithin(place, top)) || factsAround.areReadBelow(top, change),
      )
      .map((domain): PairedChange => ({ change: change.kind, kind, name, domain }));
  });
}

function isForTwo(change: DocumentChange): boolean {
  const { kind } = change.kind === 'removed' ? change.before : change.after;
  switch (kind) {
    case 'Quota':
      return false;
    case 'Suspension':
    case 'FourEyes':
      return change.kind !== 'added';
    default:
      return true;
  }
}

/** Domains that a change has to do with; null for what is not understood, which may be any. */
function placesOf(change: DocumentChange, before: AdministeredSet, after: AdministeredSet): readonly string[] | null {
  const sides: readonly StoredDocument[] = [
    ...('before' in change ? [change.before] : []),
    ...('after' in change ? [change.after] : []),
  ];
  const { kind, name } = sides[0]!;
  if (before.isUnread({ kind, name })) return null;
  const needs = needsOf(change, before, after, NO_KEYS);
  if (needs.length === 0 || needs.includes(NOT_UNDERSTOOD)) return null;
  // A test that asks for what lies there changes nothing there.
  const changing = needs.filter(({ right }) => right !== 'read').map(({ domain }) => domain);
  return [...changing, ...sides.flatMap(({ domain }) => (domain === null ? [] : [domain]))];
}

/** Keys that are active ask for rights over everything, which lies in no subtree. */
const NO_KEYS: ReadonlySet<string> = new Set();
