import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Which commit a folder stands at, as a revision records it. */
export type GitProvenance =
  | { readonly kind: 'commit'; readonly gitCommit: string; readonly gitAuthor: string }
  /** The folder holds something that its commit does not. */
  | { readonly kind: 'dirty' }
  /** No git here, or no work tree, or no commit. */
  | { readonly kind: 'none' };

const TIMEOUT_MILLISECONDS = 10_000;
const MAXIMUM_AUTHOR = 512;
const NOT_INHERITED = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_PREFIX: undefined,
};

/**
 * Provenance is worth a look and never a failure.
 *
 * @param folder  absolute
 */
export async function gitProvenance(folder: string): Promise<GitProvenance> {
  try {
    // Ignored files are published all the same, so they count.
    const changes = await git(folder, 'status', '--porcelain', '--untracked-files=all', '--ignored', '--', '.');
    const [gitCommit = '', gitAuthor = ''] = (await git(folder, 'log', '-1', '--format=%H%n%an <%ae>')).split('\n');
    if (!/^[0-9a-f]{40,64}$/.test(gitCommit)) return { kind: 'none' };
    if (changes !== '') return { kind: 'dirty' };
    return { kind: 'commit', gitCommit, gitAuthor: gitAuthor.slice(0, MAXIMUM_AUTHOR) };
  } catch {
    return { kind: 'none' };
  }
}

async function git(folder: string, ...argv: readonly string[]): Promise<string> {
  // The file system monitor is a program that the repository names: reading must not run it.
  const { stdout } = await promisify(execFile)('git', ['-c', 'core.fsmonitor=false', ...argv], {
    cwd: folder,
    timeout: TIMEOUT_MILLISECONDS,
    // In a hook these name another repository than the folder's.
    env: { ...process.env, ...NOT_INHERITED, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
  });
  return stdout.trim();
}
