import { isPolicyFile, MAXIMUM_BUNDLE_BYTES, MAXIMUM_FILES, type SourceFile } from '#policy';
import { printable } from '../printable.js';
import { Stop } from '../terminal.js';
import { type Git, GitFailed, GitOverLimit } from './git-program.js';

/** A list of files longer than this is no policy folder. */
const LIST = { seconds: 60, bytes: 16 * 1024 * 1024 };
/** What `cat-file` says around each file. */
const HEAD_BYTES = 256;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f]/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface Blob {
  readonly file: string;
  readonly id: string;
  readonly bytes: number;
}

/**
 * The policy files of a folder as they stand in one commit: regular files that end in `.yaml`, `.yml` or `.json`, read
 * from git's own store. Nothing is checked out, so no filter, hook or attribute has a say. What begins with a dot is left
 * out, as in a folder.
 *
 * @param folder  as `folderInCommit` gives it
 * @throws Stop with 1 for a folder that is not there, holds nothing, or holds anything that could stand for something
 *   else: a link, a submodule, a name that is no text
 */
export async function commitFiles(git: Git, commit: string, folder: string): Promise<readonly SourceFile[]> {
  const blobs = await blobsIn(git, commit, folder);
  if (blobs.length === 0) {
    throw new Stop(1, `${placeOf(folder)} holds no policy documents (\`*.yaml\`, \`*.yml\`, \`*.json\`)`);
  }
  const bytes = blobs.reduce((sum, blob) => sum + blob.bytes, 0);
  if (blobs.length > MAXIMUM_FILES) throw new Stop(1, `${placeOf(folder)} holds more than ${MAXIMUM_FILES} files`);
  if (bytes > MAXIMUM_BUNDLE_BYTES) {
    throw new Stop(1, `${placeOf(folder)} holds more than ${MAXIMUM_BUNDLE_BYTES} bytes of policies`);
  }
  return contentsOf(git, blobs, bytes);
}

async function blobsIn(git: Git, commit: string, folder: string): Promise<readonly Blob[]> {
  const listed = await listing(git, commit, folder);
  return listed.flatMap((entry): readonly Blob[] => {
    const tab = entry.indexOf(0x09);
    const [mode = '', type = '', id = '', size = ''] = entry.subarray(0, tab).toString('latin1').split(/ +/);
    const file = nameOf(entry.subarray(tab + 1), folder);
    if (file.split('/').some((part) => part.startsWith('.'))) return [];
    const path = folder === '' ? file : `${folder}/${file}`;
    if (mode === '120000')
      throw new Stop(1, `\`${path}\` is a symbolic link, and none is followed; put the file there`);
    if (type !== 'blob') throw new Stop(1, `\`${path}\` is a submodule, which belongs to another repository`);
    return isPolicyFile(file) ? [{ file: path, id, bytes: Number(size) }] : [];
  });
}

/** Entries as git prints them: `mode type id size`, a tab, the path. */
async function listing(git: Git, commit: string, folder: string): Promise<readonly Buffer[]> {
  try {
    const tree = `${commit}:${folder}`;
    const output = await git.run(['ls-tree', '-r', '-z', '--long', '--full-tree', tree], LIST);
    const entries: Buffer[] = [];
    for (let start = 0; start < output.length;) {
      const end = output.indexOf(0, start);
      entries.push(output.subarray(start, end));
      start = end + 1;
    }
    return entries;
  } catch (fault) {
    if (fault instanceof GitOverLimit) throw new Stop(1, `${placeOf(folder)} holds too many files`);
    if (fault instanceof GitFailed) throw new Stop(1, `commit ${commit.slice(0, 12)} has no folder \`${folder}\``);
    throw fault;
  }
}

function nameOf(bytes: Buffer, folder: string): string {
  try {
    const name = utf8.decode(bytes);
    const parts = name.split('/');
    if (!CONTROL_CHARACTER.test(name) && printable(name) === name && !parts.includes('..') && !parts.includes('')) {
      return name;
    }
  } catch {
    // Told like every other name that is none.
  }
  const shown = JSON.stringify(bytes.toString('latin1'));
  throw new Stop(1, `${placeOf(folder)} holds a file whose name cannot be read: ${printable(shown)}`);
}

async function contentsOf(git: Git, blobs: readonly Blob[], bytes: number): Promise<readonly SourceFile[]> {
  const limits = { seconds: 120, bytes: bytes + blobs.length * HEAD_BYTES };
  const output = await git.run(['cat-file', '--batch'], limits, blobs.map(({ id }) => `${id}\n`).join(''));
  let at = 0;
  return blobs.map(({ file, id, bytes: size }) => {
    const head = `${id} blob ${size}\n`;
    if (output.toString('latin1', at, at + head.length) !== head) {
      throw new Stop(1, `git does not give \`${file}\` as it listed it`);
    }
    const start = at + head.length;
    at = start + size + 1;
    return { file, text: textOf(output.subarray(start, start + size), file) };
  });
}

function textOf(bytes: Buffer, file: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Stop(1, `\`${file}\` is not UTF-8`);
  }
}

function placeOf(folder: string): string {
  return folder === '' ? 'the commit' : `\`${folder}\``;
}
