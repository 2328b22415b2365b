import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * One chain of administrative acts, which only grows. The database makes the links: number, time, role and hashes are its
 * own, so that a program that was broken into can append and nothing else. docs/audit.md specifies what is hashed.
 */
export class Audit1764000000006 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [TABLES, HASH, TRIGGERS, GRANTS]) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('what was done is not forgotten by a migration; restore a backup instead');
  }
}

const TABLES = `
create table dharma.audit (
  sequence bigint primary key,
  at timestamptz not null,
  -- The role that was logged in: not by word of the program.
  database_role name not null,
  operator text not null check (operator <> ''),
  -- Id of the operator's token.
  credential text,
  act text not null check (act <> ''),
  object text not null check (object <> ''),
  -- Code of the problem, where the answer was no.
  refused text,
  hash_before text check (hash_before ~ '^[0-9a-f]{64}$'),
  hash_after text check (hash_after ~ '^[0-9a-f]{64}$'),
  revision bigint,
  request_id text,
  address text,
  previous_hash text not null,
  hash text not null
);
create index audit_of_operator on dharma.audit (operator, sequence);
create index audit_of_object on dharma.audit (object, sequence);
create index audit_of_revision on dharma.audit (revision, sequence);
create index audit_of_time on dharma.audit (at);

-- Never has a row: whoever will append an act locks it before anything else, and so waits for their turn. A row to lock
-- would do for one isolation level only: a serialisable transaction must stand in line before it looks at anything.
create table dharma.audit_turn ();
`;

const HASH = `
-- Each text as its length in bytes, a colon, the text and a comma; nothing as a dash and a comma.
create function dharma.audit_hash(link dharma.audit) returns text language sql stable
set search_path = pg_catalog, pg_temp as $$
  select encode(sha256(convert_to(string_agg(
    coalesce(octet_length(convert_to(part, 'UTF8')) || ':' || part, '-') || ',', '' order by place), 'UTF8')), 'hex')
  from unnest(array[
    'dharma-audit-1',
    link.sequence::text,
    floor(extract(epoch from link.at) * 1000)::bigint::text,
    link.database_role::text,
    link.operator,
    link.credential,
    link.act,
    link.object,
    link.refused,
    link.hash_before,
    link.hash_after,
    link.revision::text,
    link.request_id,
    link.address,
    link.previous_hash
  ]) with ordinality as parts (part, place)
$$;
`;

const TRIGGERS = `
create trigger append_only before update or delete or truncate on dharma.audit
  for each statement execute function dharma.refuse_change();

create function dharma.link_act() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  newest dharma.audit;
begin
  lock table dharma.audit_turn in exclusive mode;
  select * into newest from dharma.audit order by sequence desc limit 1;
  new.sequence := coalesce(newest.sequence, 0) + 1;
  new.previous_hash := coalesce(newest.hash, repeat('0', 64));
  -- Not now(), which is when a transaction began to wait for its turn.
  new.at := date_trunc('milliseconds', clock_timestamp());
  new.database_role := session_user;
  new.hash := dharma.audit_hash(new);
  return new;
end $$;
create trigger linked before insert on dharma.audit
  for each row execute function dharma.link_act();
`;

/** Who may append to the history may append to this: servers go on across the migration with the role they have. */
const GRANTS = `
do $$
declare
  role text;
begin
  for role in
    select distinct case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end
    from pg_class, aclexplode(relacl)
    where pg_class.oid = 'dharma.revision'::regclass and privilege_type = 'INSERT' and grantee <> relowner
  loop
    execute 'grant select, insert on dharma.audit to ' || role;
    execute 'grant select, update on dharma.audit_turn to ' || role;
  end loop;
end $$;
`;
