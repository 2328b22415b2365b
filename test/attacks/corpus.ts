/** Reading attacks that are kept as data. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text, or what it is put together from: texts, and texts with how often they come. */
export type Written = string | readonly (string | readonly [text: string, times: number])[];

export function written(text: Written): string {
  if (typeof text === 'string') return text;
  return text.map((piece) => (typeof piece === 'string' ? piece : piece[0].repeat(piece[1]))).join('');
}

/** The rows of a file beside this one. */
export function corpus<Row>(file: string): readonly Row[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as readonly Row[];
}
