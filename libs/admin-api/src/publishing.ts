import { Inject, Injectable } from '@nestjs/common';
import {
  type ActContext,
  changeHash,
  contentHashOf,
  type DocumentChange,
  intersections,
  type JudgedSet,
  plan,
  type Plan,
  planRestore,
  planStep,
  type Proposal,
  type Provenance,
  type PublishOutcome,
  type Revision,
  setAfter,
  type Sight,
  type StoredDocument,
  type ToldPlan,
} from '#administration';
import { OUTSIDE, type World } from '#engine';
import { BundleLoader, MAXIMUM_BUNDLE_BYTES, type SourceFile } from '#policy';
import { Problem } from '#problem';
import { type Bundle, bundleOf, judgeSource } from './bundle.js';
import { guardrailsView } from './dto/guardrail.dto.js';
import type { FaultView, PlanAskedBody, PlanView, PublishBody, RestorePlanBody } from './dto/plan.dto.js';
import { type Published, revisionView, type RevisionBase } from './dto/revision.dto.js';
import { forbiddenChange } from './forbidden-change.js';
import { fourEyesRequired } from './four-eyes-required.js';
import { ownKey, requestHashOf } from './idempotency-key.js';
import { OperatorRights } from './operator-rights.js';
import type { Operator } from './operators.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { PlannedFlips } from './planned-flips.js';
import { type PolicySet, PolicySets } from './policy-sets.js';
import { demandOpen, proposalEnded } from './proposal-ended.js';
import { Replays, type ReplayWindow } from './replays.js';
import { type Conflict, conflictsOf, superseded } from './superseded.js';

/** What is published, planned on a set. */
interface Asked {
  readonly operator: Operator;
  readonly on:
    /** What the author saw; where others published since, only what has nothing to do with theirs goes on. */
    | { readonly kind: 'base'; readonly base: RevisionBase | null; readonly bundle: Bundle | null }
    /** Whatever is newest: what was seen is judged while it is planned. */
    | { readonly kind: 'newest' };
  readonly provenance: Provenance;
  readonly idempotencyKey: string | undefined;
  readonly context: ActContext;
  /** As it came, to be told from others under the same key. */
  readonly request: unknown;
  readonly plan: (set: PolicySet, sight: Sight) => Steps | Promise<Steps>;
  readonly people: People;
}

/** How many look at it. */
type People =
  | { readonly kind: 'one' }
  /** It becomes a proposal, for another to look at. */
  | { readonly kind: 'first' }
  | { readonly kind: 'second'; readonly proposal: Proposal; readonly proposer: () => Promise<Operator | null> };

/** What was proposed, to be planned like what is published. */
export type Proposed =
  | { readonly kind: 'bundle'; readonly bundle: Bundle }
  | { readonly kind: 'restore'; readonly past: PolicySet };

/** A proposal, and what it says. */
export interface Proposing {
  readonly proposed: Proposed;
  readonly base: RevisionBase | null;
  /** Who proposed it, as they stand when it is judged; null: they do not count any more. */
  readonly proposer: () => Promise<Operator | null>;
}

/** What becomes of one, judged like any publication. */
export interface JudgedProposal {
  readonly planned: Plan;
  readonly newest: PolicySet;
}

/** A plan, and the files that it was made of; none where it is a set of the past. */
interface Steps extends Plan {
  readonly files: readonly SourceFile[];
  /** Of the set after it, where that is known without another look at it. */
  readonly judged?: JudgedSet;
}

/** A change of single documents of one source, whatever the newest revision is. */
export interface Edit {
  readonly source: string;
  readonly because: string;
  readonly operator: Operator;
  readonly context: ActContext;
  readonly idempotencyKey: string | undefined;
  readonly request: unknown;
  /**
   * @param sight  what the operator sees of the set: of the rest it is not told that it is there
   * @throws Problem when it is not to be done on that set
   */
  readonly on: (set: readonly StoredDocument[], sight: Sight) => EditStep;
}

export interface EditStep {
  readonly files?: readonly SourceFile[];
  readonly removed?: Bundle['removed'];
}

/**
 * How often a publication is planned anew because another server's came first. A slow server loses to a fast one again
 * and again, so ten were too few: one of fifty at once on two busy servers was refused for no reason of its own.
 */
const TRIES = 30;

