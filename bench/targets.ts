/** Whether what it costs to read a request target grows no faster than the target. */
import { canonicalPath, MAX_TARGET_BYTES } from '#engine';

export interface TargetCost {
  readonly name: string;
  readonly bytes: { readonly short: number; readonly long: number };
  readonly short: (index: number) => unknown;
  readonly long: (index: number) => unknown;
}

/** Repeated until the target is as long as it should be; each takes another way through the canonicaliser. */
const PIECES: readonly (readonly [name: string, start: string, piece: string])[] = [
  ['a plain path', '', '/segment'],
  ['a path of short segments', '', '/a'],
  ['a path with escapes that are decoded', '', '/%41%7Eb'],
  ['a path with escapes that stay', '', '/%C3%A9%2c'],
  ['a query', '/search?', 'name=value&'],
  ['a query with escapes', '/search?', 'n=%C3%A9&'],
];

const SHORT = 1024;
/** Texts of one target. */
const TEXTS = 32;

export function targetCosts(): readonly TargetCost[] {
  return PIECES.map(([name, start, piece]) => {
    const [short, long] = [SHORT, MAX_TARGET_BYTES].map((bytes) =>
      Buffer.from(`${start}${piece.repeat(Math.floor((bytes - start.length) / piece.length))}`),
    ) as [Buffer, Buffer];
    return { name, bytes: { short: short.length, long: long.length }, short: read(short), long: read(long) };
  });
}

/** The last character makes sure that the whole text is there and not only planned. */
function read(target: Buffer): (index: number) => unknown {
  // As from a socket, and more than one: a listener has made them before anybody reads them.
  const texts = Array.from({ length: TEXTS }, () => target.toString('latin1'));
  if (canonicalPath(texts[0]!) === undefined) throw new Error('the bench reads a target that is refused');
  return (index) => {
    const canonical = canonicalPath(texts[index % TEXTS]!);
    return canonical?.path.charCodeAt(canonical.path.length - 1);
  };
}
