import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Recorded decisions, a partition a day. They are no history of policies: whole days go when they are old, and nothing
 * else ever changes. Partitions are made and dropped by a function of the owner, for the role that serves creates nothing.
 */
export class Decisions1764000000008 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [TABLE, DAYS]) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('what was decided is not forgotten by a migration; drop the table yourself when nobody needs it');
  }
}

const TABLE = `
create table dharma.decision (
  at timestamptz not null,
  id text not null check (length(id) between 1 and 64),
  decision text not null check (decision in ('allow', 'deny')),
  reason text not null,
  -- Where its endpoint is placed, and where it was denied.
  domains text[] not null,
  endpoint text,
  principals text[] not null,
  rules text[] not null,
  enforcement_point text not null,
  epoch bigint,
  revision bigint,
  -- JSON as it was written: numbers and the order of members stay.
  record text not null
) partition by range (at);
create index decision_newest on dharma.decision (at desc, id collate "C" desc);
create index decision_id on dharma.decision (id);
create index decision_endpoint on dharma.decision (endpoint, at desc);

create trigger append_only before update or delete or truncate on dharma.decision
  for each statement execute function dharma.refuse_change();
`;

const DAYS = `
-- Partitions for yesterday, today and tomorrow, by UTC; those of days before the last so many are dropped, of the days
-- before yesterday at the earliest. Waits for nobody: who reads a long time keeps a day for a while, that is all.
create function dharma.keep_decision_days(days integer) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  today date := (now() at time zone 'UTC')::date;
  day date;
  partition text;
begin
  perform pg_advisory_xact_lock(110399474265442);
  for day in select generate_series(today - 1, today + 1, interval '1 day')::date loop
    partition := 'decision_' || to_char(day, 'YYYYMMDD');
    if to_regclass('dharma.' || partition) is null then
      execute format('create table dharma.%I partition of dharma.decision for values from (%L) to (%L)',
        partition, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
    end if;
  end loop;
  for partition in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'dharma.decision'::regclass and c.relname ~ '^decision_[0-9]{8}$'
      and to_date(right(c.relname, 8), 'YYYYMMDD') < today - greatest(days, 1)
  loop
    execute format('drop table dharma.%I', partition);
  end loop;
end $$;
revoke execute on function dharma.keep_decision_days(integer) from public;
select dharma.keep_decision_days(3650);
`;
