import { problemType } from './problem-type.js';

const TITLES = {
  unauthenticated: 'A credential is needed',
  invalid_token: 'A credential is expired or false',
  forbidden: 'This is not allowed',
  insufficient_scope: 'A scope is missing',
  unavailable: 'There is no decision now',
} as const;

/** How a client reads of its denial. */
export type DenialCode = keyof typeof TITLES;
export const DENIAL_CODES = Object.keys(TITLES) as readonly DenialCode[];

/** What a person is told of a denial. */
export function denialTitle(code: DenialCode): string {
  return TITLES[code];
}

/**
 * What a client reads of its denial, as problem details (RFC 9457). Says the same to everybody who is denied in the same
 * way, but for the decision id.
 *
 * @param status      HTTP status that it comes with
 * @param decisionId  absent where nobody decided
 */
export function denialBody(code: DenialCode, status: number, decisionId?: string): string {
  return JSON.stringify({ type: problemType(code), title: TITLES[code], status, code, decisionId });
}
