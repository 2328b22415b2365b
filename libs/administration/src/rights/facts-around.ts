import { parseCondition } from '#cel';
import { isWithin } from '#engine';
import { loadBundle, type PolicyDocument } from '#policy';
import { entitySetIn, roleSetIn } from '../facts.js';
import type { DocumentChange } from '../revision.js';
import { assignmentFacts, type StoredDocument } from '../stored-document.js';
import type { AdministeredSet } from './administered-set.js';

/** What rules read of role sets and entity sets; null: of any of them, or what cannot be told. */
interface Reads {
  /** Names of roles. */
  readonly roles: ReadonlySet<string> | null;
  /** Names of attributes, of whatever people and things. */
  readonly attributes: ReadonlySet<string> | null;
}

type WrittenRule = Extract<PolicyDocument, { readonly kind: 'Policy' }>['spec']['rules'][number];

const NOTHING: ReadonlySet<string> = new Set();
const ROOT = /^(?:principal|resource|action)(?![A-Za-z0-9_])/;
const ATTRIBUTE = /^(?:principal|resource|action)\.attributes\.([A-Za-z_][A-Za-z0-9_]*)(?:[.[]|$)/;
/** Of these a request says all itself, or the credential. */
const NOT_STORED =
  /^(?:principal\.(?:type|id|mechanism|groups|scopes|claims)|resource\.(?:type|id)|action\.name)(?![A-Za-z0-9_])/;
const OF_ROLES = /^principal\.roles(?![A-Za-z0-9_])/;
/** A rule that reads whatever there is. */
const UNKNOWN: readonly WrittenRule[] = [{ id: 'unknown', effect: 'deny', when: 'principal == principal' }];
const TEMPLATE = /\$\{([^}]*)\}/g;

/**
 * Facts around a subtree that its rules read: who holds a role, and what is stored of people and things, is looked up in
 * every domain around the one of the rule.
 */
export class FactsAround {
  readonly #sets: readonly AdministeredSet[];
  readonly #reads = new Map<string, Reads>();
  #heirs: ReadonlyMap<string, ReadonlySet<string>> | undefined;

  /** @param sets  before and after a publication */
  constructor(sets: readonly AdministeredSet[]) {
    this.#sets = sets;
  }

  /** Whether rules at `top` or below may decide otherwise by a change of facts in a domain around it. */
  areReadBelow(top: string, change: DocumentChange): boolean {
    const sides: readonly StoredDocument[] = [
      ...('before' in change ? [change.before] : []),
      ...('after' in change ? [change.after] : []),
    ];
    const around = sides.filter(({ kind, domain }) => domain !== null && isWithin(top, domain) && isFacts(kind));
    if (around.length === 0) return false;
    const { roles, attributes } = this.#readsBelow(top);
    if (around[0]!.kind === 'EntitySet') return meet(attributes, differing(around.map(attributesIn)));
    return meet(roles && this.#givenBy(roles), differing(around.map(rolesIn)));
  }

  #readsBelow(top: string): Reads {
    let reads = this.#reads.get(top);
    if (reads === undefined) {
      const known = new Set<string>();
      const rules = this.#sets.flatMap(({ stored }) => {
        const policies = [...stored.values()].filter(
          ({ kind, domain, text }) =>
            kind === 'Policy' && domain !== null && isWithin(domain, top) && !known.has(text) && known.add(text),
        );
        const { documents } = loadBundle(policies.map(({ name, text }) => ({ file: name, text })));
        // What was written for a later version may read anything.
        if (documents.length < policies.length) return UNKNOWN;
        return documents.flatMap(({ document }) => (document.kind === 'Policy' ? document.spec.rules : []));
      });
      reads = readsOf(rules);
      this.#reads.set(top, reads);
    }
    return reads;
  }

  /** Roles, and all that bring them along. */
  #givenBy(roles: ReadonlySet<string>): ReadonlySet<string> {
    this.#heirs ??= heirsIn(this.#sets.flatMap(({ stored }) => [...stored.values()]));
    const all = new Set(roles);
    for (const role of all) for (const heir of this.#heirs.get(role) ?? NOTHING) all.add(heir);
    return all;
  }
}

function isFacts(kind: string): boolean {
  return kind === 'RoleSet' || kind === 'EntitySet';
}

function readsOf(rules: readonly WrittenRule[]): Reads {
  let roles: Set<string> | null = new Set(rules.flatMap(({ who }) => who?.roles ?? []));
  let attributes: Set<string> | null = new Set();
  for (const path of rules.flatMap(pathsIn)) {
    if (!ROOT.test(path) || NOT_STORED.test(path)) continue;
    const name = ATTRIBUTE.exec(path)?.[1];
    if (name !== undefined) attributes?.add(name);
    else if (OF_ROLES.test(path)) roles = null;
    else [roles, attributes] = [null, null];
  }
  return { roles, attributes };
}

/** Paths that a rule reads in its condition, and in what it has enforcement points do. */
function pathsIn({ when, obligations = [] }: WrittenRule): readonly string[] {
  const templates = [...JSON.stringify(obligations).matchAll(TEMPLATE)].map(([, path]) => path!);
  if (when === undefined) return templates;
  const parsed = parseCondition(when);
  return 'condition' in parsed ? [...templates, ...parsed.condition.reads] : [...templates, 'principal'];
}

/** By role, those that inherit it, wherever that is said. */
function heirsIn(documents: readonly StoredDocument[]): ReadonlyMap<string, ReadonlySet<string>> {
  const heirs = new Map<string, Set<string>>();
  // Role sets are kept as canonical JSON, and most of them are nothing but assignments.
  const defining = documents.filter(({ kind, text }) => kind === 'RoleSet' && text.includes('"inherits"'));
  for (const { name, inherits = [] } of defining.flatMap((stored) => roleSetIn(stored).spec.roles ?? []))
    for (const role of inherits) heirs.set(role, (heirs.get(role) ?? new Set()).add(name));
  return heirs;
}

/** Each fact, with the role that it is about. */
function rolesIn(stored: StoredDocument): ReadonlyMap<string, string> {
  const document = roleSetIn(stored);
  const { domain } = stored;
  return new Map([
    ...assignmentFacts(document).map(([role, principal]) => [JSON.stringify([domain, role, principal]), role] as const),
    ...(document.spec.roles ?? []).map((role) => [JSON.stringify([domain, role]), role.name] as const),
  ]);
}

/** Each fact, with the attribute that it is about. */
function attributesIn(stored: StoredDocument): ReadonlyMap<string, string> {
  const { domain } = stored;
  return new Map(
    (entitySetIn(stored).spec.entities ?? []).flatMap(({ type, id, attributes = {} }) =>
      Object.entries(attributes).map(
        ([name, value]) => [JSON.stringify([domain, type, id, name, value]), name] as const,
      ),
    ),
  );
}

/** What those facts are about that stand on one side alone. */
function differing(sides: readonly ReadonlyMap<string, string>[]): ReadonlySet<string> {
  const [one = new Map<string, string>(), other = new Map<string, string>()] = sides;
  const left = [...one].filter(([fact]) => !other.has(fact));
  const right = [...other].filter(([fact]) => !one.has(fact));
  return new Set([...left, ...right].map(([, name]) => name));
}

function meet(read: ReadonlySet<string> | null, changed: ReadonlySet<string>): boolean {
  return read === null ? changed.size > 0 : [...changed].some((name) => read.has(name));
}
