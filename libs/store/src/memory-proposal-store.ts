import {
  type ActContext,
  type Approval,
  isProposalSeen,
  judgeProposal,
  type KeyedProposal,
  MAXIMUM_OPEN_BYTES,
  MAXIMUM_OPEN_PROPOSALS,
  type NewProposal,
  personText,
  type Proposal,
  proposalAct,
  type ProposalEnd,
  type ProposalKey,
  type ProposalListing,
  ProposalStore,
  type ProposeOutcome,
  type RejectOutcome,
} from '#administration';
import { MemoryAuditLog } from './memory-audit-log.js';

interface Entry {
  readonly key: ProposalKey | undefined;
  readonly proposal: Omit<Proposal, 'isExpired'>;
  /** Null once it is forgotten. */
  readonly content: string | null;
}

/** Proposals that end with the process. */
export class MemoryProposalStore extends ProposalStore {
  readonly #clock: () => number;
  readonly #audit: MemoryAuditLog;
  readonly #entries: Entry[] = [];

  /** @param clock  milliseconds since 1970 */
  constructor(clock: () => number, audit: MemoryAuditLog) {
    super();
    this.#clock = clock;
    this.#audit = audit;
  }

  async propose(asked: NewProposal, context: ActContext = {}): Promise<ProposeOutcome> {
    judgeProposal(asked);
    const { content, key, ...rest } = asked;
    const earlier = key === undefined ? null : this.#proposedWith(key.idempotencyKey);
    if (earlier !== null) return { kind: 'keyed', ...earlier };
    const person = personText(asked.proposer.person);
    const waiting = this.#entries.filter(
      ({ proposal }) => this.isOpen(proposal.number) && personText(proposal.proposer.person) === person,
    );
    const bytes = [content, ...waiting.map((one) => one.content ?? '')].reduce((sum, text) => sum + bytesOf(text), 0);
    if (waiting.length >= MAXIMUM_OPEN_PROPOSALS || bytes > MAXIMUM_OPEN_BYTES) {
      return { kind: 'too-many', open: waiting.length };
    }
    const proposal = { ...rest, number: this.#entries.length + 1, proposedAt: this.#clock() };
    this.#entries.push({ key, proposal, content });
    this.#audit.appendNow({ ...proposalAct(proposal, 'create'), operator: asked.proposer.name }, context);
    return { kind: 'proposed', proposal: this.#read(proposal) };
  }

  async find(number: number): Promise<Proposal | null> {
    const entry = this.#entries[number - 1];
    return entry === undefined ? null : this.#read(entry.proposal);
  }

  async proposedWith(idempotencyKey: string): Promise<KeyedProposal | null> {
    return this.#proposedWith(idempotencyKey);
  }

  async waiting({ proposer, provenance, base, content }: NewProposal): Promise<Proposal | null> {
    const entry = this.#entries.find(
      ({ proposal: one, content: kept }) =>
        kept === content &&
        this.isOpen(one.number) &&
        one.proposer.credential === proposer.credential &&
        one.provenance.source === provenance.source &&
        one.base?.number === base?.number &&
        one.base?.contentHash === base?.contentHash,
    );
    return entry === undefined ? null : this.#read(entry.proposal);
  }

  async content(number: number): Promise<string | null> {
    return this.#entries[number - 1]?.content ?? null;
  }

  async list({ below = Number.POSITIVE_INFINITY, limit, viewer }: ProposalListing): Promise<readonly Proposal[]> {
    return this.#entries
      .map(({ proposal }) => this.#read(proposal))
      .filter((proposal) => proposal.number < below && isProposalSeen(proposal, viewer))
      .reverse()
      .slice(0, limit);
  }

  async reject(number: number, by: string, because: string, context: ActContext = {}): Promise<RejectOutcome | null> {
    const found = await this.find(number);
    if (found === null) return null;
    if (!this.isOpen(number)) return { kind: 'ended', proposal: found };
    this.#end(number, { kind: 'rejected', at: this.#clock(), by, because });
    this.#audit.appendNow({ ...proposalAct(found, 'reject'), operator: by }, context);
    return { kind: 'rejected', proposal: (await this.find(number))! };
  }

  /** Whether it can still be approved. */
  isOpen(number: number): boolean {
    const entry = this.#entries[number - 1];
    return entry !== undefined && entry.proposal.end === undefined && !this.#read(entry.proposal).isExpired;
  }

  /** Of the publication that it has become. */
  approved({ proposal, by }: Approval, revision: number): void {
    this.#end(proposal, { kind: 'approved', at: this.#clock(), by, revision });
  }

  #proposedWith(idempotencyKey: string): KeyedProposal | null {
    const entry = this.#entries.find(({ key }) => key?.idempotencyKey === idempotencyKey);
    if (entry?.key === undefined) return null;
    return { proposal: this.#read(entry.proposal), requestHash: entry.key.requestHash };
  }

  #end(number: number, end: ProposalEnd): void {
    const { key, proposal } = this.#entries[number - 1]!;
    this.#entries[number - 1] = { key, proposal: { ...proposal, end }, content: null };
  }

  #read(proposal: Omit<Proposal, 'isExpired'>): Proposal {
    return { ...proposal, isExpired: this.#clock() >= proposal.expiresAt };
  }
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}
