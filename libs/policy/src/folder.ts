import { opendir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { byteLength, type SourceFile } from './source.js';
import { MAXIMUM_BUNDLE_BYTES, MAXIMUM_FILES } from './limits.js';

/** A folder that cannot be read as policies. The message is for the user and names the place. */
export class FolderError extends Error {
  override readonly name = 'FolderError';
}

/** Folders inside one another. */
const MAXIMUM_LEVELS = 64;

/** Whether a file holds policy documents: `*.yaml`, `*.yml` and `*.json`, in letters of either case. */
export function isPolicyFile(name: string): boolean {
  return /\.(?:ya?ml|json)$/i.test(name);
}

export function isJsonFile(name: string): boolean {
  return /\.json$/i.test(name);
}

/**
 * Every policy file below a folder, by name. Names are relative to it, with `/`. What begins with a dot is left out.
 * Links are followed, and none may lead out of the folder: a deny that is not read is an allow.
 *
 * @throws FolderError when the folder does not exist, is none, holds more than a bundle may, or anything that could be
 *   policies and cannot be read as such
 */
export async function readFolder(directory: string): Promise<readonly SourceFile[]> {
  const root = await rootOf(directory);
  const paths: string[] = [];
  await gather(root, root, paths, 0, new Set([root]));
  const files: SourceFile[] = [];
  let bytes = 0;
  for (const path of paths.sort()) {
    const full = join(root, path);
    bytes += (await stat(full)).size;
    if (bytes > MAXIMUM_BUNDLE_BYTES) {
      throw new FolderError(`\`${directory}\` holds more than ${MAXIMUM_BUNDLE_BYTES} bytes of policies`);
    }
    files.push({ file: path.split(sep).join('/'), text: await textOf(full, path) });
  }
  return files;
}

async function rootOf(directory: string): Promise<string> {
  try {
    const root = await realpath(directory);
    if ((await stat(root)).isDirectory()) return root;
  } catch (error) {
    const code = (error as { readonly code?: string }).code;
    if (code === 'ENOENT') throw new FolderError(`the folder \`${directory}\` does not exist`);
    throw new FolderError(`the folder \`${directory}\` cannot be read: ${code ?? 'unknown reason'}`);
  }
  throw new FolderError(`\`${directory}\` is not a folder`);
}

async function gather(root: string, folder: string, paths: string[], level: number, seen: Set<string>): Promise<void> {
  if (level > MAXIMUM_LEVELS)
    throw new FolderError(`more than ${MAXIMUM_LEVELS} folders inside one another at \`${relative(root, folder)}\``);
  for await (const entry of await opendir(folder)) {
    if (entry.name.startsWith('.')) continue;
    const full = join(folder, entry.name);
    const path = relative(root, full);
    const target = entry.isSymbolicLink() ? await inside(root, full, path) : full;
    if (target === undefined) continue;
    const found = await stat(target);
    if (found.isDirectory()) {
      if (seen.has(target)) continue;
      seen.add(target);
      await gather(root, full, paths, level + 1, seen);
    } else if (isPolicyFile(entry.name)) {
      if (!found.isFile()) throw new FolderError(`\`${path}\` is no regular file`);
      paths.push(path);
      if (paths.length > MAXIMUM_FILES) throw new FolderError(`more than ${MAXIMUM_FILES} files below the folder`);
    }
  }
}

/**
 * @returns where a link leads; undefined when that is a file that holds no policies
 * @throws FolderError when it leads nowhere, or out of the folder to what could be policies
 */
async function inside(root: string, link: string, path: string): Promise<string | undefined> {
  let target: string;
  try {
    target = await realpath(link);
  } catch {
    // Nothing there, a circle of links, or a place that may not be looked at.
    throw new FolderError(`\`${path}\` is a link that leads nowhere; take it out, or put there what it stands for`);
  }
  if (target === root || target.startsWith(root + sep)) return target;
  if (!isPolicyFile(path) && (await stat(target)).isFile()) return undefined;
  throw new FolderError(`\`${path}\` is a link that leads out of the folder; put there what it stands for`);
}

async function textOf(full: string, path: string): Promise<string> {
  const bytes = await readFile(full);
  const text = bytes.toString('utf8');
  if (byteLength(text) === bytes.length && Buffer.from(text, 'utf8').equals(bytes)) return text;
  throw new FolderError(`\`${path}\` is not UTF-8`);
}
