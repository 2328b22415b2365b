import {
  type ActContext,
  type ActiveKey,
  activeKey,
  type Credential,
  credentialAct,
  type CredentialHolder,
  type CredentialKind,
  CredentialStore,
  FIRST_OPERATOR,
  type Grant,
  judgeCredential,
  mint,
  MINTED_BY,
  type MintedCredential,
  type NewCredential,
  type OperatorTerms,
} from '#administration';
import { type Connected, storeFault } from './database.js';
import { appendAct, inTurn } from './postgres-audit-log.js';
import type { Sql } from './postgres-reading.js';

interface CredentialRow {
  readonly id: string;
  readonly kind: CredentialKind;
  readonly name: string;
  readonly sha256: string;
  readonly created_at: Date;
  readonly created_by: string;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
  readonly revoked_by: string | null;
  /** Of a client's key, as are the next two; otherwise null. */
  readonly subject: string | null;
  readonly scopes: readonly string[] | null;
  readonly groups: readonly string[] | null;
  /** Of an operator's token, as are the next three; null for one that was made before there were terms. */
  readonly terms: 'root' | 'scope' | 'person' | null;
  readonly maker: string | null;
  /** Each `role domain`. */
  readonly grants: readonly string[] | null;
  readonly member_of: readonly string[] | null;
}

const SELECT = `select c.id, c.kind, c.name, c.sha256, c.created_at, c.created_by, c.expires_at, r.revoked_at, r.revoked_by,
    c.subject, c.scopes, c.groups,
    case when c.is_first then 'root' else c.terms end as terms, c.maker, c.grants, c.member_of
  from dharma.credential c left join dharma.credential_revocation r on r.credential = c.id`;
const KEYS: readonly CredentialKind[] = ['client-key', 'enforcement-point-key'];
/** What a credential that is no client's key says of a client. */
const NOBODY = { subject: null, scopes: null, groups: null };
const ANY_OPERATOR = `select id from dharma.credential where kind = 'operator-token' limit 1`;
/** What a credential that is no operator's token says of terms, and a token that has none. */
const NO_TERMS = { terms: null, maker: null, grants: null, member_of: null };
const UNIQUE_VIOLATION = '23505';
const INSUFFICIENT_PRIVILEGE = '42501';

/** Credentials in PostgreSQL. Every method may throw a StoreFault. */
export class PostgresCredentialStore extends CredentialStore {
  readonly #dataSource: Connected;

  /** @param dataSource  migrated */
  constructor(dataSource: Connected) {
    super();
    this.#dataSource = dataSource;
  }

  async create(asked: NewCredential, context: ActContext = {}): Promise<MintedCredential> {
    judgeCredential(asked);
    return inTurn(this.#dataSource, (sql) => insert(sql, asked, context, false));
  }

  async list(
    kinds: readonly CredentialKind[],
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly Credential[]> {
    const rows = await this.#rows<CredentialRow>(
      `${SELECT} where c.kind = any ($1) and c.id collate "C" > $2 order by c.id collate "C" limit $3`,
      [kinds, page.after ?? '', page.limit],
    );
    return rows.map(toCredential);
  }

  async find(id: string): Promise<Credential | null> {
    // No database keeps this character, so no credential has it.
    if (id.includes('\0')) return null;
    const [row] = await this.#rows<CredentialRow>(`${SELECT} where c.id = $1`, [id]);
    return row === undefined ? null : toCredential(row);
  }

  async revoke(
    kinds: readonly CredentialKind[],
    id: string,
    by: string,
    context: ActContext = {},
  ): Promise<Credential | null> {
    const found = await this.find(id);
    if (found === null || !kinds.includes(found.kind)) return null;
    if (found.revokedAt !== undefined) return found;
    await inTurn(this.#dataSource, async (sql) => {
      const revoked = (await sql(
        `insert into dharma.credential_revocation (credential, revoked_at, revoked_by, database_role)
         values ($1, now(), $2, session_user) on conflict do nothing returning credential`,
        [id, by],
      )) as readonly unknown[];
      // Somebody else may have been first.
      if (revoked.length > 0) await appendAct(sql, { ...credentialAct(found, 'revoke'), operator: by }, context);
    });
    return this.find(id);
  }

