import pg from 'pg';
import { NOTIFICATION } from './postgres-writing.js';
import type { Timer } from './revision-feed.js';

export interface RevisionHintsParts {
  readonly url: string;
  /** Called when somebody published, and whenever listening begins anew: what was said meanwhile is lost. */
  readonly hint: () => void;
  readonly timer: Timer;
  /** Milliseconds before another attempt to connect. Default 1,000. */
  readonly retryMilliseconds?: number;
}

/**
 * Listens on a connection of its own for publishers. Poolers lose what is said here without a word, so nothing may rely
 * on it.
 */
export class RevisionHints {
  readonly #parts: RevisionHintsParts;
  #client: pg.Client | undefined;
  #cancel: (() => void) | undefined;
  #isRunning = false;

  constructor(parts: RevisionHintsParts) {
    this.#parts = parts;
  }

  /** Never throws; resolves when the first attempt to connect has succeeded or failed. */
  async start(): Promise<void> {
    this.#isRunning = true;
    await this.#connect();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel?.();
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    const { url, hint } = this.#parts;
    const client = new pg.Client({ connectionString: url, keepAlive: true, application_name: 'dharma hints' });
    this.#client = client;
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', hint);
    try {
      await client.connect();
      await client.query(`listen ${NOTIFICATION}`);
      hint();
    } catch {
      this.#lost(client);
    }
  }

  #lost(client: pg.Client): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    void client.end().catch(() => {});
    if (!this.#isRunning) return;
    this.#cancel = this.#parts.timer.after(this.#parts.retryMilliseconds ?? 1_000, () => void this.#connect());
  }
}
