import { MAXIMUM_DOCUMENT_BYTES } from './limits.js';

/** One file as it was read; `file` is the name that faults carry. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

/** Line and column count from 1; columns in UTF-16 code units, as editors count them. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Fault extends Position {
  readonly severity: 'error' | 'warning';
  /** Stable, kebab-case. */
  readonly code: string;
  readonly message: string;
}

/** A fault at an offset into the text it was found in. */
export interface OffsetFault {
  readonly offset: number;
  readonly code: string;
  readonly message: string;
}

/** One document's stretch of a file. */
export interface Chunk {
  readonly file: string;
  readonly text: string;
  /** Lines of the file before the chunk. */
  readonly linesBefore: number;
}

/** The position of an offset in a chunk. */
export function positionIn(chunk: Chunk, offset: number): Position {
  let line = 1;
  let start = 0;
  for (;;) {
    const newline = chunk.text.indexOf('\n', start);
    if (newline < 0 || newline >= offset) break;
    line += 1;
    start = newline + 1;
  }
  return { file: chunk.file, line: chunk.linesBefore + line, column: offset - start + 1 };
}

/**
 * The documents of a file. YAML forbids `---` and `...` at the start of a line everywhere but as document markers, so
 * cutting there is exact, and a mistake in one document cannot reach into the next.
 */
export function chunksOf(source: SourceFile): readonly Chunk[] {
  const text = source.text.startsWith('\uFEFF') ? source.text.slice(1) : source.text;
  const chunks: Chunk[] = [];
  let start = 0;
  let linesBefore = 0;
  let line = 0;
  let at = 0;
  const cut = (end: number): void => {
    if (end > start) chunks.push({ file: source.file, text: text.slice(start, end), linesBefore });
    start = end;
    linesBefore = line;
  };
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    const next = newline < 0 ? text.length : newline + 1;
    if (isMarker(text, at, '-') && at > start) cut(at);
    line += 1;
    if (isMarker(text, at, '.')) cut(next);
    at = next;
  }
  cut(text.length);
  return chunks;
}

function isMarker(text: string, at: number, sign: '-' | '.'): boolean {
  if (!text.startsWith(sign.repeat(3), at)) return false;
  const after = text[at + 3];
  return after === undefined || after === ' ' || after === '\t' || after === '\n' || after === '\r';
}

/** Whether a text is within the size of one document, without encoding it when that is not needed. */
export function fitsDocument(text: string): boolean {
  if (text.length > MAXIMUM_DOCUMENT_BYTES) return false;
  return text.length * 3 <= MAXIMUM_DOCUMENT_BYTES || byteLength(text) <= MAXIMUM_DOCUMENT_BYTES;
}

/** Where the first document of a file stands that is larger than one may be; undefined where none is. */
export function oversizedDocument(source: SourceFile): Position | undefined {
  if (fitsDocument(source.text)) return undefined;
  const chunk = chunksOf(source).find(({ text }) => !fitsDocument(text));
  return chunk && { file: chunk.file, line: chunk.linesBefore + 1, column: 1 };
}

/** Bytes of a text in UTF-8. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** Errors before later lines, files by name; stable. */
export function inOrder(faults: readonly Fault[]): readonly Fault[] {
  return [...faults].sort(
    (left, right) =>
      (left.file < right.file ? -1 : left.file > right.file ? 1 : 0) ||
      left.line - right.line ||
      left.column - right.column ||
      (left.code < right.code ? -1 : left.code > right.code ? 1 : 0) ||
      (left.message < right.message ? -1 : left.message > right.message ? 1 : 0),
  );
}
