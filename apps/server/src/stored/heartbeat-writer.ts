import type { Fleet, Heartbeat } from '#administration';
import type { Timer } from '#store';

const PAUSE_MILLISECONDS = 10_000;
/** A server that stops says so in this time, or not at all. */
const FAREWELL_MILLISECONDS = 1_000;

/**
 * Tells the fleet again and again that this server is there, and at once when it decides by another revision. Nobody waits
 * for it; a store that is away, or a role that may not write, is no fault.
 */
export class HeartbeatWriter {
  readonly #fleet: Fleet;
  readonly #heartbeat: () => Heartbeat;
  readonly #timer: Timer;
  #cancel: (() => void) | undefined;
  #said: string | undefined;
  /** One at a time: a store that hangs is asked once. */
  #beating: Promise<unknown> | undefined;
  #isHeard = false;
  #isRunning = false;

  constructor(fleet: Fleet, heartbeat: () => Heartbeat, timer: Timer) {
    this.#fleet = fleet;
    this.#heartbeat = heartbeat;
    this.#timer = timer;
  }

  start(): void {
    this.#isRunning = true;
    this.#beat();
  }

  /** What is in force may be another revision than the fleet was told of. */
  beatIfMoved(): void {
    if (this.#isRunning && markOf(this.#heartbeat()) !== this.#said) this.#beat();
  }

  /** Says that this server is gone. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel?.();
    await this.#inTime(this.#sayFarewell());
  }

  async #sayFarewell(): Promise<void> {
    await this.#beating;
    if (this.#isHeard) await isDone(this.#fleet.leave(this.#heartbeat().server));
  }

  async #inTime(work: Promise<void>): Promise<void> {
    let cancel = () => {};
    const late = new Promise<void>((done) => (cancel = this.#timer.after(FAREWELL_MILLISECONDS, done)));
    await Promise.race([work, late]);
    cancel();
  }

  #beat(): void {
    if (this.#beating !== undefined) return;
    this.#cancel?.();
    const heartbeat = this.#heartbeat();
    this.#said = markOf(heartbeat);
    this.#beating = isDone(this.#fleet.beat(heartbeat)).then((isHeard) => {
      this.#beating = undefined;
      this.#isHeard = isHeard;
      if (!this.#isRunning) return;
      this.#cancel = this.#timer.after(PAUSE_MILLISECONDS, () => this.#beat());
      this.beatIfMoved();
    });
  }
}

/** What others want to hear of soon. */
function markOf({ address, policy }: Heartbeat): string {
  return JSON.stringify([address, policy?.epoch, policy?.number, policy?.contentHash]);
}

/** Whatever is wrong with it, no server stops for its heartbeat. */
function isDone(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
