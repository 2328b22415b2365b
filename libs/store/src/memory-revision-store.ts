import {
  type ActContext,
  approvalAct,
  documentChanges,
  type DocumentChange,
  type DocumentKey,
  isOnNewest,
  judgeProvenance,
  judgePublication,
  type KeyedRevision,
  keyText,
  type Provenance,
  type Publication,
  publicationHash,
  publicationStep,
  type PublicationStep,
  type PublishOutcome,
  type Revision,
  revisionAct,
  RevisionStore,
  RevisionUnknown,
  type StoredDocument,
} from '#administration';
import { MemoryAuditLog } from './memory-audit-log.js';
import { MemoryProposalStore } from './memory-proposal-store.js';

interface Entry {
  readonly revision: Revision;
  readonly step: Pick<PublicationStep, 'put' | 'remove'>;
  readonly idempotencyKey: string | undefined;
  readonly hash: string;
}

/** A history that ends with the process. */
export class MemoryRevisionStore extends RevisionStore {
  readonly #clock: () => number;
  readonly #audit: MemoryAuditLog;
  readonly #entries: Entry[] = [];
  readonly proposals: MemoryProposalStore;

  /** @param clock  milliseconds since 1970 */
  constructor(clock: () => number, audit = new MemoryAuditLog(clock)) {
    super();
    this.#clock = clock;
    this.#audit = audit;
    this.proposals = new MemoryProposalStore(clock, audit);
  }

  async newest(): Promise<Revision | null> {
    return this.#newest();
  }

  async revision(number: number): Promise<Revision | null> {
    return this.#entries.find(({ revision }) => revision.number === number)?.revision ?? null;
  }

  async publishedWith(idempotencyKey: string): Promise<KeyedRevision | null> {
    const entry = this.#entries.find((one) => one.idempotencyKey === idempotencyKey);
    return entry === undefined ? null : { revision: entry.revision, requestHash: entry.hash };
  }

  async list(page: { readonly below?: number; readonly limit: number }): Promise<readonly Revision[]> {
    return this.#entries
      .map(({ revision }) => revision)
      .filter(({ number }) => number < (page.below ?? Number.POSITIVE_INFINITY))
      .reverse()
      .slice(0, page.limit);
  }

  async documents(number: number): Promise<readonly StoredDocument[]> {
    return this.#documents(number);
  }

  async changes(since: number, until: number): Promise<readonly DocumentChange[]> {
    return documentChanges(this.#documents(since), this.#documents(until));
  }

  async touchedSince(since: number, keys: readonly DocumentKey[]): Promise<readonly DocumentKey[]> {
    const later = this.#entries.filter(({ revision }) => revision.number > since);
    const touched = new Set(later.flatMap(({ step }) => [...step.put, ...step.remove]).map(keyText));
    return keys.filter((key) => touched.has(keyText(key))).map(({ kind, name }) => ({ kind, name }));
  }

  async publish(publication: Publication, context: ActContext = {}): Promise<PublishOutcome> {
    judgePublication(publication);
    const { idempotencyKey, provenance, approves } = publication;
    const hash = publicationHash(publication);
    const earlier = idempotencyKey === undefined ? null : await this.publishedWith(idempotencyKey);
    if (earlier !== null) {
      return { kind: earlier.requestHash === hash ? 'repeated' : 'key-reused', revision: earlier.revision };
    }
    if (approves !== undefined && !this.proposals.isOpen(approves.proposal)) return { kind: 'proposal-ended' };
    const newest = this.#newest();
    if (!isOnNewest(publication, newest)) return { kind: 'superseded', current: newest };
    const step = publicationStep(publication, this.#documents(newest?.number ?? 0));
    if (step.put.length === 0 && step.remove.length === 0) return { kind: 'unchanged', revision: newest };
    const revision = this.#append({
      step,
      hash,
      idempotencyKey,
      revision: {
        epoch: newest?.epoch ?? 1,
        number: (newest?.number ?? 0) + 1,
        contentHash: step.contentHash,
        provenance,
        publishedAt: this.#clock(),
        base: newest?.number ?? null,
      },
    });
    if (approves !== undefined) this.proposals.approved(approves, revision.number);
    const act = approves === undefined ? revisionAct(revision, newest) : approvalAct(revision, newest, approves);
    this.#audit.appendNow(act, context);
    return { kind: 'published', revision };
  }

  async beginEpoch(provenance: Provenance, above: number, context: ActContext = {}): Promise<Revision> {
    judgeProvenance(provenance);
    const newest = this.#newest();
    if (newest === null) throw new RevisionUnknown(0);
    const revision = this.#append({
      step: { put: [], remove: [] },
      hash: '',
      idempotencyKey: undefined,
      revision: {
        epoch: newest.epoch + 1,
        number: Math.max(newest.number, above) + 1,
        contentHash: newest.contentHash,
        provenance,
        publishedAt: this.#clock(),
        base: newest.number,
      },
    });
    this.#audit.appendNow(revisionAct(revision, newest), context);
    return revision;
  }

  #newest(): Revision | null {
    return this.#entries.at(-1)?.revision ?? null;
  }

  #append(entry: Entry): Revision {
    this.#entries.push(entry);
    return entry.revision;
  }

  #documents(number: number): readonly StoredDocument[] {
    if (number !== 0 && !this.#entries.some(({ revision }) => revision.number === number)) {
      throw new RevisionUnknown(number);
    }
    const set = new Map<string, StoredDocument>();
    for (const { revision, step } of this.#entries) {
      if (revision.number > number) break;
      for (const key of step.remove) set.delete(keyText(key));
      for (const { document: _meaning, ...stored } of step.put) set.set(keyText(stored), stored);
    }
    return [...set.keys()].sort().map((key) => set.get(key)!);
  }
}
