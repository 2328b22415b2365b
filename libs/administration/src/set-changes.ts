import { loadBundle, type PolicyDocument } from '#policy';
import { type ChangeKind, documentWords, type RuleChange } from './document-words.js';
import { type DocumentChange, keyText } from './revision.js';
import type { StoredDocument } from './stored-document.js';

/** What happens to one document, for people. */
export interface SpokenChange {
  readonly change: ChangeKind;
  readonly kind: string;
  readonly name: string;
  readonly domain: string | null;
  readonly words: string;
  readonly rules: readonly RuleChange[];
}

export interface ChangeCounts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

export interface ChangeSummary {
  readonly documents: ChangeCounts;
  readonly rules: ChangeCounts;
}

/** What changed documents say, before and after, by key. */
export interface Meanings {
  readonly before: ReadonlyMap<string, PolicyDocument>;
  readonly after: ReadonlyMap<string, PolicyDocument>;
}

/**
 * Differences in words, in the order they come.
 *
 * @param meanings  where they are known already: reading large documents takes most of the time
 */
export function spokenChanges(
  changes: readonly DocumentChange[],
  { before, after }: Meanings = meaningsIn(changes),
): readonly SpokenChange[] {
  return changes.map((change) => {
    const stored = change.kind === 'removed' ? change.before : change.after;
    const { kind, name, domain } = stored;
    const { words, rules } = documentWords(before.get(keyText(stored)), after.get(keyText(stored)));
    const isPassed = change.kind === 'changed' && change.before.source !== change.after.source;
    const hands = isPassed ? `passes from ${change.before.source} to ${change.after.source}; ` : '';
    return { change: change.kind, kind, name, domain, words: `${hands}${words}`, rules };
  });
}

export function changeSummary(changes: readonly Pick<SpokenChange, 'change' | 'rules'>[]): ChangeSummary {
  return { documents: countsOf(changes), rules: countsOf(changes.flatMap(({ rules }) => rules)) };
}

function countsOf(changes: readonly { readonly change: ChangeKind }[]): ChangeCounts {
  const count = (kind: ChangeKind) => changes.filter(({ change }) => change === kind).length;
  return { added: count('added'), changed: count('changed'), removed: count('removed') };
}

function meaningsIn(changes: readonly DocumentChange[]): Meanings {
  return {
    before: meanings(changes.flatMap((change) => ('before' in change ? [change.before] : []))),
    after: meanings(changes.flatMap((change) => ('after' in change ? [change.after] : []))),
  };
}

/** What texts mean, by key. A document of a version that this program does not read is left out. */
function meanings(documents: readonly StoredDocument[]): ReadonlyMap<string, PolicyDocument> {
  const files = documents.map((stored) => ({ file: keyText(stored), text: stored.text }));
  return new Map(
    loadBundle(files).documents.map(({ document }) => [
      keyText({ kind: document.kind, name: document.metadata.name }),
      document,
    ]),
  );
}
