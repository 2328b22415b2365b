import {
  compile,
  type Domain,
  finished,
  OUTSIDE,
  type PolicyRules,
  type Rule,
  ruleChanges,
  type Snapshot,
  snapshotWithRules,
  type World,
} from '#engine';
import { isSame } from './same.js';

/** A world, and what answers for it. */
export interface Ready {
  readonly world: World;
  readonly snapshot: Snapshot;
}

/**
 * @param like  perhaps nearly the same world: what only a few rules tell apart from it is not compiled whole
 * @see docs/decisions/0036-a-few-rules-are-a-small-change.md
 */
export function madeReady(world: World, like?: Ready): Ready {
  const policies = like && policiesBetween(like.world, world);
  const changes = policies && ruleChanges(like!.world, policies);
  const stepped = changes && finished(snapshotWithRules(like!.snapshot, changes));
  return { world, snapshot: stepped ?? compile(world) };
}

/** The policies that differ, with the rules they have after; undefined where anything else differs, too. */
function policiesBetween(before: World, after: World): readonly PolicyRules[] | undefined {
  const isRest = isSame(before.services, after.services) && isSame(before.mechanisms, after.mechanisms);
  if (!isRest || before.domains.size !== after.domains.size) return undefined;
  const policies: PolicyRules[] = policiesOf(OUTSIDE, before.outside, after.outside);
  for (const [name, one] of before.domains) {
    const other = after.domains.get(name);
    if (other === undefined || !isSameButRules(one, other)) return undefined;
    policies.push(...policiesOf(name, one.rules, other.rules));
  }
  // One that passes from domain to domain is no small change.
  const names = new Set(policies.map(({ policy }) => policy));
  return names.size === policies.length ? policies : undefined;
}

function isSameButRules(one: Domain, other: Domain): boolean {
  return isSame({ ...one, rules: [] }, { ...other, rules: [] });
}

function policiesOf(owner: string, before: readonly Rule[], after: readonly Rule[]): PolicyRules[] {
  if (before === after) return [];
  const was = new Map(before.map((rule) => [rule.id, rule]));
  const changed = new Set<string>();
  for (const rule of after) {
    if (!isSame(was.get(rule.id), rule)) changed.add(policyOf(rule));
    was.delete(rule.id);
  }
  for (const gone of was.values()) changed.add(policyOf(gone));
  return [...changed].map((policy) => ({
    policy,
    owner,
    rules: after.filter((rule) => policyOf(rule) === policy),
  }));
}

function policyOf({ id }: Rule): string {
  return id.slice(0, id.indexOf('/'));
}
