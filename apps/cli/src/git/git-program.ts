import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stop, type Terminal } from '../terminal.js';
import { folderBytes } from './folder-size.js';
import { endWithUs, GROUPED, killGroup } from './process-group.js';

/** What a call of git may cost. */
export interface GitLimits {
  readonly seconds: number;
  /** Of its standard output. */
  readonly bytes: number;
  /** Bytes that our repository may take on the disk; looked at while it runs, and at its end. Absent: whatever it takes. */
  readonly disk?: number;
}

/** Git came back with something else than 0. Its words are in the message, made harmless. */
export class GitFailed extends Error {
  override readonly name = 'GitFailed';
}

/** It wrote more than it may, here or on the disk, or took longer. */
export class GitOverLimit extends Error {
  override readonly name = 'GitOverLimit';

  constructor(readonly which: keyof GitLimits) {
    super(`git went over its limit of ${which}`);
  }
}

export interface GitSettings {
  /** The only transport that may be used. */
  readonly protocol: 'file' | 'ssh' | 'https';
  /** Keys of those whose signatures count, in the format of `ssh-keygen`. Absolute. */
  readonly allowedSigners?: string;
  /** Sent to this origin and nowhere else. A secret. */
  readonly credential?: { readonly origin: string; readonly user: string; readonly token: string };
}

/** Between two looks at the disk: what comes over a network in that time is little. */
const LOOK_MILLISECONDS = 250;
const QUICK: GitLimits = { seconds: 60, bytes: 16 * 1024 * 1024 };
const REPOSITORY = 'repository';
const MAXIMUM_COMPLAINT = 2_000;

/** Of our own environment, what leads to a repository. Nothing else of it reaches git. */
const INHERITED = [
  'PATH',
  'TMPDIR',
  'SSH_AUTH_SOCK',
  'GIT_SSH_COMMAND',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'GIT_SSL_CAINFO',
  'HTTPS_PROXY',
  'https_proxy',
  'ALL_PROXY',
  'all_proxy',
  'NO_PROXY',
  'no_proxy',
];

/**
 * An empty bare repository of our own, which takes in what is fetched and goes when it is closed. No configuration but
 * ours is read here: what a repository configures (monitors, filters, hooks, helpers) is never in a place where git looks.
 */
export class Git {
  readonly #folder: string;
  readonly #environment: { readonly [name: string]: string };
  readonly #secret: string | undefined;

  private constructor(folder: string, environment: { readonly [name: string]: string }, secret: string | undefined) {
    this.#folder = folder;
    this.#environment = environment;
    this.#secret = secret;
  }

  static async open({ environment }: Terminal, settings: GitSettings): Promise<Git> {
    const folder = await mkdtemp(join(tmpdir(), 'dharma-git-'));
    const config = join(folder, 'config-of-ours');
    await writeFile(config, configText(settings), { mode: 0o600 });
    // What `git init --bare` makes, without a program for it.
    for (const part of ['objects', 'refs']) await mkdir(join(folder, REPOSITORY, part), { recursive: true });
    await writeFile(join(folder, REPOSITORY, 'HEAD'), 'ref: refs/heads/main\n');
    return new Git(folder, environmentOf(environment, folder, config, settings), settings.credential?.token);
  }

