import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { contentHashOf, type RevisionMark, sha256, type StoredDocument } from '#administration';

/** A revision as it is kept beside a server, so that the server can start without its store. */
export interface KeptRevision extends RevisionMark {
  /** Milliseconds since the epoch. */
  readonly publishedAt: number;
  /** When the store was last known to hold it as its newest; milliseconds since the epoch. */
  readonly confirmedAt: number;
  readonly documents: readonly StoredDocument[];
}

export interface KeptReading {
  /** The newest that is as it was written; undefined: there is none. */
  readonly kept: KeptRevision | undefined;
  /** Why others, or all, were not used. Empty where nothing was ever kept. */
  readonly faults: readonly string[];
}

/** One line of the index: which file holds which revision. */
interface Generation {
  readonly epoch: number;
  readonly number: number;
  readonly contentHash: string;
  /** SHA-256 in hex of the file, which is called by it. */
  readonly digest: string;
}

const INDEX = 'index';
const FORMAT = 'dharma kept revisions 1';
const GENERATIONS = 2;
const REVISION_FILE = /^[0-9a-f]{64}\.revision$/;
const PARTIAL_FILE = /\.partial$/;
const OWNER_ONLY = { folder: 0o700, file: 0o600 };

/**
 * The last good revisions in a folder, two generations of them. A revision is one file, called by the SHA-256 of its
 * bytes; the index says which two count, carries its own SHA-256, and is replaced by one rename. So a crash leaves the old
 * generations or the new ones, and a file that was changed, cut, exchanged, or put back from earlier is not in the
 * index as it is and is refused. Writers come one after another.
 */
export class KeptRevisions {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Keeps a revision, and the newest one before it.
   *
   * @throws when it does not reach the disk; then the generations before stay
   */
  async write(revision: KeptRevision): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: OWNER_ONLY.folder });
    const bytes = Buffer.from(JSON.stringify(revision));
    const digest = digestOf(bytes);
    const { epoch, number, contentHash } = revision;
    const before = (await this.#index().catch(() => [])).filter((generation) => !isSame(generation, revision));
    await this.#replace(`${digest}.revision`, bytes);
    await this.#writeIndex([{ epoch, number, contentHash, digest }, ...before].slice(0, GENERATIONS));
  }

  /**
   * Forgets a revision that turned out not to be good.
   *
   * @throws when that does not reach the disk
   */
  async remove(revision: RevisionMark): Promise<void> {
    const generations = await this.#index();
    const others = generations.filter((generation) => !isSame(generation, revision));
    if (others.length < generations.length) await this.#writeIndex(others);
  }

  /** Never throws; every byte is verified. */
  async read(): Promise<KeptReading> {
    const faults: string[] = [];
    let generations: readonly Generation[];
    try {
      generations = await this.#index();
    } catch (fault) {
      return { kept: undefined, faults: [messageOf(fault)] };
    }
    for (const generation of generations) {
      try {
        return { kept: await this.#revision(generation), faults };
      } catch (fault) {
        faults.push(messageOf(fault));
      }
    }
    return { kept: undefined, faults };
  }

  async #revision(generation: Generation): Promise<KeptRevision> {
    const path = join(this.#folder, `${generation.digest}.revision`);
    const bytes = await readFile(path);
    const damaged = `\`${path}\` is not as it was written: revision ${generation.number} cannot be used from it`;
    if (digestOf(bytes) !== generation.digest) throw new Error(damaged);
    const kept = JSON.parse(bytes.toString()) as KeptRevision;
    const isWhole = kept.documents.every(({ text, contentHash }) => sha256(text) === contentHash);
    if (!isSame(kept, generation) || !isWhole || contentHashOf(kept.documents) !== kept.contentHash) {
      throw new Error(damaged);
    }
    return kept;
  }

  /** Newest first; empty where nothing was ever kept. */
  async #index(): Promise<readonly Generation[]> {
    const path = join(this.#folder, INDEX);
    let text: string;
    try {
      text = (await readFile(path)).toString('latin1');
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw fault;
    }
    const [format, digest, content, ...rest] = text.split('\n');
    if (format !== FORMAT || digest !== digestOf(Buffer.from(content ?? '', 'latin1')) || rest.length > 0) {
      throw new Error(`\`${path}\` is not as it was written: nothing that is kept beside it can be used`);
    }
    return JSON.parse(content!) as Generation[];
  }

  async #writeIndex(generations: readonly Generation[]): Promise<void> {
    const content = JSON.stringify(generations);
    await this.#replace(INDEX, Buffer.from([FORMAT, digestOf(Buffer.from(content)), content].join('\n')));
    const inUse = new Set([INDEX, ...generations.map(({ digest }) => `${digest}.revision`)]);
    for (const name of await readdir(this.#folder)) {
      const isOurs = REVISION_FILE.test(name) || PARTIAL_FILE.test(name);
      if (isOurs && !inUse.has(name)) await rm(join(this.#folder, name), { force: true });
    }
  }

  /** The whole file or, after a crash, what was there before. */
  async #replace(name: string, bytes: Buffer): Promise<void> {
    const partial = join(this.#folder, `${name}.${randomUUID()}.partial`);
    try {
      const file = await open(partial, 'wx', OWNER_ONLY.file);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, join(this.#folder, name));
    } catch (fault) {
      await rm(partial, { force: true });
      throw fault;
    }
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

function isSame(left: RevisionMark, right: RevisionMark): boolean {
  return left.epoch === right.epoch && left.number === right.number && left.contentHash === right.contentHash;
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
