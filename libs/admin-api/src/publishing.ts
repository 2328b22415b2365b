import { Inject, Injectable } from '@nestjs/common';
import {
  type ActContext,
  contentHashOf,
  type DocumentChange,
  intersections,
  plan,
  type Plan,
  planRestore,
  type Provenance,
  type PublishOutcome,
  type Revision,
  setAfter,
  type StoredDocument,
} from '#administration';
import { BundleLoader, type SourceFile } from '#policy';
import { Problem } from '#problem';
import { type Bundle, bundleOf, judgeSource } from './bundle.js';
import type { FaultView, PlanBody, PlanView, PublishBody } from './dto/plan.dto.js';
import { type Published, revisionView, type RevisionBase } from './dto/revision.dto.js';
import { requestHashOf } from './idempotency-key.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { type PolicySet, PolicySets } from './policy-sets.js';
import { conflictsOf, superseded } from './superseded.js';

/** What is published, planned on a set. */
interface Asked {
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
  readonly plan: (set: readonly StoredDocument[]) => Plan;
}

/** A change of single documents of one source, whatever the newest revision is. */
export interface Edit {
  readonly source: string;
  readonly because: string;
  readonly author: string;
  readonly context: ActContext;
  readonly idempotencyKey: string | undefined;
  readonly request: unknown;
  /** @throws Problem when it is not to be done on that set */
  readonly on: (set: readonly StoredDocument[]) => EditStep;
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

/** Plans bundles and publishes them; nothing that was not judged valid is ever stored. */
@Injectable()
export class Publishing {
  readonly #loader = new BundleLoader();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(PolicySets) private readonly sets: PolicySets,
  ) {}

  async plan(body: PlanBody): Promise<PlanView> {
    const bundle = bundleOf(body);
    const { revision, documents } = await this.sets.newest();
    // A folder has one source, whoever asks.
    const base =
      this.parts.history === null ? documents.map((document) => ({ ...document, source: body.source })) : documents;
    const planned = this.#planned(bundle, base);
    judgeContentHash(bundle, planned, base, []);
    return {
      base: revision && { epoch: revision.epoch, number: revision.number, contentHash: revision.contentHash },
      source: body.source,
      valid: planned.valid,
      faults: planned.faults.map(faultView),
      warnings: planned.warnings.map(faultView),
      tests: planned.tests,
      changes: planned.changes,
      foreign: planned.foreign,
      missed: planned.missed,
      summary: planned.summary,
    };
  }

