/**
 * Matching one rule against one request and one credential, as section 5 of the semantics says it: every part of the
 * rule gives yes, no or unknown (not evaluable), and the rule's effect says what unknown counts as.
 */
import { cidrContains, parseAddress, parseCidr, parseCondition } from '#cel';
import type { Cidr, Condition } from '#cel';
import { conditionInput, storedAttributes } from './condition-input.js';
import type { ConditionFacts } from './condition-input.js';
import type { Domain, Endpoint, Evidence, Mechanism, Obligation, Rule, Service, World } from './model.js';
import { fillObligations, prepareObligations } from './obligations.js';
import { byBytes } from './ordering.js';
import type { CanonicalTarget } from './target.js';
import { otherSlash, pathTemplate, templateMatches } from './template.js';
import type { AccessRequest } from './model.js';

export type Verdict = 'yes' | 'no' | 'unknown';

/** A kept access item. */
export interface Credential {
  readonly item: Evidence;
  readonly principalType: string;
  /** `type:id`. */
  readonly principal: string;
  /** The service it is bound to. */
  readonly service: Service | undefined;
  readonly usable: boolean;
}

/** The place from which a rule looks at the request: which caller, which target, which roles it sees. */
export interface Standpoint {
  readonly world: World;
  readonly request: AccessRequest;
  readonly target: CanonicalTarget;
  readonly endpoint: Endpoint;
  readonly params: { readonly [name: string]: string };
  /** The actor as this rule may see it. */
  readonly actor: string | undefined;
  /** P for allows, K for denies. */
  readonly callerDomains: ReadonlySet<string>;
  /** Domains that `what.domains` is compared with. */
  readonly targetDomains: readonly string[];
  /** Chains on which roles are looked up, each by itself. */
  readonly roleChains: readonly (readonly Domain[])[];
}

/** What a rule is matched together with: a credential, the anonymous item, or nothing. */
export type Item = Credential | 'anonymous' | 'none';

/** How a rule fared with one item. */
export interface RuleMatch {
  readonly rule: Rule;
  readonly item: Item;
  readonly matched: boolean;
  /** The first part that fell out: `who.scopes`, `when`, `validity`, `obligations` …; and whether it could be judged. */
  readonly failed?: { readonly part: string; readonly verdict: 'no' | 'unknown' };
  /** Parts that could not be evaluated and counted as matched (denies). */
  readonly unknown: readonly string[];
  readonly obligations: readonly Obligation[];
}

export function matchRule(rule: Rule, at: Standpoint, item: Item): RuleMatch {
  const unknown: string[] = [];
  const fellOut = (part: string, verdict: 'no' | 'unknown'): RuleMatch => ({
    rule,
    item,
    matched: false,
    failed: { part, verdict },
    unknown,
    obligations: [],
  });
  if (item === 'anonymous' && !rule.who.anonymous) return fellOut('who.anonymous', 'no');
  if (!isValidAt(rule, at.request.time)) return fellOut('validity', 'no');
  for (const [part, verdict] of parts(rule, at, item === 'anonymous' || item === 'none' ? undefined : item)) {
    if (verdict === 'no' || (verdict === 'unknown' && rule.effect === 'allow')) return fellOut(part, verdict);
    if (verdict === 'unknown') unknown.push(part);
  }
  if (rule.effect === 'deny' || rule.obligations.length === 0) {
    return { rule, item, matched: true, unknown, obligations: [] };
  }
  const input = conditionInput(conditionFacts(rule, at, item));
  const obligations = fillObligations(rule.id, prepareObligations(rule.obligations), input);
  if (obligations === undefined) return fellOut('obligations', 'unknown');
  return { rule, item, matched: true, unknown, obligations };
}

export function isValidAt(rule: Rule, time: number): boolean {
  return (
    (rule.notBefore === undefined || rule.notBefore <= time) && (rule.notAfter === undefined || time < rule.notAfter)
  );
}

