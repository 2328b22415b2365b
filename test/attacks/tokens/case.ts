import type { Evidence } from '#engine';
import type { Mint } from './mint.js';

/** A token, which is sent in `authorization` after `Bearer `; or header fields by name. */
export type Sent = string | { readonly [header: string]: string };

interface TokenCase {
  readonly because: string;
  readonly send: (mint: Mint) => Sent;
  /** What it says is true for a second at most. */
  readonly isOfTheMoment?: true;
}

export interface AcceptedCase extends TokenCase {
  /** The mechanism and the subject. */
  readonly as: string;
  /** What else the item says. */
  readonly item?: Partial<Evidence>;
}

export interface RefusedCase extends TokenCase {
  /** Words of the reason why it is dropped. */
  readonly reason: string;
  /** It is no false credential either: it may be meant for somebody else. */
  readonly isForOthers?: true;
}

export function headersOf(sent: Sent): { readonly [header: string]: string } {
  return typeof sent === 'string' ? { authorization: `Bearer ${sent}` } : sent;
}
