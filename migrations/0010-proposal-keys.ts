import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Keys by which a proposal is made once, and places in which it is looked for: whoever lists what they see reads next to
 * nothing of what others do.
 */
export class ProposalKeys1764000000010 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [KEYS, PLACES, GRANTS, EARLIER]) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('who proposed what is not forgotten by a migration; restore a backup instead');
  }
}

const KEYS = `
alter table dharma.proposal
  add column idempotency_key text unique check (length(idempotency_key) between 1 and 200),
  add column request_hash text check (request_hash ~ '^[0-9a-f]{64}$'),
  add check ((idempotency_key is null) = (request_hash is null));
create index proposal_of_credential on dharma.proposal (credential, number);
`;

/**
 * Each proposal stands at the domains of one of the lists of what it concerns, and at all around them: at the list that has
 * the fewest, so that most of those who do not see all of it do not meet it. Servers of the version before propose across
 * the migration, so the database writes it.
 */
const PLACES = `
create table dharma.proposal_place (
  place text not null,
  proposal bigint not null references dharma.proposal,
  primary key (place, proposal)
);
create trigger append_only before update or delete or truncate on dharma.proposal_place
  for each statement execute function dharma.refuse_change();

create function dharma.places_of_proposal(concerns text) returns setof text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  with places as (
    select distinct concern.ordinality as list, array_to_string(labels[1:depth], '.') as place
    from json_array_elements(concerns::json) with ordinality as concern,
      json_array_elements_text(concern.value) as domain,
      string_to_array(domain, '.') as labels,
      generate_series(1, cardinality(labels)) as depth
  )
  select place from places
  where list = (select list from places group by list order by count(*), list limit 1)
$$;

create function dharma.place_proposal() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into dharma.proposal_place select place, new.number from dharma.places_of_proposal(new.concerns) as place;
  return null;
end $$;
create trigger placed after insert on dharma.proposal
  for each row execute function dharma.place_proposal();
`;

/** Who may propose writes the places, too. */
const GRANTS = `
do $$
declare
  role text;
begin
  for role in
    select distinct case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end
    from pg_class, aclexplode(relacl)
    where pg_class.oid = 'dharma.proposal'::regclass and privilege_type = 'INSERT' and grantee <> relowner
  loop
    execute 'grant select, insert on dharma.proposal_place to ' || role;
  end loop;
end $$;
`;

const EARLIER = `
insert into dharma.proposal_place
select place, number from dharma.proposal, dharma.places_of_proposal(concerns) as place;
`;