function* parts(rule: Rule, at: Standpoint, credential: Credential | undefined): Generator<[string, Verdict]> {
  yield* whatParts(rule, at);
  yield* whoParts(rule, at, credential);
  if (rule.when !== undefined) {
    const value = conditionOf(rule.when).evaluate(conditionInput(conditionFacts(rule, at, credential ?? 'none')));
    yield ['when', value === undefined ? 'unknown' : yesOrNo(value)];
  }
}

/** The parts of `what`: they concern the target alone. */
export function* whatParts(rule: Rule, at: Standpoint): Generator<[string, Verdict]> {
  const { what } = rule;
  const { target, endpoint } = at;
  const named = target.named !== undefined;
  if (what.domains) yield ['what.domains', anyOf(what.domains, at.targetDomains)];
  if (what.services) yield ['what.services', yesOrNo(what.services.includes(endpoint.service))];
  if (what.endpoints) {
    const listed = what.endpoints.includes(endpoint.id) || what.endpoints.includes(`${endpoint.service}/*`);
    yield ['what.endpoints', yesOrNo(listed)];
  }
  if (what.methods) {
    yield ['what.methods', target.method === undefined ? absent(named) : yesOrNo(what.methods.includes(target.method))];
  }
  if (what.paths) {
    yield [
      'what.paths',
      target.path === undefined ? absent(named) : yesOrNo(pathsHold(what.paths, target.path, endpoint)),
    ];
  }
  if (what.resourceTypes) {
    const { resource } = target;
    yield ['what.resourceTypes', resource === undefined ? absent(named) : anyOf(what.resourceTypes, [resource.type])];
  }
  if (what.resources) {
    const { resource } = target;
    const verdict = resource === undefined ? absent(named) : anyOf(what.resources, [`${resource.type}:${resource.id}`]);
    yield ['what.resources', verdict];
  }
  if (what.actions) {
    const { action } = target;
    yield ['what.actions', action === undefined ? absent(named) : anyOf(what.actions, [action.name])];
  }
}

function* whoParts(rule: Rule, at: Standpoint, credential: Credential | undefined): Generator<[string, Verdict]> {
  const { who } = rule;
  const item = credential?.item;
  if (who.domains) {
    const outside = rule.effect === 'allow' || at.callerDomains.size === 0;
    const listed = who.domains.some((name) => (name === '*' ? outside : at.callerDomains.has(name)));
    yield ['who.domains', yesOrNo(listed)];
  }
  if (who.services) {
    const callers = [at.actor, ...(rule.effect === 'deny' ? [credential?.service?.name] : [])];
    yield ['who.services', anyOf(who.services, callers)];
  }
  if (who.mechanisms) yield ['who.mechanisms', anyOf(who.mechanisms, [item?.mechanism])];
  if (who.subjects) yield ['who.subjects', anyOf(who.subjects, [item?.subject])];
  if (who.clients) yield ['who.clients', anyOf(who.clients, [item === undefined ? undefined : oauthClient(item)])];
  if (who.groups) yield ['who.groups', anyOf(who.groups, item?.groups ?? [])];
  if (who.principals) {
    const forms = credential === undefined ? [] : [credential.principal, `${credential.principalType}:*`];
    yield ['who.principals', anyOf(who.principals, forms)];
  }
  if (who.scopes) {
    const held = item?.scopes ?? [];
    const verdict =
      'allOf' in who.scopes
        ? yesOrNo(item !== undefined && who.scopes.allOf.every((scope) => held.includes(scope)))
        : anyOf(who.scopes, held);
    yield ['who.scopes', verdict];
  }
  if (who.roles) {
    const holders = [...principalHolders(credential), ...(at.actor === undefined ? [] : [`service:${at.actor}`])];
    yield ['who.roles', anyOf(who.roles, [...rolesHeld(at.roleChains, holders)])];
  }
}

function anyOf(wanted: readonly string[], present: readonly (string | undefined)[]): Verdict {
  return yesOrNo(present.some((value) => value !== undefined && wanted.includes(value)));
}

const yesOrNo = (value: boolean): Verdict => (value ? 'yes' : 'no');

/** A target that is an endpoint by name leaves open what it was asked with; any other simply has not got it. */
const absent = (named: boolean): Verdict => (named ? 'unknown' : 'no');

