import { Fleet, type Heartbeat, type ServerSeen } from '#administration';

const FORGOTTEN_MILLISECONDS = 600_000;

/** A fleet that ends with the process. */
export class MemoryFleet extends Fleet {
  readonly #clock: () => number;
  readonly #seen = new Map<string, { readonly heartbeat: Heartbeat; readonly at: number }>();

  /** @param clock  milliseconds since 1970 */
  constructor(clock: () => number) {
    super();
    this.#clock = clock;
  }

  async beat(heartbeat: Heartbeat): Promise<void> {
    const at = this.#clock();
    this.#seen.set(heartbeat.server, { heartbeat, at });
    for (const [server, seen] of this.#seen) {
      if (seen.at < at - FORGOTTEN_MILLISECONDS) this.#seen.delete(server);
    }
  }

  async leave(server: string): Promise<void> {
    this.#seen.delete(server);
  }

  async list(): Promise<readonly ServerSeen[]> {
    const now = this.#clock();
    return [...this.#seen.values()]
      .map(({ heartbeat, at }) => ({
        ...heartbeat,
        lastSeenAt: at,
        seenSecondsAgo: Math.floor((now - at) / 1000),
      }))
      .sort((left, right) => (left.server < right.server ? -1 : 1));
  }
}
