import { Inject, Injectable } from '@nestjs/common';
import {
  type ActContext,
  changeHash,
  FOUR_EYES_SOURCE,
  fourEyesKey,
  isProposalSeen,
  isSamePerson,
  type KeyedProposal,
  keyText,
  MAXIMUM_OPEN_BYTES,
  MAXIMUM_OPEN_PROPOSALS,
  personText,
  type Plan,
  type Proposal,
  type ProposalKey,
  proposalState,
  type StoredDocument,
  SUSPENSION_SOURCE,
  type Viewer,
} from '#administration';
import { loadBundle } from '#policy';
import { Problem } from '#problem';
import { type Bundle, bundleOf } from './bundle.js';
import {
  type ApprovedView,
  DEFAULT_WAIT_SECONDS,
  type ProposalBody,
  type ProposalPlanView,
  proposalView,
  type ProposalView,
  type ProposedView,
} from './dto/proposal.dto.js';
import type { PageQuery, RevisionBase } from './dto/revision.dto.js';
import { OperatorRights } from './operator-rights.js';
import { type Operator, Operators } from './operators.js';
import { ownKey, requestHashOf } from './idempotency-key.js';
import { behindCursor, DEFAULT_LIMIT, type Page, readAhead } from './paging.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { type PolicySet, PolicySets } from './policy-sets.js';
import { demandOpen, proposalEnded } from './proposal-ended.js';
import { type Proposed, type Proposing, Publishing } from './publishing.js';
import { invalid } from './request.pipe.js';

/** What is kept of what was asked for, to be planned again. */
type Kept =
  | { readonly kind: 'bundle'; readonly bundle: Bundle }
  | { readonly kind: 'restore'; readonly revision: number };

/** Names of domains that are kept with a proposal, for ever. What concerns more of them is for those who see everything. */
const MOST_CONCERNS = 1_000;
const EVERYTHING = [['*']] as const;

const WAYS = ['bundle', 'restore', 'resume', 'endFourEyes'] as const;