function pathsHold(paths: readonly string[], path: string, endpoint: Endpoint): boolean {
  const segments = path.slice(1).split('/');
  return paths.some((text) => {
    const template = pathTemplate(text);
    const other = endpoint.trailingSlash === 'ignore' ? otherSlash(template) : undefined;
    return templateMatches(template, segments) || (other !== undefined && templateMatches(other, segments));
  });
}

/** `azp`, else `client_id`. */
export function oauthClient(item: Evidence): string | undefined {
  const client = item.claims['azp'] ?? item.claims['client_id'];
  return typeof client === 'string' ? client : undefined;
}

/** The names under which a credential may hold roles. */
export function principalHolders(credential: Credential | undefined): readonly string[] {
  return credential === undefined
    ? []
    : [credential.principal, ...credential.item.groups.map((group) => `group:${group}`)];
}

/** Roles held on any one of the chains, inheritance followed within that chain only. */
export function rolesHeld(chains: readonly (readonly Domain[])[], holders: readonly string[]): ReadonlySet<string> {
  const held = new Set<string>();
  for (const chain of chains) {
    const definitions = chain.flatMap((domain) => domain.roles);
    const reach = (role: string, seen: Set<string>): void => {
      if (seen.has(role)) return;
      seen.add(role);
      for (const { name, inherits } of definitions) if (name === role) inherits.forEach((next) => reach(next, seen));
    };
    const here = new Set<string>();
    for (const { directory } of chain) {
      for (const holder of holders) directory.assignments.get(holder)?.forEach((role) => reach(role, here));
    }
    here.forEach((role) => held.add(role));
  }
  return held;
}

function conditionFacts(rule: Rule, at: Standpoint, item: Item): ConditionFacts {
  const credential = item === 'anonymous' || item === 'none' ? undefined : item;
  const directories = chainOf(at.world, rule.owner).map((domain) => domain.directory);
  return {
    request: at.request,
    target: at.target,
    endpoint: at.endpoint,
    params: at.params,
    actor: at.actor,
    callerDomains: [...at.callerDomains].sort(byBytes),
    targetDomains: [...at.targetDomains].sort(byBytes),
    credential,
    roles: [...rolesHeld(at.roleChains, principalHolders(credential))].sort(byBytes),
    stored: (type, id) => storedAttributes(directories, type, id),
  };
}

/** A domain and its ancestors, nearest first; nothing for `*`. */
export function chainOf(world: World, name: string): readonly Domain[] {
  const chain: Domain[] = [];
  for (let at = name; at !== '' && at !== '*'; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    chain.push(world.domains.get(at)!);
  }
  return chain;
}

/** The service an item is bound to by its mechanism and subject. No subject matches two services. */
export function boundService(world: World, item: Evidence, mechanism: Mechanism): Service | undefined {
  const address = mechanism.kind === 'network' ? parseAddress(item.subject) : undefined;
  return [...world.services.values()].find((service) =>
    service.identities.some((identity) => {
      if (identity.mechanism !== item.mechanism) return false;
      if (mechanism.kind === 'network') {
        return address !== undefined && cidrContains(networkBlock(identity.subject), address);
      }
      return identity.subject.endsWith('**')
        ? item.subject.startsWith(identity.subject.slice(0, -2))
        : item.subject === identity.subject;
    }),
  );
}

/** The addresses a `network` binding names: a CIDR block, or a single address. */
export function networkBlock(subject: string): Cidr {
  const block = subject.includes('/') ? subject : `${subject}/${subject.includes(':') ? 128 : 32}`;
  return parseCidr(block)!;
}

const conditions = new Map<string, Condition>();
const MAX_REMEMBERED = 1000;

/** The condition a rule's text stands for; the text has been judged when the policy was loaded. */
function conditionOf(source: string): Condition {
  const known = conditions.get(source);
  if (known !== undefined) return known;
  const parsed = parseCondition(source);
  if (!('condition' in parsed)) throw new TypeError(`not a condition: ${source}`);
  if (conditions.size >= MAX_REMEMBERED) conditions.clear();
  conditions.set(source, parsed.condition);
  return parsed.condition;
}
