/** Where revisions are kept: PostgreSQL, or memory; and how a server hears of new ones. */

export { StoreFault } from '#administration';
export {
  connectLazily,
  connectStore,
  type ConnectionSettings,
  type LazyStores,
  type StoreConnection,
  type Stores,
} from './connection.js';
export { type DatabaseSettings, openDatabase } from './database.js';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresSettings,
  startEmbeddedPostgres,
} from './embedded/embedded-postgres.js';
export { EmbeddedPostgresFault } from './embedded/fault.js';
export type { RootIdentityKind } from './embedded/identity.js';
export { MemoryAuditLog } from './memory-audit-log.js';
export { MemoryCredentialStore } from './memory-credential-store.js';
export { MemoryDecisionStore } from './memory-decision-store.js';
export { MemoryFleet } from './memory-fleet.js';
export { MemoryProposalStore } from './memory-proposal-store.js';
export { MemoryRevisionStore } from './memory-revision-store.js';
export { grantServing, migrateDatabase, type MigrateMode, MigrationsMissing } from './migrate.js';
export { PostgresAuditLog } from './postgres-audit-log.js';
export { PostgresCredentialStore } from './postgres-credential-store.js';
export { PostgresDecisionStore, type PostgresDecisionStoreParts } from './postgres-decision-store.js';
export { PostgresFleet } from './postgres-fleet.js';
export { PostgresProposalStore } from './postgres-proposal-store.js';
export { PostgresRevisionStore, type PostgresRevisionStoreParts } from './postgres-revision-store.js';
export { type FeedAlarm, type FeedState, RevisionFeed, type RevisionFeedParts, type Timer } from './revision-feed.js';
export { RevisionHints, type RevisionHintsParts } from './revision-hints.js';
