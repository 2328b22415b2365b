/** What a snapshot says of all rules together. */
import type { Condition } from '#cel';
import { foldedHeaderName } from '#wire';
import type { Rule, World } from './model.js';
import { distinctPaths, memberPath } from './members-read.js';
import type { MemberPath } from './members-read.js';
import { obligationReads, prepareObligations } from './obligations.js';
import { byBytes } from './ordering.js';
import type { ParameterSet, Snapshot } from './snapshot.js';

export type RuleSums = Pick<Snapshot, 'headersSet' | 'parametersSet' | 'scopesAsked' | 'membersRead'>;

/** With more scopes than this nobody is told that only a scope was missing: to find out would cost too much. */
const MAX_SCOPES = 1_000;

export function* everyRule(world: World): Generator<Rule, void, void> {
  yield* world.outside;
  for (const domain of world.domains.values()) yield* domain.rules;
}

/** @param condition  of a text that is one; whoever has it at hand spares parsing it, which takes longest */
export function ruleSums(rules: readonly Rule[], condition: ConditionOf): RuleSums {
  const sums = contributionsOf(rules, condition);
  return { ...sums, scopesAsked: sums.scopesAsked.length > MAX_SCOPES ? [] : sums.scopesAsked };
}

type ConditionOf = (source: string) => Pick<Condition, 'reads'>;

/** What some rules add to the sums: all scopes, however many. */
export function contributionsOf(rules: readonly Rule[], condition: ConditionOf): RuleSums {
  return {
    headersSet: headersSet(rules),
    parametersSet: parametersSet(rules),
    scopesAsked: scopesAsked(rules),
    membersRead: membersRead(rules, condition),
  };
}

/**
 * Tells whether rules add nothing to a sum: one is asked about many. Whoever sets a parameter always adds something, for
 * it depends on what the rule is about.
 */
export function addingNothing(sums: RuleSums): (some: RuleSums) => boolean {
  const members = new Set(sums.membersRead.map((path) => JSON.stringify(path)));
  const headers = new Set([...sums.headersSet.values()].flat());
  const scopes = new Set(sums.scopesAsked);
  return ({ membersRead, scopesAsked, headersSet, parametersSet }) =>
    parametersSet.size === 0 &&
    membersRead.every((path) => members.has(JSON.stringify(path))) &&
    scopesAsked.every((scope) => scopes.has(scope)) &&
    [...headersSet.values()].flat().every((name) => headers.has(name));
}

function headersSet(rules: readonly Rule[]): ReadonlyMap<string, readonly string[]> {
  const names = new Set<string>();
  for (const { obligations } of rules) {
    for (const obligation of obligations) if (obligation.kind === 'setHeader') names.add(obligation.name.toLowerCase());
  }
  const byFold = new Map<string, string[]>();
  for (const name of [...names].sort(byBytes)) {
    const folded = foldedHeaderName(name);
    const alike = byFold.get(folded);
    if (alike === undefined) byFold.set(folded, [name]);
    else alike.push(name);
  }
  return byFold;
}

/** Only of rules `in`: what a caller's own domain adds on the way out, no service takes for a word of its own. */
function parametersSet(rules: readonly Rule[]): ReadonlyMap<string, readonly ParameterSet[]> {
  const byOwner = new Map<string, ParameterSet[]>();
  for (const { owner, direction, what, obligations } of rules) {
    if (direction === 'out') continue;
    for (const obligation of obligations) {
      if (obligation.kind !== 'setQueryParameter') continue;
      const own: ParameterSet = { name: obligation.name, services: what.services, endpoints: what.endpoints };
      const others = byOwner.get(owner);
      if (others === undefined) byOwner.set(owner, [own]);
      else others.push(own);
    }
  }
  return byOwner;
}

function scopesAsked(rules: readonly Rule[]): readonly string[] {
  const names = new Set<string>();
  for (const { effect, mode, who } of rules) {
    if (effect === 'deny' || mode === 'report' || who.scopes === undefined) continue;
    for (const name of 'allOf' in who.scopes ? who.scopes.allOf : who.scopes) names.add(name);
  }
  return [...names].sort(byBytes);
}

/** Of rules in report mode too: an explanation speaks of them. */
function membersRead(rules: readonly Rule[], condition: ConditionOf): readonly MemberPath[] {
  const conditions = new Set<string>();
  const paths: MemberPath[] = [];
  for (const { when, who, effect, obligations } of rules) {
    if (when !== undefined) conditions.add(when);
    if (who.clients !== undefined) paths.push(...CLIENT_CLAIMS);
    if (effect === 'allow' && obligations.length > 0) paths.push(...obligationReads(prepareObligations(obligations)));
  }
  for (const source of conditions) paths.push(...condition(source).reads.map(memberPath));
  return distinctPaths(paths);
}

/** What `who.clients` reads. */
const CLIENT_CLAIMS: readonly MemberPath[] = [
  ['principal', 'claims', 'azp'],
  ['principal', 'claims', 'client_id'],
];
