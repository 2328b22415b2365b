import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Json } from '#engine';
import { parseJson } from '#policy';
import { KeySet, type KeyUse } from './key-set.js';
import type { OutboundReply } from './outbound.js';
import { readSealed, writeSealed } from './sealed-file.js';
import { goneKeys, type VerificationKeys } from './verification-keys.js';
import type { IssuersParts } from './issuers.js';

/** Where keys are fetched: at a place, or at the one that the metadata of an issuer name. */
export type KeyAddress =
  | { readonly use: KeyUse; readonly issuer: string }
  | { readonly use: KeyUse; readonly url: string };

/** How keys that are fetched stand. */
export interface KeyStanding {
  /** The issuer, or the place of the keys. */
  readonly address: string;
  /** How many there are; 0: none. */
  readonly keys: number;
  /** Milliseconds since the epoch; undefined: never. */
  readonly fetchedAt: number | undefined;
  /** Why the last try failed; undefined when it did not. */
  readonly trouble: string | undefined;
}

const MINUTE = 60_000;
/** Keys are looked for at least this often. */
const REFRESH_MILLISECONDS = 10 * MINUTE;
/** Without any keys, tries come closer together at first. */
const FIRST_RETRY_MILLISECONDS = 1_000;
/** Keys that nobody confirmed for longer are not believed. */
export const LONGEST_AGE_MILLISECONDS = 24 * 60 * MINUTE;
const DISCOVERY = '/.well-known/openid-configuration';

type Take = { readonly keys: KeySet; readonly text: string } | { readonly because: string };

/**
 * The keys of one address. While they cannot be fetched the last good ones stay for a day, also across a restart. A server
 * asks at most once a minute, however many tokens name keys that it does not know.
 */
