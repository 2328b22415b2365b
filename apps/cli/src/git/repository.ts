import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { printable } from '../printable.js';
import { Stop, type Terminal } from '../terminal.js';
import { type RepositoryAddress, repositoryAddress, type WantedRef, wantedRef } from './address.js';
import { Git, GitFailed, type GitLimits, GitOverLimit } from './git-program.js';

export interface RepositoryOptions {
  /** As the user named it. */
  readonly repo: string;
  readonly ref: string;
  /** File of the keys whose signatures count. Absent: no signature is asked for. */
  readonly allowedSigners?: string;
}

export interface Commit {
  /** In hex. */
  readonly id: string;
  /** `Name <address>`. */
  readonly author: string;
  /** Without white space at its ends. */
  readonly message: string;
  /** Who signed it, where signatures are asked for. */
  readonly signer?: string;
}

/** Where fetched commits are put; the name is ours. */
const FETCHED = 'refs/dharma/fetched';
const TRANSFER = { seconds: 300, bytes: 16 * 1024 * 1024 };
const MEBIBYTE = 1024 * 1024;
/** How much a fetch may bring, unless the environment says otherwise: of a tree far more than anybody's policies. */
const FETCH_MEBIBYTES = 1_024;
const FETCH_VARIABLE = 'DHARMA_GIT_FETCH_MIB';
const MAXIMUM_AUTHOR = 512;
const SHA256_DIGITS = 64;
/** Which hash a repository has is known once it was asked. */
const OTHER_HASH = /^mismatched algorithms: client sha1; server sha256$/;

/** One repository, from which commits are fetched into one of our own. */
export class Repository {
  readonly #git: Git;
  readonly #address: RepositoryAddress;
  readonly #wanted: WantedRef;
  readonly #options: RepositoryOptions;
  readonly #fetchMebibytes: number;

  private constructor(
    git: Git,
    address: RepositoryAddress,
    wanted: WantedRef,
    options: RepositoryOptions,
    fetchMebibytes: number,
  ) {
    this.#git = git;
    this.#address = address;
    this.#wanted = wanted;
    this.#options = options;
    this.#fetchMebibytes = fetchMebibytes;
  }

  /** @throws Stop with 2 when a flag or the environment is wrong */
  static async open(terminal: Terminal, options: RepositoryOptions): Promise<Repository> {
    const address = repositoryAddress(options.repo, terminal.cwd);
    const wanted = wantedRef(options.ref);
    const { allowedSigners } = options;
    const fetchMebibytes = fetchLimitIn(terminal);
    const signers = allowedSigners === undefined ? undefined : await fileAt(terminal, allowedSigners);
    if (address.location.startsWith('/')) await folderAt(address.location);
    const token = terminal.environment['DHARMA_GIT_TOKEN'] ?? '';
    const user = terminal.environment['DHARMA_GIT_USER'] ?? '';
    const git = await Git.open(terminal, {
      protocol: address.protocol,
      ...(signers !== undefined && { allowedSigners: signers }),
      ...(token !== '' &&
        address.origin !== undefined && {
          credential: { origin: address.origin, user: user === '' ? 'git' : user, token },
        }),
    });
    if (wanted.kind === 'commit' && wanted.id.length === SHA256_DIGITS) await git.useSha256();
    return new Repository(git, address, wanted, options, fetchMebibytes);
  }

  /** For people and for the history. */
  get shown(): string {
    return this.#address.shown;
  }

  get ref(): string {
    return this.#options.ref;
  }

  get git(): Git {
    return this.#git;
  }

  close(): Promise<void> {
    return this.#git.close();
  }

