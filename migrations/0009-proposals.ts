import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Changes that wait for a second person. Who proposed what, and how it ended, is append-only; what was asked for may be
 * large, and is forgotten when it has become a revision or nothing.
 */
export class Proposals1764000000009 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [TABLES, TRIGGERS, GRANTS]) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('who approved what is not forgotten by a migration; restore a backup instead');
  }
}

const TABLES = `
create table dharma.proposal (
  number bigint primary key check (number > 0),
  proposed_at timestamptz not null,
  -- From then on nobody can approve it.
  expires_at timestamptz not null,
  -- The role that was logged in: not by word of the program.
  database_role name not null,
  -- The operator, by name.
  proposer text not null check (proposer <> ''),
  -- Id of the operator's token; no reference, for a server's own token and those of identity providers have no row.
  credential text not null check (credential <> ''),
  -- 'root', or 'token' or 'guest', a space and a name: who of all tokens is the same person.
  person text not null check (person ~ '^(root|(token|guest) .+)$'),
  -- What the token of an identity provider made of its holder.
  principals text[],
  base bigint references dharma.revision,
  base_hash text check (base_hash ~ '^[0-9a-f]{64}$'),
  -- Of what it changes.
  content_hash text not null check (content_hash ~ '^[0-9a-f]{64}$'),
  -- JSON: lists of domains, of each of which one has to be seen by whoever sees the proposal.
  concerns text not null,
  source text not null,
  because text not null,
  git_commit text,
  git_author text,
  check (expires_at > proposed_at),
  check ((base is null) = (base_hash is null))
);
create index proposal_of_person on dharma.proposal (person);

create table dharma.proposal_content (
  proposal bigint primary key references dharma.proposal,
  content text not null
);

create table dharma.proposal_end (
  proposal bigint primary key references dharma.proposal,
  ended_at timestamptz not null,
  ended_by text not null check (ended_by <> ''),
  database_role name not null,
  -- Of one that was rejected.
  because text,
  -- What one that was approved has become.
  revision bigint unique references dharma.revision,
  check (num_nonnulls(because, revision) = 1)
);
`;

const TRIGGERS = `
create trigger append_only before update or delete or truncate on dharma.proposal
  for each statement execute function dharma.refuse_change();
create trigger append_only before update or delete or truncate on dharma.proposal_end
  for each statement execute function dharma.refuse_change();
create trigger never_another before update or truncate on dharma.proposal_content
  for each statement execute function dharma.refuse_change();

create function dharma.stamp_proposal() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.proposed_at := now();
  new.database_role := session_user;
  return new;
end $$;
create trigger stamped before insert on dharma.proposal
  for each row execute function dharma.stamp_proposal();

create function dharma.stamp_proposal_end() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from dharma.proposal where number = new.proposal and expires_at <= now()) then
    raise exception 'the time of proposal % is over', new.proposal using errcode = 'check_violation';
  end if;
  new.ended_at := now();
  new.database_role := session_user;
  return new;
end $$;
create trigger stamped before insert on dharma.proposal_end
  for each row execute function dharma.stamp_proposal_end();
`;

/** Who may append to the history may propose: servers go on across the migration with the role they have. */
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
    execute 'grant select, insert on dharma.proposal, dharma.proposal_end to ' || role;
    execute 'grant select, insert, delete on dharma.proposal_content to ' || role;
  end loop;
end $$;
`;