export class RemoteKeys {
  current: KeySet | undefined;
  trouble: string | undefined = 'its keys have not been fetched yet';
  readonly #address: KeyAddress;
  readonly #parts: IssuersParts;
  readonly #file: string | undefined;
  readonly #watchers = new Set<(gone: ReadonlySet<string>) => void>();
  #fetchedAt: number | undefined;
  #triedAt = -Infinity;
  #failures = 0;
  #fetching: Promise<void> | undefined;
  #cancel: () => void = () => {};
  #keeping: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(address: KeyAddress, parts: IssuersParts) {
    this.#address = address;
    this.#parts = parts;
    this.#file =
      parts.folder && join(parts.folder, `${createHash('sha256').update(nameOf(address)).digest('hex')}.keys`);
  }

  get standing(): KeyStanding {
    const { issuer, url } = this.#address as { readonly issuer?: string; readonly url?: string };
    return {
      address: (issuer ?? url)!,
      keys: this.current?.size ?? 0,
      fetchedAt: this.#fetchedAt,
      trouble: this.trouble,
    };
  }

  /** Takes what is on disk, and begins to fetch; nobody waits for that. */
  async start(): Promise<void> {
    await this.#takeKept();
    void this.refresh();
  }

  watch(onChange: (gone: ReadonlySet<string>) => void): () => void {
    this.#watchers.add(onChange);
    return () => void this.#watchers.delete(onChange);
  }

  /** Fetches them, unless that was tried just now. */
  renew(): Promise<void> | undefined {
    if (this.#fetching !== undefined) return this.#fetching;
    return this.#parts.monotonic() - this.#triedAt < this.#pause ? undefined : this.refresh();
  }

  /** Fetches them now. Resolves when that succeeded or failed; never rejects. */
  refresh(): Promise<void> {
    if (this.#fetching !== undefined || this.#isClosed) return this.#fetching ?? Promise.resolve();
    this.#triedAt = this.#parts.monotonic();
    this.#cancel();
    this.#fetching = this.#fetch()
      .then((take) => this.#settle(take))
      .finally(() => {
        this.#fetching = undefined;
        this.#plan();
      });
    return this.#fetching;
  }

  /** Resolves when what is being written is written. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    return this.#keeping;
  }

  /** Milliseconds between two tries. */
  get #pause(): number {
    if (this.current !== undefined) return MINUTE;
    return Math.min(MINUTE, FIRST_RETRY_MILLISECONDS * 2 ** (this.#failures - 1));
  }

  #plan(): void {
    if (this.#isClosed) return;
    const { timer, random } = this.#parts;
    const after = this.trouble === undefined ? REFRESH_MILLISECONDS : this.#pause;
    // Many servers that lost one issuer at the same time do not all come back at the same time.
    this.#cancel = timer.after(after * (1 + 0.2 * random()), () => void this.refresh());
  }

  async #fetch(): Promise<Take> {
    const place = 'url' in this.#address ? { url: this.#address.url } : await this.#discovered(this.#address.issuer);
    if ('because' in place) return place;
    const reply = await this.#parts.outbound.ask({ url: place.url });
    if (reply.kind === 'fault') return { because: `its keys cannot be fetched: ${reply.because}` };
    const keys = await KeySet.read(jsonIn(reply), this.#address.use);
    return typeof keys === 'string' ? { because: `its keys cannot be used: ${keys}` } : { keys, text: reply.text };
  }

  /** @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationRequest */
  async #discovered(issuer: string): Promise<{ readonly url: string } | { readonly because: string }> {
    const reply = await this.#parts.outbound.ask({ url: `${issuer.replace(/\/$/, '')}${DISCOVERY}` });
    if (reply.kind === 'fault') return { because: `its metadata cannot be fetched: ${reply.because}` };
    const metadata = jsonIn(reply);
    if (metadata?.['issuer'] !== issuer) return { because: 'its metadata are those of another issuer' };
    const url = metadata['jwks_uri'];
    return typeof url === 'string' ? { url } : { because: 'its metadata name no `jwks_uri`' };
  }

  #settle(take: Take): void {
    if (this.#isClosed) return;
    const { log, clock } = this.#parts;
    const before = this.trouble;
    if ('because' in take) {
      this.#failures += 1;
      this.trouble = take.because;
      if (this.#fetchedAt !== undefined && clock() - this.#fetchedAt > LONGEST_AGE_MILLISECONDS)
        this.#replace(undefined);
    } else {
      this.#failures = 0;
      this.trouble = undefined;
      this.#fetchedAt = clock();
      this.#replace(take.keys);
      this.#keeping = this.#keep(take.text);
    }
    log({ kind: 'issuer-keys', ...this.standing, isNews: before !== this.trouble });
  }

  #replace(keys: KeySet | undefined): void {
    const gone = goneKeys(this.current, keys);
    this.current = keys;
    for (const onChange of this.#watchers) onChange(gone);
  }

  async #takeKept(): Promise<void> {
    const body = this.#file && (await readSealed(this.#file));
    if (body === undefined) return;
    const { name, fetchedAt, text } = JSON.parse(body) as Kept;
    const age = this.#parts.clock() - fetchedAt;
    if (name !== nameOf(this.#address) || age > LONGEST_AGE_MILLISECONDS) return;
    const keys = await KeySet.read(parseJson(text, { exactIntegers: false }), this.#address.use);
    if (typeof keys === 'string') return;
    this.#fetchedAt = fetchedAt;
    this.current = keys;
  }

  async #keep(text: string): Promise<void> {
    if (this.#file === undefined) return;
    const kept: Kept = { name: nameOf(this.#address), fetchedAt: this.#fetchedAt!, text };
    try {
      await writeSealed(this.#file, JSON.stringify(kept));
    } catch (fault) {
      this.#parts.log({
        kind: 'disk',
        fault: `the keys of an issuer are not kept: ${String((fault as Error).message)}`,
      });
    }
  }
}

interface Kept {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number;
  /** Of the key set, as it was fetched. */
  readonly text: string;
}

/** One of several users of the keys of an address. */
export class RemoteKeysUse implements VerificationKeys {
  #unwatch: () => void = () => {};

  constructor(
    private readonly keys: RemoteKeys,
    private readonly onClose: () => void,
  ) {}

  get current(): KeySet | undefined {
    return this.keys.current;
  }

  get trouble(): string | undefined {
    return this.keys.trouble;
  }

  watch(onChange: (gone: ReadonlySet<string>) => void): void {
    this.#unwatch = this.keys.watch(onChange);
  }

  renew(): Promise<void> | undefined {
    return this.keys.renew();
  }

  close(): void {
    this.#unwatch();
    this.onClose();
  }
}

export function nameOf(address: KeyAddress): string {
  return JSON.stringify([
    address.use,
    'url' in address ? 'url' : 'issuer',
    'url' in address ? address.url : address.issuer,
  ]);
}

function jsonIn({ text }: Extract<OutboundReply, { kind: 'text' }>): { readonly [member: string]: Json } | undefined {
  const json = parseJson(text, { exactIntegers: false });
  if (typeof json !== 'object' || json === null || Array.isArray(json) || json instanceof Error) return undefined;
  return json as { readonly [member: string]: Json };
}
