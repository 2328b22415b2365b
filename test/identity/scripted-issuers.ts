/** Issuers that answer what a test wants, and time that passes when a test says so. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type IssuerEvent,
  Issuers,
  Outbound,
  type OutboundFault,
  type OutboundReply,
  type OutboundRequest,
} from '#identity';
import { NOW } from './identities.js';

type Answered = string | OutboundFault | undefined;
type Respond = (request: OutboundRequest) => Answered | Promise<Answered>;

export class ScriptedIssuers extends Outbound {
  /** Addresses that were asked, in their order. */
  readonly asked: OutboundRequest[] = [];
  readonly events: IssuerEvent[] = [];
  /** Milliseconds since the start of the test. */
  elapsed = 0;
  /** What an address answers; undefined: it cannot be reached. */
  respond: Respond = () => undefined;
  readonly folder = mkdtempSync(join(tmpdir(), 'dharma-issuers-'));
  readonly #planned = new Map<() => void, number>();

  /** A process that asks them; what it keeps on disk is there for the next one. */
  issuers(waitMilliseconds = 1_000): Issuers {
    return new Issuers({
      outbound: this,
      folder: this.folder,
      clock: () => NOW + this.elapsed,
      monotonic: () => this.elapsed,
      timer: {
        after: (milliseconds, work) => {
          this.#planned.set(work, this.elapsed + milliseconds);
          return () => void this.#planned.delete(work);
        },
      },
      random: () => 0.5,
      log: (event) => void this.events.push(event),
      waitMilliseconds,
    });
  }

  override async ask(request: OutboundRequest): Promise<OutboundReply> {
    this.asked.push(request);
    const answered = await this.respond(request);
    if (answered === undefined) return { kind: 'fault', because: 'it cannot be reached (ECONNREFUSED)' };
    return typeof answered === 'string' ? { kind: 'text', text: answered } : answered;
  }

  /** Lets time pass, and what was planned for it happen. */
  async pass(milliseconds: number): Promise<void> {
    this.elapsed += milliseconds;
    for (const [work, at] of this.#planned) {
      if (at > this.elapsed) continue;
      this.#planned.delete(work);
      work();
    }
    await this.settle();
  }

  /** What is under way comes to its end: nothing here waits for anything but promises and the disk. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((next) => setImmediate(next));
  }

  remove(): void {
    // Keys may still be on their way to the disk.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
