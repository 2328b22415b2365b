import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** @returns what was written; undefined when there is nothing, or it is not what was written */
export async function readSealed(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const end = text.indexOf('\n');
  if (end < 0 || !text.endsWith('\n')) return undefined;
  const body = text.slice(end + 1, -1);
  return text.slice(0, end) === sumOf(body) ? body : undefined;
}

/** Whole or not at all, behind a checksum; for its owner alone. */
export async function writeSealed(path: string, body: string): Promise<void> {
  const partial = `${path}.new`;
  await mkdir(dirname(path), { recursive: true, mode: 0o711 });
  const file = await open(partial, 'w', 0o600);
  try {
    await file.writeFile(`${sumOf(body)}\n${body}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, path);
}

function sumOf(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
