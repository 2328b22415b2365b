import { Inject, Injectable } from '@nestjs/common';
import {
  type ActContext,
  plan,
  type Plan,
  planRestore,
  type Provenance,
  type PublishOutcome,
  type Revision,
  type StoredDocument,
} from '#administration';
import { Problem } from '#problem';
import type { FaultView, PlanBody, PlanView, PublishBody } from './dto/plan.dto.js';
import { type Published, revisionView, type RevisionBase } from './dto/revision.dto.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { PolicySet, PolicySets } from './policy-sets.js';
import { invalid } from './request.pipe.js';

/** What is published, planned on a base. */
interface Asked {
  readonly base: RevisionBase | null;
  readonly provenance: Provenance;
  readonly idempotencyKey: string | undefined;
  readonly context: ActContext;
  readonly plan: (base: readonly StoredDocument[]) => Plan;
}

/** Plans bundles and publishes them; nothing that was not judged valid is ever stored. */
@Injectable()
export class Publishing {
  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(PolicySets) private readonly sets: PolicySets,
  ) {}

  async plan(body: PlanBody): Promise<PlanView> {
    judgeFileNames(body);
    const { revision, documents } = await this.sets.newest();
    // A folder has one source, whoever asks.
    const base =
      this.parts.history === null ? documents.map((document) => ({ ...document, source: body.source })) : documents;
    const planned = this.#planned(body, base);
    return {
      base: revision && { epoch: revision.epoch, number: revision.number, contentHash: revision.contentHash },
      source: body.source,
      valid: planned.valid,
      faults: planned.faults.map(faultView),
      warnings: planned.warnings.map(faultView),
      tests: planned.tests,
      changes: planned.changes,
      foreign: planned.foreign,
      summary: planned.summary,
    };
  }

  async publish(
    body: PublishBody,
    author: string,
    idempotencyKey: string | undefined,
    context: ActContext,
  ): Promise<Published> {
    judgeFileNames(body);
    const { source, because, gitCommit, gitAuthor } = body;
    return this.#publish({
      base: body.base,
      provenance: { author, source, because, gitCommit, gitAuthor },
      idempotencyKey,
      context,
      plan: (base) => this.#planned(body, base),
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
      base: asked.base,
      provenance: { author, source: 'restore', because: asked.because },
      idempotencyKey,
      context,
      plan: (base) => planRestore(base, past.documents, this.parts.clock()),
    });
  }

  #planned({ source, files, prune }: PlanBody, base: readonly StoredDocument[]): Plan {
    return plan({ base, source, files, prune: prune ?? true, now: this.parts.clock() });
  }

  async #publish({ base, provenance, idempotencyKey, context, plan: planOn }: Asked): Promise<Published> {
    const { store } = this.sets.history;
    const newest = await this.sets.newest();
    const isStale = !isOn(base, newest.revision);
    // A repetition is told from other publications by what it changed on its own base.
    const planned = planOn((await this.#baseOf(base, newest, idempotencyKey)).documents);
    if (!isStale) refuseUnlessValid(planned);
    const { put, remove } = planned;
    // INVARIANT: on a base that is not the newest a store publishes nothing, so nothing unjudged is stored.
    const publication = { base, put, remove, provenance, idempotencyKey };
    return publishedView(await store.publish(publication, context), newest.revision);
  }

  async #baseOf(base: RevisionBase | null, newest: PolicySet, idempotencyKey: string | undefined): Promise<PolicySet> {
    if (isOn(base, newest.revision)) return newest;
    if (idempotencyKey === undefined) throw superseded(newest.revision);
    if (base === null) return new PolicySet(null, []);
    const revision = await this.sets.history.store.revision(base.number);
    if (revision?.contentHash !== base.contentHash) throw superseded(newest.revision);
    return this.sets.at(base.number);
  }
}

function isOn(base: RevisionBase | null, newest: Revision | null): boolean {
  return base === null ? newest === null : base.number === newest?.number && base.contentHash === newest.contentHash;
}

function refuseUnlessValid({ faults, warnings, tests, foreign, valid }: Plan): void {
  if (valid) return;
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

function superseded(current: Revision | null): Problem {
  if (current === null) {
    return new Problem('revision-superseded', { current: 'nothing was published yet' }, { current: null });
  }
  const { number, provenance, publishedAt } = current;
  const words = `\`${provenance.author}\` published revision ${number} at ${new Date(publishedAt).toISOString()}`;
  return new Problem('revision-superseded', { current: words }, { current: revisionView(current) });
}

function judgeFileNames({ files }: PlanBody): void {
  const seen = new Set<string>();
  const errors = files.flatMap(({ file }, index) => {
    if (!seen.has(file)) {
      seen.add(file);
      return [];
    }
    return [{ pointer: `/files/${index}/file`, message: `\`${file}\` is named twice` }];
  });
  if (errors.length > 0) throw invalid(errors);
}

function faultView({ file, line, column, code, message }: FaultView): FaultView {
  return { file, line, column, code, message };
}
