import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which servers follow this database, by their own word: no history, and forgotten soon after they fall silent. */
export class Fleet1764000000007 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [TABLE, GRANTS]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table dharma.server');
  }
}

const TABLE = `
create table dharma.server (
  server text primary key check (server ~ '^[!-~]{1,100}$'),
  version text not null check (length(version) <= 100),
  address text not null check (length(address) <= 300),
  started_at timestamptz not null,
  -- What is in force there; null before the first policy.
  epoch integer,
  revision bigint,
  content_hash text,
  age_seconds bigint,
  last_seen_at timestamptz not null,
  check (num_nulls(epoch, revision, content_hash, age_seconds) in (0, 4))
);
`;

/** Who may append to the history serves, and may say so. */
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
    execute 'grant select, insert, update, delete on dharma.server to ' || role;
  end loop;
end $$;
`;
