/** One line of a stream, without its end; the number counts from 1. */
export type Line =
  | { readonly kind: 'text'; readonly number: number; readonly text: string }
  | { readonly kind: 'too-long' | 'not-utf8'; readonly number: number };

const NEWLINE = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The lines of a byte stream, those that came together at a time, so that answers can be written as soon as their
 * questions are there. What follows the last newline is a line when it is not empty.
 *
 * @param maximumBytes  longer lines are dropped while they are read, and reported as `too-long`
 */
export async function* linesOf(
  stream: AsyncIterable<Uint8Array | string>,
  maximumBytes: number,
): AsyncGenerator<readonly Line[], void> {
  let number = 0;
  let pieces: Uint8Array[] = [];
  let length = 0;

  const add = (piece: Uint8Array): void => {
    length += piece.length;
    if (length <= maximumBytes) pieces.push(piece);
    else pieces = [];
  };
  const end = (): Line => {
    number += 1;
    const line = length > maximumBytes ? ({ kind: 'too-long', number } as const) : decoded(pieces, number);
    pieces = [];
    length = 0;
    return line;
  };

  for await (const piece of stream) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    const lines: Line[] = [];
    let start = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, start);
      if (newline < 0) break;
      add(bytes.subarray(start, newline));
      lines.push(end());
      start = newline + 1;
    }
    if (start < bytes.length) add(bytes.subarray(start));
    if (lines.length > 0) yield lines;
  }
  if (length > 0) yield [end()];
}

function decoded(pieces: readonly Uint8Array[], number: number): Line {
  try {
    return { kind: 'text', number, text: utf8.decode(Buffer.concat(pieces)) };
  } catch {
    return { kind: 'not-utf8', number };
  }
}