  async publish(
    body: PublishBody,
    author: string,
    idempotencyKey: string | undefined,
    context: ActContext,
  ): Promise<Published> {
    const bundle = bundleOf(body);
    const { source, because, gitCommit, gitAuthor } = body;
    return this.#publish({
      on: { kind: 'base', base: body.base, bundle },
      provenance: { author, source, because, gitCommit, gitAuthor },
      idempotencyKey,
      context,
      request: body,
      plan: (set) => this.#planned(bundle, set),
    });
  }

  /** @param past  a set that was published once */
  async restore(
    past: PolicySet,
    asked: Pick<PublishBody, 'base' | 'because'>,
    author: string,
    idempotencyKey: string | undefined,
    context: ActContext,
  ): Promise<Published> {
    return this.#publish({
      on: { kind: 'base', base: asked.base, bundle: null },
      provenance: { author, source: 'restore', because: asked.because },
      idempotencyKey,
      context,
      request: { ...asked, restore: past.revision?.number },
      plan: (set) => planRestore(set, past.documents, this.parts.clock()),
    });
  }

  /** Changes single documents. @throws Problem `request-invalid` for a source that nobody may publish as */
  async edit(edit: Edit): Promise<Published> {
    judgeSource(edit.source);
    return this.editAsAnySource(edit);
  }

  async editAsAnySource({ source, because, author, context, idempotencyKey, request, on }: Edit): Promise<Published> {
    return this.#publish({
      on: { kind: 'newest' },
      provenance: { author, source, because },
      context,
      idempotencyKey,
      request,
      plan: (set) => {
        const { files = [], removed = [] } = on(set);
        return this.#planned({ source, files, removed, prune: false, contentHash: undefined }, set);
      },
    });
  }

  #planned({ source, files, prune, removed }: Bundle, base: readonly StoredDocument[]): Plan {
    const load = (all: readonly SourceFile[]) => this.#loader.load(all);
    return plan({ base, source, files, prune, removed, now: this.parts.clock(), load });
  }

  async #publish(asked: Asked): Promise<Published> {
    const { idempotencyKey, request, provenance } = asked;
    const requestHash = idempotencyKey === undefined ? undefined : requestHashOf([provenance.author, request]);
    return this.#inTurn(() => this.#attempts(asked, requestHash));
  }

  /** One publication of this server after the other: each would only be planned again when another comes first. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #attempts(asked: Asked, requestHash: string | undefined): Promise<Published> {
    const { store } = this.sets.history;
    const { on, provenance, context, idempotencyKey } = asked;
    for (let tries = 1; ; tries += 1) {
      const newest = await this.sets.newestPublished();
      // Before it is planned: a repetition finds its own documents in its way. And after the newest set was read, so
      // that what another server stores meanwhile is found here or refused by the store.
      const earlier = await this.#earlier(idempotencyKey, requestHash);
      if (earlier !== null) return publishedView(earlier, newest.revision);
      const theirs = on.kind === 'base' ? await this.#changesSince(on.base, newest.revision) : [];
      const planned = asked.plan(newest.documents);
      if (on.kind === 'base') await this.#refuseUnlessApart(on, planned, theirs, newest.revision);
      refuseUnlessValid(planned);
      if (on.kind === 'base' && on.bundle !== null) {
        judgeContentHash(on.bundle, planned, newest.documents, theirs);
      }
      const { put, remove } = planned;
      // INVARIANT: on a base that is not the newest a store publishes nothing, so nothing unjudged is stored.
      const base = markOf(newest.revision);
      const publication = { base, put, remove, provenance, idempotencyKey, requestHash };
      const outcome = await store.publish(publication, context);
      if (outcome.kind === 'published') this.sets.follow(outcome.revision, setAfter(newest.documents, put, remove));
      if (outcome.kind !== 'superseded' || tries === TRIES) {
        const isRebased = on.kind === 'base' && outcome.kind === 'published' && !isOn(on.base, newest.revision);
        const rebased = isRebased ? { from: on.base, on: base! } : undefined;
        return { ...publishedView(outcome, newest.revision), ...(rebased && { rebased }) };
      }
    }
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
  async #changesSince(base: RevisionBase | null, newest: Revision | null): Promise<readonly DocumentChange[]> {
    if (isOn(base, newest)) return [];
    const { store } = this.sets.history;
    if (newest === null) throw superseded(null);
    if (base !== null) {
      const revision = await store.revision(base.number);
      if (revision?.contentHash !== base.contentHash) throw superseded(newest);
    }
    return store.changes(base?.number ?? 0, newest.number);
  }

  /** @throws Problem `revision-superseded` when the plan has to do with what others changed */
  async #refuseUnlessApart(
    { base, bundle }: Extract<Asked['on'], { readonly kind: 'base' }>,
    { held, touched }: Plan,
    theirs: readonly DocumentChange[],
    newest: Revision | null,
  ): Promise<void> {
    if (newest === null || isOn(base, newest)) return;
    // Going back concerns the whole set.
    if (bundle === null) throw superseded(newest);
    const found = intersections({ ...bundle, held }, touched, theirs);
    if (found.length === 0) return;
    throw superseded(newest, await conflictsOf(this.sets.history.store, newest, base?.number ?? 0, found));
  }
}

function isOn(base: RevisionBase | null, newest: Revision | null): boolean {
  return base === null ? newest === null : base.number === newest?.number && base.contentHash === newest.contentHash;
}

function markOf(revision: Revision | null): RevisionBase | null {
  return revision && { number: revision.number, contentHash: revision.contentHash };
}

/** The one place where a plan is refused. */
function refuseUnlessValid({ faults, warnings, tests, foreign, missed, valid }: Plan): void {
  if (valid) return;
  if (missed.length > 0) {
    const [{ kind, name, what, by }] = missed as readonly [Plan['missed'][number]];
    const first = `\`${what}\` of \`${kind}/${name}\`, used by \`${by.kind}/${by.name}\` of \`${by.source}\``;
    throw new Problem('documents-still-referenced', { count: missed.length, first }, { missed });
  }
  if (faults.length === 0 && tests.failed.length === 0) {
    const [{ kind, name, source } = { kind: '', name: '', source: '' }] = foreign;
    const first = `\`${kind}/${name}\` of \`${source}\``;
    throw new Problem('documents-of-another-source', { count: foreign.length, first }, { foreign });
  }
  throw new Problem(
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

function publishedView(outcome: PublishOutcome, newest: Revision | null): Published {
  switch (outcome.kind) {
    case 'published':
      return { revision: revisionView(outcome.revision) };
    case 'unchanged':
      return { revision: outcome.revision && revisionView(outcome.revision), unchanged: true };
    case 'repeated':
      return { revision: revisionView(outcome.revision), repeated: true };
    case 'superseded':
      throw superseded(outcome.current ?? newest);
    case 'key-reused':
      throw new Problem('idempotency-key-reused', { number: outcome.revision.number });
    default:
      return outcome satisfies never;
  }
}

function faultView({ file, line, column, code, message }: FaultView): FaultView {
  return { file, line, column, code, message };
}
