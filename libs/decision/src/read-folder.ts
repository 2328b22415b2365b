import { createHash } from 'node:crypto';
import { type PackedFiles, packFiles, readFolder, type SourceFile } from '#policy';

/** What a folder of policy documents held when it was read. */
export interface ReadFolder {
  readonly files: PackedFiles;
  /** SHA-256 in hex of names and texts. */
  readonly contentHash: string;
}

/**
 * Reads a folder for other threads. Takes the processor for as long as hashing and copying all of it takes: not for the
 * thread that answers requests.
 *
 * @throws FolderError, and what the file system throws
 */
export async function readForThreads(folder: string): Promise<ReadFolder> {
  const files = await readFolder(folder);
  return { files: packFiles(files), contentHash: hashOf(files) };
}

function hashOf(files: readonly SourceFile[]): string {
  const hash = createHash('sha256');
  for (const { file, text } of files) hash.update(`${file}\0${Buffer.byteLength(text)}\0`).update(text);
  return hash.digest('hex');
}
