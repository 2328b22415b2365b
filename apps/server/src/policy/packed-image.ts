import { setImmediate as yieldToRequests } from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';
import { type ImagePart, type Snapshot, SnapshotRestorer } from '#engine';

/** The image of a snapshot as bytes that threads share: handing it over costs the same whatever its size. */
export interface PackedImage {
  readonly bytes: SharedArrayBuffer;
  /** Where each part ends. */
  readonly ends: readonly number[];
}

/** Milliseconds that restoring takes from requests at a time; one part may take it a little further. */
const SLICE_MILLISECONDS = 1;

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
export async function unpacked({ bytes, ends }: PackedImage): Promise<Snapshot> {
  const restorer = new SnapshotRestorer();
  let start = 0;
  let begin = performance.now();
  for (const end of ends) {
    restorer.add(deserialize(new Uint8Array(bytes, start, end - start)) as ImagePart);
    start = end;
    if (performance.now() - begin < SLICE_MILLISECONDS) continue;
    await yieldToRequests();
    begin = performance.now();
  }
  return restorer.finish();
}
