import { parseAllDocuments } from 'yaml';
import { ImportRefused } from './imported.js';

/** A file of another system. */
export interface ForeignFile {
  readonly file: string;
  readonly text: string;
}

/** Any JSON, of a shape that nobody has promised. */
export type Loose = unknown;

/** Larger ones take seconds and hundreds of megabytes to read. */
const MAXIMUM_CHARACTERS = 8 * 1024 * 1024;
/** Every alias copies what it names: this many cannot unfold into much. */
const MAXIMUM_ALIASES = 100;

/**
 * The documents of a file in YAML or JSON, as others write it: other than in policy documents names may be numbers, and
 * aliases are followed in small numbers.
 *
 * @throws ImportRefused
 */
export function foreignDocuments({ file, text }: ForeignFile): readonly Loose[] {
  if (text.length > MAXIMUM_CHARACTERS) throw new ImportRefused([`${file}: it is longer than ${MAXIMUM_CHARACTERS}`]);
  try {
    const documents = parseAllDocuments(text, { merge: false, strict: true, uniqueKeys: true, logLevel: 'silent' });
    if ('empty' in documents) return [];
    return documents.flatMap((document) => {
      const [wrong] = document.errors;
      if (wrong !== undefined) throw new ImportRefused([`${file}: ${wrong.message.split('\n', 1)[0]!}`]);
      const value = document.toJS({ maxAliasCount: MAXIMUM_ALIASES }) as Loose;
      return value === null ? [] : [value];
    });
  } catch (fault) {
    if (fault instanceof ImportRefused) throw fault;
    throw new ImportRefused([`${file}: ${(fault as Error).message.split('\n', 1)[0]!}`]);
  }
}

/** The member of a map; undefined where there is none, or no map, or null, which others take for nothing. */
export function member(value: Loose, name: string): Loose {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, name) ? ((value as { readonly [name: string]: Loose })[name] ?? undefined) : undefined;
}

/** The same, several maps deep. */
export function within(value: Loose, ...path: readonly string[]): Loose {
  return path.reduce(member, value);
}

export function textOf(value: Loose): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function listOf(value: Loose): readonly Loose[] {
  return Array.isArray(value) ? value : [];
}

/** Members of a map, in their order. */
export function entriesOf(value: Loose): readonly (readonly [name: string, value: Loose])[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

/**
 * The members of a map of which every member is known. Who writes the rules refuses others, and so lets nobody in by them;
 * to read over one would read a rule about some as a rule about everyone.
 *
 * @param place  where it stands, to tell
 * @throws ImportRefused
 */
export function mapAt(value: Loose, place: string, known?: readonly string[]): Loose {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ImportRefused([`${place}: it is no map`]);
  }
  const unknown = known && Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new ImportRefused([`${place}: \`${unknown}\` is not known there`]);
  return value;
}

/**
 * Every item of a list, with its place; nothing is an empty one.
 *
 * @throws ImportRefused
 */
export function itemsAt(value: Loose, place: string): readonly (readonly [item: Loose, place: string])[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new ImportRefused([`${place}: it is no list`]);
  return value.map((item: Loose, index) => [item, `${place}[${index}]`]);
}
