import { createHash, type Hash } from 'node:crypto';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { PackedFiles } from '#policy';
import type { Clock, EventLog } from './event.js';
import type { LiveSnapshot } from './live-snapshot.js';
import type { PolicySource } from './policy-source.js';
import type { ReadFolder } from './read-folder.js';

export interface FolderSourceParts {
  readonly folder: string;
  readonly live: LiveSnapshot;
  /** Reads the folder on another thread. Rejects where it cannot be read; the message is for the log. */
  readonly read: (folder: string) => Promise<ReadFolder>;
  /** @returns false when it was refused; the log says why */
  readonly putInForce: (source: PolicySource) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: EventLog;
}

/** What a look at the folder led to. `waiting`: it changed and may still be changing. */
export type Look = 'unchanged' | 'waiting' | 'replaced' | 'refused' | 'unreadable';

const MAX_DEPTH = 32;
/** After this long a folder that could not be read is read again, changed or not: what was wrong may be over. */
const TRY_AGAIN_MILLISECONDS = 10_000;

/**
 * Keeps what is in force equal to a folder of policy documents for as long as the folder holds a valid set; else the
 * last good one stays and its age grows. The folder is polled, because notifications miss network mounts and the
 * symbolic links by which a mounted folder is swapped.
 *
 * It runs where requests are answered, so it looks at names and times only. Texts are read elsewhere and stay packed here:
 * many megabytes of them on this thread's heap would hold requests up while they are collected.
 */
export class FolderSource {
  readonly #parts: FolderSourceParts;
  /** What was last taken in: the folder's mark, and whether its content was put in force. */
  #taken: { readonly mark: string; readonly accepted: boolean } | undefined;
  #files: PackedFiles | undefined;
  #seen: string | undefined;
  #readable = true;
  /** When what was last taken in is read again although it has not changed; undefined: never. */
  #readAgainAt: number | undefined;
  /** Why it could not be read, said once. */
  #fault: string | undefined;
  #revisions = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<unknown> = Promise.resolve();

  constructor(parts: FolderSourceParts) {
    this.#parts = parts;
  }

  /** The set in force; undefined before the first. */
  get files(): PackedFiles | undefined {
    return this.#files;
  }

  /** Takes the folder in as it stands. Never throws; faults are logged. */
  async load(): Promise<Look> {
    const mark = await this.#mark();
    return mark === undefined ? 'unreadable' : this.#take(mark);
  }

  /** One look: takes the folder in when it changed and two looks in a row saw it the same. Never throws. */
  async look(): Promise<Look> {
    const { live, clock } = this.#parts;
    const mark = await this.#mark();
    if (mark === undefined) return 'unreadable';
    if (mark === this.#taken?.mark) {
      if (this.#readAgainAt !== undefined && clock() >= this.#readAgainAt) return this.#take(mark);
      if (!this.#taken.accepted) return 'refused';
      live.confirm(clock());
      return 'unchanged';
    }
    if (mark === this.#seen) return this.#take(mark);
    this.#seen = mark;
    return 'waiting';
  }

  /** Looks again and again until {@link stop}. */
  watch(pollMilliseconds: number): void {
    const again = () => {
      this.#looking = this.look().finally(() => {
        if (this.#timer !== undefined) this.#timer = setTimeout(again, pollMilliseconds);
      });
    };
    this.#timer = setTimeout(again, pollMilliseconds);
  }

  /** Resolves when no look is under way any more. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#looking;
  }

  async #take(mark: string): Promise<Look> {
    const { folder, live, read, putInForce, clock, log } = this.#parts;
    let isAccepted = false;
    this.#readAgainAt = undefined;
    try {
      const { files, contentHash } = await read(folder);
      // A set read while someone wrote it may be one that nobody meant.
      if (mark !== (await this.#mark())) return 'waiting';
      const { inForce } = live;
      if (contentHash === inForce?.contentHash) {
        this.#taken = { mark, accepted: true };
        // It is what the folder holds, also where it was only put back until now.
        live.replace({ ...inForce, confirmedAt: clock() });
        return 'unchanged';
      }
      const revision = this.#revisions + 1;
      isAccepted = await putInForce({ kind: 'files', files, revision, contentHash });
      if (isAccepted) {
        this.#revisions = revision;
        this.#files = files;
      }
      this.#fault = undefined;
    } catch (fault) {
      const message = messageOf(fault);
      if (message !== this.#fault) log({ kind: 'policy-refused', revision: null, faults: [message] });
      this.#fault = message;
      this.#readAgainAt = clock() + TRY_AGAIN_MILLISECONDS;
    }
    this.#taken = { mark, accepted: isAccepted };
    return isAccepted ? 'replaced' : 'refused';
  }

  /** Names, sizes and times of everything in the folder, hashed; undefined when it cannot be listed. */
  async #mark(): Promise<string | undefined> {
    const hash = createHash('sha256');
    try {
      const root = await realpath(this.#parts.folder);
      await markBelow({ root, seen: new Set([root]), hash }, this.#parts.folder, 0);
      this.#readable = true;
      return hash.digest('hex');
    } catch (fault) {
      // Said once, not at every look.
      if (this.#readable) this.#parts.log({ kind: 'policy-unreadable', fault: messageOf(fault) });
      this.#readable = false;
      return undefined;
    }
  }
}

interface Marking {
  /** Without links on the way. */
  readonly root: string;
  /** Folders that were looked into, by the same kind of path. */
  readonly seen: Set<string>;
  readonly hash: Hash;
}

async function markBelow(marking: Marking, folder: string, depth: number): Promise<void> {
  if (depth > MAX_DEPTH) throw new Error(`\`${folder}\` lies more than ${MAX_DEPTH} folders deep`);
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    // Left out as the folder's reader leaves them out: a repository's own folder changes all the time.
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const found = await stat(path).catch(() => undefined);
    marking.hash.update(`${path}\0${found?.size}\0${found?.mtimeMs}\0${found?.ctimeMs}\0${found?.ino}\n`);
    if (found?.isDirectory() === true && (await isToBeLookedInto(marking, path))) {
      await markBelow(marking, path, depth + 1);
    }
  }
}

/** Links are followed as the folder's reader follows them: within the folder, and once. */
async function isToBeLookedInto({ root, seen }: Marking, path: string): Promise<boolean> {
  const target = await realpath(path).catch(() => undefined);
  if (target === undefined || !target.startsWith(root + sep) || seen.has(target)) return false;
  seen.add(target);
  return true;
}

function messageOf(fault: unknown): string {
  return fault instanceof Object && 'message' in fault ? String(fault.message) : String(fault);
}
