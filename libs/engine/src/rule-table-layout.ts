/** How a rule table lies in memory; see `rule-table.ts`. */
import type { CompiledRule } from './snapshot.js';

/** What a rule is about, as part of its key. */
export const ANYTHING = 0;
export const aboutEndpoint = (number: number): number => 1 + 2 * number;
export const aboutService = (number: number): number => 2 + 2 * number;

export const enum About {
  Anything,
  Endpoint,
  Service,
}

/** The key says all the rule says. */
export const WHOLE = 1;
/** The rule says `who.anonymous: true`. */
export const ADMITS_ANONYMOUS = 2;

/**
 * A slot holds what a rule is about, its key and value (plus one, so that 0 is free), the last rule filed there with its
 * flags, and the entry of the rule before. Slots of one home lie side by side: a walk comes back to the same few homes,
 * and finds them in near memory.
 */
export const SLOT = 4;
/** Where a slot's rule stands, and its next entry. */
export const RULE = 2;
export const NEXT = 3;
/** An entry holds a rule with its flags, and the next entry. */
export const ENTRY = 2;
/** Rules' numbers stand above their flags. */
export const FLAG_BITS = 2;

/** The arrays of a table. */
export interface TableParts {
  readonly owners: Int32Array;
  readonly details: readonly CompiledRule[];
  readonly detailPlaces: Int32Array;
  readonly slots: Int32Array;
  readonly starts: Int32Array;
  readonly masks: Int32Array;
  readonly entries: Int32Array;
  readonly keysInUse: Uint16Array;
}

/** Places that the slots of a home have for so many keys: a power of two, and never all of them taken. */
export function sizeFor(keys: number): number {
  let size = 4;
  while (size < keys * 1.5) size *= 2;
  return size;
}

/** Of what rules are about, the kind: what a home keeps in mind which keys are in use for. */
export function kindOf(about: number): About {
  return about === ANYTHING ? About.Anything : about & 1 ? About.Endpoint : About.Service;
}

/**
 * Where a key of a home stands, or the free slot where it would: there always is one.
 *
 * @param start  the home's first slot
 * @param mask  how many slots it has, less one
 */
export function slotIn(slots: Int32Array, start: number, mask: number, about: number, keyed: number): number {
  let hash = Math.imul(about, 0x85ebca6b) ^ Math.imul(keyed + 1, 0xc2b2ae35);
  hash ^= hash >>> 15;
  for (let place = hash & mask; ; place = (place + 1) & mask) {
    const slot = (start + place) * SLOT;
    const here = slots[slot + 1]!;
    if (here === 0 || (here === keyed + 1 && slots[slot] === about)) return slot;
  }
}
