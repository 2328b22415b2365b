import {
  type ActContext,
  type ActKind,
  type ActiveKey,
  activeKey,
  type Credential,
  credentialAct,
  type CredentialKind,
  CredentialStore,
  FIRST_OPERATOR,
  judgeCredential,
  mint,
  MINTED_BY,
  type MintedCredential,
  type NewCredential,
} from '#administration';
import { MemoryAuditLog } from './memory-audit-log.js';

/** Credentials that end with the process. */
export class MemoryCredentialStore extends CredentialStore {
  readonly #clock: () => number;
  readonly #audit: MemoryAuditLog;
  readonly #credentials = new Map<string, Credential>();
  readonly #uses = new Map<string, number>();
  #changes = 0;

  /** @param clock  milliseconds since 1970 */
  constructor(clock: () => number, audit = new MemoryAuditLog(clock)) {
    super();
    this.#clock = clock;
    this.#audit = audit;
  }

  async create(asked: NewCredential, context: ActContext = {}): Promise<MintedCredential> {
    judgeCredential(asked);
    const { id, sha256, token } = mint(asked.kind);
    const credential = { ...asked, id, sha256, createdAt: this.#clock() };
    this.#keep(credential);
    this.#audit.appendNow({ ...credentialAct(credential, 'create'), operator: asked.createdBy }, context);
    return { credential, token };
  }

  async list(
    kinds: readonly CredentialKind[],
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly Credential[]> {
    return [...this.#credentials.values()]
      .filter((credential) => kinds.includes(credential.kind) && credential.id > (page.after ?? ''))
      .sort((left, right) => (left.id < right.id ? -1 : 1))
      .slice(0, page.limit);
  }

  async find(id: string): Promise<Credential | null> {
    return this.#credentials.get(id) ?? null;
  }

  async revoke(
    kinds: readonly CredentialKind[],
    id: string,
    by: string,
    context: ActContext = {},
  ): Promise<Credential | null> {
    const credential = this.#credentials.get(id);
    if (credential === undefined || !kinds.includes(credential.kind)) return null;
    if (credential.revokedAt !== undefined) return credential;
    const revoked = { ...credential, revokedAt: this.#clock(), revokedBy: by };
    this.#keep(revoked);
    this.#audit.appendNow({ ...credentialAct(revoked, 'revoke'), operator: by }, context);
    return revoked;
  }

  async activeKeys(): Promise<readonly ActiveKey[]> {
    return [...this.#credentials.values()]
      .filter(({ revokedAt }) => revokedAt === undefined)
      .flatMap(activeKey)
      .sort((left, right) => (left.id < right.id ? -1 : 1));
  }

  async version(): Promise<string> {
    return String(this.#changes);
  }

  async noteUses(uses: ReadonlyMap<string, number>): Promise<void> {
    const now = this.#clock();
    for (const [id, usedAt] of uses) {
      if (!this.#credentials.has(id)) continue;
      this.#uses.set(id, Math.max(Math.min(usedAt, now), this.#uses.get(id) ?? -Infinity));
    }
  }

  async lastUses(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const wanted = new Set(ids);
    return new Map([...this.#uses].filter(([id]) => wanted.has(id)));
  }

  async mintFirstOperator(): Promise<string | null> {
    if ([...this.#credentials.values()].some(({ kind }) => kind === 'operator-token')) return null;
    return this.#mintRoot(FIRST_OPERATOR, MINTED_BY.first, 'operator.first');
  }

  async recoverOperator(name: string): Promise<string> {
    return this.#mintRoot(name, MINTED_BY.recovery, 'operator.recover');
  }

  async #mintRoot(name: string, createdBy: string, act: ActKind): Promise<string> {
    const asked = { kind: 'operator-token', name, createdBy, terms: { kind: 'root' } } as const;
    const { token } = await this.create(asked, { act });
    return token;
  }

  #keep(credential: Credential): void {
    this.#credentials.set(credential.id, credential);
    this.#changes += 1;
  }
}
