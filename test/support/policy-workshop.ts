import { LiveSnapshot, type ServiceEvent } from '#decision';
import { Identity, KeyRing } from '#identity';
import { PolicyWorkshop, type PolicyWorkshopParts } from '../../apps/server/src/policy/policy-workshop.js';
import { startBuiltThread } from './threads.js';

const running: PolicyWorkshop[] = [];

/** Ends the threads of all that were made. */
export async function stopWorkshops(): Promise<void> {
  await Promise.all(running.splice(0).map((workshop) => workshop.stop()));
}

/** A workshop over threads of the build, with a short check. */
export function startWorkshop(parts: Partial<PolicyWorkshopParts> = {}): TestWorkshop {
  return new TestWorkshop(parts);
}

class TestWorkshop {
  readonly live = new LiveSnapshot();
  readonly events: ServiceEvent[] = [];
  readonly workshop: PolicyWorkshop;
  /** Identities that were let go of, in order. */
  readonly closed: Identity[] = [];
  #waiting: (() => void)[] = [];

  constructor(parts: Partial<PolicyWorkshopParts>) {
    this.workshop = new PolicyWorkshop({
      startThread: startBuiltThread,
      live: this.live,
      identify: async (settings) => {
        const identity = await Identity.prepare(settings, { keys: new KeyRing(), onlyLocal: true });
        identity.close = () => void this.closed.push(identity);
        return identity;
      },
      clock: () => 1_000,
      log: (event) => {
        this.events.push(event);
        for (const wake of this.#waiting.splice(0)) wake();
      },
      keptFolder: undefined,
      checkMilliseconds: 50,
      databaseUrl: undefined,
      furtherCheck: { requests: 200, milliseconds: 60_000 },
      ...parts,
    });
    running.push(this.workshop);
  }

  /** Resolves with the first event of a kind, that was or will be. */
  async said<Kind extends ServiceEvent['kind']>(kind: Kind): Promise<Extract<ServiceEvent, { kind: Kind }>> {
    for (;;) {
      const found = this.events.find((event) => event.kind === kind);
      if (found !== undefined) return found as never;
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }
}