  async activeKeys(): Promise<readonly ActiveKey[]> {
    const rows = await this.#rows<CredentialRow>(
      `${SELECT} where c.kind = any ($1) and r.credential is null order by c.id collate "C"`,
      [KEYS],
    );
    return rows.map(toCredential).flatMap(activeKey);
  }

  async version(): Promise<string> {
    // Numbers drawn from a sequence may appear out of order; rows that only grow in number cannot.
    const [row] = await this.#rows<{ readonly version: string }>(
      `select concat_ws('/', (select count(*) from dharma.credential), (select max(created_at) from dharma.credential),
                        (select count(*) from dharma.credential_revocation)) as version`,
      [],
    );
    return row!.version;
  }

  async noteUses(uses: ReadonlyMap<string, number>): Promise<void> {
    // In one order everywhere: servers that write at the same time would else lock one another out.
    await this.#rows(
      `insert into dharma.credential_use (credential, last_used_at)
       select c.id, least(used.at, now())
       from unnest($1::text[], $2::timestamptz[]) as used (id, at) join dharma.credential c on c.id = used.id
       order by c.id
       on conflict (credential) do update set last_used_at = excluded.last_used_at
       where credential_use.last_used_at < excluded.last_used_at`,
      [[...uses.keys()], [...uses.values()].map((usedAt) => new Date(usedAt))],
    );
  }

  async lastUses(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    try {
      const rows = await this.#rows<{ readonly credential: string; readonly last_used_at: Date }>(
        'select credential, last_used_at from dharma.credential_use where credential = any ($1)',
        [ids],
      );
      return new Map(rows.map(({ credential, last_used_at }) => [credential, last_used_at.getTime()]));
    } catch (fault) {
      // Granted before there was this table.
      if (storeFault(fault).code === INSUFFICIENT_PRIVILEGE) return new Map();
      throw fault;
    }
  }

  async mintFirstOperator(): Promise<string | null> {
    const asked = {
      kind: 'operator-token',
      name: FIRST_OPERATOR,
      createdBy: MINTED_BY.first,
      terms: { kind: 'root' },
    } as const;
    // Every start asks, most of them for nothing: they need not stand in line.
    if ((await this.#rows(ANY_OPERATOR, [])).length > 0) return null;
    try {
      return await inTurn(this.#dataSource, async (sql) => {
        if (((await sql(ANY_OPERATOR)) as readonly unknown[]).length > 0) return null;
        return (await insert(sql, asked, { act: 'operator.first' }, true)).token;
      });
    } catch (fault) {
      // Of several at once, some of them of a version before, the unique index lets one through.
      if (storeFault(fault).code === UNIQUE_VIOLATION) return null;
      throw fault;
    }
  }

  async recoverOperator(name: string): Promise<string> {
    const root = { kind: 'operator-token', name, createdBy: MINTED_BY.recovery, terms: { kind: 'root' } } as const;
    return (await this.create(root, { act: 'operator.recover' })).token;
  }

  async #rows<Row>(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    try {
      return (await this.#dataSource.query(text, values as unknown[])) as readonly Row[];
    } catch (fault) {
      throw storeFault(fault);
    }
  }
}

/** @param isFirst  the operator that a database begins with */
async function insert(
  sql: Sql,
  asked: NewCredential,
  context: ActContext,
  isFirst: boolean,
): Promise<MintedCredential> {
  const { kind, name, createdBy, expiresAt } = asked;
  const expiry = expiresAt === undefined ? null : new Date(expiresAt);
  const { subject, scopes, groups } = asked.kind === 'client-key' ? asked.client : NOBODY;
  const { terms, maker, grants, member_of } = termColumns(asked);
  const { id, sha256, token } = mint(kind);
  const [row] = (await sql(
    `insert into dharma.credential (id, kind, name, sha256, created_at, created_by, database_role, expires_at,
                                    subject, scopes, groups, is_first, terms, maker, grants, member_of)
     values ($1, $2, $3, $4, now(), $5, session_user, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning created_at`,
    [id, kind, name, sha256, createdBy, expiry, subject, scopes, groups, isFirst, terms, maker, grants, member_of],
  )) as readonly Pick<CredentialRow, 'created_at'>[];
  const credential = { ...asked, id, sha256, createdAt: row!.created_at.getTime() };
  await appendAct(sql, { ...credentialAct(credential, 'create'), operator: createdBy }, context);
  return { credential, token };
}

function toCredential(row: CredentialRow): Credential {
  return {
    ...holderIn(row),
    id: row.id,
    sha256: row.sha256,
    createdAt: row.created_at.getTime(),
    createdBy: row.created_by,
    expiresAt: row.expires_at?.getTime(),
    revokedAt: row.revoked_at?.getTime(),
    revokedBy: row.revoked_by ?? undefined,
  };
}

function holderIn(row: CredentialRow): CredentialHolder {
  const { kind, name, subject, scopes, groups } = row;
  switch (kind) {
    case 'client-key':
      // A check of the table holds the three to the kind.
      return { kind, name, client: { subject: subject!, scopes: scopes!, groups: groups! } };
    case 'operator-token': {
      const terms = termsIn(row);
      return terms === undefined ? { kind, name } : { kind, name, terms };
    }
    case 'enforcement-point-key':
      return { kind, name };
    default:
      return kind satisfies never;
  }
}

/** Another check of the table holds the other columns to `terms`. */
function termsIn({ terms, maker, grants, member_of }: CredentialRow): OperatorTerms | undefined {
  switch (terms) {
    case null:
      return undefined;
    case 'root':
      return { kind: 'root' };
    case 'scope':
      return { kind: 'scope', maker: maker!, grants: grants!.map(grantIn) };
    case 'person':
      return { kind: 'person', maker: maker!, groups: member_of! };
    default:
      return terms satisfies never;
  }
}

function termColumns(asked: NewCredential): Pick<CredentialRow, keyof typeof NO_TERMS> {
  if (asked.kind !== 'operator-token' || asked.terms === undefined) return NO_TERMS;
  const { terms } = asked;
  switch (terms.kind) {
    case 'root':
      return { ...NO_TERMS, terms: terms.kind };
    case 'scope': {
      const grants = terms.grants.map(({ role, domain }) => `${role} ${domain}`);
      return { ...NO_TERMS, terms: terms.kind, maker: terms.maker, grants };
    }
    case 'person':
      return { ...NO_TERMS, terms: terms.kind, maker: terms.maker, member_of: terms.groups };
    default:
      return terms satisfies never;
  }
}

/** @param text  `role domain`; no domain has a space, and a role that we do not know gives nothing */
function grantIn(text: string): Grant {
  const [role, domain] = text.split(' ') as [Grant['role'], string];
  return { role, domain };
}
