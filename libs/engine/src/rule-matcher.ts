/**
 * Matching the rules of a snapshot against one request. Holds what the rules are compared with while a walk goes on and
 * is used again for the next; `selectors.ts` says the same for one rule at a time.
 */
import { conditionInput, storedAttributes } from './condition-input.js';
import type { ConditionFacts } from './condition-input.js';
import type { AccessRequest, Attributes, Evidence, Obligation } from './model.js';
import { OUTSIDE } from './model.js';
import { fillObligations } from './obligations.js';
import { byBytes } from './ordering.js';
import { ADMITS_ANONYMOUS, ANYTHING, KEY, WHOLE } from './rule-table.js';
import type { RuleTable } from './rule-table.js';
import type { Found } from './lookup.js';
import { has, liesWithin } from './snapshot.js';
import type {
  CompiledRule,
  CompiledWhat,
  CompiledWho,
  DomainNode,
  EndpointNode,
  Holding,
  MechanismNode,
  PlacementNode,
  ServiceNode,
  Snapshot,
} from './snapshot.js';
import type { CanonicalTarget } from './target.js';
import { parametersOf, templateMatches } from './template.js';

/** A kept access item. Slots are reused from walk to walk. */
export class CredentialSlot {
  item!: Evidence;
  mechanism!: MechanismNode;
  service: ServiceNode | undefined;
  usable = false;
  private writtenPrincipal: string | undefined;
  private writtenGroups: readonly string[] | undefined;

  set(item: Evidence, mechanism: MechanismNode, service: ServiceNode | undefined, usable: boolean): void {
    this.item = item;
    this.mechanism = mechanism;
    this.service = service;
    this.usable = usable;
    this.writtenPrincipal = undefined;
    this.writtenGroups = undefined;
  }

  get principalType(): string {
    return this.mechanism.principalType;
  }

  get principal(): string {
    return (this.writtenPrincipal ??= `${this.mechanism.principalType}:${this.item.subject}`);
  }

  /** `group:name` of each group, under which roles are held. */
  get groupHolders(): readonly string[] {
    const { groups } = this.item;
    return (this.writtenGroups ??= groups.length === 0 ? groups : groups.map((group) => `group:${group}`));
  }

  /** `azp`, else `client_id`. */
  get client(): string | undefined {
    const { claims } = this.item;
    const client = claims['azp'] ?? claims['client_id'];
    return typeof client === 'string' ? client : undefined;
  }
}

const NO_RULES: readonly number[] = Object.freeze([]);
const NO_ROLES: readonly string[] = Object.freeze([]);
const NO_DOMAINS: readonly DomainNode[] = Object.freeze([]);

interface Arisen {
  readonly rule: number;
  readonly obligations: readonly Obligation[];
}

export class RuleMatcher implements ConditionFacts {
  /** The service that the kept trust items are bound to. */
  actorNode: ServiceNode | undefined;

  private snapshot!: Snapshot;
  request!: AccessRequest;
  target!: CanonicalTarget;
  private found!: Found;
  private endpointNode!: EndpointNode;
  private proven: readonly DomainNode[] = NO_DOMAINS;
  private exits: readonly DomainNode[] = NO_DOMAINS;
  private known: readonly DomainNode[] = NO_DOMAINS;

  // The standpoint of the rules being matched.
  private denying = false;
  private outward = false;
  private placement: PlacementNode | undefined;
  private checked: DomainNode | undefined;
  private slot: CredentialSlot | undefined;
  private anonymousItem = false;
  private ruleOwner: DomainNode | undefined;

  private held: readonly string[] = NO_ROLES;
  private heldIsCurrent = false;
  private rules!: RuleTable;
  private matched: number[] = [];
  private arisen: Arisen[] = [];
  /** The number of the first matching allow of the current check, or infinity. */
  firstAllow = Infinity;

  begin(snapshot: Snapshot, request: AccessRequest, target: CanonicalTarget): void {
    this.snapshot = snapshot;
    this.rules = snapshot.rules;
    this.request = request;
    this.target = target;
    this.actorNode = undefined;
  }

  locate(found: Found, proven: readonly DomainNode[], exits: readonly DomainNode[]): void {
    this.found = found;
    this.endpointNode = found.endpoint;
    this.proven = proven;
    this.exits = exits;
    this.placement = undefined;
  }

