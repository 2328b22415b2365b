import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Four tables that only ever grow, the triggers that say so to everybody, and the views and functions that people ask.
 * docs/storage.md explains them with examples.
 */
export class Revisions1764000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [TABLES, GROWTH_ONLY, AS_OF, VIEWS]) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('history is not undone by a migration; restore a backup instead');
  }
}

const TABLES = `
create table dharma.revision (
  number bigint primary key check (number > 0),
  epoch integer not null check (epoch > 0),
  content_hash text not null check (content_hash ~ '^[0-9a-f]{64}$'),
  base bigint references dharma.revision,
  published_at timestamptz not null,
  -- The role that was logged in: not by word of the program.
  database_role name not null,
  author text not null,
  source text not null,
  because text not null,
  git_commit text,
  git_author text,
  idempotency_key text unique,
  request_hash text not null
);

-- A document's text, or what is left of it without the facts that are kept one by one; each text once.
create table dharma.content (
  hash text primary key,
  text text not null,
  check (hash = encode(sha256(convert_to(text, 'UTF8')), 'hex'))
);

create table dharma.document_change (
  kind text not null,
  name text not null,
  revision bigint not null references dharma.revision,
  removed boolean not null default false,
  domain text,
  source text,
  document_hash text,
  content_hash text references dharma.content,
  primary key (kind, name, revision),
  check (removed = (source is null) and removed = (document_hash is null) and removed = (content_hash is null))
);
create index document_change_of_revision on dharma.document_change (revision);

-- Rules and role definitions repeat what the text says, to be asked for; assignments and entities are kept here alone.
--   item        document    name   detail     declaration
--   rule        policy      id     ''         the rule
--   role        role set    name   ''         the definition
--   assignment  role set    role   principal  null
--   entity      entity set  type   id         attributes, or null
create table dharma.item_change (
  item text not null check (item in ('rule', 'role', 'assignment', 'entity')),
  document text not null,
  -- SHA-256 of name and detail, which may be longer than an index takes.
  key text not null,
  revision bigint not null references dharma.revision,
  removed boolean not null default false,
  name text not null,
  detail text not null,
  declaration json,
  primary key (item, document, key, revision)
);
create index item_change_of_revision on dharma.item_change (revision);
`;

const GROWTH_ONLY = `
create function dharma.refuse_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'history is append-only: % on % is refused', tg_op, tg_table_name
    using errcode = 'insufficient_privilege';
end $$;

create trigger append_only before update or delete or truncate on dharma.revision
  for each statement execute function dharma.refuse_change();
create trigger append_only before update or delete or truncate on dharma.content
  for each statement execute function dharma.refuse_change();
create trigger append_only before update or delete or truncate on dharma.document_change
  for each statement execute function dharma.refuse_change();
create trigger append_only before update or delete or truncate on dharma.item_change
  for each statement execute function dharma.refuse_change();

create function dharma.stamp_revision() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from dharma.revision where number >= new.number or epoch > new.epoch) then
    raise exception 'revision % does not follow the newest one', new.number using errcode = 'unique_violation';
  end if;
  new.published_at := now();
  new.database_role := session_user;
  return new;
end $$;

create trigger follows_the_newest before insert on dharma.revision
  for each row execute function dharma.stamp_revision();

-- A change belongs to the revision that its own transaction publishes: nothing is added to an old one.
create function dharma.refuse_late_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (
    select from (select distinct revision from added) changed
    join dharma.revision on number = revision
    where revision.xmin <> pg_current_xact_id()::xid
  ) then
    raise exception 'history is append-only: the revision was published before' using errcode = 'insufficient_privilege';
  end if;
  return null;
end $$;

create trigger of_this_transaction after insert on dharma.document_change
  referencing new table as added for each statement execute function dharma.refuse_late_change();
create trigger of_this_transaction after insert on dharma.item_change
  referencing new table as added for each statement execute function dharma.refuse_late_change();
`;

