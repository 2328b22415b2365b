import { byteLength, type SourceFile } from './source.js';

/**
 * Files as bytes that threads share: handing them over costs the same whatever their size, and no heap holds them. Each
 * is its name and then its text, in UTF-8, each behind its length in bytes (32 bits, little-endian).
 */
export interface PackedFiles {
  readonly bytes: SharedArrayBuffer;
}

const LENGTH_BYTES = 4;

/** @param files  of well-formed text, as a folder's reader gives it: what cannot be UTF-8 would come back as U+FFFD */
export function packFiles(files: readonly SourceFile[]): PackedFiles {
  const texts = files.flatMap(({ file, text }) => [file, text]);
  const bytes = new SharedArrayBuffer(texts.reduce((size, text) => size + LENGTH_BYTES + byteLength(text), 0));
  const target = Buffer.from(bytes);
  let at = 0;
  for (const text of texts) {
    const length = target.write(text, at + LENGTH_BYTES);
    target.writeUInt32LE(length, at);
    at += LENGTH_BYTES + length;
  }
  return { bytes };
}

/** What was packed, in the same order. */
export function unpackFiles({ bytes }: PackedFiles): readonly SourceFile[] {
  const source = Buffer.from(bytes);
  let at = 0;
  const next = (): string => {
    const start = at + LENGTH_BYTES;
    at = start + source.readUInt32LE(at);
    return source.toString('utf8', start, at);
  };
  const files: SourceFile[] = [];
  while (at < source.length) files.push({ file: next(), text: next() });
  return files;
}
