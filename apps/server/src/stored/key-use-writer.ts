import type { CredentialStore } from '#administration';
import type { KeyRing } from '#identity';
import { StoreFault, type Timer } from '#store';

const PAUSE_MILLISECONDS = 60_000;

/** Writes down when minted keys were last used, once a minute at most. Decisions never wait for it. */
export class KeyUseWriter {
  readonly #keys: KeyRing;
  readonly #credentials: CredentialStore;
  readonly #timer: Timer;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(keys: KeyRing, credentials: CredentialStore, timer: Timer) {
    this.#keys = keys;
    this.#credentials = credentials;
    this.#timer = timer;
  }

  start(): void {
    this.#cancel = this.#timer.after(PAUSE_MILLISECONDS, () => {
      this.#writing = this.#write().finally(() => this.start());
    });
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    this.#cancel?.();
    await this.#writing;
    this.#cancel?.();
    await this.#write();
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const uses = this.#keys.takeUses();
    if (uses.size === 0) return;
    try {
      await this.#credentials.noteUses(uses);
    } catch (fault) {
      // A role that may only read is no fault, and what it cannot write is not kept.
      if (fault instanceof StoreFault && fault.kind === 'unavailable') this.#keys.giveBack(uses);
    }
  }
}
