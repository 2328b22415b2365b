import { readFile, stat } from 'node:fs/promises';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import type { Json } from '#engine';
import { parseJson } from '#policy';
import type { MechanismOf } from './mechanisms.js';

/** The keys of one `jwt` mechanism. */
export interface VerificationKeys {
  /** Undefined while there are none. */
  readonly current: ReturnType<typeof createLocalJWKSet> | undefined;
  /** What is wrong with their source, without any of its text; undefined when nothing is, never while there are none. */
  readonly trouble: string | undefined;
  /** Looks for other keys from now on; `onChange` is called when some are in force. */
  watch(onChange: () => void): void;
  close(): void;
}

const MAXIMUM_BYTES = 256 * 1024;
const MAXIMUM_KEYS = 50;
const POLL_MILLISECONDS = 1000;
const PUBLIC_KEY_TYPES: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);

export async function verificationKeys({ declaration }: MechanismOf<'jwt'>): Promise<VerificationKeys> {
  const { keys } = declaration.jwt;
  if (keys?.file !== undefined) {
    const file = new KeyFile(keys.file);
    await file.look();
    return file;
  }
  if (keys?.inline === undefined)
    return unchanging(`keys by ${keys?.url === undefined ? 'discovery' : 'URL'} are not supported yet`);
  return unchanging(readKeySet(keys.inline));
}

/** @param read  the keys, or why there are none */
function unchanging(read: ReturnType<typeof readKeySet>): VerificationKeys {
  const [current, trouble] = typeof read === 'string' ? [undefined, read] : [read, undefined];
  return { current, trouble, watch: () => {}, close: () => {} };
}

/** A key set in a file. The file is polled; while it cannot be used, the keys that were there last stay. */
export class KeyFile implements VerificationKeys {
  current: VerificationKeys['current'];
  trouble: string | undefined;
  #mark: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #onChange = (): void => {};

  constructor(private readonly path: string) {}

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

  watch(onChange: () => void): void {
    this.#onChange = onChange;
    this.#timer = setInterval(() => void this.look(), POLL_MILLISECONDS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #take(): Promise<void> {
    // Taken before the content: what is written in between shows at the next look.
    const { mtimeMs, ctimeMs, size, ino, isFile } = await statOf(this.path);
    const mark = `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
    if (mark === this.#mark) return;
    if (!isFile || size > MAXIMUM_BYTES) {
      this.trouble = `\`${this.path}\` is no file of at most ${MAXIMUM_BYTES} bytes`;
      return;
    }
    const read = readKeySet(parseJson(await readFile(this.path, 'utf8'), { exactIntegers: false }));
    this.#mark = mark;
    if (typeof read === 'string') {
      this.trouble = `\`${this.path}\` cannot be used: ${read}`;
      return;
    }
    this.trouble = undefined;
    this.current = read;
    this.#onChange();
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

/**
 * A JSON Web Key Set (RFC 7517) of public keys.
 *
 * @returns what is wrong with it
 */
function readKeySet(value: unknown): NonNullable<VerificationKeys['current']> | string {
  const keys = (value as { readonly keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) return 'it is no JSON Web Key Set';
  if (keys.length > MAXIMUM_KEYS) return `it holds more than ${MAXIMUM_KEYS} keys`;
  for (const key of keys as readonly Json[]) {
    if (typeof key !== 'object' || key === null || Array.isArray(key)) return 'it is no JSON Web Key Set';
    const { kty, d } = key as { readonly [member: string]: Json };
    if (!PUBLIC_KEY_TYPES.has(kty) || d !== undefined) return 'it holds a key that is not public';
  }
  try {
    return createLocalJWKSet({ keys: structuredClone(keys) } as JSONWebKeySet);
  } catch {
    return 'it is no JSON Web Key Set';
  }
}
