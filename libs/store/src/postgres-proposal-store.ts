import {
  type ActContext,
  judgeProposal,
  type KeyedProposal,
  MAXIMUM_OPEN_BYTES,
  MAXIMUM_OPEN_PROPOSALS,
  type NewProposal,
  personIn,
  personText,
  type Proposal,
  proposalAct,
  type ProposalEnd,
  type ProposalListing,
  ProposalStore,
  type ProposeOutcome,
  type RejectOutcome,
} from '#administration';
import { type Connected, storeFault } from './database.js';
import { appendAct, inTurn } from './postgres-audit-log.js';
import type { Sql } from './postgres-reading.js';

interface ProposalRow {
  readonly number: string;
  readonly proposed_at: Date;
  readonly expires_at: Date;
  readonly is_expired: boolean;
  readonly proposer: string;
  readonly credential: string;
  readonly person: string;
  readonly principals: readonly string[] | null;
  readonly base: string | null;
  readonly base_hash: string | null;
  readonly content_hash: string;
  readonly concerns: string;
  readonly source: string;
  readonly because: string;
  readonly git_commit: string | null;
  readonly git_author: string | null;
  readonly request_hash: string | null;
  readonly ended_at: Date | null;
  readonly ended_by: string | null;
  readonly rejected_because: string | null;
  readonly revision: string | null;
}

const SELECT = `select p.*, p.expires_at <= now() as is_expired,
    e.ended_at, e.ended_by, e.because as rejected_because, e.revision
  from dharma.proposal p left join dharma.proposal_end e on e.proposal = p.number`;
const OPEN = `p.expires_at > now() and not exists (select from dharma.proposal_end e where e.proposal = p.number)`;

/** Of the places in which those lie who see it: only those are read that somebody sees at least in part. */
const SEEN = `select top_seen.number
  from unnest($3::text[]) as top, lateral (
    select p.number from dharma.proposal_place here join dharma.proposal p on p.number = here.proposal
    where here.place = top and here.proposal < $1 and not exists (
      select from json_array_elements(p.concerns::json) as concern where not exists (
        select from json_array_elements_text(concern) as domain, unnest($3::text[]) as held
        where domain = held or starts_with(domain, held || '.')
      )
    )
    order by here.proposal desc limit $2
  ) as top_seen
  union
  (select number from dharma.proposal where credential = $4 and number < $1 order by number desc limit $2)
  order by number desc limit $2`;

/** Proposals in PostgreSQL. Every method may throw a StoreFault. */
export class PostgresProposalStore extends ProposalStore {
  readonly #dataSource: Connected;

  /** @param dataSource  migrated */
  constructor(dataSource: Connected) {
    super();
    this.#dataSource = dataSource;
  }

  async propose(asked: NewProposal, context: ActContext = {}): Promise<ProposeOutcome> {
    judgeProposal(asked);
    // Who has their turn is the only one who writes, so that what is counted here stands.
    return inTurn(this.#dataSource, async (sql): Promise<ProposeOutcome> => {
      await sql(
        `delete from dharma.proposal_content where proposal in
           (select number from dharma.proposal where expires_at <= now())`,
      );
      const earlier = asked.key === undefined ? null : await keyedIn(sql, asked.key.idempotencyKey);
      if (earlier !== null) return { kind: 'keyed', ...earlier };
      const [waiting] = (await sql(
        `select count(*)::int as open, coalesce(sum(octet_length(content)), 0)::bigint as bytes
         from dharma.proposal p join dharma.proposal_content on proposal = number where person = $1 and ${OPEN}`,
        [personText(asked.proposer.person)],
      )) as readonly { readonly open: number; readonly bytes: string }[];
      const { open, bytes } = waiting!;
      if (open >= MAXIMUM_OPEN_PROPOSALS || Number(bytes) + Buffer.byteLength(asked.content) > MAXIMUM_OPEN_BYTES) {
        return { kind: 'too-many', open };
      }
      const proposal = await insert(sql, asked);
      await appendAct(sql, { ...proposalAct(proposal, 'create'), operator: asked.proposer.name }, context);
      return { kind: 'proposed', proposal };
    });
  }

  async find(number: number): Promise<Proposal | null> {
    return this.#reading((sql) => proposalIn(sql, number));
  }

  async proposedWith(idempotencyKey: string): Promise<KeyedProposal | null> {
    return this.#reading((sql) => keyedIn(sql, idempotencyKey));
  }

  async waiting({ proposer, provenance, base, content }: NewProposal): Promise<Proposal | null> {
    return this.#reading(async (sql) => {
      const [row] = (await sql(
        `${SELECT} where p.credential = $1 and p.source = $2 and ${OPEN}
           and p.base is not distinct from $3::bigint and p.base_hash is not distinct from $4::text
           and exists (select from dharma.proposal_content c where c.proposal = p.number and c.content = $5)
         order by p.number limit 1`,
        [proposer.credential, provenance.source, base?.number ?? null, base?.contentHash ?? null, content],
      )) as readonly ProposalRow[];
      return row === undefined ? null : toProposal(row);
    });
  }

  async content(number: number): Promise<string | null> {
    if (!Number.isSafeInteger(number)) return null;
    return this.#reading(async (sql) => {
      const [row] = (await sql('select content from dharma.proposal_content where proposal = $1', [
        number,
      ])) as readonly { readonly content: string }[];
      return row?.content ?? null;
    });
  }

  async list({ below = Number.MAX_SAFE_INTEGER, limit, viewer }: ProposalListing): Promise<readonly Proposal[]> {
    const { credential, tops } = viewer;
    return this.#reading(async (sql) => {
      const rows =
        tops === null
          ? await sql(`${SELECT} where p.number < $1 order by p.number desc limit $2`, [below, limit])
          : await sql(`${SELECT} where p.number in (${SEEN}) order by p.number desc`, [below, limit, tops, credential]);
      return (rows as readonly ProposalRow[]).map(toProposal);
    });
  }

  async reject(number: number, by: string, because: string, context: ActContext = {}): Promise<RejectOutcome | null> {
    if (!Number.isSafeInteger(number)) return null;
    return inTurn(this.#dataSource, async (sql): Promise<RejectOutcome | null> => {
      const found = await proposalIn(sql, number);
      if (found === null) return null;
      if (!(await isProposalOpen(sql, number))) return { kind: 'ended', proposal: found };
      await endProposal(sql, number, { kind: 'rejected', by, because });
      await appendAct(sql, { ...proposalAct(found, 'reject'), operator: by }, context);
      return { kind: 'rejected', proposal: (await proposalIn(sql, number))! };
    });
  }

  async #reading<Result>(read: (sql: Sql) => Promise<Result>): Promise<Result> {
    try {
      return await read((text, values) => this.#dataSource.query(text, values as unknown[]));
    } catch (fault) {
      throw storeFault(fault);
    }
  }
}

