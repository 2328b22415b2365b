import { canonicalJson, type Json } from '#engine';
import type { Right } from './right.js';

/** A right that one part of a change asks for. */
export interface Need {
  /** The part of the document, as its author would point at it. */
  readonly part: string;
  readonly right: Right;
  /** Where; `*` belongs to whoever may everything. */
  readonly domain: string;
}

/** Whether two parts of documents mean the same; absent is like nothing else. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === undefined || other === undefined) return one === other;
  return canonicalJson(one as Json) === canonicalJson(other as Json);
}

/** Members that are not the same in two objects, either of which may be missing. */
export function changedMembers(one: object | undefined, other: object | undefined): readonly string[] {
  const before = new Map<string, unknown>(Object.entries(one ?? {}));
  const after = new Map<string, unknown>(Object.entries(other ?? {}));
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (member) => !isSame(before.get(member), after.get(member)),
  );
}
