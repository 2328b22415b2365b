import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A repository made by a test, which no configuration of this machine reaches. */
export interface TestRepository {
  readonly folder: string;
  /** Runs git in it; what it prints, trimmed. */
  git(...argv: readonly string[]): string;
  /** The same with something on its standard input. */
  gitReading(input: string | Buffer, ...argv: readonly string[]): string;
  write(file: string, text: string | Buffer): void;
  /** Commits everything there is. @returns the id */
  commit(message: string): string;
}

const ENVIRONMENT = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Ann Ash',
  GIT_AUTHOR_EMAIL: 'ann@acme.example',
  GIT_COMMITTER_NAME: 'Ann Ash',
  GIT_COMMITTER_EMAIL: 'ann@acme.example',
  LC_ALL: 'C',
};

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A new folder outside of every repository, which goes when the tests of the file are over. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dharma-test-git-'));
  folders.push(folder);
  return folder;
}

/** A repository on the branch `main` with one commit of these files, or none; it goes when the tests of the file are over. */
export function testRepository(files: { readonly [file: string]: string | Buffer } = {}): TestRepository {
  const repository = repositoryIn(newFolder());
  repository.git('init', '--quiet', '--initial-branch=main');
  for (const [file, text] of Object.entries(files)) repository.write(file, text);
  if (Object.keys(files).length > 0) repository.commit('first');
  return repository;
}

/** Another one that holds the same. */
export function copyOf({ folder }: TestRepository): TestRepository {
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  return repositoryIn(copy);
}

function repositoryIn(folder: string): TestRepository {
  const gitReading = (input: string | Buffer, ...argv: readonly string[]): string =>
    execFileSync('git', argv, { cwd: folder, env: ENVIRONMENT, input, stdio: 'pipe' }).toString().trim();
  const git = (...argv: readonly string[]): string => gitReading('', ...argv);
  const write = (file: string, text: string | Buffer): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  const commit = (message: string): string => {
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '--no-verify', '-m', message);
    return git('rev-parse', 'HEAD');
  };
  return { folder, git, gitReading, write, commit };
}
