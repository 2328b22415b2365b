import {
  type ActiveKey,
  type Credential,
  type CredentialKind,
  CredentialStore,
  FIRST_OPERATOR,
  judgeCredential,
  mint,
  MINTED_BY,
  type MintedCredential,
  type NewCredential,
} from '#administration';
import { type Connected, storeFault } from './database.js';

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
}

const SELECT = `select c.id, c.kind, c.name, c.sha256, c.created_at, c.created_by, c.expires_at, r.revoked_at, r.revoked_by
  from dharma.credential c left join dharma.credential_revocation r on r.credential = c.id`;
const UNIQUE_VIOLATION = '23505';

/** Credentials in PostgreSQL. Every method may throw a StoreFault. */
export class PostgresCredentialStore extends CredentialStore {
  readonly #dataSource: Connected;

  /** @param dataSource  migrated */
  constructor(dataSource: Connected) {
    super();
    this.#dataSource = dataSource;
  }

  async create(asked: NewCredential): Promise<MintedCredential> {
    judgeCredential(asked);
    const { kind, name, createdBy, expiresAt } = asked;
    const { id, sha256, token } = mint(kind);
    const [row] = await this.#rows<Pick<CredentialRow, 'created_at'>>(
      `insert into dharma.credential (id, kind, name, sha256, created_at, created_by, database_role, expires_at)
       values ($1, $2, $3, $4, now(), $5, session_user, $6) returning created_at`,
      [id, kind, name, sha256, createdBy, expiresAt === undefined ? null : new Date(expiresAt)],
    );
    const credential = { id, kind, name, sha256, createdAt: row!.created_at.getTime(), createdBy, expiresAt };
    return { credential, token };
  }

  async list(
    kind: CredentialKind,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly Credential[]> {
    const rows = await this.#rows<CredentialRow>(
      `${SELECT} where c.kind = $1 and c.id collate "C" > $2 order by c.id collate "C" limit $3`,
      [kind, page.after ?? '', page.limit],
    );
    return rows.map(toCredential);
  }

  async find(id: string): Promise<Credential | null> {
    // No database keeps this character, so no credential has it.
    if (id.includes('\0')) return null;
    const [row] = await this.#rows<CredentialRow>(`${SELECT} where c.id = $1`, [id]);
    return row === undefined ? null : toCredential(row);
  }

  async revoke(kind: CredentialKind, id: string, by: string): Promise<Credential | null> {
    if ((await this.find(id))?.kind !== kind) return null;
    await this.#rows(
      `insert into dharma.credential_revocation (credential, revoked_at, revoked_by, database_role)
       values ($1, now(), $2, session_user) on conflict do nothing`,
      [id, by],
    );
    return this.find(id);
  }

  async activeKeys(): Promise<readonly ActiveKey[]> {
    const rows = await this.#rows<CredentialRow>(
      `${SELECT} where c.kind = 'enforcement-point-key' and r.credential is null order by c.id collate "C"`,
      [],
    );
    return rows.map(toCredential).map(({ id, name, sha256, expiresAt }) => ({
      id,
      enforcementPoint: name,
      sha256,
      expiresAt,
    }));
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

  async mintFirstOperator(): Promise<string | null> {
    const { id, sha256, token } = mint('operator-token');
    try {
      // Of several at once the unique index lets one through.
      const minted = await this.#rows(
        `insert into dharma.credential (id, kind, name, sha256, created_at, created_by, database_role, is_first)
         select $1, 'operator-token', $2, $3, now(), $4, session_user, true
         where not exists (select from dharma.credential where kind = 'operator-token')
         returning id`,
        [id, FIRST_OPERATOR, sha256, MINTED_BY.first],
      );
      return minted.length === 0 ? null : token;
    } catch (fault) {
      if (storeFault(fault).code === UNIQUE_VIOLATION) return null;
      throw fault;
    }
  }

  async recoverOperator(name: string): Promise<string> {
    const { token } = await this.create({ kind: 'operator-token', name, createdBy: MINTED_BY.recovery });
    return token;
  }

  async #rows<Row>(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    try {
      return (await this.#dataSource.query(text, values as unknown[])) as readonly Row[];
    } catch (fault) {
      throw storeFault(fault);
    }
  }
}

function toCredential(row: CredentialRow): Credential {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    sha256: row.sha256,
    createdAt: row.created_at.getTime(),
    createdBy: row.created_by,
    expiresAt: row.expires_at?.getTime(),
    revokedAt: row.revoked_at?.getTime(),
    revokedBy: row.revoked_by ?? undefined,
  };
}