  /**
   * Runs one command of git.
   *
   * @param argv   without `git`; whatever comes from outside stands behind `--`, or was judged
   * @param input  its standard input
   * @returns its standard output
   * @throws GitFailed, GitOverLimit; Stop when there is no git to be found
   */
  run(argv: readonly string[], limits: GitLimits = QUICK, input = ''): Promise<Buffer> {
    const inOurs = ['--git-dir', join(this.#folder, REPOSITORY), ...argv];
    return new Promise((done, failed) => {
      const child = spawn('git', inOurs, {
        cwd: this.#folder,
        env: this.#environment,
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: GROUPED,
      });
      const forget = endWithUs(child);
      const chunks: Buffer[] = [];
      let bytes = 0;
      let complaint = '';
      const stop = (which: keyof GitLimits): void => {
        clearTimeout(timer);
        clearInterval(looking);
        forget();
        // What git has started would go on, for as long as the other end sends.
        killGroup(child);
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
        failed(new GitOverLimit(which));
      };
      const timer = setTimeout(() => stop('seconds'), limits.seconds * 1000);
      const isOverDisk = async () => limits.disk !== undefined && (await this.bytesHeld()) > limits.disk;
      const look = async () => {
        if (await isOverDisk()) stop('disk');
      };
      const looking = limits.disk === undefined ? undefined : setInterval(() => void look(), LOOK_MILLISECONDS);
      child.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.byteLength;
        if (bytes > limits.bytes) stop('bytes');
        else chunks.push(chunk);
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        complaint = (complaint + text).slice(-MAXIMUM_COMPLAINT);
      });
      child.once('error', (fault: NodeJS.ErrnoException) => {
        forget();
        clearTimeout(timer);
        clearInterval(looking);
        failed(fault.code === 'ENOENT' ? new Stop(1, 'there is no program `git` on the PATH') : fault);
      });
      const end = async (code: number | null): Promise<void> => {
        // It may have been quicker than any look.
        if (await isOverDisk()) failed(new GitOverLimit('disk'));
        else if (code === 0) done(Buffer.concat(chunks));
        else failed(new GitFailed(this.#harmless(complaint)));
      };
      child.once('close', (code) => {
        forget();
        clearTimeout(timer);
        clearInterval(looking);
        void end(code);
      });
      // It may end before it has read everything.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
  }

  /** Makes our repository, which holds nothing yet, one of the newer hash; git knows no repository of both. */
  async useSha256(): Promise<void> {
    const settings = '[core]\n\trepositoryFormatVersion = 1\n[extensions]\n\tobjectFormat = sha256\n';
    await writeFile(join(this.#folder, REPOSITORY, 'config'), settings);
  }

  /** What our repository takes on the disk. */
  bytesHeld(): Promise<number> {
    return folderBytes(this.#folder);
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The line that says what is wrong, without what must not be shown. */
  #harmless(complaint: string): string {
    const lines = complaint
      .split('\n')
      .map((line) => line.replace(/^remote:/, '').trim())
      .filter((line) => line !== '');
    const found = lines.findIndex((line) => /^(?:fatal|error):/.test(line));
    const told = lines[found] ?? lines.at(-1) ?? 'it does not say why';
    // Why, ssh or the other end has said before.
    const why = /^fatal: Could not read from remote repository\.$/.test(told) ? lines[found - 1] : undefined;
    const bare = told.replace(/^(?:fatal|error): /, '').replace(/\.$/, () => (why === undefined ? '.' : `: ${why}`));
    return this.#secret === undefined ? bare : bare.replaceAll(this.#secret, '…');
  }
}

function configText({ allowedSigners }: GitSettings): string {
  const sections: readonly (readonly [section: string, settings: { readonly [name: string]: string }])[] = [
    // Whoever names a repository means it. It is read by the program that serves fetches, which runs nothing of it.
    ['safe', { directory: '*' }],
    ['core', { hooksPath: '/dev/null', fsmonitor: 'false', askPass: '' }],
    ['credential', { helper: '' }],
    ['fetch', { fsckObjects: 'true', recurseSubmodules: 'false' }],
    ['submodule', { recurse: 'false' }],
    ['gc', { auto: '0' }],
    ['maintenance', { auto: 'false' }],
    // A credential goes where the user said, not where an answer says.
    ['http', { followRedirects: 'false' }],
    // Only the keys of the file count, not those of a key ring that happens to lie here.
    ['gpg', { program: 'false' }],
    ['gpg "x509"', { program: 'false' }],
    ...(allowedSigners === undefined ? [] : [['gpg "ssh"', { allowedSignersFile: allowedSigners }] as const]),
  ];
  return sections
    .map(([section, settings]) => {
      const lines = Object.entries(settings).map(([name, value]) => `\t${name} = ${quoted(value)}\n`);
      return `[${section}]\n${lines.join('')}`;
    })
    .join('');
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function environmentOf(
  environment: Terminal['environment'],
  folder: string,
  config: string,
  { protocol, credential }: GitSettings,
): { readonly [name: string]: string } {
  const inherited = INHERITED.flatMap((name) => {
    const value = environment[name] ?? (name === 'PATH' ? process.env['PATH'] : undefined);
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  return {
    // An ssh that asks would ask nobody, and one that trusts a host at first sight may trust the wrong one.
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o StrictHostKeyChecking=yes',
    ...Object.fromEntries(inherited),
    // No `.netrc`, no `.gitconfig`.
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: config,
    GIT_ALLOW_PROTOCOL: protocol,
    GIT_TERMINAL_PROMPT: '0',
    // A repository that says some objects lie elsewhere does not make git fetch them from there.
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    LC_ALL: 'C',
    // In the environment, because lists of processes show arguments to everyone.
    ...(credential !== undefined && {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `http.${credential.origin}/.extraHeader`,
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`${credential.user}:${credential.token}`).toString('base64')}`,
    }),
  };
}
