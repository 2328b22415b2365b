import { Fleet, type Heartbeat, type ServerSeen } from '#administration';
import { type Connected, storeFault } from './database.js';

interface ServerRow {
  readonly server: string;
  readonly version: string;
  readonly address: string;
  readonly started_at: Date;
  readonly epoch: number | null;
  readonly revision: string | null;
  readonly content_hash: string | null;
  readonly age_seconds: string | null;
  readonly last_seen_at: Date;
  readonly seen_seconds_ago: number;
}

const MAXIMUM_SERVERS = 1_000;

/** The fleet in PostgreSQL. Every method may throw a StoreFault. */
export class PostgresFleet extends Fleet {
  readonly #dataSource: Connected;

  /** @param dataSource  migrated */
  constructor(dataSource: Connected) {
    super();
    this.#dataSource = dataSource;
  }

  async beat({ server, version, address, startedAt, policy }: Heartbeat): Promise<void> {
    await this.#rows(
      `insert into dharma.server (server, version, address, started_at, epoch, revision, content_hash, age_seconds, last_seen_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, now())
       on conflict (server) do update set version = excluded.version, address = excluded.address,
         started_at = excluded.started_at, epoch = excluded.epoch, revision = excluded.revision,
         content_hash = excluded.content_hash, age_seconds = excluded.age_seconds, last_seen_at = excluded.last_seen_at`,
      [
        server,
        version,
        address,
        new Date(startedAt),
        policy?.epoch ?? null,
        policy?.number ?? null,
        policy?.contentHash ?? null,
        policy?.ageSeconds ?? null,
      ],
    );
    // Two servers that sweep at one time do not wait for one another.
    await this.#rows(
      `delete from dharma.server where server in (
         select server from dharma.server where last_seen_at < now() - interval '10 minutes' for update skip locked)`,
      [],
    );
  }

  async leave(server: string): Promise<void> {
    await this.#rows('delete from dharma.server where server = $1', [server]);
  }

  async list(): Promise<readonly ServerSeen[]> {
    const rows = (await this.#rows(
      `select *, floor(extract(epoch from now() - last_seen_at))::integer as seen_seconds_ago
       from dharma.server order by server collate "C" limit ${MAXIMUM_SERVERS}`,
      [],
    )) as readonly ServerRow[];
    return rows.map(toServerSeen);
  }

  async #rows(text: string, values: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#dataSource.query(text, values as unknown[]);
    } catch (fault) {
      throw storeFault(fault);
    }
  }
}

function toServerSeen(row: ServerRow): ServerSeen {
  return {
    server: row.server,
    version: row.version,
    address: row.address,
    startedAt: row.started_at.getTime(),
    // A check of the table: all four are there, or none is.
    policy:
      row.revision === null
        ? null
        : {
            epoch: row.epoch!,
            number: Number(row.revision),
            contentHash: row.content_hash!,
            ageSeconds: Number(row.age_seconds!),
          },
    lastSeenAt: row.last_seen_at.getTime(),
    seenSecondsAgo: row.seen_seconds_ago,
  };
}