  preflightPasses(): boolean {
    return this.target.preflightFor !== undefined && this.endpointNode.endpoint.preflight === 'allow';
  }

  /** Whether a rule whose owner and `what` concern the target reads the clock in its condition. */
  concernsTime(): boolean {
    const { timeReaders } = this.endpointNode;
    const { outTimeReaders } = this.snapshot;
    if (timeReaders.length === 0 && outTimeReaders.size === 0) return false;
    this.denying = true;
    const concerns = (rule: CompiledRule): boolean => rule.what === undefined || this.targetFits(rule.what);
    if (timeReaders.some(concerns)) return true;
    return (this.actorNode?.reach ?? []).some((domain) => outTimeReaders.get(domain)?.some(concerns) ?? false);
  }

  // ── denies ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The numbers of all denies that match with any credential, or with none when there is none, ascending. */
  matchingDenies(credentials: readonly CredentialSlot[], count: number): readonly number[] {
    const { denies, external } = this.endpointNode;
    const outside = this.exits.length > 0 || external ? this.snapshot.outsideDeniesOut : NO_RULES;
    if (denies.length === 0 && outside.length === 0 && !this.exits.some(deniesExit)) return NO_RULES;
    if (this.matched.length > 0) this.matched = [];
    this.denying = true;
    this.anonymousItem = false;
    this.findKnown(credentials, count);
    for (let place = 0; place === 0 || place < count; place++) {
      this.slot = place < count ? credentials[place] : undefined;
      this.outward = false;
      this.heldIsCurrent = false;
      for (let at = 0; at < denies.length; at++) this.consult(denies[at]!);
      if (this.exits.length === 0 && outside.length === 0) continue;
      this.outward = true;
      this.heldIsCurrent = false;
      for (const exit of this.exits) {
        if (exit.deniesOutSubtree >= 0) this.consult(exit.deniesOutSubtree);
        if (exit.deniesOutSelf >= 0 && this.actorNode!.memberships.includes(exit)) this.consult(exit.deniesOutSelf);
      }
      for (const home of outside) this.consult(home);
    }
    return this.matched.length === 0 ? NO_RULES : this.matched.sort((left, right) => left - right);
  }

  /** K: the chains of the actor's memberships and of those of every service a credential is bound to. */
  private findKnown(credentials: readonly CredentialSlot[], count: number): void {
    this.known = this.actorNode?.reach ?? NO_DOMAINS;
    for (let place = 0; place < count; place++) {
      const bound = credentials[place]!.service;
      if (bound !== undefined && bound !== this.actorNode) this.known = [...new Set([...this.known, ...bound.reach])];
    }
  }

  // ── allows ────────────────────────────────────────────────────────────────────────────────────────────────────────

  takeRoute(placement: PlacementNode | undefined): void {
    this.denying = false;
    this.placement = placement;
  }

  beginCheck(domain: DomainNode): void {
    this.checked = domain;
    this.firstAllow = Infinity;
    if (this.arisen.length > 0) this.arisen = [];
  }

  /** Matches the allows of a check together with one item; call with the items in their order. */
  matchAllows(homes: readonly number[], slot: CredentialSlot | undefined, anonymous: boolean): void {
    this.slot = slot;
    this.anonymousItem = anonymous;
    this.heldIsCurrent = false;
    for (let at = 0; at < homes.length; at++) this.consult(homes[at]!);
  }

  /** Moves the obligations of all allows that matched in this check to `into`, in the order of the rules. */
  drainObligations(into: Obligation[]): void {
    if (this.arisen.length === 0) return;
    this.arisen.sort((left, right) => left.rule - right.rule);
    for (const { obligations } of this.arisen) into.push(...obligations);
  }

  // ── candidates ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Considers every rule of a home that is about this target and filed under something the request has. */
  private consult(home: number): void {
    const { about, aboutService } = this.endpointNode;
    const { rules } = this;
    const anything = rules.keysAbout(home, ANYTHING);
    if (anything !== 0) this.search(home, ANYTHING, anything);
    const endpoint = rules.keysAbout(home, about);
    if (endpoint !== 0) this.search(home, about, endpoint);
    const service = rules.keysAbout(home, aboutService);
    if (service !== 0) this.search(home, aboutService, service);
  }

