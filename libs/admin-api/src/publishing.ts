import { Inject, Injectable } from '@nestjs/common';
import {
  plan,
  type Plan,
  planRestore,
  type Provenance,
  type PublishOutcome,
  type Revision,
  type StoredDocument,
  type ToldPlan,
} from '#administration';
import type { SourceFile } from '#policy';
import { Problem } from '#problem';
import type { FaultView, PlanBody, PlanView, PublishBody } from './dto/plan.dto.js';
import { type Published, revisionView, type RevisionBase } from './dto/revision.dto.js';
import { forbiddenChange } from './forbidden-change.js';
import { OperatorRights } from './operator-rights.js';
import type { Operator } from './operators.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { PolicySet, PolicySets } from './policy-sets.js';
import { invalid } from './request.pipe.js';

/** What is published, planned on a base. */
interface Asked {
  readonly operator: Operator;
  readonly files: readonly SourceFile[];
  readonly base: RevisionBase | null;
  readonly provenance: Provenance;
  readonly idempotencyKey: string | undefined;
  readonly plan: (base: readonly StoredDocument[]) => Plan;
}

/** Plans bundles and publishes them; nothing that was not judged valid is ever stored. */
@Injectable()
export class Publishing {
  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(PolicySets) private readonly sets: PolicySets,
    @Inject(OperatorRights) private readonly rights: OperatorRights,
  ) {}

  async plan(body: PlanBody, operator: Operator): Promise<PlanView> {
    judgeFileNames(body);
    const set = await this.sets.newest();
    const { revision, documents } = set;
    // A folder has one source, whoever asks.
    const base =
      this.parts.history === null ? documents.map((document) => ({ ...document, source: body.source })) : documents;
    const planned = await this.rights.told(operator, set, this.#planned(body, base), body.files);
    return {
      base: revision && { epoch: revision.epoch, number: revision.number, contentHash: revision.contentHash },
      source: body.source,
      valid: planned.valid,
      faults: planned.faults.map(faultView),
      warnings: planned.warnings.map(faultView),
      tests: planned.tests,
      changes: planned.changes,
      foreign: planned.foreign,
      refusals: planned.refusals,
      summary: planned.summary,
    };
  }

  async publish(body: PublishBody, operator: Operator, idempotencyKey: string | undefined): Promise<Published> {
    judgeFileNames(body);
    const { source, because, gitCommit, gitAuthor } = body;
    return this.#publish({
      operator,
      files: body.files,
      base: body.base,
      provenance: { author: operator.name, source, because, gitCommit, gitAuthor },
      idempotencyKey,
      plan: (base) => this.#planned(body, base),
    });
  }

  /** @param past  a set that was published once */
  async restore(
    past: PolicySet,
    asked: Pick<PublishBody, 'base' | 'because'>,
    operator: Operator,
    idempotencyKey: string | undefined,
  ): Promise<Published> {
    return this.#publish({
      operator,
      files: [],
      base: asked.base,
      provenance: { author: operator.name, source: 'restore', because: asked.because },
      idempotencyKey,
      plan: (base) => planRestore(base, past.documents, this.parts.clock()),
    });
  }

  #planned({ source, files, prune }: PlanBody, base: readonly StoredDocument[]): Plan {
    return plan({ base, source, files, prune: prune ?? true, now: this.parts.clock() });
  }

  #publish(asked: Asked): Promise<Published> {
    return this.rights.discreetly(asked.operator, () => this.#published(asked));
  }

  async #published({ operator, files, base, provenance, idempotencyKey, plan: planOn }: Asked): Promise<Published> {
    const { store } = this.sets.history;
    const newest = await this.sets.newest();
    const isStale = !isOn(base, newest.revision);
    // A repetition is told from other publications by what it changed on its own base.
    const planned = planOn((await this.#baseOf(base, newest, idempotencyKey)).documents);
    if (!isStale) refuseUnlessValid(await this.rights.told(operator, newest, planned, files));
    const { put, remove } = planned;
    // INVARIANT: on a base that is not the newest a store publishes nothing, so nothing unjudged is stored.
    return publishedView(await store.publish({ base, put, remove, provenance, idempotencyKey }), newest.revision);
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

function refuseUnlessValid({ faults, warnings, tests, foreign, refusals, valid }: ToldPlan): void {
  if (valid) return;
  if (refusals.length > 0) throw forbiddenChange(refusals);
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
