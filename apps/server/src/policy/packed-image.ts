import { deserialize, serialize } from 'node:v8';
import { type ImagePart, type Snapshot, SnapshotRestorer, type Steps } from '#engine';
import { inSlices } from './slices.js';

/** The image of a snapshot as bytes that threads share: handing it over costs the same whatever its size. */
export interface PackedImage {
  readonly bytes: SharedArrayBuffer;
  /** Where each part ends. */
  readonly ends: readonly number[];
}

export function packed(parts: Iterable<ImagePart>): PackedImage {
  const pieces: Buffer[] = [];
  const ends: number[] = [];
  let size = 0;
  for (const part of parts) {
    const piece = serialize(part);
    pieces.push(piece);
    ends.push((size += piece.length));
  }
  const bytes = new SharedArrayBuffer(size);
  const target = new Uint8Array(bytes);
  for (const [index, piece] of pieces.entries()) target.set(piece, ends[index]! - piece.length);
  return { bytes, ends };
}

/** Restores a snapshot in slices between which requests are answered. */
export function unpacked(image: PackedImage): Promise<Snapshot> {
  return inSlices(restoring(image));
}

function* restoring({ bytes, ends }: PackedImage): Steps<Snapshot> {
  const restorer = new SnapshotRestorer();
  let start = 0;
  for (const end of ends) {
    restorer.add(deserialize(new Uint8Array(bytes, start, end - start)) as ImagePart);
    start = end;
    yield;
  }
  return restorer.finish();
}
