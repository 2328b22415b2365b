import { isDeepStrictEqual } from 'node:util';
import { isWithin, OUTSIDE } from '#engine';
import { parseInstant, type PolicyPolicyDocument, type RuleDeclaration } from '#policy';
import { listed, ruleWords, shortened } from '../rule-words.js';
import { touched, type TouchedGuardrail } from './guardrail.js';
import type { Places } from './places.js';
import { changeOf, listStep, type Step, wordsOf } from './tendency.js';

type Policy = PolicyPolicyDocument | undefined;

/** A rule, and whose it is. */
interface Owned {
  readonly rule: RuleDeclaration;
  readonly owner: string;
}

/** Denies of a policy that come, go, or cover more or less. A rule that only reports forbids nothing. */
export function touchedDenies(
  before: Policy,
  after: Policy,
  places: { readonly before: Places; readonly after: Places },
): readonly TouchedGuardrail[] {
  const [rules, newRules] = [rulesOf(before), rulesOf(after)];
  const policy = (after ?? before)!.metadata.name;
  return [...new Set([...rules.keys(), ...newRules.keys()])].flatMap((id): readonly TouchedGuardrail[] => {
    const [was, is] = [rules.get(id), newRules.get(id)];
    if (isDeepStrictEqual(was, is)) return [];
    const name = `${policy}/${id}`;
    const told = (change: TouchedGuardrail['change'], words: string) => [
      touched('deny', change, (is ?? was)!.owner, name, `deny ${name} ${words}`, was === undefined ? [] : [was.owner]),
    ];
    const [old, now] = [forbidding(was), forbidding(is)];
    if (old === undefined) {
      if (now === undefined) return [];
      return was?.rule.effect === 'deny'
        ? told('strengthened', 'no longer only reports')
        : told('added', `comes: ${ruleWords(now.rule, now.owner)}`);
    }
    if (is === undefined) return told('removed', `goes: ${ruleWords(old.rule, old.owner)}`);
    if (is.rule.effect === 'allow') return told('removed', 'is an allow now');
    if (now === undefined) return told('weakened', 'only reports now');
    const steps = stepsBetween(old, now, places);
    return steps.length === 0 ? [] : told(changeOf(steps), wordsOf(steps));
  });
}

/** Denies of a policy that hold. */
export function denyCount({ spec }: PolicyPolicyDocument): number {
  return spec.rules.filter(({ effect, mode }) => effect === 'deny' && mode !== 'report').length;
}

function rulesOf(policy: Policy): ReadonlyMap<string, Owned> {
  if (policy === undefined) return new Map();
  const owner = policy.metadata.domain;
  // Its description says nothing to an engine.
  return new Map(policy.spec.rules.map(({ description: _words, ...rule }) => [rule.id, { rule, owner }]));
}

function forbidding(owned: Owned | undefined): Owned | undefined {
  return owned?.rule.effect === 'deny' && owned.rule.mode !== 'report' ? owned : undefined;
}

function stepsBetween(
  was: Owned,
  is: Owned,
  places: { readonly before: Places; readonly after: Places },
): readonly Step[] {
  return [
    ...reachSteps(was, is, places),
    ...WHO.flatMap(([member, label]) => selectorSteps(was.rule.who?.[member], is.rule.who?.[member], member, label)),
    ...scopeSteps(was.rule.who?.scopes, is.rule.who?.scopes),
    ...WHAT.flatMap(([member, label]) => selectorSteps(was.rule.what?.[member], is.rule.what?.[member], member, label)),
    ...conditionSteps(was.rule.when, is.rule.when),
    ...validitySteps(was.rule, is.rule),
  ];
}

const WHO = [
  ['principals', ''],
  ['roles', 'role '],
  ['groups', 'group '],
  ['services', 'service '],
  ['clients', 'client '],
  ['subjects', 'subject '],
  ['mechanisms', 'callers proven by '],
  ['domains', 'callers from '],
] as const;
const WHAT = [
  ['methods', ''],
  ['actions', ''],
  ['endpoints', ''],
  ['services', 'service '],
  ['resourceTypes', 'resource type '],
  ['resources', 'resource '],
  ['paths', 'path '],
  ['domains', 'what lies in '],
] as const;

/** One selector of a deny: without it everything is covered, and with it what it lists. */
function selectorSteps(
  before: readonly string[] | undefined,
  after: readonly string[] | undefined,
  member: string,
  label: string,
): readonly Step[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ tendency: 'looser', words: `covers only ${label}${listed(after!)}` }];
  if (after === undefined) return [{ tendency: 'tighter', words: `is no longer only for ${label}${listed(before)}` }];
  const { came, went } = listStep(before, after, COVERS[member]);
  return [
    ...(went.length === 0 ? [] : [{ tendency: 'looser', words: `no longer covers ${label}${listed(went)}` } as const]),
    ...(came.length === 0 ? [] : [{ tendency: 'tighter', words: `also covers ${label}${listed(came)}` } as const]),
  ];
}

/** Selectors of which one item may say as much as others. */
const COVERS: { readonly [member: string]: (outer: string, inner: string) => boolean } = {
  endpoints: (outer, inner) => outer.endsWith('/*') && inner.startsWith(outer.slice(0, -1)),
  principals: (outer, inner) => outer.endsWith(':*') && inner.startsWith(outer.slice(0, -1)),
  // `*` is for who or what is in no domain, and says nothing of those that are in one.
  domains: (outer, inner) => outer !== OUTSIDE && inner !== OUTSIDE && isWithin(inner, outer),
};

