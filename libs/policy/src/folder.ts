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

/**
 * Every `*.yaml`, `*.yml` and `*.json` below a folder, by name. Names are relative to it, with `/`. What begins with a
 * dot is left out, as are links that lead out of the folder.
 *
 * @throws FolderError when the folder does not exist, is none, or holds more than a bundle may
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
    const target = entry.isSymbolicLink() ? await inside(root, full) : full;
    if (target === undefined) continue;
    const found = await stat(target);
    if (found.isDirectory()) {
      if (seen.has(target)) continue;
      seen.add(target);
      await gather(root, full, paths, level + 1, seen);
    } else if (found.isFile() && /\.(?:ya?ml|json)$/.test(entry.name)) {
      paths.push(relative(root, full));
      if (paths.length > MAXIMUM_FILES) throw new FolderError(`more than ${MAXIMUM_FILES} files below the folder`);
    }
  }
}

/** Where a link leads, when that lies in the folder. */
async function inside(root: string, link: string): Promise<string | undefined> {
  try {
    const target = await realpath(link);
    return target.startsWith(root + sep) ? target : undefined;
  } catch {
    // A link to nothing, or a circle of links: no file.
    return undefined;
  }
}

async function textOf(full: string, path: string): Promise<string> {
  const bytes = await readFile(full);
  const text = bytes.toString('utf8');
  if (byteLength(text) === bytes.length && Buffer.from(text, 'utf8').equals(bytes)) return text;
  throw new FolderError(`\`${path}\` is not UTF-8`);
}
