import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys of enforcement points and tokens of operators: only their hashes, added and revoked and never anything else. */
export class Credentials1764000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [TABLES, TRIGGERS, VIEW]) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('what was handed out or revoked is not forgotten by a migration; restore a backup instead');
  }
}

const TABLES = `
create table dharma.credential (
  id text primary key check (id ~ '^[a-z0-9-]{1,63}$'),
  kind text not null check (kind in ('enforcement-point-key', 'operator-token')),
  -- The enforcement point or the operator.
  name text not null check (name <> ''),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  created_at timestamptz not null,
  created_by text not null,
  database_role name not null,
  expires_at timestamptz,
  -- The operator that a database begins with.
  is_first boolean not null default false
);
create unique index one_first_operator on dharma.credential (is_first) where is_first;

create table dharma.credential_revocation (
  credential text primary key references dharma.credential,
  revoked_at timestamptz not null,
  revoked_by text not null,
  database_role name not null
);
`;

const TRIGGERS = `
create trigger append_only before update or delete or truncate on dharma.credential
  for each statement execute function dharma.refuse_change();
create trigger append_only before update or delete or truncate on dharma.credential_revocation
  for each statement execute function dharma.refuse_change();

create function dharma.stamp_credential() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.created_at := now();
  new.database_role := session_user;
  return new;
end $$;
create trigger stamped before insert on dharma.credential
  for each row execute function dharma.stamp_credential();

create function dharma.stamp_revocation() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.revoked_at := now();
  new.database_role := session_user;
  return new;
end $$;
create trigger stamped before insert on dharma.credential_revocation
  for each row execute function dharma.stamp_revocation();

-- Servers look for keys on the same hint as for revisions.
create function dharma.hint_credentials() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_notify('dharma_revision', '');
  return null;
end $$;
create trigger hinted after insert on dharma.credential
  for each statement execute function dharma.hint_credentials();
create trigger hinted after insert on dharma.credential_revocation
  for each statement execute function dharma.hint_credentials();
`;

const VIEW = `
create view dharma.credential_in_force as
  select c.id, c.kind, c.name, c.created_at, c.created_by, c.expires_at
  from dharma.credential c
  where not exists (select from dharma.credential_revocation where credential = c.id)
    and (c.expires_at is null or c.expires_at > now());
`;