  /** @param keys  bits of the keys in use there */
  private search(home: number, about: number, keys: number): void {
    for (let bits = keys; bits !== 0; bits &= bits - 1) {
      const key = 31 - Math.clz32(bits & -bits);
      this.searchKey(home, about, key);
    }
  }

  private searchKey(home: number, about: number, key: number): void {
    const { slot, target } = this;
    switch (key) {
      case KEY.rest:
        return this.probe(home, about, key, 0);
      case KEY.open:
        // The target leaves open what these rules are filed under, which counts as matched for a deny.
        return target.named === undefined ? undefined : this.probe(home, about, key, 0);
      case KEY.subject:
        return this.probeName(home, about, key, slot?.item.subject);
      case KEY.principal:
        return this.probeName(home, about, key, slot?.principal);
      case KEY.principalType:
        return this.probeName(home, about, key, slot?.principalType);
      case KEY.mechanism:
        return this.probeName(home, about, key, slot?.item.mechanism);
      case KEY.client:
        return this.probeName(home, about, key, slot?.client);
      case KEY.group:
        if (slot !== undefined) for (const group of slot.item.groups) this.probeName(home, about, key, group);
        return;
      case KEY.scope:
        if (slot !== undefined) for (const scope of slot.item.scopes) this.probeName(home, about, key, scope);
        return;
      case KEY.role:
        for (const role of this.heldRoles()) this.probeName(home, about, key, role);
        return;
      case KEY.service:
        this.probeName(home, about, key, this.actor);
        if (this.denying) this.probeName(home, about, key, slot?.service?.name);
        return;
      case KEY.domain:
        for (const { enter } of this.denying ? this.known : this.proven) this.probe(home, about, key, enter);
        return;
      case KEY.resource:
        return this.probeName(home, about, key, target.resource && `${target.resource.type}:${target.resource.id}`);
      case KEY.resourceType:
        return this.probeName(home, about, key, target.resource?.type);
      case KEY.action:
        return this.probeName(home, about, key, target.action?.name);
    }
  }

  private probeName(home: number, about: number, key: number, name: string | undefined): void {
    const number = name === undefined ? undefined : this.snapshot.names.get(name);
    if (number !== undefined) this.probe(home, about, key, number);
  }

  private probe(home: number, about: number, key: number, value: number): void {
    const { rules } = this;
    for (let entry = rules.find(home, about, key, value); entry !== 0; entry = rules.next(entry)) {
      this.consider(rules.ruleAt(entry));
    }
  }

  private consider(rule: number): void {
    const flags = this.rules.flags[rule]!;
    const whole = (flags & WHOLE) !== 0;
    if (this.denying) {
      if ((whole || this.fits(this.rules.details[rule]!)) && !this.matched.includes(rule)) this.matched.push(rule);
      return;
    }
    if (this.anonymousItem && (flags & ADMITS_ANONYMOUS) === 0) return;
    const isFirst = rule < this.firstAllow;
    if (whole) {
      if (isFirst) this.firstAllow = rule;
      return;
    }
    const details = this.rules.details[rule]!;
    if (details.obligations === undefined) {
      if (isFirst && this.fits(details)) this.firstAllow = rule;
      return;
    }
    // Every matching rule owes its obligations, with the first item that made it match.
    if (this.arisen.some((earlier) => earlier.rule === rule) || !this.fits(details)) return;
    this.ruleOwner = details.owner;
    const obligations = fillObligations(details.id, details.obligations, conditionInput(this, details.reads));
    if (obligations === undefined) return;
    this.arisen.push({ rule, obligations });
    if (isFirst) this.firstAllow = rule;
  }

