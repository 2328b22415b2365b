import type { Plan } from '../plan.js';
import { type DocumentKey, keyText } from '../revision.js';
import type { StoredDocument } from '../stored-document.js';
import type { Refusal } from './judge.js';
import type { Sight } from './reading.js';

/**
 * What a bundle says of documents that its operator does not see, where their rights are not asked for: one that belongs to
 * another source is theirs no more than one of this source, and which source that is they do not learn. Who sends nothing
 * that they see does not learn either that a document is what they guessed.
 *
 * @param refusals  what else they may not do
 */
export function unseenNames(
  { foreign, held }: Plan,
  refusals: readonly Refusal[],
  base: readonly StoredDocument[],
  sight: Sight,
): readonly Refusal[] {
  if (sight.isWhole) return [];
  const hidden = new Map(
    base.filter((document) => !sight.ofDocument(document)).map((document) => [keyText(document), document]),
  );
  const isHidden = (key: DocumentKey) => hidden.has(keyText(key));
  const holds = new Set(held.map(keyText));
  const isBlind = refusals.length === 0 && held.every(isHidden);
  return [...new Map([...foreign, ...(isBlind ? held : [])].map((key) => [keyText(key), key])).values()]
    .filter(isHidden)
    .map(({ kind, name }) => ({
      change: holds.has(keyText({ kind, name })) ? 'changed' : 'removed',
      kind,
      name,
      part: 'document',
      needs: 'owner',
      over: hidden.get(keyText({ kind, name }))!.domain ?? '*',
    }));
}
