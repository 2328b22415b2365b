/** From a rule to the form that requests are matched with, and to the keys that a table files it under. */
import type { Condition, Root } from '#cel';
import { OUTSIDE } from './model.js';
import type { Rule } from './model.js';
import { obligationReads, prepareObligations } from './obligations.js';
import type { PreparedObligation } from './obligations.js';
import { conditionOf, RuleCondition } from './rule-condition.js';
import { aboutEndpoint, aboutService, ANYTHING, homeOf, KEY } from './rule-table.js';
import type { Filed } from './rule-table.js';
import type { CompiledRule, CompiledWhat, CompiledWho, DomainNode, Names } from './snapshot.js';
import { otherSlash, pathTemplate } from './template.js';

/** Up to this many names a set is an array. */
const SHORT = 8;

/** Numbers of what keys are made of, from 1. */
export interface KeyNumbers {
  name(name: string): number;
  principal(type: string, id: string): number;
  endpoint(id: string): number;
  service(name: string): number;
}

export class RuleFiler {
  private readonly conditions = new Map<string, Condition>();
  private readonly ruleConditions = new Map<string, RuleCondition>();

  constructor(
    private readonly numbers: KeyNumbers,
    private readonly domains: ReadonlyMap<string, DomainNode>,
  ) {}

  compiled(rule: Rule): CompiledRule {
    const owed =
      rule.effect === 'deny' || rule.obligations.length === 0 ? undefined : prepareObligations(rule.obligations);
    return {
      id: rule.id,
      owner: rule.owner === OUTSIDE ? undefined : this.domains.get(rule.owner)!,
      notBefore: rule.notBefore ?? -Infinity,
      notAfter: rule.notAfter ?? Infinity,
      who: this.who(rule),
      anonymous: rule.who.anonymous,
      what: this.what(rule),
      when: rule.when === undefined ? undefined : this.ruleCondition(rule.when),
      obligations: owed,
      reads: this.reads(rule, owed),
    };
  }

  readsTime(rule: Rule): boolean {
    return rule.when !== undefined && this.condition(rule.when).readsTime;
  }

  /** Adds every key that it is filed under. */
  file(rule: Rule, ordinal: number, into: Filed[]): void {
    const { what } = rule;
    const owner = rule.owner === OUTSIDE ? 0 : this.domains.get(rule.owner)!.enter + 1;
    const endpoints = what.endpoints?.map((id) =>
      id.endsWith('/*')
        ? aboutService(this.numbers.service(id.slice(0, -2)))
        : aboutEndpoint(this.numbers.endpoint(id)),
    );
    const about = endpoints ?? what.services?.map((name) => aboutService(this.numbers.service(name))) ?? [ANYTHING];
    const { key, values } = this.keyOf(rule);
    const filed = {
      ordinal,
      admitsAnonymous: rule.who.anonymous,
      home: homeOf(owner, homeKind(rule)),
      about: distinct(about),
      key,
      values: distinct(values),
      // A rule that says no more than its key is never looked at again: most rules need no other form.
      details: saysNoMore(rule, key) ? undefined : this.compiled(rule),
    };
    into.push(filed);
    // For a target that leaves such parts open a deny must be found without them: there they count as matched.
    if (rule.effect === 'deny' && TARGET_KEYS.has(key)) into.push({ ...filed, key: KEY.open, values: [0] });
  }

  /** The most telling selector that any one value of decides, and those values. */
  private keyOf({ who, what }: Rule): { readonly key: number; readonly values: readonly number[] } {
    const named = (key: number, names: readonly string[]): { key: number; values: readonly number[] } => ({
      key,
      values: names.map((name) => this.numbers.name(name)),
    });
    if (who.subjects) return named(KEY.subject, who.subjects);
    if (who.principals?.every((principal) => !isAnyOfType(principal)))
      return { key: KEY.principal, values: who.principals.map((principal) => this.principalNumber(principal)) };
    if (who.clients) return named(KEY.client, who.clients);
    if (what.resources) return named(KEY.resource, what.resources);
    if (who.services) return named(KEY.service, who.services);
    if (who.roles) return named(KEY.role, who.roles);
    if (who.groups) return named(KEY.group, who.groups);
    if (who.scopes) return named(KEY.scope, 'allOf' in who.scopes ? who.scopes.allOf.slice(0, 1) : who.scopes);
    if (who.mechanisms) return named(KEY.mechanism, who.mechanisms);
    if (who.domains?.includes(OUTSIDE) === false) {
      return { key: KEY.domain, values: who.domains.map((name) => this.domains.get(name)!.enter) };
    }
    if (what.resourceTypes) return named(KEY.resourceType, what.resourceTypes);
    if (what.actions) return named(KEY.action, what.actions);
    if (who.principals?.every(isAnyOfType)) return named(KEY.principalType, who.principals.map(typeOf));
    return { key: KEY.rest, values: [0] };
  }

  private principalNumber(principal: string): number {
    const type = typeOf(principal);
    return this.numbers.principal(type, principal.slice(type.length + 1));
  }

