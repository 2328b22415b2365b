import { invalid } from './request.pipe.js';

/** A stretch of a list, and where it goes on. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Null at the end; otherwise opaque. */
  readonly next: string | null;
}

export const DEFAULT_LIMIT = 100;
export const MAXIMUM_LIMIT = 500;

/** What keys of lists are made of; a database refuses others with a fault of its own. */
const KEY = /^[\x20-\x7e]+$/;

/** @param behind  the key of the last item before the page; visible ASCII and spaces */
export function cursorOf(behind: string): string {
  return Buffer.from(behind, 'utf8').toString('base64url');
}

/**
 * @returns the key that {@link cursorOf} was given
 * @throws Problem `request-invalid`
 */
export function behindCursor(next: string): string {
  const behind = Buffer.from(next, 'base64url').toString('utf8');
  if (!KEY.test(behind) || cursorOf(behind) !== next)
    throw invalid([{ pointer: '/next', message: 'this is no cursor of ours' }]);
  return behind;
}

/**
 * A page of a list that is all there, in the order of its keys.
 *
 * @param keyOf  no key twice
 */
export function pageOf<Item>(
  all: readonly Item[],
  keyOf: (item: Item) => string,
  { limit = DEFAULT_LIMIT, next }: { readonly limit?: number; readonly next?: string },
): Page<Item> {
  const behind = next === undefined ? undefined : behindCursor(next);
  const rest = behind === undefined ? all : all.filter((item) => keyOf(item) > behind);
  return readAhead(rest.slice(0, limit + 1), keyOf, limit);
}

/** @param found  up to one item more than the page takes */
export function readAhead<Item>(found: readonly Item[], keyOf: (item: Item) => string, limit: number): Page<Item> {
  const items = found.slice(0, limit);
  return { items, next: found.length > limit ? cursorOf(keyOf(items.at(-1)!)) : null };
}
