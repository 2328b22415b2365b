import type { AccessRequest, Outcome } from '#engine';
import type { Answerer, Voice } from './voices.js';

/** What a voice said; a voice that throws has said something no other says. */
export type Said = Outcome | { readonly threw: string };

export interface Statement {
  readonly voice: Voice['name'];
  readonly said: Said;
}

/** Every voice's answer to one request, the first voice's first. */
export async function hear(
  answerers: ReadonlyMap<Voice['name'], Answerer>,
  request: AccessRequest,
): Promise<readonly Statement[]> {
  const statements: Statement[] = [];
  for (const [voice, answer] of answerers) {
    statements.push({ voice, said: await saidBy(answer, request) });
  }
  return statements;
}

/** Whether all statements are equal in every member. A request on which every voice throws is no agreement. */
export function agree(statements: readonly Statement[]): boolean {
  const [first, ...others] = statements;
  if (first === undefined) return true;
  return !('threw' in first.said) && others.every(({ said }) => isEqual(said, first.said));
}

async function saidBy(answer: Answerer, request: AccessRequest): Promise<Said> {
  try {
    return await answer(request);
  } catch (fault) {
    return { threw: fault instanceof Error ? fault.message : String(fault) };
  }
}

/** Equality of JSON values in which a member that is undefined is absent. */
export function isEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const [leftMap, rightMap] = [left, right] as readonly { readonly [member: string]: unknown }[];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((member) =>
    isEqual(leftMap![member], rightMap![member]),
  );
}
