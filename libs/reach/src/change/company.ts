/**
 * What has to be brought beside a credential for a change to be seen: another boundary on the way may ask for more. A
 * credential that opens in one world what the other leaves shut goes on, boundary by boundary, with one that opens the
 * next and not the first.
 */
import type { Outcome } from '#engine';
import type { Credential } from '../credentials.js';
import { isDenied, isFlip, isHanging, isHopeless, type Judged, type Point } from './point.js';
import { SIDES } from './side.js';

export interface CompanyAsked {
  readonly candidates: readonly Credential[];
  readonly ask: (brought: readonly Credential[]) => Point;
  /** With all that allows look for. */
  readonly everything: Point;
}

/** Credentials brought beside the first one. */
const MOST_COMPANIONS = 4;
/** Decisions spent on one question. */
const MOST_TRIES = 100;
/** Credentials that are alike by themselves: of them so many are tried as company, and more of those that open nothing alone. */
const MOST_ALIKE = 8;
const MOST_IDLE = 24;

const OPENABLE: ReadonlySet<Outcome['reason']> = new Set(['NO_ALLOW_RULE', 'ACCESS_EVIDENCE_MISSING', 'EGRESS_CLOSED']);

interface Tries {
  left: number;
  /** The first that was found to hang on conditions. */
  hanging: readonly Credential[] | undefined;
}

/** A credential, and what it does by itself. */
export interface Alone {
  readonly credential: Credential;
  readonly point: Point;
}

/** Whom to try as company: what gets further by itself first, for it is what the outermost boundary asks for. */
export function companions(
  bare: Point,
  alone: readonly Alone[],
): { readonly candidates: readonly Credential[]; readonly isComplete: boolean } {
  const kindOf = (point: Point): string =>
    SIDES.map((side) => `${point[side].most.reason} ${point[side].most.deniedAt}`).join(';');
  const idle = kindOf(bare);
  const kinds = new Map<string, Credential[]>();
  let isComplete = true;
  for (const { credential, point } of alone) {
    const kind = kindOf(point);
    const alike = kinds.get(kind);
    if (alike === undefined) kinds.set(kind, [credential]);
    else if (alike.length < (kind === idle ? MOST_IDLE : MOST_ALIKE)) alike.push(credential);
    else isComplete = false;
  }
  const furthering = [...kinds].flatMap(([kind, credentials]) => (kind === idle ? [] : credentials));
  return { candidates: [...furthering, ...(kinds.get(idle) ?? [])], isComplete };
}

/**
 * @returns a search for company: by what is brought, and denied by both worlds, what flips with more, else what hangs on
 *   conditions with more, or undefined; in steps, how many decisions were taken
 */
export function companyFor({ candidates, ask, everything }: CompanyAsked) {
  return function* (brought: readonly Credential[]): Generator<number, readonly Credential[] | undefined, void> {
    let hanging: readonly Credential[] | undefined;
    for (const side of SIDES) {
      if (isHopeless(everything[side])) continue;
      const tries: Tries = { left: MOST_TRIES, hanging };
      const found = grow(brought, ask(brought), side, tries);
      yield (MOST_TRIES - tries.left) * 2;
      if (found !== undefined) return found;
      hanging = tries.hanging;
    }
    return hanging;
  };

  /** Brings more until one world lets it through, as long as the other does not. */
  function grow(
    brought: readonly Credential[],
    point: Point,
    side: 'before' | 'after',
    tries: Tries,
  ): readonly Credential[] | undefined {
    const { most } = point[side];
    if (!OPENABLE.has(most.reason) || brought.length > MOST_COMPANIONS) return undefined;
    for (const candidate of candidates) {
      if (brought.includes(candidate)) continue;
      if (tries.left <= 0) return undefined;
      tries.left -= 1;
      const more = [...brought, candidate];
      const next = ask(more);
      if (isFlip(next)) return more;
      if (isHanging(next)) tries.hanging ??= more;
      if (!isFurther(point[side], next[side]) || !isDenied(next)) continue;
      const found = grow(more, next, side, tries);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function isFurther({ most: one }: Judged, { most: other }: Judged): boolean {
  return other.reason !== 'DENY_RULE' && (other.deniedAt !== one.deniedAt || other.reason === 'EGRESS_CLOSED');
}
