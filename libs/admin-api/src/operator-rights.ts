import { Inject, Injectable } from '@nestjs/common';
import {
  type Administration,
  AdministeredSet,
  type CredentialHolder,
  administrationOf,
  Holdings,
  LEAST_ROLE,
  type OwnedMechanism,
  type Plan,
  refusalsOf,
  type Revision,
  type Right,
  Sight,
  type ToldPlan,
  toldPlan,
} from '#administration';
import type { SourceFile } from '#policy';
import { Problem } from '#problem';
import { type Published, revisionView, type RevisionView } from './dto/revision.dto.js';
import { type Operator, Operators } from './operators.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { PolicySet, PolicySets } from './policy-sets.js';

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

  /** Runs a publication; what others published before is named to those who see what that was. */
  async discreetly(operator: Operator, publication: () => Promise<Published>): Promise<Published> {
    try {
      const published = await publication();
      if (published.unchanged !== true) return published;
      const newest = await this.sets.history.store.newest();
      return { ...published, revision: newest && (await this.revisionTold(operator, newest)) };
    } catch (fault) {
      if (!(fault instanceof Problem) || fault.code !== 'revision-superseded') throw fault;
      const newest = await this.sets.history.store.newest();
      if (newest === null || (await this.#seesAllOf(operator, newest))) throw fault;
      const current = untold(newest);
      throw new Problem(fault.code, { current: `revision ${current.number} came first` }, { current });
    }
  }

  /** A revision; who made it and why only to its author, and to those who see everything that it changed. */
  async revisionTold(operator: Operator, revision: Revision): Promise<RevisionView> {
    return (await this.#seesAllOf(operator, revision)) ? revisionView(revision) : untold(revision);
  }

  /** The same without a look at what it changed: for lists. */
  async revisionListed(operator: Operator, revision: Revision): Promise<RevisionView> {
    const { sight } = await this.now(operator);
    return sight.isWhole || revision.provenance.author === operator.name ? revisionView(revision) : untold(revision);
  }

  async #seesAllOf(operator: Operator, { number, base, provenance }: Revision): Promise<boolean> {
    const { sight } = await this.now(operator);
    if (sight.isWhole || provenance.author === operator.name) return true;
    const changes = await this.sets.history.store.changes(base ?? 0, number);
    return changes.every((change) => sight.ofChange(change)[0]?.kind === change.kind);
  }

  async #refusals(operator: Operator, base: PolicySet, { put, remove }: Plan) {
    const { standing } = operator;
    if (standing.kind === 'root') return [];
    const before = await this.#administrationOf(base);
    const keys = (await this.parts.history?.credentials.activeKeys()) ?? [];
    const keyed = new Set(keys.flatMap((key) => [key.id, 'mechanism' in key ? key.mechanism : key.enforcementPoint]));
    return refusalsOf({ standing, before, put, remove, keyed });
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

function untold(revision: Revision): RevisionView {
  const provenance = { author: SOMEBODY, source: UNTOLD, because: UNTOLD };
  return revisionView({ ...revision, provenance });
}