  /**
   * What the ref names now: the id of a commit, or of a tag that leads to one.
   *
   * @throws Stop with 1 when the ref does not exist or means two things; 3 when the repository cannot be reached
   */
  async look(): Promise<{ readonly id: string; readonly name: string }> {
    if (this.#wanted.kind === 'commit') return { id: this.#wanted.id, name: this.#wanted.id };
    const { names } = this.#wanted;
    // A pattern also matches the end of longer names, so that what is listed is looked at.
    const listed = await this.#asked(['ls-remote', '--quiet', '--', this.#address.location, ...names]);
    const found = listed
      .toString('utf8')
      .split('\n')
      .map((line) => line.split('\t'))
      .filter(([, name]) => name !== undefined && names.includes(name));
    if (found.length === 0) throw new Stop(1, `\`${this.shown}\` has no \`${this.ref}\``);
    if (found.length > 1) {
      throw new Stop(1, `\`${this.ref}\` is a branch and a tag; say \`--ref refs/heads/${this.ref}\` for the branch`);
    }
    const [[id = '', name = '']] = found as [string[]];
    return { id, name };
  }

  /**
   * Fetches what the ref names, and nothing of its past.
   *
   * @throws Stop as `look`, and with 1 when it brings more than may be, or a signature is asked for and none of those who may
   *   has signed
   */
  async fetch(): Promise<Commit> {
    const name = await this.#wholeName();
    const argv = [
      'fetch',
      '--quiet',
      '--depth=1',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-recurse-submodules',
      '--no-auto-maintenance',
      '--',
      this.#address.location,
      `+${name}:${FETCHED}`,
    ];
    // What was fetched before, by whoever watches a ref, does not count.
    const held = await this.#git.bytesHeld();
    await this.#asked(argv, { ...TRANSFER, disk: held + this.#fetchMebibytes * MEBIBYTE });
    const shown = await this.#asked(['log', '-1', '--no-show-signature', '--format=%H%x00%an <%ae>%x00%B', FETCHED]);
    const [id = '', author = '', message = ''] = shown.toString('utf8').split('\0');
    if (!/^[0-9a-f]{40,64}$/.test(id)) throw new Stop(1, `\`${this.ref}\` leads to no commit`);
    const signer = this.#options.allowedSigners === undefined ? undefined : await this.#signerOf(id);
    return {
      id,
      author: printable(author).slice(0, MAXIMUM_AUTHOR),
      message: printable(message).trim(),
      ...(signer !== undefined && { signer }),
    };
  }

  /** Of a name that can mean one thing only, the fetch itself says whether it exists. */
  async #wholeName(): Promise<string> {
    const wanted = this.#wanted;
    if (wanted.kind === 'commit') return wanted.id;
    return wanted.names.length === 1 ? wanted.names[0]! : (await this.look()).name;
  }

  /** @throws Stop with 1 */
  async #signerOf(id: string): Promise<string> {
    const short = id.slice(0, 12);
    try {
      await this.#git.run(['verify-commit', id]);
    } catch (fault) {
      if (fault instanceof Stop) throw fault;
      throw new Stop(1, `commit ${short} carries no good signature of anyone in \`${this.#options.allowedSigners!}\``);
    }
    const said = (await this.#git.run(['log', '-1', '--no-show-signature', '--format=%G?%x00%GS', id])).toString(
      'utf8',
    );
    const [verdict, signer = ''] = said.trim().split('\0');
    // Others than G are good in some way only: of a key that expired, was revoked, or is not known.
    if (verdict === 'G' && signer !== '') return printable(signer);
    throw new Stop(1, `commit ${short} carries no good signature of anyone in \`${this.#options.allowedSigners!}\``);
  }

  /** Asks the repository; every failure is for people. */
  async #asked(argv: readonly string[], limits: GitLimits = TRANSFER): Promise<Buffer> {
    try {
      return await this.#git.run(argv, limits);
    } catch (fault) {
      if (fault instanceof GitOverLimit) {
        if (fault.which === 'disk') {
          throw new Stop(
            1,
            `\`${this.shown}\` is larger than ${this.#fetchMebibytes} MiB at that commit; ${FETCH_VARIABLE} says how much may be fetched`,
          );
        }
        throw new Stop(3, `\`${this.shown}\` did not finish within ${TRANSFER.seconds} s, or said too much`);
      }
      if (!(fault instanceof GitFailed)) throw fault;
      if (OTHER_HASH.test(fault.message)) {
        await this.#git.useSha256();
        return await this.#asked(argv, limits);
      }
      const isHere = this.#address.protocol === 'file';
      throw new Stop(isHere ? 1 : 3, `cannot read \`${this.shown}\`: ${printable(fault.message)}`);
    }
  }
}

/** @throws Stop with 2 */
function fetchLimitIn({ environment }: Terminal): number {
  const text = environment[FETCH_VARIABLE] ?? '';
  if (text === '') return FETCH_MEBIBYTES;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new Stop(2, `${FETCH_VARIABLE} is a whole number of MiB, 1 to 999999`);
}

async function fileAt({ cwd }: Terminal, path: string): Promise<string> {
  const absolute = resolve(cwd, path);
  const found = await stat(absolute).catch(() => undefined);
  if (found?.isFile() !== true) throw new Stop(2, `there is no file \`${path}\``);
  return absolute;
}

async function folderAt(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) throw new Stop(2, `there is no folder \`${path}\``);
}
