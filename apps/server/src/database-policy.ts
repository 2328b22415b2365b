import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Heartbeat } from '#administration';
import type { EventLog } from '#decision';
import type { KeyRing } from '#identity';
import { Problem } from '#problem';
import {
  connectStore,
  type EmbeddedPostgres,
  type EmbeddedPostgresSettings,
  EmbeddedPostgresFault,
  MigrationsMissing,
  startEmbeddedPostgres,
  type StoreConnection,
  StoreFault,
} from '#store';
import type { ServerConfig } from './config.js';
import type { PolicySupply } from './policy-supply.js';
import type { PolicyWorkshop } from './policy/policy-workshop.js';
import type { ServerPorts } from './server.js';
import { publishFirst } from './stored/first-policies.js';
import { KeptKeys } from './stored/kept-keys.js';
import { StoredPolicy, type StoreState } from './stored/stored-policy.js';

const RESTART_MILLISECONDS = 1_000;

/** A server that follows the revisions of a PostgreSQL: a given one, or one of its own. */
export class DatabasePolicy implements PolicySupply {
  readonly kind = 'database';
  readonly keptFolder: string;
  readonly #config: ServerConfig;
  readonly #ports: ServerPorts;
  readonly #keys: KeyRing;
  readonly #heartbeat: () => Heartbeat;
  #embedded: EmbeddedPostgres | undefined;
  #isClosed = false;
  #followed: StoredPolicy | undefined;
  #operatorTokenFile: string | undefined;

  /** @throws Problem `database-unusable` where there should be a PostgreSQL of our own and it does not start */
  static async open(
    config: ServerConfig,
    ports: ServerPorts,
    keys: KeyRing,
    heartbeat: () => Heartbeat,
  ): Promise<DatabasePolicy> {
    if (config.databaseUrl !== undefined) return new DatabasePolicy(config, ports, keys, heartbeat, undefined);
    const say = (sentence: string) => ports.log({ kind: 'database', sentence });
    try {
      const folder = join(config.dataDir, 'postgresql');
      const embedded = await startEmbeddedPostgres({ folder, durability: 'full', say });
      const policy = new DatabasePolicy(config, ports, keys, heartbeat, embedded);
      policy.#supervise(embedded, { folder, durability: 'full', say });
      return policy;
    } catch (fault) {
      if (!(fault instanceof EmbeddedPostgresFault)) throw fault;
      throw new Problem('database-unusable', { fault: fault.message });
    }
  }

  private constructor(
    config: ServerConfig,
    ports: ServerPorts,
    keys: KeyRing,
    heartbeat: () => Heartbeat,
    embedded: EmbeddedPostgres | undefined,
  ) {
    this.#heartbeat = heartbeat;
    this.#config = config;
    this.#ports = ports;
    this.#keys = keys;
    this.#embedded = embedded;
    this.keptFolder = join(config.dataDir, 'kept');
  }

  get log(): EventLog {
    return this.#ports.log;
  }

  get databaseUrl(): string {
    return this.#config.databaseUrl ?? this.#embedded!.url;
  }

  get operatorTokenFile(): string | undefined {
    return this.#operatorTokenFile;
  }

  get state(): { readonly state: StoreState; readonly detail: string } {
    return this.#followed?.state ?? { state: 'connecting', detail: '' };
  }

  /** @throws Problem `database-unusable`, `policy-invalid` */
  async start(workshop: PolicyWorkshop): Promise<void> {
    const { migrate, notify, storePollMilliseconds } = this.#config;
    const { live, clock, log, timer, random } = this.#ports;
    this.#followed = new StoredPolicy({
      connect: () => connectStore({ url: this.databaseUrl, migrate, notify, timer, random }),
      onConnected: (connection) => this.#welcome(connection),
      live,
      keys: this.#keys,
      keptKeys: new KeptKeys(join(this.keptFolder, 'keys')),
      putKeptInForce: () => workshop.putInForce({ kind: 'kept' }),
      putInForce: (revision) => workshop.putInForce({ kind: 'revision', revision }),
      clock,
      log,
      timer,
      random,
      pollMilliseconds: storePollMilliseconds,
      heartbeat: this.#heartbeat,
    });
    try {
      await this.#followed.start();
    } catch (fault) {
      if (fault instanceof MigrationsMissing || fault instanceof StoreFault) {
        throw new Problem('database-unusable', { fault: fault.message });
      }
      throw fault;
    }
  }

  documents(): undefined {
    return undefined;
  }

  async stop(): Promise<void> {
    await this.#followed?.stop();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#embedded?.stop();
  }

  /** A PostgreSQL of our own that dies is started again, at the same address: nobody else would do it. */
  #supervise(embedded: EmbeddedPostgres, settings: EmbeddedPostgresSettings): void {
    const { log, timer } = this.#ports;
    const again = async () => {
      if (this.#isClosed) return;
      try {
        this.#embedded = await startEmbeddedPostgres({ ...settings, socketFolder: embedded.socketFolder });
        if (this.#isClosed) await this.#embedded.stop();
        else this.#supervise(this.#embedded, settings);
      } catch (fault) {
        log({ kind: 'database', sentence: String((fault as Error)?.message ?? fault) });
        timer.after(RESTART_MILLISECONDS, () => void again());
      }
    };
    void embedded.ended.then(() => {
      if (this.#isClosed) return;
      log({ kind: 'database', sentence: 'PostgreSQL ended although nobody asked it to; it is started again' });
      void again();
    });
  }

  /** What a database needs once: an operator, and something to decide by. */
  async #welcome({ store, credentials }: StoreConnection): Promise<void> {
    const { dataDir, firstPolicies } = this.#config;
    try {
      const token = await credentials.mintFirstOperator();
      if (token !== null) this.#operatorTokenFile = await writeSecret(resolve(dataDir), 'operator-token', token);
      if (firstPolicies !== undefined) await publishFirst(store, firstPolicies);
    } catch (fault) {
      // A role without rights to write can still follow.
      if (!(fault instanceof StoreFault) || fault.kind === 'unavailable') throw fault;
      this.#ports.log({ kind: 'database', sentence: `nothing was prepared in the database: ${fault.message}` });
    }
  }
}

/** @returns where it was written; only its owner can read it */
async function writeSecret(folder: string, name: string, secret: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const path = join(folder, name);
  await writeFile(`${path}.new`, `${secret}\n`, { mode: 0o600 });
  await chmod(`${path}.new`, 0o600);
  await rename(`${path}.new`, path);
  return path;
}
