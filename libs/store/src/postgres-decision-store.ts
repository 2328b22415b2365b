import {
  type DecisionQuery,
  DecisionStore,
  type FoundDecision,
  readRecord,
  type RecordedDecision,
  SinkFault,
} from '#decision-log';
import { type Connected, storeFault } from './database.js';

interface DecisionRow {
  readonly at: Date;
  readonly id: string;
  readonly record: string;
}

export interface PostgresDecisionStoreParts {
  /** Migrated. */
  readonly dataSource: Connected;
  /** Days that are kept besides today; at least 1. */
  readonly days: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** How often the days are looked after. */
const DAYS_MILLISECONDS = 60 * 60 * 1000;
/** The same where it did not succeed. */
const DAYS_AGAIN_MILLISECONDS = 60 * 1000;
/** No partition holds the row. */
const CHECK_VIOLATION = '23514';

/**
 * Decisions in PostgreSQL, a partition a day. Writing throws a SinkFault, reading may throw a StoreFault.
 */
export class PostgresDecisionStore extends DecisionStore {
  readonly #parts: PostgresDecisionStoreParts;
  /** When the days are looked after next. */
  #daysDue = -Infinity;

  constructor(parts: PostgresDecisionStoreParts) {
    super();
    this.#parts = parts;
  }

  override async write(lines: readonly string[]): Promise<void> {
    const records = lines.map((line) => ({ line, record: readRecord(line) }));
    try {
      await this.#keepDays();
      await this.#insert(records);
    } catch (fault) {
      const { kind, code } = storeFault(fault);
      // Another server's clock, or midnight.
      if (code === CHECK_VIOLATION) this.#daysDue = -Infinity;
      throw new SinkFault(
        `the database does not take them: ${code || kind}`,
        kind === 'unavailable' || code === CHECK_VIOLATION,
      );
    }
  }

  override async search(query: DecisionQuery): Promise<readonly FoundDecision[]> {
    const { from, to, domain, domains, within, endpoint, principal, reason, rule, decision, behind, limit } = query;
    const texts = [domain, endpoint, principal, reason, rule, behind?.id, ...(domains ?? [])];
    // No database keeps this character, so no record has it.
    if (texts.some((text) => text?.includes('\0'))) return [];
    const conditions: string[] = [];
    const values: unknown[] = [];
    const where = (value: unknown, condition: (place: string) => string) => {
      if (value === undefined) return;
      values.push(value);
      conditions.push(condition(`$${values.length}`));
    };
    where(instant(from), (place) => `at >= ${place}`);
    where(instant(to), (place) => `at < ${place}`);
    where(domain === undefined ? undefined : [domain], concernsOne);
    where(domains, concernsOne);
    where(within?.domains, concernsNoOther);
    where(within?.services, (place) => `(endpoint is null or split_part(endpoint, '/', 1) = any (${place}::text[]))`);
    where(endpoint, (place) => `endpoint = ${place}`);
    where(principal, (place) => `${place} = any (principals)`);
    where(reason, (place) => `reason = ${place}`);
    where(rule, (place) => `${place} = any (rules)`);
    const isReported = decision === 'would-deny';
    where(isReported ? 'allow' : decision, (place) => `decision = ${place}`);
    // Of a request that says the same, the record itself tells.
    if (isReported) conditions.push(`record like '%"wouldDeny":%'`);
    if (behind !== undefined) {
      values.push(new Date(behind.time), behind.id);
      const [time, id] = [`$${values.length - 1}`, `$${values.length}`];
      conditions.push(`at <= ${time} and (at < ${time} or id collate "C" < ${id})`);
    }
    values.push(limit);
    const rows = await this.#rows(
      `select at, id, record from dharma.decision
       ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
       order by at desc, id collate "C" desc limit $${values.length}`,
      values,
    );
    const found = rows.map(({ at, id, record }) => ({ time: at.getTime(), id, record: readRecord(record) }));
    const meant = isReported ? found.filter(({ record }) => record.wouldDeny !== undefined) : found;
    if (meant.length === found.length || found.length < limit) return meant;
    return [...meant, ...(await this.search({ ...query, behind: found.at(-1)!, limit: limit - meant.length }))];
  }