/** What goes back is of no source of its own. */
const RESTORE_SOURCE = 'restore';
/** Test cases that a set may have, unless a setting says otherwise. */
const MOST_TEST_CASES = 50_000;

/** Plans bundles and publishes them; nothing that was not judged valid is ever stored. */
@Injectable()
export class Publishing {
  /** Remembers what rules refer to, from one small change to the next. */
  #stepLoader = new BundleLoader();
  /** The newest set that was judged here, so that a little of it can change without another look at the rest. */
  #judged: (JudgedSet & { readonly contentHash: string }) | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(PolicySets) private readonly sets: PolicySets,
    @Inject(OperatorRights) private readonly rights: OperatorRights,
    @Inject(Replays) private readonly replays: Replays,
    @Inject(PlannedFlips) private readonly plannedFlips: PlannedFlips,
  ) {}

  async plan(body: PlanAskedBody, operator: Operator): Promise<PlanView> {
    const bundle = bundleOf(body);
    const window = body.replay && this.replays.window(body.replay);
    const set = await this.sets.newest();
    const { documents } = set;
    // A folder has one source, whoever asks.
    const base =
      this.parts.history === null ? documents.map((document) => ({ ...document, source: body.source })) : documents;
    const { sight } = await this.rights.within(operator, set);
    const judged = this.#planned(bundle, base, sight);
    // Whether all of it is valid is not told by another refusal to whoever may not do it.
    const demand = (): void => judgeContentHash(bundle, judged, base, []);
    return this.#decidedPlan(set, body.source, judged, operator, { flips: body.flips, window, demand });
  }

  /** What going back to a set of the past would change: judged as {@link restore} is. */
  async planRestore(past: PolicySet, { flips, replay }: RestorePlanBody, operator: Operator): Promise<PlanView> {
    const window = replay && this.replays.window(replay);
    const set = await this.sets.newestPublished();
    const { sight } = await this.rights.within(operator, set);
    const judged = this.#proposedPlan({ kind: 'restore', past }, set, sight);
    return this.#decidedPlan(set, RESTORE_SOURCE, judged, operator, { flips, window });
  }

  /** What a proposal would change now, as far as an operator may read it. */
  async planOf(proposing: Proposing, source: string, operator: Operator): Promise<PlanView> {
    const set = await this.sets.newestPublished();
    return this.#decidedPlan(set, source, await this.#proposedBy(proposing, set, operator), operator);
  }

  /**
   * With what would be decided otherwise, and which records.
   *
   * @param also.demand  what else there is to refuse it for, of whoever may do it
   */
  async #decidedPlan(
    set: PolicySet,
    source: string,
    judged: Steps,
    operator: Operator,
    also: {
      readonly flips?: boolean | undefined;
      readonly window?: ReplayWindow | undefined;
      readonly demand?: () => void;
    } = {},
  ): Promise<PlanView> {
    const { flips, window, demand } = also;
    const planned = await this.#planView(set, source, judged, operator);
    if (planned.refusals.length === 0) demand?.();
    const world = answering(planned, judged);
    return {
      ...planned,
      ...(flips !== false && { flips: world && (await this.plannedFlips.of(world, operator, set)) }),
      ...(window && { replay: world && (await this.replays.of(window, world, operator, set)) }),
    };
  }

  async #planView(set: PolicySet, source: string, judged: Steps, operator: Operator): Promise<PlanView> {
    const { revision } = set;
    const planned = await this.rights.told(operator, set, judged, judged.files);
    const paired = await this.rights.paired(set, judged);
    const { sight } = await this.rights.within(operator, set);
    const isTheirs = planned.refusals.length === 0;
    const fourEyes = [...new Set(paired.map(({ domain }) => domain))].filter(
      (domain) => isTheirs && sight.knows(domain),
    );
    return {
      base: revision && { epoch: revision.epoch, number: revision.number, contentHash: revision.contentHash },
      source,
      valid: planned.valid,
      faults: planned.faults.map(faultView),
      warnings: planned.warnings.map(faultView),
      tests: planned.tests,
      changes: planned.changes,
      foreign: planned.foreign,
      missed: planned.missed,
      exceeded: planned.exceeded,
      refusals: planned.refusals,
      guardrails: guardrailsView(planned.guardrails()),
      summary: planned.summary,
      ...(fourEyes.length > 0 && { fourEyes }),
    };
  }

  /** Judges a proposal as if it were published now, and stores nothing. */
  propose(
    { proposed, base }: Omit<Proposing, 'proposer'>,
    provenance: Provenance,
    operator: Operator,
  ): Promise<JudgedProposal> {
    return this.#step({
      operator,
      on: { kind: 'base', base, bundle: bundleIn(proposed) },
      provenance,
      idempotencyKey: undefined,
      context: {},
      request: null,
      plan: (set, sight) => this.#proposedPlan(proposed, set, sight),
      people: { kind: 'first' },
    });
  }

  /**
   * Publishes a proposal by the word of a second person. What it does must be what was proposed, on whatever base.
   */
  approve(proposal: Proposal, proposing: Proposing, operator: Operator, context: ActContext): Promise<Published> {
    const { base, provenance } = proposal;
    const { proposed, proposer } = proposing;
    return this.#publish({
      operator,
      on: { kind: 'base', base, bundle: bundleIn(proposed) },
      provenance: { ...provenance, author: proposal.proposer.name },
      idempotencyKey: undefined,
      context,
      request: null,
      plan: (set) => this.#proposedBy(proposing, set, operator),
      people: { kind: 'second', proposal, proposer },
    });
  }

  /** @throws Problem `forbidden-change` when a proposal does what is not the operator's to do */
  async demandEntitled(proposing: Proposing, operator: Operator): Promise<void> {
    const set = await this.sets.newestPublished();
    const planned = await this.#proposedBy(proposing, set, operator);
    const refused = await this.rights.refused(operator, set, planned, planned.files);
    if (refused !== undefined && refused.refusals.length > 0) throw forbiddenChange(refused.refusals);
  }

  /** What goes because a proposal does not hold it is what its proposer sees, whoever looks at it. */
  async #proposedBy({ proposed, proposer }: Proposing, set: PolicySet, operator: Operator): Promise<Steps> {
    const { sight } = await this.rights.within((await proposer()) ?? operator, set);
    return this.#proposedPlan(proposed, set, sight);
  }

  #proposedPlan(proposed: Proposed, { documents }: PolicySet, sight: Sight): Steps {
    if (proposed.kind === 'bundle') return this.#planned(proposed.bundle, documents, sight);
    const { clock, testCases = MOST_TEST_CASES } = this.parts;
    return { ...planRestore(documents, proposed.past.documents, clock(), testCases), files: [] };
  }

  async publish(
    body: PublishBody,
    operator: Operator,
    idempotencyKey: string | undefined,
    context: ActContext,
  ): Promise<Published> {
    const bundle = bundleOf(body);
    const { source, because, gitCommit, gitAuthor } = body;
    return this.#publish({
      operator,
      on: { kind: 'base', base: body.base, bundle },
      provenance: { author: operator.name, source, because, gitCommit, gitAuthor },
      idempotencyKey,
      context,
      request: body,
      plan: (set, sight) => this.#soonPlanned(bundle, set, sight),
      people: { kind: 'one' },
    });
  }

  /** @param past  a set that was published once */
  async restore(
    past: PolicySet,
    asked: Pick<PublishBody, 'base' | 'because'>,
    operator: Operator,
    idempotencyKey: string | undefined,
    context: ActContext,
  ): Promise<Published> {
    return this.#publish({
      operator,
      on: { kind: 'base', base: asked.base, bundle: null },
      provenance: { author: operator.name, source: RESTORE_SOURCE, because: asked.because },
      idempotencyKey,
      context,
      request: { ...asked, restore: past.revision?.number },
      plan: (set, sight) => this.#proposedPlan({ kind: 'restore', past }, set, sight),
      people: { kind: 'one' },
    });
  }

  /** Changes single documents. @throws Problem `request-invalid` for a source that nobody may publish as */
  async edit(edit: Edit): Promise<Published> {
    judgeSource(edit.source);
    return this.editAsAnySource(edit);
  }

  async editAsAnySource({ source, because, operator, context, idempotencyKey, request, on }: Edit): Promise<Published> {
    return this.#publish({
      operator,
      on: { kind: 'newest' },
      provenance: { author: operator.name, source, because },
      context,
      idempotencyKey,
      request,
      plan: (set, sight) => {
        const { files = [], removed = [] } = on(set.documents, sight);
        return this.#soonPlanned({ source, files, removed, prune: false, contentHash: undefined }, set, sight);
      },
      people: { kind: 'one' },
    });
  }

  /** @param sight  of whoever sends it: of its source, nothing goes that they do not see */
  #planned({ source, files, prune, removed }: Bundle, base: readonly StoredDocument[], sight: Sight): Steps {
    const load = (all: readonly SourceFile[]) => this.sets.loader.load(all);
    const { clock, testCases: mostCases = MOST_TEST_CASES } = this.parts;
    const prunes = (document: StoredDocument) => sight.ofDocument(document);
    return { ...plan({ base, source, files, prune, prunes, removed, now: clock(), load, mostCases }), files };
  }

  /** By a look at what differs, where that is little enough; else at the whole set. */
  #soonPlanned(bundle: Bundle, set: PolicySet, sight: Sight): Steps {
    return this.#stepPlanned(bundle, set) ?? this.#planned(bundle, set.documents, sight);
  }

  /** Null where it is more than who holds a role, what is stored, and some rules, or the set was not judged here. */
  #stepPlanned({ source, files, prune, removed }: Bundle, { revision, documents }: PolicySet): Steps | null {
    const judged = this.#judged;
    if (judged === undefined || judged.contentHash !== revision?.contentHash || removed.length > 0) return null;
    const load = (some: readonly SourceFile[]) => this.#stepLoader.load(some);
    const planned = planStep({ base: documents, source, files, now: this.parts.clock() }, judged, load);
    if (planned === null) return null;
    const isWhole = planned.held.length === documents.filter((document) => document.source === source).length;
    return prune && !isWhole ? null : { ...planned, files };
  }

  async #publish(asked: Asked): Promise<Published> {
    const { operator, request, provenance } = asked;
    const idempotencyKey = asked.idempotencyKey && ownKey(operator, asked.idempotencyKey);
    const requestHash = idempotencyKey === undefined ? undefined : requestHashOf([provenance.author, request]);
    return this.#inTurn(() => this.#attempts({ ...asked, idempotencyKey }, requestHash));
  }

  /** One publication of this server after the other: each would only be planned again when another comes first. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #attempts(asked: Asked, requestHash: string | undefined): Promise<Published> {
    const { store } = this.sets.history;
    const { operator, on, provenance, context, idempotencyKey, people } = asked;
    for (let tries = 1; ; tries += 1) {
      const newest = await this.sets.newestPublished();
      // Before it is planned: on what became of it, it would be in its own way. What another server does meanwhile the
      // store refuses.
      if (people.kind === 'second') demandOpen(await this.#proposal(people.proposal.number));
      // Before it is planned: a repetition finds its own documents in its way. And after the newest set was read, so
      // that what another server stores meanwhile is found here or refused by the store.
      const earlier = await this.#earlier(idempotencyKey, requestHash);
      if (earlier !== null) return this.#publishedView(operator, earlier, newest.revision);
      const { planned } = await this.#step(asked, newest);
      const { put, remove } = planned;
      // INVARIANT: on a base that is not the newest a store publishes nothing, so nothing unjudged is stored.
      const base = markOf(newest.revision);
      const approves = people.kind === 'second' ? { proposal: people.proposal.number, by: operator.name } : undefined;
      const publication = { base, put, remove, provenance, idempotencyKey, requestHash, approves };
      const outcome = await store.publish(publication, context);
      if (outcome.kind === 'proposal-ended') throw proposalEnded(await this.#proposal(approves!.proposal));
      if (outcome.kind === 'published') {
        const after = setAfter(newest.documents, put, remove);
        this.sets.follow(outcome.revision, after);
        const { contentHash } = outcome.revision;
        if (planned.judged === undefined) this.#stepLoader = new BundleLoader(this.sets.loader);
        this.#judged = { contentHash, ...(planned.judged ?? { room: roomIn(after), tested: planned.tested }) };
      }
      if (outcome.kind !== 'superseded' || tries === TRIES) {
        const isRebased = on.kind === 'base' && outcome.kind === 'published' && !isOn(on.base, newest.revision);
        const rebased = isRebased ? { from: on.base, on: base! } : undefined;
        return {
          ...(await this.#publishedView(operator, outcome, newest.revision)),
          ...(rebased && { rebased }),
        };
      }
    }
  }

  /** Plans it on the newest set and judges it in every way; what comes out may be stored on that set. */
  async #step(asked: Asked, set?: PolicySet): Promise<JudgedProposal & { readonly planned: Steps }> {
    const { operator, on } = asked;
    const newest = set ?? (await this.sets.newestPublished());
    const { sight } = await this.rights.within(operator, newest);
    const theirs = on.kind === 'base' ? await this.#changesSince(operator, on.base, newest.revision) : [];
    const planned = await asked.plan(newest, sight);
    // Before others' changes are looked at: who may not do this is not told what is in its way.
    const refused = await this.rights.refused(operator, newest, planned, planned.files);
    if (refused !== undefined && refused.refusals.length > 0) throw forbiddenChange(refused.refusals);
    if (on.kind === 'base') await this.#refuseUnlessApart(asked, on, planned, theirs, newest);
    if (refused !== undefined) throw invalidPlan(refused);
    if (on.kind === 'base' && on.bundle !== null) {
      judgeContentHash(on.bundle, planned, newest.documents, theirs);
    }
    await this.#judgePeople(asked.people, newest, planned);
    return { planned, newest };
  }

  /** @throws Problem `four-eyes-required`, `proposal-outdated`, `proposer-not-entitled` */
  async #judgePeople(people: People, set: PolicySet, planned: Plan): Promise<void> {
    switch (people.kind) {
      case 'one': {
        const paired = await this.rights.paired(set, planned);
        if (paired.length > 0) throw fourEyesRequired(paired);
        return;
      }
      case 'first':
        return;
      case 'second': {
        const { number, contentHash, base } = people.proposal;
        const { put, remove } = planned;
        // What went and came back is not what was looked at: a domain that is suspended anew is so for another reason.
        const touched = await this.sets.history.store.touchedSince(base?.number ?? 0, [...put, ...remove]);
        if (touched.length > 0 || changeHash(put, remove) !== contentHash) {
          throw new Problem('proposal-outdated', { number });
        }
        const proposer = await people.proposer();
        const isEntitled = proposer !== null && (await this.rights.mayAll(proposer, set, planned));
        if (!isEntitled) throw new Problem('proposer-not-entitled', { number });
        return;
      }
      default:
        return people satisfies never;
    }
  }

  /** One that was found before, as it is now: none ever goes. */
  async #proposal(number: number): Promise<Proposal> {
    return (await this.sets.history.store.proposals.find(number))!;
  }

  /** What the same key stands for already; null when it stands for nothing. */
  async #earlier(
    idempotencyKey: string | undefined,
    requestHash: string | undefined,
  ): Promise<Extract<PublishOutcome, { readonly kind: 'repeated' | 'key-reused' }> | null> {
    if (idempotencyKey === undefined) return null;
    const earlier = await this.sets.history.store.publishedWith(idempotencyKey);
    if (earlier === null) return null;
    return { kind: earlier.requestHash === requestHash ? 'repeated' : 'key-reused', revision: earlier.revision };
  }

  /**
   * What others published since a base; nothing when it is the newest.
   *
   * @throws Problem `revision-superseded` when it is no revision of this history
   */
  async #changesSince(
    operator: Operator,
    base: RevisionBase | null,
    newest: Revision | null,
  ): Promise<readonly DocumentChange[]> {
    if (isOn(base, newest)) return [];
    const { store } = this.sets.history;
    if (newest === null) throw superseded(null);
    if (base !== null) {
      if (!isOn(base, await store.revision(base.number))) throw await this.#superseded(operator, newest);
    }
    return store.changes(base?.number ?? 0, newest.number);
  }

  /** @throws Problem `revision-superseded` when the plan has to do with what others changed */
  async #refuseUnlessApart(
    { operator }: Asked,
    { base, bundle }: Extract<Asked['on'], { readonly kind: 'base' }>,
    { held, touched }: Plan,
    theirs: readonly DocumentChange[],
    set: PolicySet,
  ): Promise<void> {
    const newest = set.revision;
    if (newest === null || isOn(base, newest)) return;
    // Going back concerns the whole set.
    if (bundle === null) throw await this.#superseded(operator, newest);
    const found = intersections({ ...bundle, held }, touched, theirs);
    if (found.length === 0) return;
    const conflicts = await conflictsOf(this.sets.history.store, newest, base?.number ?? 0, found);
    throw await this.#superseded(operator, newest, await this.rights.conflictsTold(operator, set, theirs, conflicts));
  }

  async #superseded(operator: Operator, newest: Revision | null, conflicts: readonly Conflict[] = []) {
    return superseded(newest && (await this.rights.revisionAsTold(operator, newest)), conflicts);
  }

  async #publishedView(
    operator: Operator,
    outcome: Exclude<PublishOutcome, { readonly kind: 'proposal-ended' }>,
    newest: Revision | null,
  ): Promise<Published> {
    switch (outcome.kind) {
      case 'published':
        return { revision: revisionView(outcome.revision) };
      case 'unchanged':
        return {
          revision: outcome.revision && (await this.rights.revisionTold(operator, outcome.revision)),
          unchanged: true,
        };
      case 'repeated':
        return { revision: revisionView(outcome.revision), repeated: true };
      case 'superseded':
        throw await this.#superseded(operator, outcome.current ?? newest);
      case 'key-reused':
        throw new Problem('idempotency-key-reused', { made: `revision ${outcome.revision.number}` });
      default:
        return outcome satisfies never;
    }
  }
}

