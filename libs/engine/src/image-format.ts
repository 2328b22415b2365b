/**
 * How a snapshot is written down to travel between threads: as a row of small parts, each a list of instructions to make
 * the next few things out of those made before.
 *
 * Atoms and things are numbered in the order in which they come. A reference is `4 × place` for a thing, `4 × place + 2`
 * for an atom, and `2 × value + 1` for a small integer. Things that refer to one another in a circle are mended after
 * both are there; maps, sets and long lists are made empty and filled later, so that no part need be long.
 */
import type { NumberArray } from './image-shapes.js';

/** Texts, and numbers that are no small integers. */
export type Atom = string | number | bigint;

/** What structured clone and `v8.serialize` can carry; some tens of kilobytes. */
export interface ImagePart {
  /** Those met for the first time. */
  readonly atoms: readonly Atom[];
  /** What long arrays of numbers are filled with. */
  readonly stretches: readonly NumberArray[];
  readonly code: Int32Array;
}

/** Instructions; what follows each in the code. `ref` is a reference, `n ×` a count and as many. */
export const OP = {
  /** shape, a ref for each member */
  record: 0,
  /** class, a ref for each member */
  instance: 1,
  /** n × (ref to name, ref) */
  object: 2,
  /** The same without a prototype. */
  bare: 3,
  /** n × ref */
  list: 4,
  /** Empty: to be extended. */
  map: 5,
  set: 6,
  longList: 7,
  /** kind, length */
  numbers: 8,
  /** ref to source */
  condition: 9,
  /** place of a map, n × (ref, ref) */
  entries: 10,
  /** place of a set, n × ref */
  members: 11,
  /** place of a long list, n × ref */
  items: 12,
  /** place of an array of numbers, first index, index of a stretch */
  stretch: 13,
  /** place, ref to name or index, ref */
  mend: 14,
  /** place of the snapshot: there is no more */
  end: 15,
} as const;

/** Things that are there from the start. */
export const CONSTANTS: readonly unknown[] = [undefined, null, true, false];

const SMALLEST = -(2 ** 30);
const LARGEST = 2 ** 30 - 1;

/** Whether a reference can hold a number itself. */
export function isSmallInteger(value: number): boolean {
  return Number.isInteger(value) && value >= SMALLEST && value <= LARGEST && !Object.is(value, -0);
}
