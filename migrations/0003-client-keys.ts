import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Keys of clients beside those of enforcement points, and when keys were last used. Rows that are there stay as they are,
 * and servers of the version before read the kinds that they know.
 */
export class ClientKeys1764000000003 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [CLIENTS, USES, VIEW]) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('what was handed out or revoked is not forgotten by a migration; restore a backup instead');
  }
}

const CLIENTS = `
alter table dharma.credential
  -- Of a client's key, whose name is that of its mechanism.
  add column subject text check (subject <> ''),
  add column scopes text[],
  add column groups text[],
  drop constraint credential_kind_check,
  add constraint credential_kind_check check (kind in ('enforcement-point-key', 'client-key', 'operator-token')),
  add constraint credential_client_check check (num_nulls(subject, scopes, groups) = case kind when 'client-key' then 0 else 3 end);
`;

const USES = `
-- No history: one row a credential, which every server moves on.
create table dharma.credential_use (
  credential text primary key references dharma.credential,
  last_used_at timestamptz not null
);
`;

const VIEW = `
create or replace view dharma.credential_in_force as
  select c.id, c.kind, c.name, c.created_at, c.created_by, c.expires_at, c.subject
  from dharma.credential c
  where not exists (select from dharma.credential_revocation where credential = c.id)
    and (c.expires_at is null or c.expires_at > now());
`;
