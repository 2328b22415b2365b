import type { DenyReason, Obligation, Outcome } from './model.js';

/** What a denial is about, as far as that is known. */
export type Where = Pick<Outcome, 'endpoint' | 'path'>;

export const NOWHERE: Where = Object.freeze({ endpoint: null, path: null });

const NO_NAMES: readonly string[] = Object.freeze([]);
const NO_OBLIGATIONS: readonly Obligation[] = Object.freeze([]);

/**
 * A denial in full. Deciding rules and accepted mechanisms, where there are some, are the caller's to add.
 *
 * @param ttlSeconds  0: not to be kept
 */
export function denied(
  reason: DenyReason,
  deniedAt: string | null = null,
  { endpoint, path }: Where = NOWHERE,
  ttlSeconds = 0,
): Outcome {
  return {
    decision: 'deny',
    reason,
    route: null,
    deniedAt,
    meeting: null,
    crossed: NO_NAMES,
    rules: NO_NAMES,
    obligations: NO_OBLIGATIONS,
    actor: null,
    principal: null,
    ttlSeconds,
    endpoint,
    path,
  };
}
