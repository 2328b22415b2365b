/** What a check listener knows of whoever asks, by itself; never what a message says about its sender. */
export interface Peer {
  /** How the listener is reached. */
  readonly listener: 'tcp' | 'unix';
  /** The other end of the connection; undefined on a unix socket, and on TCP once it hung up. */
  readonly address: string | undefined;
  /** The key that came with the call, `<id>.<secret>`; undefined when there was none. */
  readonly key: string | undefined;
  /** Stands for the connection where one carries many calls, which nearly always show the same key. */
  readonly connection?: object;
  /** URI names of a client certificate that TLS has verified; empty when there was none. */
  readonly certificateUris: readonly string[];
}

/** An authenticated enforcement point. */
export interface KnownCaller {
  readonly kind: 'known';
  /** Its name; `local` for the implicit one. */
  readonly name: string;
  /** The domain it belongs to; `*` for `local`. */
  readonly domain: string;
  readonly mayExplain: boolean;
  /** Names of the mechanisms whose evidence is believed from it: listed by it, and entitled by their owners. */
  readonly believed: ReadonlySet<string>;
}

export interface Stranger {
  readonly kind: 'stranger';
  /** For the log and the caller itself; names no secret. */
  readonly reason: string;
}

export type Caller = KnownCaller | Stranger;
