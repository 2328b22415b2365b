import { readFile, stat } from 'node:fs/promises';
import { parseJson } from '#policy';
import type { Issuers } from './issuers.js';
import { KeySet, type KeyUse } from './key-set.js';

/** The keys of one mechanism whose tokens are verified here. */
export interface VerificationKeys {
  /** Undefined while there are none. */
  readonly current: KeySet | undefined;
  /** What is wrong with their source, without any of its text; undefined when nothing is. */
  readonly trouble: string | undefined;
  /** Looks for other keys from now on; `onChange` is told which are gone when some are in force. */
  watch(onChange: (gone: ReadonlySet<string>) => void): void;
  /**
   * A key is missing. Resolves once it has been looked for.
   *
   * @returns undefined where looking again is of no use now
   */
  renew(): Promise<void> | undefined;
  close(): void;
}

/** Where a mechanism says its keys are; nothing but an issuer means that the issuer's metadata say it. */
export interface KeyPlace {
  /** Of the mechanism. */
  readonly name: string;
  readonly issuer?: string;
  readonly keys:
    | { readonly url?: string | undefined; readonly file?: string | undefined; readonly inline?: unknown }
    | undefined;
  readonly use: KeyUse;
}

export const MAXIMUM_KEY_SET_BYTES = 256 * 1024;
const POLL_MILLISECONDS = 1000;

/** @param issuers  undefined where nothing is fetched */
export async function verificationKeys(
  { name, issuer, keys, use }: KeyPlace,
  issuers: Issuers | undefined,
): Promise<VerificationKeys> {
  if (keys?.file !== undefined) {
    const file = new KeyFile(keys.file, use);
    await file.look();
    return file;
  }
  if (keys?.inline !== undefined) return unchanging(await KeySet.read(keys.inline, use));
  if (issuers === undefined) return unchanging('keys are not fetched here');
  return issuers.keysOf(keys?.url === undefined ? { issuer: issuer!, use } : { url: keys.url, use }, name);
}

/** @param read  the keys, or why there are none */
function unchanging(read: KeySet | string): VerificationKeys {
  const [current, trouble] = typeof read === 'string' ? [undefined, read] : [read, undefined];
  return { current, trouble, watch: () => {}, renew: () => undefined, close: () => {} };
}

/** Ids of keys that were there before and are not any more. */
export function goneKeys(before: KeySet | undefined, after: KeySet | undefined): ReadonlySet<string> {
  return new Set([...(before?.ids ?? [])].filter((id) => after?.ids.has(id) !== true));
}

/** A key set in a file. The file is polled; while it cannot be used, the keys that were there last stay. */
export class KeyFile implements VerificationKeys {
  current: VerificationKeys['current'];
  trouble: string | undefined;
  #mark: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #onChange: (gone: ReadonlySet<string>) => void = () => {};

  constructor(
    private readonly path: string,
    private readonly use: KeyUse = 'sig',
  ) {}

  /** Takes the file in when it is not the one seen last. Never rejects. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#take();
    } catch (fault) {
      this.#mark = undefined;
      this.trouble = `\`${this.path}\` cannot be read (${codeOf(fault)})`;
    } finally {
      this.#looking = false;
    }
  }

  watch(onChange: (gone: ReadonlySet<string>) => void): void {
    this.#onChange = onChange;
    this.#timer = setInterval(() => void this.look(), POLL_MILLISECONDS);
    this.#timer.unref();
  }

  /** It is looked at all the time. */
  renew(): undefined {
    return undefined;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #take(): Promise<void> {
    // Taken before the content: what is written in between shows at the next look.
    const { mtimeMs, ctimeMs, size, ino, isFile } = await statOf(this.path);
    const mark = `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
    if (mark === this.#mark) return;
    if (!isFile || size > MAXIMUM_KEY_SET_BYTES) {
      this.trouble = `\`${this.path}\` is no file of at most ${MAXIMUM_KEY_SET_BYTES} bytes`;
      return;
    }
    const read = await KeySet.read(parseJson(await readFile(this.path, 'utf8'), { exactIntegers: false }), this.use);
    this.#mark = mark;
    if (typeof read === 'string') {
      this.trouble = `\`${this.path}\` cannot be used: ${read}`;
      return;
    }
    const gone = goneKeys(this.current, read);
    this.trouble = undefined;
    this.current = read;
    this.#onChange(gone);
  }
}

async function statOf(path: string) {
  const found = await stat(path);
  const { mtimeMs, ctimeMs, size, ino } = found;
  return { mtimeMs, ctimeMs, size, ino, isFile: found.isFile() };
}

function codeOf(fault: unknown): string {
  const code = (fault as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unknown fault';
}