/** Whether it can still be approved; to be asked by who has their turn. */
export async function isProposalOpen(sql: Sql, number: number): Promise<boolean> {
  const rows = (await sql(`select from dharma.proposal p where p.number = $1 and ${OPEN}`, [
    number,
  ])) as readonly unknown[];
  return rows.length > 0;
}

/** Ends an open one, and forgets what it asked for. */
export async function endProposal(sql: Sql, number: number, end: Ending): Promise<void> {
  await sql(
    `insert into dharma.proposal_end (proposal, ended_at, ended_by, database_role, because, revision)
     values ($1, now(), $2, session_user, $3, $4)`,
    [number, end.by, end.kind === 'rejected' ? end.because : null, end.kind === 'approved' ? end.revision : null],
  );
  await sql('delete from dharma.proposal_content where proposal = $1', [number]);
}

/** How it ends; when is the database's to say. */
type Ending =
  | { readonly kind: 'approved'; readonly by: string; readonly revision: number }
  | { readonly kind: 'rejected'; readonly by: string; readonly because: string };

async function insert(sql: Sql, asked: NewProposal): Promise<Proposal> {
  const { proposer, provenance, base, contentHash, concerns, content, expiresAt, key } = asked;
  const [row] = (await sql(
    `insert into dharma.proposal
       (number, proposed_at, expires_at, database_role, proposer, credential, person, principals, base, base_hash,
        content_hash, concerns, source, because, git_commit, git_author, idempotency_key, request_hash)
     select coalesce(max(number), 0) + 1, now(), $1, session_user, $2, $3, $4, $5::text[], $6::bigint, $7, $8, $9, $10, $11,
       $12, $13, $14, $15
     from dharma.proposal returning number`,
    [
      new Date(expiresAt),
      proposer.name,
      proposer.credential,
      personText(proposer.person),
      proposer.principals ?? null,
      base?.number ?? null,
      base?.contentHash ?? null,
      contentHash,
      JSON.stringify(concerns),
      provenance.source,
      provenance.because,
      provenance.gitCommit ?? null,
      provenance.gitAuthor ?? null,
      key?.idempotencyKey ?? null,
      key?.requestHash ?? null,
    ],
  )) as readonly { readonly number: string }[];
  const { number } = row!;
  await sql('insert into dharma.proposal_content (proposal, content) values ($1, $2)', [number, content]);
  return (await proposalIn(sql, Number(number)))!;
}

async function keyedIn(sql: Sql, idempotencyKey: string): Promise<KeyedProposal | null> {
  const [row] = (await sql(`${SELECT} where p.idempotency_key = $1`, [idempotencyKey])) as readonly ProposalRow[];
  return row === undefined ? null : { proposal: toProposal(row), requestHash: row.request_hash! };
}

async function proposalIn(sql: Sql, number: number): Promise<Proposal | null> {
  if (!Number.isSafeInteger(number)) return null;
  const [row] = (await sql(`${SELECT} where p.number = $1`, [number])) as readonly ProposalRow[];
  return row === undefined ? null : toProposal(row);
}

function toProposal(row: ProposalRow): Proposal {
  const { base, base_hash, principals } = row;
  const end = endIn(row);
  return {
    number: Number(row.number),
    proposedAt: row.proposed_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    isExpired: row.is_expired,
    proposer: {
      name: row.proposer,
      credential: row.credential,
      person: personIn(row.person),
      ...(principals !== null && { principals }),
    },
    provenance: {
      source: row.source,
      because: row.because,
      gitCommit: row.git_commit ?? undefined,
      gitAuthor: row.git_author ?? undefined,
    },
    base: base === null || base_hash === null ? null : { number: Number(base), contentHash: base_hash },
    contentHash: row.content_hash,
    concerns: JSON.parse(row.concerns) as Proposal['concerns'],
    ...(end !== undefined && { end }),
  };
}

/** A check of the table holds it to one of two. */
function endIn({ ended_at, ended_by, revision, rejected_because }: ProposalRow): ProposalEnd | undefined {
  if (ended_at === null) return undefined;
  const ended = { at: ended_at.getTime(), by: ended_by! };
  return revision === null
    ? { ...ended, kind: 'rejected', because: rejected_because! }
    : { ...ended, kind: 'approved', revision: Number(revision) };
}