  override async find(id: string, domains?: readonly string[]): Promise<RecordedDecision | null> {
    if (id.includes('\0')) return null;
    const [row] = await this.#rows(
      `select at, id, record from dharma.decision
       where id = $1 ${domains === undefined ? '' : `and ${concernsOne('$2')}`} order by at desc limit 1`,
      domains === undefined ? [id] : [id, domains],
    );
    return row === undefined ? null : readRecord(row.record);
  }

  /** The pool belongs to whoever opened it. */
  override async close(): Promise<void> {}

  /** Never rejects: while there is a place for them, records are written whatever becomes of the days. */
  async #keepDays(): Promise<void> {
    const { dataSource, days, clock } = this.#parts;
    const now = clock();
    if (now < this.#daysDue) return;
    try {
      await dataSource.query('select dharma.keep_decision_days($1)', [days]);
      this.#daysDue = now + DAYS_MILLISECONDS;
    } catch {
      this.#daysDue = now + DAYS_AGAIN_MILLISECONDS;
    }
  }

  async #insert(records: readonly { readonly line: string; readonly record: RecordedDecision }[]): Promise<void> {
    const column = (value: (record: RecordedDecision) => unknown) => records.map(({ record }) => value(record));
    // Lists travel as JSON: unnest would take lists of lists apart altogether. A clock that is a day off shall not keep
    // a record out.
    await this.#parts.dataSource.query(
      `insert into dharma.decision
         (at, id, decision, reason, domains, endpoint, principals, rules, enforcement_point, epoch, revision, record)
       select least(greatest(r.at, date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - interval '1 day'),
                    date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' + interval '1 day'),
              r.id, r.decision, r.reason, array(select jsonb_array_elements_text(r.domains)), r.endpoint,
              array(select jsonb_array_elements_text(r.principals)), array(select jsonb_array_elements_text(r.rules)),
              r.enforcement_point, r.epoch, r.revision, r.record
       from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::jsonb[],
                   $8::jsonb[], $9::text[], $10::bigint[], $11::bigint[], $12::text[])
         as r (at, id, decision, reason, domains, endpoint, principals, rules, enforcement_point, epoch, revision, record)`,
      [
        column(({ time }) => new Date(time)),
        column(({ id }) => storable(id)),
        column(({ decision }) => decision),
        column(({ reason }) => reason),
        column(({ domains }) => JSON.stringify(domains.map(storable))),
        column(({ endpoint }) => endpoint && storable(endpoint)),
        column(({ principals }) => JSON.stringify(principals.map(storable))),
        column(({ rules }) => JSON.stringify(rules.map(storable))),
        column(({ enforcementPoint }) => storable(enforcementPoint)),
        column(({ revision }) => revision?.epoch ?? null),
        column(({ revision }) => revision?.number ?? null),
        // Escaped as JSON, what no database keeps is kept.
        records.map(({ line }) => line),
      ],
    );
  }

  async #rows(text: string, values: readonly unknown[]): Promise<readonly DecisionRow[]> {
    try {
      return (await this.#parts.dataSource.query(text, values as unknown[])) as readonly DecisionRow[];
    } catch (fault) {
      throw storeFault(fault);
    }
  }
}

function instant(milliseconds: number | undefined): Date | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds);
}

/** Texts of subjects may hold what no database keeps; the record itself does. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

function concernsNoOther(place: string): string {
  return `not exists (select from unnest(domains) as own (name)
                      where not exists (select from unnest(${place}::text[]) as top (name)
                                        where own.name = top.name or starts_with(own.name, top.name || '.')))`;
}

function concernsOne(place: string): string {
  return `exists (select from unnest(domains) as own (name), unnest(${place}::text[]) as top (name)
                  where own.name = top.name or starts_with(own.name, top.name || '.'))`;
}
