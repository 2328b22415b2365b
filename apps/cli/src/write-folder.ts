import { lstat, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FolderError, readFolder, type SourceFile } from '#policy';
import { isCanonicalPlace } from './canonical-files.js';
import { Stop, type Terminal } from './terminal.js';

/**
 * Writes canonical files into a folder that is new or empty. With `isOverwriting` it may hold canonical files already:
 * those that are not written go, so that the folder holds exactly these documents.
 *
 * @throws Stop with 1 for a folder that holds other policy files, or a link where a folder is meant
 */
export async function writeFolder(
  { cwd }: Terminal,
  directory: string,
  files: readonly SourceFile[],
  isOverwriting: boolean,
): Promise<void> {
  const root = resolve(cwd, directory);
  await mkdir(root, { recursive: true }).catch((fault: Error) => {
    throw new Stop(1, `cannot make the folder \`${directory}\`: ${fault.message}`);
  });
  const stale = isOverwriting ? await staleFiles(root, directory, files) : await noFiles(root, directory);
  for (const folder of new Set(files.map(({ file }) => dirname(file)))) {
    const full = join(root, folder);
    await mkdir(full, { recursive: true }).catch(() => undefined);
    // A link would lead what is written elsewhere.
    if (!(await lstat(full)).isDirectory()) throw new Stop(1, `\`${join(directory, folder)}\` is no folder`);
  }
  for (const { file, text } of files) {
    const full = join(root, file);
    const partial = `${full}.${process.pid}.partial`;
    await writeFile(partial, text, { flag: 'wx' });
    await rename(partial, full);
  }
  for (const file of stale) await rm(join(root, file));
}

async function noFiles(root: string, directory: string): Promise<readonly string[]> {
  // A `.git` or an editor's folder is no reason to refuse.
  const present = (await readdir(root)).find((name) => !name.startsWith('.'));
  if (present === undefined) return [];
  throw new Stop(1, `\`${directory}\` is not empty (it holds \`${present}\`); nothing was written`);
}

async function staleFiles(root: string, directory: string, files: readonly SourceFile[]): Promise<readonly string[]> {
  const present = (await filesIn(root)).map(({ file }) => file);
  const other = present.find((file) => !isCanonicalPlace(file));
  if (other !== undefined) {
    throw new Stop(
      1,
      `\`${join(directory, other)}\` is not where an export puts documents, and would give some of them twice; move it out of the way, then export again; nothing was written`,
    );
  }
  const written = new Set(files.map(({ file }) => file));
  return present.filter((file) => !written.has(file));
}

async function filesIn(root: string): Promise<readonly SourceFile[]> {
  try {
    return await readFolder(root);
  } catch (fault) {
    if (fault instanceof FolderError) throw new Stop(1, `${fault.message}; nothing was written`);
    throw fault;
  }
}