  // ── one rule ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private fits(rule: CompiledRule): boolean {
    const { time } = this.request;
    if (time < rule.notBefore || time >= rule.notAfter) return false;
    if (rule.what !== undefined && !this.targetFits(rule.what)) return false;
    if (rule.who !== undefined && !this.callerFits(rule.who)) return false;
    if (rule.when === undefined) return true;
    this.ruleOwner = rule.owner;
    return rule.when.evaluate(conditionInput(this, rule.reads)) ?? this.denying;
  }

  private targetFits(what: CompiledWhat): boolean {
    const { target } = this;
    const { endpoint, external } = this.endpointNode;
    // What an endpoint by name leaves open cannot be evaluated; any other target simply has not got it.
    const open = target.named !== undefined && this.denying;
    if (what.domains !== undefined && !(external ? what.outside : this.targetLiesIn(what.domains))) return false;
    if (what.services !== undefined && !has(what.services, endpoint.service)) return false;
    if (what.endpoints !== undefined && !has(what.endpoints, endpoint.id)) {
      if (what.endpointsOf === undefined || !has(what.endpointsOf, endpoint.service)) return false;
    }
    if (what.methods !== undefined) {
      if (target.method === undefined ? !open : !has(what.methods, target.method)) return false;
    }
    if (what.paths !== undefined) {
      if (target.path === undefined ? !open : !this.pathsHold(what.paths, target.path)) return false;
    }
    const { resource, action } = target;
    if (what.resourceTypes !== undefined) {
      if (resource === undefined ? !open : !has(what.resourceTypes, resource.type)) return false;
    }
    if (what.resources !== undefined) {
      if (resource === undefined ? !open : !has(what.resources, `${resource.type}:${resource.id}`)) return false;
    }
    if (what.actions !== undefined) {
      if (action === undefined ? !open : !has(what.actions, action.name)) return false;
    }
    return true;
  }

  private targetLiesIn(domains: readonly DomainNode[]): boolean {
    const placements = this.denying ? this.endpointNode.placements : undefined;
    for (const domain of domains) {
      if (placements === undefined) {
        if (liesWithin(this.placement!.domain, domain)) return true;
      } else if (placements.some((placement) => liesWithin(placement, domain))) {
        return true;
      }
    }
    return false;
  }

  private pathsHold(paths: NonNullable<CompiledWhat['paths']>, path: string): boolean {
    const segments = path.slice(1).split('/');
    const ignoring = this.endpointNode.endpoint.trailingSlash === 'ignore';
    return paths.some(
      ({ exact, other }) =>
        templateMatches(exact, segments) || (ignoring && other !== undefined && templateMatches(other, segments)),
    );
  }

  private callerFits(who: CompiledWho): boolean {
    const { slot } = this;
    if (who.domains !== undefined && !this.callerIsOf(who.domains, who.outside)) return false;
    if (who.services !== undefined) {
      const { actor } = this;
      const listed =
        (actor !== undefined && has(who.services, actor)) ||
        (this.denying && slot?.service !== undefined && has(who.services, slot.service.name));
      if (!listed) return false;
    }
    if (who.roles !== undefined) {
      let holds = false;
      for (const role of this.heldRoles()) holds ||= has(who.roles, role);
      if (!holds) return false;
    }
    return slot === undefined ? !asksForCredential(who) : credentialFits(who, slot);
  }

  private callerIsOf(domains: readonly DomainNode[], outside: boolean): boolean {
    const caller = this.denying ? this.known : this.proven;
    if (outside && (!this.denying || caller.length === 0)) return true;
    for (const domain of domains) if (caller.includes(domain)) return true;
    return false;
  }

  // ── roles ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Roles of the credential and of the actor as the current standpoint sees them. */
  private heldRoles(): readonly string[] {
    if (!this.heldIsCurrent) {
      this.held = this.gatherRoles(this.denying || this.proven.length > 0 ? this.actorNode : undefined);
      this.heldIsCurrent = true;
    }
    return this.held;
  }

  /** Roles as they are held on the chains that the standpoint looks at, each chain by itself. */
  private gatherRoles(actor: ServiceNode | undefined): readonly string[] {
    if (this.snapshot.holdings.size === 0) return NO_ROLES;
    if (!this.denying) return this.rolesOn(this.checked!, actor);
    const homes = this.outward ? (this.actorNode?.memberships ?? NO_DOMAINS) : this.endpointNode.placements;
    if (homes.length === 1) return this.rolesOn(homes[0]!, actor);
    const roles: string[] = [];
    for (const home of homes) addRoles(this.rolesOn(home, actor), roles);
    return roles;
  }

  private rolesOn(home: DomainNode, actor: ServiceNode | undefined): readonly string[] {
    const { holdings } = this.snapshot;
    const { slot } = this;
    const roles: string[] = [];
    if (slot !== undefined) {
      addHeld(holdings.get(slot.principal), home, roles);
      const { groupHolders } = slot;
      for (let at = 0; at < groupHolders.length; at++) addHeld(holdings.get(groupHolders[at]!), home, roles);
    }
    if (actor !== undefined) addHeld(holdings.get(actor.holder), home, roles);
    if (home.inheritance.length === 0) return roles;
    for (let place = 0; place < roles.length; place++) {
      for (const inherits of home.inheritance) addRoles(inherits.get(roles[place]!), roles);
    }
    return roles;
  }

  // ── what conditions read ──────────────────────────────────────────────────────────────────────────────────────────

  get endpoint(): EndpointNode['endpoint'] {
    return this.endpointNode.endpoint;
  }

  get params(): { readonly [name: string]: string } {
    const { path, topic } = this.target;
    const segments = path !== undefined ? path.slice(1).split('/') : (topic?.split('.') ?? []);
    return parametersOf(this.found.template, segments);
  }

  get actor(): string | undefined {
    // To a rule that allows, a service that has proven nothing is nobody.
    return this.denying || this.proven.length > 0 ? this.actorNode?.name : undefined;
  }

  get callerDomains(): readonly string[] {
    return (this.denying ? this.known : this.proven).map(({ name }) => name).sort(byBytes);
  }

  get targetDomains(): readonly string[] {
    if (this.endpointNode.external) return [OUTSIDE];
    return this.denying ? this.endpointNode.chainNames : this.placement!.chainNames;
  }

  get credential(): CredentialSlot | undefined {
    return this.slot;
  }

  get roles(): readonly string[] {
    return [...this.gatherRoles(undefined)].sort(byBytes);
  }

  readonly stored = (type: string, id: string): Attributes | undefined =>
    this.ruleOwner === undefined ? undefined : storedAttributes(this.ruleOwner.entityChain, type, id);
}

