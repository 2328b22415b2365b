/**
 * The rules of a world in a casbin enforcer, and the two questions asked of it: which denies match, which allows.
 */
import { readFile } from 'node:fs/promises';
import { DefaultEffector, Effect, EnforceContext, newEnforcer, newModelFromString } from 'casbin';
import type { Adapter, Effector, EffectorStream, Enforcer, Model } from 'casbin';
import type { Obligation, Rule, World } from '#engine';
import { parseCondition } from '#cel';
import type { Condition } from '#cel';
import { fulfilled } from './obligations.js';
import { byBytes } from './ordering.js';
import { readableBy } from './readable.js';
import { heldRoles, hierarchyEdges, roleEdges, useHierarchy } from './roles.js';
import { what, who } from './selectors.js';
import type { Selector } from './selectors.js';
import type { Trial } from './trial.js';

const MODEL = new URL('../model/dharma.conf', import.meta.url);
const ALLOWS = new EnforceContext('r', 'p', 'e', 'm');
const DENIES = new EnforceContext('r', 'p2', 'e2', 'm2');

export interface Rules {
  /** Every rule of the world, by the bytes of `policy/rule`. */
  readonly all: readonly Rule[];
  /** The denies that match, in order; none when casbin lets the trial pass. */
  matchingDenies(trial: Trial): readonly Rule[];
  /** The allows that match, in order; none when casbin does not. */
  matchingAllows(trial: Trial): readonly Rule[];
  /** The obligations of an allow that matched in this trial. */
  obligations(rule: Rule, trial: Trial): readonly Obligation[];
  /** Roles held on the chain of any of the domains. */
  heldRoles(holders: readonly string[], domains: readonly string[]): Promise<ReadonlySet<string>>;
  condition(rule: Rule): Condition | undefined;
}

export async function loadRules(world: World): Promise<Rules> {
  const owned = [...world.domains.values()].flatMap((domain) => domain.rules);
  const all = [...world.outside, ...owned].sort((left, right) => byBytes(left.id, right.id));
  const allows = all.filter((rule) => rule.effect === 'allow');
  const denies = all.filter((rule) => rule.effect === 'deny');
  const conditions = new Map(all.flatMap((rule) => conditionOf(rule)));

  const enforcer = await newEnforcer(newModelFromString(await readFile(MODEL, 'utf8')));
  const effector = new WatchingEffector();
  enforcer.setEffector(effector);
  await useHierarchy(enforcer);
  await addFunctions(enforcer, world, new Map(all.map((rule) => [rule.id, rule])), conditions);
  enforcer.setAdapter(new WorldAdapter(world, allows, denies));
  await enforcer.loadPolicy();

  return {
    all,
    matchingDenies: (trial) => (enforcer.enforceSync(DENIES, trial) ? [] : effector.matched(denies)),
    matchingAllows: (trial) => (enforcer.enforceSync(ALLOWS, trial) ? effector.matched(allows) : []),
    obligations: (rule, trial) => fulfilled(rule, readableBy(world, trial, rule.owner)) ?? [],
    heldRoles: (holders, domains) => heldRoles(enforcer, holders, domains),
    condition: (rule) => conditions.get(rule.id),
  };
}

function conditionOf(rule: Rule): readonly (readonly [string, Condition])[] {
  if (rule.when === undefined) return [];
  const parsed = parseCondition(rule.when);
  return 'condition' in parsed ? [[rule.id, parsed.condition]] : [];
}

/** Registers what the matchers of the model call. */
async function addFunctions(
  enforcer: Enforcer,
  world: World,
  rules: ReadonlyMap<string, Rule>,
  conditions: ReadonlyMap<string, Condition>,
): Promise<void> {
  const selectors: { readonly [name: string]: Selector } = {
    ...who,
    ...what,
    inForce: ({ request }, { mode, notBefore, notAfter }) =>
      mode === 'enforce' && (notBefore ?? -Infinity) <= request.time && request.time < (notAfter ?? Infinity),
    when: (trial, rule) =>
      rule.when === undefined || conditions.get(rule.id)?.evaluate(readableBy(world, trial, rule.owner)),
    fulfillable: (trial, rule) => fulfilled(rule, readableBy(world, trial, rule.owner)) !== undefined,
  };
  for (const [name, selector] of Object.entries(selectors)) {
    await enforcer.addFunction(name, (trial: Trial, id: string) => {
      // Where there are no rules at all casbin evaluates the matcher once, with empty texts.
      const rule = rules.get(id);
      return rule !== undefined && (selector(trial, rule) ?? rule.effect === 'deny');
    });
  }
  await enforcer.addFunction('reaches', ({ owners }: Trial, owner: string, scope: string) =>
    (scope === 'subtree' ? owners.subtree : owners.self).has(owner),
  );
}

/** Hands the rules and roles of a world to casbin. It only ever reads. */
class WorldAdapter implements Adapter {
  constructor(
    private readonly world: World,
    private readonly allows: readonly Rule[],
    private readonly denies: readonly Rule[],
  ) {}

  async loadPolicy(model: Model): Promise<void> {
    const line = (rule: Rule): string[] => [rule.id, rule.owner, rule.direction, rule.scope, rule.effect];
    // Past `addPolicy`, which looks for a duplicate of each line among all before it.
    const fill = (section: string, name: string, lines: readonly string[][]): void => {
      model.model.get(section)!.get(name)!.policy = [...lines];
    };
    fill('p', 'p', this.allows.map(line));
    fill('p', 'p2', this.denies.map(line));
    fill('g', 'g', roleEdges(this.world));
    fill('g', 'g2', hierarchyEdges(this.world));
  }

  savePolicy = refuseToWrite;
  addPolicy = refuseToWrite;
  removePolicy = refuseToWrite;
  removeFilteredPolicy = refuseToWrite;
}

async function refuseToWrite(): Promise<never> {
  throw new Error('a world is never written through casbin');
}

/**
 * casbin's own effector, watched: the verdict is casbin's, but the walk through the rules goes on after it is settled, so
 * that every match is seen. An auditor must see every rule that forbade, and every matching allow may oblige.
 */
class WatchingEffector implements Effector {
  private seen: boolean[] = [];

  newStream(expression: string): EffectorStream {
    const stream = new DefaultEffector().newStream(expression);
    const seen: boolean[] = (this.seen = []);
    let settled = false;
    return {
      current: () => stream.current(),
      pushEffect: (effect) => {
        seen.push(effect !== Effect.Indeterminate);
        if (!settled) settled = stream.pushEffect(effect)[2];
        return [stream.current(), false, false];
      },
    };
  }

  /** Of the rules of the last question, those that matched. INVARIANT: questions are synchronous, so the last is ours. */
  matched(rules: readonly Rule[]): readonly Rule[] {
    return rules.filter((_, index) => this.seen[index]);
  }
}