/** Changes that wait for a second person: made, looked at, approved, rejected. */
@Injectable()
export class Proposals {
  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(PolicySets) private readonly sets: PolicySets,
    @Inject(OperatorRights) private readonly rights: OperatorRights,
    @Inject(Operators) private readonly operators: Operators,
    @Inject(Publishing) private readonly publishing: Publishing,
  ) {}

  /**
   * @throws Problem `proposals-too-many`, `idempotency-key-reused`, `publication-refused` for no change at all, and what a
   *   publication is refused for
   */
  async propose(
    body: ProposalBody,
    operator: Operator,
    idempotencyKey: string | undefined,
    context: ActContext,
  ): Promise<ProposedView> {
    const { proposals } = this.sets.history.store;
    const key = idempotencyKey === undefined ? undefined : keyOf(operator, idempotencyKey, body);
    // Before it is planned: a proposal of one that waits already may by now be refused.
    const earlier = key && (await proposals.proposedWith(key.idempotencyKey));
    if (earlier) return repeated(earlier, key.requestHash, operator);
    const { source, kept, base } = await this.#asked(body, operator);
    const { because, gitCommit, gitAuthor, waitSeconds = DEFAULT_WAIT_SECONDS } = body;
    const provenance = { source, because, gitCommit, gitAuthor };
    const { planned, newest } = await this.publishing.propose(
      { proposed: await this.#proposed(kept), base },
      { ...provenance, author: operator.name },
      operator,
    );
    if (planned.put.length + planned.remove.length === 0) {
      throw new Problem('publication-refused', { fault: 'it changes nothing, so there is nothing to approve' });
    }
    const { name, id, person, standing, guest } = operator;
    const [mandate] = standing.kind === 'root' ? [] : standing.mandates;
    const principals = guest !== undefined && mandate?.kind === 'person' ? mandate.principals : undefined;
    const asked = {
      key,
      proposer: { name, credential: id, person, principals },
      provenance,
      base,
      contentHash: changeHash(planned.put, planned.remove),
      concerns: concernsOf(planned, newest),
      content: JSON.stringify(kept),
      expiresAt: this.parts.clock() + waitSeconds * 1_000,
    };
    // A job that runs again asks for nothing new, and must not fill what one person may have waiting.
    const waiting = await proposals.waiting(asked);
    if (waiting !== null) return { ...proposalView(waiting, true), repeated: true };
    const outcome = await proposals.propose(asked, context);
    switch (outcome.kind) {
      case 'proposed':
        return proposalView(outcome.proposal, true);
      case 'keyed':
        return repeated(outcome, key!.requestHash, operator);
      case 'too-many': {
        const { open } = outcome;
        throw new Problem('proposals-too-many', { open, limit: MAXIMUM_OPEN_PROPOSALS, bytes: MAXIMUM_OPEN_BYTES });
      }
      default:
        return outcome satisfies never;
    }
  }

  /** Those that an operator sees, from the newest down. */
  async list({ limit = DEFAULT_LIMIT, next }: PageQuery, operator: Operator): Promise<Page<ProposalView>> {
    const below = next === undefined ? undefined : Number(behindCursor(next));
    if (below !== undefined && !Number.isSafeInteger(below)) {
      throw invalid([{ pointer: '/next', message: 'this is no cursor of ours' }]);
    }
    const viewer = await this.#viewer(operator);
    const found = await this.sets.history.store.proposals.list({ below, limit: limit + 1, viewer });
    const { items, next: behind } = readAhead(found, ({ number }) => String(number), limit);
    return { items: items.map((proposal) => proposalView(proposal, isOwn(proposal, operator))), next: behind };
  }

  /** With what it would change now. @throws Problem `proposal-unknown`, also for one that the operator does not see */
  async read(number: number, operator: Operator): Promise<ProposalPlanView> {
    const proposal = await this.#seen(number, operator);
    const view = proposalView(proposal, isOwn(proposal, operator));
    const proposing = proposalState(proposal) === 'open' ? await this.#proposing(proposal) : null;
    if (proposing === null) return { ...view, plan: null };
    return { ...view, plan: await this.publishing.planOf(proposing, proposal.provenance.source, operator) };
  }

  /**
   * Publishes one, by the word of somebody else than who made it. Whoever approved it before is told again what it has
   * become: the first answer may have been lost.
   *
   * @param contentHash  of what the operator looked at
   * @throws Problem `proposal-unknown`, `proposal-published`, `proposal-ended`, `proposal-differs`, `proposal-own`,
   *   `proposal-outdated`, `proposer-not-entitled`, and what a publication is refused for
   */
  async approve(number: number, contentHash: string, operator: Operator, context: ActContext): Promise<ApprovedView> {
    const proposal = await this.#seen(number, operator);
    const { end } = proposal;
    if (end?.kind === 'approved' && end.by === operator.name && proposal.contentHash === contentHash) {
      const published = (await this.sets.history.store.revision(end.revision))!;
      const view = await this.rights.revisionTold(operator, published);
      return { proposal: proposalView(proposal, false), revision: view, repeated: true };
    }
    demandOpen(proposal);
    if (isSamePerson(proposal.proposer.person, operator.person)) throw new Problem('proposal-own', { number });
    if (proposal.contentHash !== contentHash) throw new Problem('proposal-differs', { number });
    const proposing = await this.#demandProposing(proposal);
    const { revision } = await this.publishing.approve(proposal, proposing, operator, context);
    const after = await this.sets.history.store.proposals.find(number);
    return { proposal: proposalView(after ?? proposal, false), revision: revision! };
  }

  /**
   * Ends one for good: whoever made it may, by that very token, and whoever might do what it does.
   *
   * @throws Problem `proposal-unknown`, `proposal-published`, `proposal-ended`, `forbidden-change`
   */
  async reject(number: number, because: string, operator: Operator, context: ActContext): Promise<ProposalView> {
    const proposal = await this.#seen(number, operator);
    demandOpen(proposal);
    if (!isMaker(proposal, operator)) await this.#demandEntitled(proposal, operator);
    const outcome = await this.sets.history.store.proposals.reject(number, operator.name, because, context);
    if (outcome === null) throw new Problem('proposal-unknown', { number });
    if (outcome.kind === 'ended') throw proposalEnded(outcome.proposal);
    return proposalView(outcome.proposal, isOwn(proposal, operator));
  }

  async #demandEntitled(proposal: Proposal, operator: Operator): Promise<void> {
    await this.publishing.demandEntitled(await this.#demandProposing(proposal), operator);
  }

  /** @throws Problem `proposal-unknown` */
  async #seen(number: number, operator: Operator): Promise<Proposal> {
    const proposal = await this.sets.history.store.proposals.find(number);
    const viewer = await this.#viewer(operator);
    // What the operator does not see is, to them, not there.
    if (proposal === null || !isProposalSeen(proposal, viewer)) throw new Problem('proposal-unknown', { number });
    return proposal;
  }

  async #viewer(operator: Operator): Promise<Viewer> {
    const { sight } = await this.rights.now(operator);
    return { credential: operator.id, tops: sight.isWhole ? null : sight.tops };
  }

  /** @throws Problem `proposal-published`, `proposal-ended` when it ended meanwhile */
  async #demandProposing(proposal: Proposal): Promise<Proposing> {
    const proposing = await this.#proposing(proposal);
    if (proposing !== null) return proposing;
    throw proposalEnded((await this.sets.history.store.proposals.find(proposal.number))!);
  }

  /** @returns null when what was asked for is forgotten */
  async #proposing({ number, base, proposer }: Proposal): Promise<Proposing | null> {
    const content = await this.sets.history.store.proposals.content(number);
    if (content === null) return null;
    const proposed = await this.#proposed(JSON.parse(content) as Kept);
    return { proposed, base, proposer: () => this.operators.proposing(proposer) };
  }

  async #proposed(kept: Kept): Promise<Proposed> {
    return kept.kind === 'bundle' ? kept : { kind: 'restore', past: await this.sets.at(kept.revision) };
  }

  /** @throws Problem `request-invalid`, `domain-unknown`, `revision-unknown` */
  async #asked(
    body: ProposalBody,
    operator: Operator,
  ): Promise<{ readonly source: string; readonly kept: Kept; readonly base: RevisionBase | null }> {
    const ways = WAYS.filter((way) => body[way] !== undefined);
    if (ways.length !== 1) {
      throw invalid([{ pointer: '', message: `say one of ${WAYS.map((way) => `\`${way}\``).join(', ')}` }]);
    }
    const { bundle, restore, resume, endFourEyes, base } = body;
    if (bundle !== undefined) {
      const asked = bundleOf(bundle);
      return { source: asked.source, kept: { kind: 'bundle', bundle: asked }, base: base ?? null };
    }
    if (restore !== undefined) {
      return { source: 'restore', kept: { kind: 'restore', revision: restore }, base: base ?? null };
    }
    const { newest, sight } = await this.rights.now(operator);
    const domain = (resume ?? endFourEyes)!;
    const isThere = newest.documents.some(({ kind, name }) => kind === 'Domain' && name === domain);
    if (!isThere || !sight.ofDomain(domain)) throw new Problem('domain-unknown', { name: domain });
    const [source, removed] =
      resume === undefined
        ? [FOUR_EYES_SOURCE, fourEyesKey(domain)]
        : [SUSPENSION_SOURCE, { kind: 'Suspension', name: domain }];
    const { revision } = newest;
    return {
      source,
      kept: { kind: 'bundle', bundle: { source, files: [], prune: false, removed: [removed], contentHash: undefined } },
      base: revision && { number: revision.number, contentHash: revision.contentHash },
    };
  }
}

/** Tells a repetition from another proposal under the same key. */
function keyOf(operator: Operator, idempotencyKey: string, body: ProposalBody): ProposalKey {
  return { idempotencyKey: ownKey(operator, idempotencyKey), requestHash: requestHashOf([operator.name, body]) };
}

/** @throws Problem `idempotency-key-reused` */
function repeated({ proposal, requestHash }: KeyedProposal, asked: string, operator: Operator): ProposedView {
  if (requestHash !== asked) throw new Problem('idempotency-key-reused', { made: `proposal ${proposal.number}` });
  return { ...proposalView(proposal, isOwn(proposal, operator)), repeated: true };
}

function isOwn({ proposer }: Proposal, { person }: Operator): boolean {
  return personText(proposer.person) === personText(person);
}

/** Whether it was made with this very token: others of the same person may do less than it. */
function isMaker({ proposer }: Proposal, { id }: Operator): boolean {
  return proposer.credential === id;
}

/** Where each document lies that changes, as it was and as it will be; each list once. */
function concernsOf({ put, remove }: Plan, { documents }: PolicySet): readonly (readonly string[])[] {
  const keys = new Set([...put, ...remove].map(keyText));
  const sides = [...put, ...documents.filter((document) => keys.has(keyText(document)))];
  const concerns = [...new Map(sides.map(placesOf).map((places) => [JSON.stringify(places), places])).values()];
  return concerns.flat().length > MOST_CONCERNS ? EVERYTHING : concerns;
}

/** A service is seen from each of its domains; `*` is nobody's but theirs who see everything. */
function placesOf({ kind, domain, text, name }: StoredDocument): readonly string[] {
  if (kind !== 'Service') return [domain ?? '*'];
  const [read] = loadBundle([{ file: name, text }]).documents;
  const domains = read?.document.kind === 'Service' ? (read.document.spec.domains ?? []) : [];
  return domains.length === 0 ? ['*'] : domains;
}
