import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { World } from '#engine';
import { type Bundle, loadBundle, readFolder, type SourceFile } from '#policy';
import { faultLine } from './faults.js';
import { Stop, type Terminal } from './terminal.js';

/** A bundle without errors. */
export interface ValidBundle extends Bundle {
  readonly world: World;
}

/**
 * The policy documents of a folder, or of one file. Files are named the way they can be opened from where we are.
 *
 * @throws Stop with 2 when there is no such folder, 1 when it cannot be read or holds nothing
 */
export async function readPolicies(terminal: Terminal, path: string): Promise<readonly SourceFile[]> {
  const absolute = resolve(terminal.cwd, path);
  if ((await kindOf(absolute, path)) === 'file') {
    const text = await readFile(absolute, 'utf8').catch((fault: unknown) => refuse(path, fault));
    return [{ file: join(dirname(path), basename(path)), text }];
  }
  const files = await readFolder(absolute).catch((fault: unknown) => refuse(path, fault));
  // An empty set is well-formed, but whoever points at one has most likely mistyped.
  if (files.length === 0)
    throw new Stop(1, `\`${path}\` holds no policy documents (\`*.yaml\`, \`*.yml\`, \`*.json\`)`);
  return files.map(({ file, text }) => ({ file: join(path, file), text }));
}

/**
 * The policy set of a folder.
 *
 * @throws Stop with 1 when it is not valid, after all faults are written beside the answer
 */
export async function loadPolicies(terminal: Terminal, path: string): Promise<ValidBundle> {
  const bundle = loadBundle(await readPolicies(terminal, path));
  if (isValid(bundle)) return bundle;
  for (const fault of bundle.faults) await terminal.aside.line(faultLine(fault, terminal.aside.colours));
  throw new Stop(1, `\`${path}\` is no valid policy set`);
}

function isValid(bundle: Bundle): bundle is ValidBundle {
  return bundle.world !== null;
}

export async function kindOf(absolute: string, shown: string): Promise<'file' | 'folder'> {
  try {
    return (await stat(absolute)).isDirectory() ? 'folder' : 'file';
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Stop(2, `there is no folder or file \`${shown}\``);
    return refuse(shown, fault);
  }
}

function refuse(path: string, fault: unknown): never {
  throw new Stop(1, `cannot read \`${path}\`: ${(fault as Error).message}`);
}
