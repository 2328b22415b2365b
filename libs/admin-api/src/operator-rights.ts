import { Inject, Injectable } from '@nestjs/common';
import {
  type Administration,
  AdministeredSet,
  type CredentialHolder,
  administrationOf,
  type DocumentChange,
  Holdings,
  keyText,
  LEAST_ROLE,
  type OwnedMechanism,
  type PairedChange,
  pairedChanges,
  type Plan,
  type Refusal,
  refusalsOf,
  type Revision,
  type Right,
  Sight,
  type StoredDocument,
  type ToldPlan,
  toldPlan,
  unseenNames,
} from '#administration';
import type { SourceFile } from '#policy';
import { Problem } from '#problem';
import { revisionView, type RevisionView } from './dto/revision.dto.js';
import { type Operator, Operators } from './operators.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { PolicySet, PolicySets } from './policy-sets.js';
import type { Conflict } from './superseded.js';

/** What one operator holds and sees in one set. */
export interface Entitlement {
  readonly holdings: Holdings;
  readonly sight: Sight;
}

/** What is told of a revision to whom it is none of their business. */
const SOMEBODY = 'somebody';
const UNTOLD = '…';

/** Finds out what an operator may do and see. Who administers a set is read once a set. */
@Injectable()
export class OperatorRights {
  readonly #administrations = new WeakMap<PolicySet, Promise<Administration>>();
  readonly #nobody = administrationOf(AdministeredSet.of([]));

  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(PolicySets) private readonly sets: PolicySets,
    @Inject(Operators) private readonly operators: Operators,
  ) {}

  /** In the newest set, with that set. */
  async now(operator: Operator): Promise<Entitlement & { readonly newest: PolicySet }> {
    const newest = await this.sets.newest();
    return { ...(await this.within(operator, newest)), newest };
  }

  async within({ standing }: Operator, set: PolicySet): Promise<Entitlement> {
    // Whoever may everything need not wait for a set to be read.
    const { set: read, administrators } = await (standing.kind === 'root' ? this.#nobody : this.#administrationOf(set));
    const holdings = new Holdings(standing, administrators);
    return { holdings, sight: new Sight(holdings, read) };
  }

  /** Mechanisms of the newest set by name, and what the operator may and sees of that set. */
  async mechanisms(
    operator: Operator,
  ): Promise<Entitlement & { readonly mechanisms: ReadonlyMap<string, OwnedMechanism> }> {
    const { newest, holdings, sight } = await this.now(operator);
    return { holdings, sight, mechanisms: (await this.#administrationOf(newest)).set.mechanisms };
  }

  /** With what an operator may and sees now: the domain that a key belongs to, `*` when what it is for is not there. */
  async places(operator: Operator): Promise<Entitlement & { readonly places: (holder: CredentialHolder) => string }> {
    const { newest, holdings, sight } = await this.now(operator);
    if (operator.standing.kind === 'root') return { holdings, sight, places: () => '*' };
    const { set } = await this.#administrationOf(newest);
    const places = ({ kind, name }: CredentialHolder): string => {
      switch (kind) {
        case 'client-key':
          return set.mechanisms.get(name)?.owner ?? '*';
        case 'enforcement-point-key':
          return set.enforcementPoint(name)?.metadata.domain ?? '*';
        case 'operator-token':
          return '*';
        default:
          return kind satisfies never;
      }
    };
    return { holdings, sight, places };
  }

  /**
   * @param domain  one whose name the operator knows, or `*`
   * @throws Problem `operator-not-entitled`
   */
  async demand(operator: Operator, right: Right, domain: string): Promise<void> {
    // Whoever may everything may it also while no set can be read.
    if (operator.standing.kind === 'root') return;
    const { holdings } = await this.now(operator);
    if (!holdings.may(right, domain)) throw notEntitled(right, domain);
  }

  /**
   * A plan as its operator may read it, with what they may not do. The token is looked up anew: planning takes time, in
   * which it may have been revoked.
   *
   * @throws Problem `operator-unknown`
   */
  async told(asking: Operator, base: PolicySet, planned: Plan, files: readonly SourceFile[]): Promise<ToldPlan> {
    const operator = await this.operators.again(asking);
    const { sight } = await this.within(operator, base);
    const refusals = await this.#refusals(operator, base, planned);
    return toldPlan({ planned, base: base.documents, files, sight, refusals });
  }

  /**
   * What is told of a plan that the operator may not publish, or nobody may; undefined when it may go on.
   *
   * @throws Problem `operator-unknown`
   */
  async refused(
    asking: Operator,
    base: PolicySet,
    planned: Plan,
    files: readonly SourceFile[],
  ): Promise<ToldPlan | undefined> {
    const operator = await this.operators.again(asking);
    const refusals = await this.#refusals(operator, base, planned);
    if (planned.valid && refusals.length === 0) return undefined;
    const { sight } = await this.within(operator, base);
    return toldPlan({ planned, base: base.documents, files, sight, refusals });
  }

  /** What of a plan is not for one person alone. Whoever may everything is no exception. */
  async paired(base: PolicySet, { put, remove }: Plan): Promise<readonly PairedChange[]> {
    // Nearly no set asks for two, and who may everything need not wait for the others to be read.
    if (!base.documents.some(({ kind }) => kind === 'FourEyes')) return [];
    return pairedChanges((await this.#administrationOf(base)).set, put, remove);
  }

  /** Whether somebody may do all of a plan, as they stand; the plan itself may be refused for other reasons. */
  async mayAll(operator: Operator, base: PolicySet, planned: Plan): Promise<boolean> {
    return (await this.#refusals(operator, base, planned)).length === 0;
  }

  /** What is in a publication's way; of what the operator does not see only that there is something. */
  async conflictsTold(
    operator: Operator,
    set: PolicySet,
    theirs: readonly DocumentChange[],
    conflicts: readonly Conflict[],
  ): Promise<readonly Conflict[]> {
    const { sight } = await this.within(operator, set);
    if (sight.isWhole) return conflicts;
    const seen = new Set(
      theirs.filter((change) => sight.ofChange(change).length > 0).map((change) => keyText(documentOf(change))),
    );
    const told = conflicts.filter((conflict) => seen.has(keyText(conflict)));
    const unseen = conflicts.length > told.length ? [{ kind: UNTOLD, name: UNTOLD, source: UNTOLD }] : [];
    return [
      ...(await Promise.all(
        told.map(async ({ revision, ...rest }) => ({
          ...rest,
          revision: revision && (await this.revisionAsTold(operator, revision)),
        })),
      )),
      ...unseen.map((one) => ({ ...one, because: 'referenced' }) as const),
    ];
  }

  /** A revision; who made it and why only to its author, and to those who see everything that it changed. */
  async revisionAsTold(operator: Operator, revision: Revision): Promise<Revision> {
    return (await this.#seesAllOf(operator, revision)) ? revision : untold(revision);
  }

  async revisionTold(operator: Operator, revision: Revision): Promise<RevisionView> {
    return revisionView(await this.revisionAsTold(operator, revision));
  }

  /** The same without a look at what it changed: for lists. */
  async revisionListed(operator: Operator, revision: Revision): Promise<RevisionView> {
    const { sight } = await this.now(operator);
    return revisionView(sight.isWhole || revision.provenance.author === operator.name ? revision : untold(revision));
  }

  async #seesAllOf(operator: Operator, { number, base, provenance }: Revision): Promise<boolean> {
    const { sight } = await this.now(operator);
    if (sight.isWhole || provenance.author === operator.name) return true;
    const changes = await this.sets.history.store.changes(base ?? 0, number);
    return changes.every((change) => sight.ofChange(change)[0]?.kind === change.kind);
  }

  async #refusals(operator: Operator, base: PolicySet, planned: Plan): Promise<readonly Refusal[]> {
    const { standing } = operator;
    if (standing.kind === 'root') return [];
    const before = await this.#administrationOf(base);
    const keys = (await this.parts.history?.credentials.activeKeys()) ?? [];
    const keyed = new Set(keys.flatMap((key) => [key.id, 'mechanism' in key ? key.mechanism : key.enforcementPoint]));
    const refusals = await refusalsOf({ standing, before, ...planned.attempted, keyed });
    const { sight } = await this.within(operator, base);
    return [...refusals, ...unseenNames(planned, refusals, base.documents, sight)];
  }

  #administrationOf(set: PolicySet): Promise<Administration> {
    let administration = this.#administrations.get(set);
    if (administration === undefined) {
      administration = administrationOf(AdministeredSet.of(set.documents));
      this.#administrations.set(set, administration);
    }
    return administration;
  }
}

/** @param domain  one whose name the operator knows, or `*` */
export function notEntitled(right: Right, domain: string): Problem {
  return new Problem('operator-not-entitled', { role: LEAST_ROLE[right], over: domain });
}

function untold(revision: Revision): Revision {
  return { ...revision, provenance: { author: SOMEBODY, source: UNTOLD, because: UNTOLD } };
}

function documentOf(change: DocumentChange): StoredDocument {
  return change.kind === 'removed' ? change.before : change.after;
}