/** The world that a plan gets answers from. By a set that they may not publish nobody gets any. */
function answering({ refusals }: Pick<PlanView, 'refusals'>, { world }: Plan): World | null {
  return refusals.length > 0 ? null : world;
}

/** Bytes by which a set may still grow. */
function roomIn(set: readonly StoredDocument[]): number {
  return set.reduce((room, { text }) => room - Buffer.byteLength(text), MAXIMUM_BUNDLE_BYTES);
}

function isOn(base: RevisionBase | null, revision: Revision | null): boolean {
  if (base === null || revision === null) return base === revision;
  const { number, contentHash, epoch = revision.epoch } = base;
  return number === revision.number && contentHash === revision.contentHash && epoch === revision.epoch;
}

function markOf(revision: Revision | null): RevisionBase | null {
  return revision && { number: revision.number, contentHash: revision.contentHash };
}

/** Going back concerns the whole set. */
function bundleIn(proposed: Proposed): Bundle | null {
  return proposed.kind === 'bundle' ? proposed.bundle : null;
}

/** The one place where a plan is refused. */
function invalidPlan({ faults, warnings, tests, foreign, missed, exceeded }: ToldPlan): Problem {
  if (missed.length > 0) {
    const [{ kind, name, what, by }] = missed as readonly [Plan['missed'][number]];
    const first = `\`${what}\` of \`${kind}/${name}\`, used by \`${by.kind}/${by.name}\` of \`${by.source}\``;
    return new Problem('documents-still-referenced', { count: missed.length, first }, { missed });
  }
  const [beyond] = exceeded;
  if (faults.length === 0 && tests.failed.length === 0 && beyond !== undefined) {
    const { domain, measure, limit, count } = beyond;
    if (domain === OUTSIDE) {
      return new Problem('test-cases-too-many', { limit: limit ?? '…', count: count ?? '…' }, { exceeded });
    }
    return new Problem('quota-exceeded', { domain, measure, limit: limit ?? '…', count: count ?? '…' }, { exceeded });
  }
  if (faults.length === 0 && tests.failed.length === 0) {
    const [{ kind, name, source } = { kind: '', name: '', source: '' }] = foreign;
    const first = `\`${kind}/${name}\` of \`${source}\``;
    return new Problem('documents-of-another-source', { count: foreign.length, first }, { foreign });
  }
  return new Problem(
    'bundle-invalid',
    { faults: faults.length, tests: tests.failed.length },
    { faults: faults.map(faultView), warnings: warnings.map(faultView), tests, foreign },
  );
}

/**
 * Who sends only what changes says what the whole becomes on the base that they saw.
 *
 * @param theirs  what others published on that base
 * @throws Problem `content-hash-differs`
 */
function judgeContentHash(
  { contentHash }: Bundle,
  { valid, put, remove }: Plan,
  newest: readonly StoredDocument[],
  theirs: readonly DocumentChange[],
): void {
  if (contentHash === undefined || !valid) return;
  const found = contentHashOf(setAfter(without(newest, theirs), put, remove));
  if (found !== contentHash) throw new Problem('content-hash-differs', { found, expected: contentHash });
}

/** The set before others changed it. */
function without(set: readonly StoredDocument[], changes: readonly DocumentChange[]): readonly StoredDocument[] {
  const put = changes.flatMap((change) => (change.kind === 'added' ? [] : [change.before]));
  const remove = changes.flatMap((change) => (change.kind === 'added' ? [change.after] : []));
  return setAfter(set, put, remove);
}

function faultView({ file, line, column, code, message }: FaultView): FaultView {
  return { file, line, column, code, message };
}
