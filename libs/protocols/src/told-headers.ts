import type { Answer } from '#decision';
import type { ToldHeaders } from '#wire';

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
