/** Texts and bytes near those that are known: what plain chance would hardly ever write. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';

interface Mutation {
  readonly kind: 'delete' | 'insert' | 'replace' | 'repeat' | 'swap' | 'splice';
  /** Where, and how far: shares of the length in ten thousandths. */
  readonly at: number;
  readonly to: number;
  readonly span: number;
  readonly piece: string;
  readonly times: number;
  readonly other: string;
}

const WHOLE = 10_000;

/** Halves of pairs are among them. */
const anyUnits = fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 3 }).map((units) => String.fromCharCode(...units));

/** Texts that mean something to whoever reads the inputs of a target. */
export function piecesOf(target: string): readonly string[] {
  const all = JSON.parse(readFileSync(join(import.meta.dirname, 'pieces.json'), 'utf8')) as {
    readonly [target: string]: readonly string[];
  };
  return all[target]!;
}

/**
 * @param seeds  texts to start from
 * @param pieces  what is put into them
 * @param limit  most characters of a text
 */
export function mutated(seeds: readonly string[], pieces: readonly string[], limit: number): fc.Arbitrary<string> {
  const share = fc.noBias(fc.nat(WHOLE));
  const mutation: fc.Arbitrary<Mutation> = fc.record({
    kind: fc.constantFrom('delete', 'insert', 'insert', 'replace', 'replace', 'repeat', 'swap', 'splice'),
    at: share,
    to: share,
    span: fc.nat(16),
    piece: fc.oneof(fc.constantFrom(...pieces), anyUnits),
    times: fc.constantFrom(1, 1, 1, 1, 2, 3, 16, 256),
    other: fc.constantFrom(...seeds),
  });
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(mutation, { maxLength: 6 }))
    .map(([seed, mutations]) => mutations.reduce((text, one) => applied(text, one).slice(0, limit), seed));
}

/** The same of bytes. */
export function mutatedBytes(seeds: readonly Uint8Array[], limit: number): fc.Arbitrary<Buffer> {
  const texts = seeds.map((bytes) => Buffer.from(bytes).toString('latin1'));
  return mutated(texts, piecesOf('messages'), limit).map((text) => Buffer.from(text, 'latin1'));
}

function applied(text: string, { kind, at, to, span, piece, times, other }: Mutation): string {
  const from = Math.floor((at / WHOLE) * text.length);
  const end = Math.min(text.length, from + span);
  const [before, here, after] = [text.slice(0, from), text.slice(from, end), text.slice(end)];
  switch (kind) {
    case 'delete':
      return before + after;
    case 'insert':
      return before + piece.repeat(times) + here + after;
    case 'replace':
      return before + piece.repeat(times) + after;
    case 'repeat':
      return before + here.repeat(times + 1) + after;
    case 'swap': {
      const target = Math.floor((to / WHOLE) * (text.length - here.length));
      const rest = before + after;
      return rest.slice(0, target) + here + rest.slice(target);
    }
    case 'splice':
      return before + other.slice(Math.floor((to / WHOLE) * other.length));
    default:
      return kind satisfies never;
  }
}