const AS_OF = `
create function dharma.newest() returns bigint language sql stable as $$
  select coalesce(max(number), 0) from dharma.revision
$$;

create function dharma.document_at(at bigint default dharma.newest())
returns table (kind text, name text, domain text, source text, document_hash text, content_hash text, since bigint)
language sql stable as $$
  select kind, name, domain, source, document_hash, content_hash, revision
  from (
    select distinct on (kind, name) * from dharma.document_change
    where revision <= at order by kind, name, revision desc
  ) latest
  where not removed
$$;

create function dharma.item_at(wanted text, at bigint default dharma.newest())
returns table (document text, name text, detail text, declaration json, since bigint)
language sql stable as $$
  select document, name, detail, declaration, revision
  from (
    select distinct on (document, key) * from dharma.item_change
    where item = wanted and revision <= at order by document, key, revision desc
  ) latest
  where not removed
$$;

create function dharma.rule_at(at bigint default dharma.newest())
returns table (domain text, policy text, rule text, effect text, roles text[], declaration json, since bigint)
language sql stable as $$
  select d.domain, i.document, i.name, i.declaration->>'effect',
         array(select json_array_elements_text(i.declaration->'who'->'roles')), i.declaration, i.since
  from dharma.item_at('rule', at) i
  join dharma.document_at(at) d on d.kind = 'Policy' and d.name = i.document
$$;

create function dharma.assignment_at(at bigint default dharma.newest())
returns table (domain text, role_set text, role text, principal text, since bigint)
language sql stable as $$
  select d.domain, i.document, i.name, i.detail, i.since
  from dharma.item_at('assignment', at) i
  join dharma.document_at(at) d on d.kind = 'RoleSet' and d.name = i.document
$$;

create function dharma.entity_at(at bigint default dharma.newest())
returns table (domain text, entity_set text, type text, id text, attributes json, since bigint)
language sql stable as $$
  select d.domain, i.document, i.name, i.detail, i.declaration, i.since
  from dharma.item_at('entity', at) i
  join dharma.document_at(at) d on d.kind = 'EntitySet' and d.name = i.document
$$;

create function dharma.role_mention_at(at bigint default dharma.newest())
returns table (role text, mention text, domain text, document text, item text, since bigint)
language sql stable as $$
  select unnest(roles), 'rule', domain, policy, rule, since from dharma.rule_at(at)
  union all
  select role, 'assignment', domain, role_set, principal, since from dharma.assignment_at(at)
  union all
  select i.name, 'definition', d.domain, i.document, i.name, i.since
  from dharma.item_at('role', at) i
  join dharma.document_at(at) d on d.kind = 'RoleSet' and d.name = i.document
  union all
  select json_array_elements_text(i.declaration->'inherits'), 'inherited by', d.domain, i.document, i.name, i.since
  from dharma.item_at('role', at) i
  join dharma.document_at(at) d on d.kind = 'RoleSet' and d.name = i.document
$$;
`;

const VIEWS = `
create view dharma.rule_in_force as select * from dharma.rule_at();
create view dharma.assignment_in_force as select * from dharma.assignment_at();
create view dharma.entity_in_force as select * from dharma.entity_at();
create view dharma.role_mention as select * from dharma.role_mention_at();
create view dharma.document_in_force as
  select d.kind, d.name, d.domain, d.source, c.text, d.since
  from dharma.document_at() d join dharma.content c on c.hash = d.content_hash;

create view dharma.rule_history as
  select i.document as policy, i.name as rule,
         case when i.removed then 'removed'
              when coalesce(lag(i.removed) over step, true) then 'added'
              else 'changed' end as change,
         i.revision, r.published_at, r.author, r.source, r.because, r.git_commit,
         d.domain, i.declaration
  from dharma.item_change i
  join dharma.revision r on r.number = i.revision
  left join lateral (
    select domain from dharma.document_change
    where kind = 'Policy' and name = i.document and revision <= i.revision and not removed
    order by revision desc limit 1
  ) d on true
  where i.item = 'rule'
  window step as (partition by i.document, i.name order by i.revision);
`;