  private reads(rule: Rule, owed: readonly PreparedObligation[] = []): ReadonlySet<Root> {
    if (rule.when === undefined && owed.length === 0) return NOTHING_READ;
    const conditionReads = rule.when === undefined ? [] : this.condition(rule.when).reads;
    const roots = conditionReads.map((path) => path.split(/[.[]/, 1)[0]!);
    return new Set([...roots, ...obligationReads(owed).map((path) => path[0]!)] as Root[]);
  }

  private who({ who }: Rule): CompiledWho | undefined {
    const constrained = Object.entries(who).some(([name, value]) => name !== 'anonymous' && value !== undefined);
    if (!constrained) return undefined;
    const allOf = who.scopes !== undefined && 'allOf' in who.scopes ? who.scopes.allOf : undefined;
    return {
      domains: this.nodes(who.domains),
      outside: who.domains?.includes(OUTSIDE) ?? false,
      services: set(who.services),
      mechanisms: set(who.mechanisms),
      subjects: set(who.subjects),
      clients: set(who.clients),
      groups: set(who.groups),
      principals: set(who.principals),
      principalTypes: set(who.principals?.filter(isAnyOfType).map(typeOf)),
      scopes: allOf === undefined ? set(who.scopes as readonly string[] | undefined) : undefined,
      allScopes: allOf,
      roles: set(who.roles),
    };
  }

  private what({ what }: Rule): CompiledWhat | undefined {
    if (Object.values(what).every((value) => value === undefined)) return undefined;
    const wild = what.endpoints?.filter((id) => id.endsWith('/*')).map((id) => id.slice(0, -2));
    return {
      domains: this.nodes(what.domains),
      outside: what.domains?.includes(OUTSIDE) ?? false,
      services: set(what.services),
      endpoints: set(what.endpoints),
      endpointsOf: wild === undefined || wild.length === 0 ? undefined : set(wild),
      methods: set(what.methods),
      paths: what.paths?.map((path) => {
        const exact = pathTemplate(path);
        return { exact, other: otherSlash(exact) };
      }),
      resourceTypes: set(what.resourceTypes),
      resources: set(what.resources),
      actions: set(what.actions),
    };
  }

  /** The domains a list names, without `*`. */
  private nodes(names: readonly string[] | undefined): readonly DomainNode[] | undefined {
    return names?.filter((name) => name !== OUTSIDE).map((name) => this.domains.get(name)!);
  }

  condition(source: string): Condition {
    let condition = this.conditions.get(source);
    if (condition === undefined) this.conditions.set(source, (condition = conditionOf(source)));
    return condition;
  }

  /** Rules with the same condition share it. */
  private ruleCondition(source: string): RuleCondition {
    let condition = this.ruleConditions.get(source);
    if (condition === undefined) {
      this.ruleConditions.set(source, (condition = new RuleCondition(source, this.condition(source))));
    }
    return condition;
  }
}

const NOTHING_READ: ReadonlySet<Root> = new Set();

/** Keys of the target, which an endpoint by name leaves open. */
const TARGET_KEYS: ReadonlySet<number> = new Set([KEY.resource, KEY.resourceType, KEY.action]);

/** The part of `who` that a key stands for. */
const WHO_OF_KEY: ReadonlyMap<number, keyof Rule['who']> = new Map([
  [KEY.subject, 'subjects'],
  [KEY.principal, 'principals'],
  [KEY.client, 'clients'],
  [KEY.service, 'services'],
  [KEY.role, 'roles'],
  [KEY.group, 'groups'],
  [KEY.scope, 'scopes'],
  [KEY.mechanism, 'mechanisms'],
  [KEY.domain, 'domains'],
  [KEY.principalType, 'principals'],
] as const);

/** Whether a rule constrains nothing beside what it is filed under. */
function saysNoMore(rule: Rule, key: number): boolean {
  if (rule.when !== undefined || rule.notBefore !== undefined || rule.notAfter !== undefined) return false;
  if (rule.effect === 'allow' && rule.obligations.length > 0) return false;
  const { who, what } = rule;
  if (who.scopes !== undefined && 'allOf' in who.scopes && who.scopes.allOf.length > 1) return false;
  const ownSelector = WHO_OF_KEY.get(key);
  const whoElse = (Object.keys(who) as (keyof Rule['who'])[]).some(
    (name) => name !== 'anonymous' && name !== ownSelector && who[name] !== undefined,
  );
  const about = what.endpoints === undefined ? 'services' : 'endpoints';
  const whatElse = (Object.keys(what) as (keyof Rule['what'])[]).some(
    (name) => name !== about && what[name] !== undefined,
  );
  return !whoElse && !whatElse;
}

function distinct(numbers: readonly number[]): readonly number[] {
  return numbers.length < 2 ? numbers : [...new Set(numbers)];
}

function homeKind({ effect, direction, scope }: Rule): number {
  return (effect === 'deny' ? 4 : 0) + (direction === 'out' ? 2 : 0) + (scope === 'subtree' ? 1 : 0);
}

function set(names: readonly string[] | undefined): Names | undefined {
  return names === undefined || names.length <= SHORT ? names : new Set(names);
}

function isAnyOfType(principal: string): boolean {
  return principal.endsWith(':*') && principal.indexOf(':') === principal.length - 2;
}

function typeOf(principal: string): string {
  return principal.slice(0, principal.indexOf(':'));
}
