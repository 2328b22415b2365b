import { setTimeout as wait } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import type { AuditLog, CredentialStore, Fleet, RevisionStore } from '#administration';
import type { DecisionStore } from '#decision-log';
import { type Connected, type DatabaseSettings, openDatabase } from './database.js';
import { migrateDatabase, type MigrateMode } from './migrate.js';
import { PostgresAuditLog } from './postgres-audit-log.js';
import { PostgresCredentialStore } from './postgres-credential-store.js';
import { PostgresDecisionStore } from './postgres-decision-store.js';
import { PostgresFleet } from './postgres-fleet.js';
import { PostgresRevisionStore } from './postgres-revision-store.js';
import type { Timer } from './revision-feed.js';
import { RevisionHints } from './revision-hints.js';

/** All stores over one pool of connections. */
export interface Stores {
  readonly store: RevisionStore;
  readonly credentials: CredentialStore;
  readonly audit: AuditLog;
  readonly fleet: Fleet;
  close(): Promise<void>;
}

/** A database that was reached, and is as this version needs it. */
export interface StoreConnection extends Stores {
  /** Begins to call back whenever somebody published. @returns what ends it */
  listen(hint: () => void): Promise<() => Promise<void>>;
}

export interface ConnectionSettings extends DatabaseSettings {
  readonly migrate: MigrateMode;
  /** Whether there is a connection that listens; without it changes are found by looking. */
  readonly notify: boolean;
  readonly timer: Timer;
  /** 0 to below 1. */
  readonly random: () => number;
}

/**
 * @throws StoreFault
 * @throws MigrationsMissing  under `migrate: check`
 */
export async function connectStore(settings: ConnectionSettings): Promise<StoreConnection> {
  const { url, migrate, notify, timer, random } = settings;
  await migrateDatabase(url, migrate);
  const dataSource = await openDatabase(settings);
  return {
    ...storesOver(dataSource, random),
    close: () => dataSource.destroy(),
    listen: async (hint) => {
      if (!notify) return async () => {};
      const hints = new RevisionHints({ url, hint, timer });
      await hints.start();
      return () => hints.stop();
    },
  };
}

/** Stores over a pool that is opened when it is needed. */
export interface LazyStores extends Stores {
  /** @param days  that are kept besides today */
  decisions(days: number, clock: () => number): DecisionStore;
}

/** Stores whose database is connected to when they are first asked, and again where that failed. */
export function connectLazily(settings: DatabaseSettings & { readonly random: () => number }): LazyStores {
  let opening: Promise<DataSource> | undefined;
  const open = (): Promise<DataSource> =>
    (opening ??= openDatabase(settings).catch((fault: unknown) => {
      opening = undefined;
      throw fault;
    }));
  const lazy: Connected = {
    query: async (...words: Parameters<DataSource['query']>) => (await open()).query(...words),
    transaction: async (...words: unknown[]) =>
      ((await open()).transaction as (...words: unknown[]) => Promise<never>)(...words),
  } as Connected;
  return {
    ...storesOver(lazy, settings.random),
    decisions: (days, clock) => new PostgresDecisionStore({ dataSource: lazy, days, clock }),
    close: async () => {
      const opened = opening;
      opening = undefined;
      await (await opened?.catch(() => undefined))?.destroy();
    },
  };
}

function storesOver(dataSource: Connected, random: () => number): Omit<Stores, 'close'> {
  return {
    store: new PostgresRevisionStore({ dataSource, random, wait }),
    credentials: new PostgresCredentialStore(dataSource),
    audit: new PostgresAuditLog(dataSource),
    fleet: new PostgresFleet(dataSource),
  };
}
