import { setTimeout as pause } from 'node:timers/promises';
import { FolderSource, type ServiceEvent } from '#decision';
import type { PackedFiles } from '#policy';
import { Problem } from '#problem';
import type { ServerConfig } from './config.js';
import type { PolicySupply } from './policy-supply.js';
import type { PolicyWorkshop } from './policy/policy-workshop.js';
import type { ServerPorts } from './server.js';

/** A folder that someone writes to while we start is looked at again this many times. */
const LOAD_TRIES = 20;
const LOAD_PAUSE_MILLISECONDS = 100;

/** A server that decides by a folder: nothing is stored, nobody publishes. */
export class FolderPolicy implements PolicySupply {
  readonly kind = 'folder';
  readonly keptFolder = undefined;
  readonly databaseUrl = undefined;
  readonly operatorTokenFile = undefined;
  readonly state = { state: 'current', detail: '' } as const;
  readonly #folder: string;
  readonly #pollMilliseconds: number;
  readonly #ports: ServerPorts;
  readonly #faults: string[] = [];
  #source: FolderSource | undefined;

  constructor(folder: string, { policyPollMilliseconds }: ServerConfig, ports: ServerPorts) {
    this.#folder = folder;
    this.#pollMilliseconds = policyPollMilliseconds;
    this.#ports = ports;
  }

  /** Before anything is in force, what would be a log line later is the reason for not starting. */
  readonly log = (event: ServiceEvent): void => {
    const { live, log } = this.#ports;
    if (live.inForce === undefined && event.kind === 'policy-refused') this.#faults.push(...event.faults);
    else if (live.inForce === undefined && event.kind === 'policy-unreadable') this.#faults.push(event.fault);
    else log(event);
  };

  /** @throws Problem `policy-invalid` */
  async start(workshop: PolicyWorkshop): Promise<void> {
    const { live, clock } = this.#ports;
    const source = new FolderSource({
      folder: this.#folder,
      live,
      read: (folder) => workshop.readFolder(folder),
      putInForce: (set) => workshop.putInForce(set),
      clock,
      log: this.log,
    });
    this.#source = source;
    for (let tries = 0; tries < LOAD_TRIES && (await source.load()) === 'waiting'; tries += 1) {
      await pause(LOAD_PAUSE_MILLISECONDS);
    }
    if (live.inForce === undefined) {
      const faults = this.#faults.length === 0 ? ['the folder changes all the time'] : this.#faults;
      throw new Problem('policy-invalid', { folder: this.#folder, faults: faults.join('\n') });
    }
    source.watch(this.#pollMilliseconds);
  }

  documents(): PackedFiles | undefined {
    return this.#source?.files;
  }

  async stop(): Promise<void> {
    await this.#source?.stop();
  }

  async close(): Promise<void> {}
}