type Scopes = NonNullable<RuleDeclaration['who']>['scopes'];

/** Any of a list, or all of one: the longer the second, the fewer callers have them. */
function scopeSteps(before: Scopes, after: Scopes): readonly Step[] {
  const [was, is] = [allOf(before), allOf(after)];
  if (was === undefined && is === undefined) return selectorSteps(anyOf(before), anyOf(after), 'scopes', 'scope ');
  if (before === undefined) return [{ tendency: 'looser', words: `covers only who has all of scope ${listed(is!)}` }];
  if (after === undefined) return [{ tendency: 'tighter', words: 'asks for no scope any more' }];
  if (was === undefined || is === undefined) return [{ tendency: 'either', words: 'asks for scopes in another way' }];
  const { came, went } = listStep(was, is);
  return [
    ...(came.length === 0 ? [] : [{ tendency: 'looser', words: `asks for scope ${listed(came)} too` } as const]),
    ...(went.length === 0 ? [] : [{ tendency: 'tighter', words: `no longer asks for scope ${listed(went)}` } as const]),
  ];
}

function allOf(scopes: Scopes): readonly string[] | undefined {
  return scopes === undefined || Array.isArray(scopes) ? undefined : (scopes as Exclude<typeof scopes, string[]>).allOf;
}

function anyOf(scopes: Scopes): readonly string[] | undefined {
  return Array.isArray(scopes) ? scopes : undefined;
}

function conditionSteps(before: string | undefined, after: string | undefined): readonly Step[] {
  if (before === after) return [];
  if (before === undefined) return [{ tendency: 'looser', words: `holds only when \`${shortened(after!)}\`` }];
  if (after === undefined) return [{ tendency: 'tighter', words: 'holds without its condition' }];
  return [{ tendency: 'either', words: `holds when \`${shortened(after)}\`` }];
}

function validitySteps(was: RuleDeclaration, is: RuleDeclaration): readonly Step[] {
  return [
    ...instantSteps(was.notBefore, is.notBefore, 'from', Number.NEGATIVE_INFINITY),
    ...instantSteps(was.notAfter, is.notAfter, 'until', Number.POSITIVE_INFINITY),
  ];
}

/** @param always  where there is no such edge */
function instantSteps(
  before: string | undefined,
  after: string | undefined,
  edge: 'from' | 'until',
  always: number,
): readonly Step[] {
  const at = (instant: string | undefined) => (instant === undefined ? always : (parseInstant(instant) ?? always));
  const [was, is] = [at(before), at(after)];
  if (was === is) return [];
  const isShorter = edge === 'from' ? is > was : is < was;
  const words = after === undefined ? `holds without \`${edge} ${before!}\`` : `holds ${edge} ${after} only`;
  return [{ tendency: isShorter ? 'looser' : 'tighter', words }];
}

/** Whose it is, how far down it reaches, and on which way it stands. */
function reachSteps(
  was: Owned,
  is: Owned,
  places: { readonly before: Places; readonly after: Places },
): readonly Step[] {
  const turned: readonly Step[] =
    wayOf(was) === wayOf(is) ? [] : [{ tendency: 'either', words: `stands on the way ${wayOf(is)} now` }];
  if (was.owner === is.owner && isSubtree(was) === isSubtree(is)) return turned;
  const words = `stands ${reachWords(is)} instead of ${reachWords(was)}`;
  const [wasWider, isWider] = [reaches(was, is), reaches(is, was)];
  const tendency = !isComparable(was, is, places) || wasWider === isWider ? 'either' : wasWider ? 'looser' : 'tighter';
  return wasWider && isWider ? turned : [...turned, { tendency, words }];
}

function isSubtree({ rule }: Owned): boolean {
  return (rule.scope ?? 'subtree') === 'subtree';
}

/**
 * Whether one stands wherever the other does. On the way out a domain around another has more callers below it, and fewer
 * targets beyond it: neither stands wherever the other does.
 */
function reaches(outer: Owned, inner: Owned): boolean {
  if (outer.owner === OUTSIDE) return true;
  if (inner.owner === OUTSIDE) return false;
  if (outer.owner === inner.owner) return isSubtree(outer) || !isSubtree(inner);
  return isSubtree(outer) && wayOf(outer) === 'in' && isWithin(inner.owner, outer.owner);
}

function wayOf({ rule }: Owned): 'in' | 'out' {
  return rule.direction ?? 'in';
}

/** Another owner gives a condition other stored attributes, and one that only reports notes the deny and no more. */
function isComparable(was: Owned, is: Owned, places: { readonly before: Places; readonly after: Places }): boolean {
  if (was.owner === is.owner) return true;
  const isEnforcing = (owner: string, at: Places) => owner === OUTSIDE || at.mode(owner) === 'enforce';
  return (
    is.rule.when === undefined &&
    was.rule.when === undefined &&
    isEnforcing(was.owner, places.before) &&
    isEnforcing(is.owner, places.after)
  );
}

function reachWords(owned: Owned): string {
  if (owned.owner === OUTSIDE) return 'everywhere';
  return `at ${owned.owner}${isSubtree(owned) ? ' and below' : ''}`;
}
