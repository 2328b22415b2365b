/** Pieces of JSON that are put together by hand. */

/** Names that are kept as they stand in JSON. */
const MOST_NAMES = 20_000;

/**
 * A text put together of many is a tree of them until somebody reads it. While it waits, a collection would walk each: that
 * took five times as long as all the rest. What was read has to matter, or the machine leaves the reading out.
 */
export function flat(text: string): string {
  if (Number.isNaN(text.charCodeAt(0))) throw new Error('nothing of a record is empty');
  return text;
}

/** Names of a policy as they stand in JSON: they come again and again, so each is looked at once. */
export class QuotedNames {
  readonly #known = new Map<string, string>();

  quoted(name: string | null): string {
    if (name === null) return 'null';
    let text = this.#known.get(name);
    if (text === undefined) {
      // Policies come and go; what is left of old ones must not stay for ever.
      if (this.#known.size >= MOST_NAMES) this.#known.clear();
      this.#known.set(name, (text = quoted(name)));
    }
    return text;
  }

  /** A list of names that has any. */
  member(name: string, names: readonly string[]): string {
    if (names.length === 0) return '';
    let list = this.quoted(names[0]!);
    for (let index = 1; index < names.length; index += 1) list += `,${this.quoted(names[index]!)}`;
    return `,"${name}":[${list}]`;
  }
}

/** What stands in JSON as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** Whether all of them stand in JSON as they are. */
export function arePlain(one: string, other: string, third: string): boolean {
  return PLAIN.test(one) && PLAIN.test(other) && PLAIN.test(third);
}

export function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** A list of texts that has any. */
export function member(name: string, texts: readonly string[]): string {
  if (texts.length === 0) return '';
  let list = quoted(texts[0]!);
  for (let index = 1; index < texts.length; index += 1) list += `,${quoted(texts[index]!)}`;
  return `,"${name}":[${list}]`;
}
