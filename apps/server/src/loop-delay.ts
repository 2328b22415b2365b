import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late the event loop was during a stretch of time; all in seconds. */
export interface LoopWindow {
  readonly length: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

const WINDOW_MILLISECONDS = 1000;
const RESOLUTION_MILLISECONDS = 10;
/** What is reported is about the last minute, however often and by how many it is asked for. */
const KEPT_WINDOWS = 60;
/** A turn this late, as a rule and for this long: gateways have run out of patience, and others should answer them. */
const STUCK_DELAY_SECONDS = 0.2;
const STUCK_SECONDS = 5;

/** How late this thread gets to its work. */
export class LoopDelay {
  readonly #monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MILLISECONDS });
  readonly #windows: LoopWindow[] = [];
  #timer: NodeJS.Timeout | undefined;
  #slowSeconds = 0;

  start(): this {
    this.#monitor.enable();
    let since = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.record({
        length: (now - since) / 1000,
        median: beyondResolution(this.#monitor.percentile(50)),
        p99: beyondResolution(this.#monitor.percentile(99)),
        max: beyondResolution(this.#monitor.max),
      });
      this.#monitor.reset();
      since = now;
    }, WINDOW_MILLISECONDS).unref();
    return this;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#monitor.disable();
  }

  record(window: LoopWindow): void {
    if (this.#windows.push(window) > KEPT_WINDOWS) this.#windows.shift();
    this.#slowSeconds = window.median > STUCK_DELAY_SECONDS ? this.#slowSeconds + window.length : 0;
  }

  /** Whether most turns have been late for seconds. */
  get isStuck(): boolean {
    return this.#slowSeconds >= STUCK_SECONDS;
  }

  /** Over the last minute; zeros before its first second. */
  get lastMinute(): Omit<LoopWindow, 'length'> {
    const medians = this.#windows.map(({ median }) => median).toSorted((left, right) => left - right);
    return {
      median: medians[medians.length >> 1] ?? 0,
      p99: Math.max(0, ...this.#windows.map(({ p99 }) => p99)),
      max: Math.max(0, ...this.#windows.map(({ max }) => max)),
    };
  }
}

/** The monitor measures from one tick of its own timer to the next, in nanoseconds. */
function beyondResolution(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MILLISECONDS / 1000);
}