function addHeld(holding: ReturnType<Snapshot['holdings']['get']>, home: DomainNode, into: string[]): void {
  if (holding === undefined) return;
  if (holding instanceof Map) {
    for (const domain of home.chain) addRoles(holding.get(domain), into);
    return;
  }
  for (let at = holding as Holding | undefined; at !== undefined; at = at.next) {
    if (liesWithin(home, at.domain)) addRoles(at.roles, into);
  }
}

function addRoles(roles: readonly string[] | undefined, into: string[]): void {
  if (roles !== undefined) for (const role of roles) if (!into.includes(role)) into.push(role);
}

function deniesExit({ deniesOutSelf, deniesOutSubtree }: DomainNode): boolean {
  return deniesOutSelf >= 0 || deniesOutSubtree >= 0;
}

/** Whether a rule constrains something that only a credential has. */
function asksForCredential(who: CompiledWho): boolean {
  return (
    who.mechanisms !== undefined ||
    who.subjects !== undefined ||
    who.clients !== undefined ||
    who.groups !== undefined ||
    who.principals !== undefined ||
    who.scopes !== undefined ||
    who.allScopes !== undefined
  );
}

function credentialFits(who: CompiledWho, slot: CredentialSlot): boolean {
  const { item } = slot;
  if (who.mechanisms !== undefined && !has(who.mechanisms, item.mechanism)) return false;
  if (who.subjects !== undefined && !has(who.subjects, item.subject)) return false;
  if (who.clients !== undefined) {
    const { client } = slot;
    if (client === undefined || !has(who.clients, client)) return false;
  }
  if (who.groups !== undefined && !anyListed(who.groups, item.groups)) return false;
  if (who.principals !== undefined && !has(who.principals, slot.principal)) {
    if (who.principalTypes === undefined || !has(who.principalTypes, slot.principalType)) return false;
  }
  if (who.scopes !== undefined && !anyListed(who.scopes, item.scopes)) return false;
  if (who.allScopes !== undefined) for (const scope of who.allScopes) if (!item.scopes.includes(scope)) return false;
  return true;
}

function anyListed(wanted: NonNullable<CompiledWho['groups']>, present: readonly string[]): boolean {
  for (const name of present) if (has(wanted, name)) return true;
  return false;
}
