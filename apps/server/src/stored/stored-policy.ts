import type { CredentialStore, Heartbeat, Revision } from '#administration';
import type { Clock, EventLog, LiveSnapshot } from '#decision';
import type { KeyRing } from '#identity';
import { type FeedAlarm, type FeedState, RevisionFeed, type StoreConnection, StoreFault, type Timer } from '#store';
import { HeartbeatWriter } from './heartbeat-writer.js';
import type { KeptKeys } from './kept-keys.js';
import { KeyUseWriter } from './key-use-writer.js';

export interface StoredPolicyParts {
  /** @throws StoreFault `unavailable` when it is worth another try */
  readonly connect: () => Promise<StoreConnection>;
  /** Called once with each connection, before anything is followed. */
  readonly onConnected: (connection: StoreConnection) => Promise<void>;
  readonly live: LiveSnapshot;
  readonly keys: KeyRing;
  readonly keptKeys: KeptKeys | undefined;
  /** Puts the last good revision of the disk in force. @returns whether there was one */
  readonly putKeptInForce: () => Promise<boolean>;
  readonly putInForce: (revision: Revision) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: EventLog;
  readonly timer: Timer;
  /** 0 to below 1; spreads the attempts of many servers. */
  readonly random: () => number;
  readonly pollMilliseconds: number;
  /** What this server says of itself to the fleet. */
  readonly heartbeat: () => Heartbeat;
}

/** How a server stands to its store. */
export type StoreState = FeedState | 'connecting';

const FIRST_RETRY_MILLISECONDS = 250;
const LAST_RETRY_MILLISECONDS = 4_000;

/**
 * Keeps what is in force equal to the newest revision of a store, and the minted keys with it. Without the store the
 * last good revision goes on, also across a restart.
 */
export class StoredPolicy {
  readonly #parts: StoredPolicyParts;
  #connection: StoreConnection | undefined;
  #feed: RevisionFeed | undefined;
  #uses: KeyUseWriter | undefined;
  #heart: HeartbeatWriter | undefined;
  #stopListening: (() => Promise<void>) | undefined;
  #cancelRetry: (() => void) | undefined;
  #connecting: Promise<void> = Promise.resolve();
  #alarm: string | undefined;
  #detail = '';
  #keyVersion: string | undefined;
  #isStopped = false;

  constructor(parts: StoredPolicyParts) {
    this.#parts = parts;
  }

  get state(): { readonly state: StoreState; readonly detail: string } {
    return { state: this.#feed?.state ?? 'connecting', detail: this.#detail };
  }

  /**
   * Resolves once something is in force, or it is known that nothing can be for now.
   *
   * @throws what `connect` throws, unless it is worth another try
   */
  async start(): Promise<void> {
    const { keptKeys, keys, putKeptInForce } = this.#parts;
    const kept = await keptKeys?.read();
    if (kept !== undefined) keys.replace(kept);
    await putKeptInForce();
    await this.#connect(FIRST_RETRY_MILLISECONDS);
  }

  /** Someone says that there may be something new. */
  hint(): void {
    this.#feed?.hint();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRetry?.();
    await this.#connecting.catch(() => {});
    await this.#stopListening?.();
    await this.#feed?.stop();
    await this.#uses?.stop();
    await this.#heart?.stop();
    await this.#connection?.close();
  }

  async #connect(retryMilliseconds: number): Promise<void> {
    try {
      const connection = await this.#parts.connect();
      this.#connection = connection;
      await this.#parts.onConnected(connection);
      await this.#follow(connection);
    } catch (fault) {
      await this.#connection?.close().catch(() => {});
      this.#connection = undefined;
      if (!(fault instanceof StoreFault) || fault.kind === 'refused') throw fault;
      this.#tell('unreachable', fault.message);
      this.#retry(retryMilliseconds);
    }
  }

  #retry(milliseconds: number): void {
    if (this.#isStopped) return;
    const { timer, random, log } = this.#parts;
    this.#cancelRetry = timer.after(milliseconds * (0.8 + 0.4 * random()), () => {
      this.#connecting = this.#connect(Math.min(2 * milliseconds, LAST_RETRY_MILLISECONDS)).catch((fault: unknown) => {
        // It answers now, and will not do: that needs a person, and until then nothing changes here.
        log({ kind: 'feed', alarm: 'refused', detail: String((fault as Error)?.message ?? fault) });
        this.#detail = String((fault as Error)?.message ?? fault);
      });
    });
  }

  async #follow(connection: StoreConnection): Promise<void> {
    const { live, keys, timer, pollMilliseconds, putInForce, clock } = this.#parts;
    const inForce = live.inForce;
    const feed = new RevisionFeed({
      store: connection.store,
      from: inForce ? { epoch: inForce.epoch, number: inForce.revision, contentHash: inForce.contentHash } : null,
      follow: putInForce,
      confirm: () => {
        live.confirm(clock());
        this.#tell(undefined, '');
        void this.#takeKeys(connection.credentials);
        this.#heart?.beatIfMoved();
      },
      alarm: (alarm) => this.#tell(alarm.kind, detailOf(alarm)),
      timer,
      pollMilliseconds,
    });
    this.#feed = feed;
    await this.#takeKeys(connection.credentials);
    await feed.start();
    this.#stopListening = await connection.listen(() => feed.hint());
    this.#uses = new KeyUseWriter(keys, connection.credentials, timer);
    this.#uses.start();
    this.#heart = new HeartbeatWriter(connection.fleet, this.#parts.heartbeat, timer);
    this.#heart.start();
  }

  /** Keys change without a revision. When they cannot be read the ones we know stay. */
  async #takeKeys(credentials: CredentialStore): Promise<void> {
    const { keys, keptKeys, log } = this.#parts;
    try {
      const version = await credentials.version();
      if (version === this.#keyVersion) return;
      const active = await credentials.activeKeys();
      const ring = new Map(active.map(({ id, ...key }) => [id, key]));
      keys.replace(ring);
      this.#keyVersion = version;
      await keptKeys?.write(ring);
    } catch (fault) {
      if (fault instanceof StoreFault) return;
      log({ kind: 'disk', fault: String((fault as Error)?.message ?? fault) });
    }
  }

  #tell(alarm: string | undefined, detail: string): void {
    if (alarm === this.#alarm && (alarm === undefined || detail === this.#detail)) return;
    const was = this.#alarm;
    this.#alarm = alarm;
    this.#detail = detail;
    if (alarm !== undefined || was !== undefined) this.#parts.log({ kind: 'feed', alarm: alarm ?? null, detail });
  }
}

function detailOf(alarm: FeedAlarm): string {
  switch (alarm.kind) {
    case 'unreachable':
      return String((alarm.fault as Error)?.message ?? alarm.fault);
    case 'not-taken':
      return `revision ${alarm.found.number} is stored and was refused here`;
    case 'went-back':
      return `the store says ${alarm.found === null ? 'that nothing was published' : `revision ${alarm.found.number} of epoch ${alarm.found.epoch}`}, after revision ${alarm.known.number} of epoch ${alarm.known.epoch}: a backup, or a standby that lags`;
    case 'forked':
      return `revision ${alarm.known.number} has another content in the store than here: a history that left ours behind a restore`;
  }
}
