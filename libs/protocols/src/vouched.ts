import type { Question, RequestFault } from '#decision';
import type { Attributes, Target } from '#engine';
import type { Presented } from '#identity';

/** What a webhook says: it has seen the caller and the request itself, and vouches for both. */
export interface Vouched {
  readonly target: Target;
  /** Whom it names; absent: nobody. */
  readonly subject?: Presented['subject'];
  /** Header fields in which the caller's own credentials stand, by lower-case name. */
  readonly credentials?: Presented['credentials'];
  /** Where the caller calls from. */
  readonly clientAddress?: string | undefined;
  readonly attributes?: Attributes;
  /** What the webhook passes on of the client's words, and does not vouch for. */
  readonly claimed?: Attributes;
  readonly trace?: string | undefined;
}

const NO_ATTRIBUTES: Attributes = Object.freeze(Object.create(null) as Attributes);
const NO_HEADERS: { readonly [header: string]: string } = Object.freeze(Object.create(null));

/** Its answer is a word, which has no place for obligations. */
export function vouchedQuestion(vouched: Vouched): Question {
  const { target, subject, credentials = NO_HEADERS, clientAddress, trace } = vouched;
  const { attributes = NO_ATTRIBUTES, claimed = NO_ATTRIBUTES } = vouched;
  return {
    kind: 'request',
    request: {
      target,
      headers: NO_HEADERS,
      attributes,
      claimed,
      context: NO_ATTRIBUTES,
      carries: [],
    },
    presented: {
      asserted: [],
      credentials,
      reported: NO_HEADERS,
      ...(subject !== undefined && { subject }),
      ...(clientAddress !== undefined && { clientAddress }),
    },
    trace,
  };
}

export function malformed(faults: readonly RequestFault[], trace?: string): Question {
  return { kind: 'malformed', faults, trace };
}

/** A map without a prototype of those members that are there. */
export function attributesOf(members: { readonly [name: string]: Attributes[string] | null | undefined }): Attributes {
  const attributes = Object.create(null) as { [name: string]: Attributes[string] };
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined && value !== null && value !== '') attributes[name] = value;
  }
  return attributes;
}
