/**
 * A world, and a snapshot, in which some rules are others. Everything but the table of rules is shared with the ones
 * before, and that is copied rather than made: nothing is parsed, sorted or filed anew but what changed.
 *
 * @see docs/decisions/0036-a-few-rules-are-a-small-change.md
 */
import { OUTSIDE } from './model.js';
import type { Rule, World } from './model.js';
import { byBytes, canonicalJson } from './ordering.js';
import { conditionOf } from './rule-condition.js';
import { RuleFiler } from './rule-filer.js';
import type { KeyNumbers } from './rule-filer.js';
import { addingNothing, contributionsOf } from './rule-sums.js';
import { aboutEndpoint, aboutService, HOME } from './rule-table.js';
import type { Filed, RuleTable } from './rule-table.js';
import { snapshotWith } from './snapshot.js';
import type { EndpointNode, Snapshot } from './snapshot.js';
import type { Steps } from './steps.js';

/** Rules that may go and come without a compilation; for more of them one takes hardly longer. */
const MOST_RULES = 1_000;

/** All rules of one policy. */
export interface PolicyRules {
  /** Ids of its rules begin with its name and a slash. */
  readonly policy: string;
  /** A domain of the world, or `*`. */
  readonly owner: string;
  readonly rules: readonly Rule[];
}

/** One that is different goes and comes. */
export interface RuleChanges {
  readonly gone: readonly Rule[];
  readonly put: readonly Rule[];
}

/**
 * What is different where some policies have these rules from now on.
 *
 * @param policies  each has the owner that it has in the world
 * @returns undefined when only a compilation can tell what it does to other parts of a snapshot: a rule goes or comes that
 *   the clock has a part in, or one goes that alone may have read something of requests; or when they are too many
 */
export function ruleChanges(world: World, policies: readonly PolicyRules[]): RuleChanges | undefined {
  const gone: Rule[] = [];
  const put: Rule[] = [];
  for (const { policy, owner, rules } of policies) {
    const before = new Map(rulesOf(world, owner).flatMap((rule) => (isOf(policy, rule) ? [[rule.id, rule]] : [])));
    for (const rule of rules) {
      const was = before.get(rule.id);
      before.delete(rule.id);
      if (was !== undefined && canonicalJson(was) === canonicalJson(rule)) continue;
      if (was !== undefined) gone.push(was);
      put.push(rule);
    }
    gone.push(...before.values());
  }
  if (gone.length + put.length > MOST_RULES || [...gone, ...put].some(concernsTime)) return undefined;
  const addsNothing = addingNothing(contributionsOf(put, conditionOf));
  return addsNothing(contributionsOf(gone, conditionOf)) ? { gone, put } : undefined;
}

/** @param changes  of this world */
export function worldWithRules(world: World, { gone, put }: RuleChanges): World {
  const left = new Set(gone.map(({ id }) => id));
  const after = (owner: string): readonly Rule[] =>
    [...rulesOf(world, owner).filter(({ id }) => !left.has(id)), ...put.filter((rule) => rule.owner === owner)].sort(
      (one, other) => (one.id < other.id ? -1 : 1),
    );
  const owners = new Set([...gone, ...put].map(({ owner }) => owner));
  const domains = new Map(world.domains);
  for (const owner of owners) {
    if (owner !== OUTSIDE) domains.set(owner, { ...world.domains.get(owner)!, rules: after(owner) });
  }
  return { ...world, domains, outside: owners.has(OUTSIDE) ? after(OUTSIDE) : world.outside };
}

/**
 * @param changes  of the world of this snapshot
 * @returns undefined when it takes a compilation: a rule that comes is filed under a name that no rule was, or is the first
 *   of its kind at its owner, or reads of requests what no rule did
 */
export function* snapshotWithRules(snapshot: Snapshot, changes: RuleChanges): Steps<Snapshot | undefined> {
  const put = changes.put.toSorted((one, other) => byBytes(one.id, other.id));
  const { rules, domains } = snapshot;
  const moved = yield* rules.renumbered(
    changes.gone.map(({ id }) => id),
    put.map(({ id }) => id),
  );
  const numbers = new NumbersOf(snapshot);
  const filer = new RuleFiler(numbers, domains);
  const addsNothing = addingNothing(snapshot);
  const filed: Filed[] = [];
  for (const [index, rule] of put.entries()) {
    if (!addsNothing(contributionsOf([rule], (source) => filer.condition(source)))) return undefined;
    // One in report mode has a number, but is for `explain` alone.
    if (rule.mode === 'enforce') filer.file(rule, moved.added[index]!, filed);
    yield;
  }
  if (numbers.isAnyMissing || !filed.every((one) => isExpected(rules, one))) return undefined;
  const owners = new Set(changes.gone.map(({ owner }) => (owner === OUTSIDE ? 0 : domains.get(owner)!.enter + 1)));
  return snapshotWith(snapshot, { rules: yield* rules.with(moved, filed, owners) });
}

function rulesOf(world: World, owner: string): readonly Rule[] {
  return owner === OUTSIDE ? world.outside : world.domains.get(owner)!.rules;
}

function isOf(policy: string, { id }: Rule): boolean {
  return id.startsWith(`${policy}/`);
}

function concernsTime({ notBefore, notAfter, when }: Rule): boolean {
  if (notBefore !== undefined || notAfter !== undefined) return true;
  return when !== undefined && conditionOf(when).readsTime;
}

/** Numbers that a snapshot has given already. */
class NumbersOf implements KeyNumbers {
  isAnyMissing = false;
  private readonly services = new Map<string, EndpointNode>();

  constructor(private readonly snapshot: Snapshot) {}

  name(name: string): number {
    return this.found(this.snapshot.names.get(name));
  }

  principal(type: string, id: string): number {
    for (const { principalType, filed } of this.snapshot.mechanisms.values()) {
      if (principalType === type) return this.found(filed.get(id));
    }
    return this.found(0);
  }

  endpoint(id: string): number {
    const about = this.snapshot.endpoints.get(id)?.about ?? aboutEndpoint(0);
    return this.found((about - aboutEndpoint(0)) / 2);
  }

  service(name: string): number {
    if (this.services.size === 0)
      for (const node of this.snapshot.endpoints.values()) this.services.set(node.service.name, node);
    const about = this.services.get(name)?.aboutService ?? aboutService(0);
    return this.found((about - aboutService(0)) / 2);
  }

  private found(number: number): number {
    this.isAnyMissing ||= number === 0;
    return number;
  }
}

/** Whether those who look for rules look where this one is filed. */
function isExpected(rules: RuleTable, { home, key }: Filed): boolean {
  const kind = home & 7;
  // Endpoints keep in mind which keys of denies may concern them.
  const isDenyIn = kind === HOME.denyInSelf || kind === HOME.denyInSubtree;
  return isDenyIn ? (rules.keysOf(home) & (1 << key)) !== 0 : rules.isInUse(home);
}
