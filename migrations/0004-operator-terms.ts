import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What each operator's token may, and whose it is. Rows that are there stay as they are: of a token that was made when
 * every operator could do everything nobody knows what it was meant for, so it may nothing; only the first operator's stays
 * what it was, for nobody else can be told to have been meant for everything.
 */
export class OperatorTerms1764000000004 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [TERMS, VIEW]) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('what was handed out or revoked is not forgotten by a migration; restore a backup instead');
  }
}

const TERMS = `
alter table dharma.credential
  -- 'root', 'scope', 'person'; null for tokens that servers of the version before make: they may nothing.
  add column terms text,
  -- The token that made it; no reference, for a server's own token has no row.
  add column maker text check (maker <> ''),
  -- Of 'scope': each a role, a space and a domain, or * for everything.
  add column grants text[],
  -- Of 'person': its groups, in which documents name administrators.
  add column member_of text[],
  add constraint credential_terms_check check (
    case
      when terms is null then num_nonnulls(maker, grants, member_of) = 0
      when kind <> 'operator-token' then false
      when terms = 'root' then num_nonnulls(maker, grants, member_of) = 0
      when terms = 'scope' then num_nulls(maker, grants) = 0 and member_of is null
      when terms = 'person' then num_nulls(maker, member_of) = 0 and grants is null
      else false
    end
  );
`;

const VIEW = `
create or replace view dharma.credential_in_force as
  select c.id, c.kind, c.name, c.created_at, c.created_by, c.expires_at, c.subject,
         case when c.is_first then 'root' else c.terms end as terms, c.maker, c.grants, c.member_of
  from dharma.credential c
  where not exists (select from dharma.credential_revocation where credential = c.id)
    and (c.expires_at is null or c.expires_at > now());
`;
