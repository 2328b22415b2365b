import type { Answer } from '#decision';

/** What the service behind the gateway is told of the decision by every allow, by lower-case name; none is ever absent. */
export interface ToldHeaders {
  readonly 'x-dharma-decision': string;
  /** The canonical path that was judged; empty where the target has none. */
  readonly 'x-dharma-path': string;
  /** The service that calls; empty where none has proven itself. */
  readonly 'x-dharma-actor': string;
  /** `type:id`; empty where the credentials name none, or several. */
  readonly 'x-dharma-principal': string;
  /** The domain that answers; `*` for an external service. */
  readonly 'x-dharma-domain': string;
}

export function toldHeaders({ outcome, decisionId }: Answer): ToldHeaders {
  const { path, actor, principal, crossed, meeting } = outcome;
  return {
    'x-dharma-decision': decisionId,
    'x-dharma-path': path ?? '',
    'x-dharma-actor': headerSafe(actor ?? ''),
    'x-dharma-principal': headerSafe(principal ?? ''),
    'x-dharma-domain': headerSafe(crossed.at(-1) ?? meeting ?? ''),
  };
}

const SAFE = /^[!-$&-~]*$/;

/** A text that stands in a header as it is: bytes of its UTF-8 form outside 0x21 to 0x7e, and `%`, are percent-encoded. */
export function headerSafe(text: string): string {
  if (SAFE.test(text)) return text;
  let safe = '';
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    safe += SAFE.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return safe;
}
