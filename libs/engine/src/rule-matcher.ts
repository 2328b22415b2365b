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
import type { RuleTable, RuleVisitor } from './rule-table.js';
import type { Proven } from './proven.js';
import { NO_ROLES } from './holdings.js';
import type { Holding, Roles } from './holdings.js';
import type { Found } from './lookup.js';
import { has, liesWithin } from './snapshot.js';
import type {
  CompiledRule,
  CompiledWhat,
  CompiledWho,
  DomainNode,
  EndpointNode,
  MechanismNode,
  PlacementNode,
  ServiceNode,
  Snapshot,
} from './snapshot.js';
import type { CanonicalTarget } from './target.js';
import { parametersOf, templateMatches } from './template.js';

const NO_NUMBERS: readonly number[] = Object.freeze([]);

/** A kept access item. Slots are reused from walk to walk. */
export class CredentialSlot {
  item!: Evidence;
  mechanism!: MechanismNode;
  service: ServiceNode | undefined;
  usable = false;
  /** Bits of the keys under which rules could concern it; numbers below are set for those bits. */
  keys = 0;
  subject = 0;
  principalNumber = 0;
  clientNumber = 0;
  mechanismNumber = 0;
  typeNumber = 0;
  groups: readonly number[] = NO_NUMBERS;
  scopes: readonly number[] = NO_NUMBERS;
  private asked: ReadonlySet<string> | undefined;
  private isListed = false;
  private isNumbered = false;
  private isLookedUp = false;
  private ownHolding: Holding | undefined;
  private writtenPrincipal: string | undefined;

  set(item: Evidence, mechanism: MechanismNode, service: ServiceNode | undefined, usable: boolean): void {
    this.item = item;
    this.mechanism = mechanism;
    this.service = service;
    this.usable = usable;
    this.asked = undefined;
    this.isNumbered = false;
    this.isLookedUp = false;
    this.writtenPrincipal = undefined;
  }

  /** Whether its mechanism stands in an access set. Domains that inherit a set share it, and are asked in a row. */
  isListedIn(access: ReadonlySet<string>): boolean {
    if (this.asked !== access) {
      this.asked = access;
      this.isListed = access.has(this.item.mechanism);
    }
    return this.isListed;
  }

  /** Looks its names up once, those alone that rules are filed under at all. */
  number({ names, rules: { keysEver } }: Snapshot): void {
    if (this.isNumbered) return;
    this.isNumbered = true;
    const { item } = this;
    this.keys = 0;
    this.subject = this.numberOf(names, keysEver, KEY.subject, item.subject);
    this.mechanismNumber = this.numberOf(names, keysEver, KEY.mechanism, item.mechanism);
    this.principalNumber = this.mechanism.filed.get(item.subject);
    if (this.principalNumber !== 0) this.keys |= 1 << KEY.principal;
    if (hasKey(keysEver, KEY.client)) this.clientNumber = this.numberOf(names, keysEver, KEY.client, this.client);
    if (hasKey(keysEver, KEY.principalType)) {
      this.typeNumber = this.numberOf(names, keysEver, KEY.principalType, this.principalType);
    }
    this.groups = this.numbersOf(names, keysEver, KEY.group, item.groups);
    this.scopes = this.numbersOf(names, keysEver, KEY.scope, item.scopes);
  }

  private numberOf(names: Snapshot['names'], ever: number, key: number, name: string | undefined): number {
    if (!hasKey(ever, key) || name === undefined) return 0;
    const number = names.get(name);
    if (number !== 0) this.keys |= 1 << key;
    return number;
  }

  private numbersOf(names: Snapshot['names'], ever: number, key: number, list: readonly string[]): readonly number[] {
    if (list.length === 0 || !hasKey(ever, key)) return NO_NUMBERS;
    return list.map((name) => this.numberOf(names, ever, key, name)).filter((number) => number !== 0);
  }

  get principalType(): string {
    return this.mechanism.principalType;
  }

  get principal(): string {
    return (this.writtenPrincipal ??= `${this.mechanism.principalType}:${this.item.subject}`);
  }

  /** Whether both name one principal; writes neither out. */
  isOfPrincipal({ mechanism, item }: CredentialSlot): boolean {
    return this.item.subject === item.subject && this.mechanism.principalType === mechanism.principalType;
  }

  /** What roles the principal holds, wherever; looked up once a walk. */
  get holding(): Holding | undefined {
    if (!this.isLookedUp) {
      this.isLookedUp = true;
      this.ownHolding = this.mechanism.holders.get(this.item.subject);
    }
    return this.ownHolding;
  }

  /** `azp`, else `client_id`. */
  get client(): string | undefined {
    const { claims } = this.item;
    const client = claims['azp'] ?? claims['client_id'];
    return typeof client === 'string' ? client : undefined;
  }
}

function hasKey(keys: number, key: number): boolean {
  return (keys & (1 << key)) !== 0;
}

/** Above every rule's number, and small enough to be stored without a box. */
export const NO_RULE = 0x3fffffff;
const NO_RULES: readonly number[] = Object.freeze([]);
const NO_NAMES: readonly string[] = Object.freeze([]);
const NO_DOMAINS: readonly DomainNode[] = Object.freeze([]);

interface Arisen {
  readonly rule: number;
  readonly obligations: readonly Obligation[];
}

export class RuleMatcher implements ConditionFacts, RuleVisitor {
  /** The service that the kept trust items are bound to. */
  actorNode: ServiceNode | undefined;

  private snapshot!: Snapshot;
  request!: AccessRequest;
  target!: CanonicalTarget;
  private found!: Found;
  private endpointNode!: EndpointNode;
  private proven!: Proven;
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

  private held: Roles = NO_ROLES;
  /** Bits of the keys that the current item could find rules under. */
  private present = 0;
  private heldIsCurrent = false;
  private rules!: RuleTable;
  private matched: number[] = [];
  private arisen: Arisen[] = [];
  /** The number of the first matching allow of the current check, or `NO_RULE`. */
  firstAllow = NO_RULE;

  begin(snapshot: Snapshot, request: AccessRequest, target: CanonicalTarget): void {
    this.snapshot = snapshot;
    this.rules = snapshot.rules;
    this.request = request;
    this.target = target;
    this.actorNode = undefined;
  }

  locate(found: Found, proven: Proven, exits: readonly DomainNode[]): void {
    this.found = found;
    this.endpointNode = found.endpoint;
    this.proven = proven;
    this.exits = exits;
    this.placement = undefined;
  }

  preflightPasses(): boolean {
    return this.target.preflightFor !== undefined && this.endpointNode.admitsPreflight;
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
    const { denies, denyKeys, external } = this.endpointNode;
    const outside = this.exits.length > 0 || external ? this.snapshot.outsideDeniesOut : NO_RULES;
    const leaving = outside.length > 0 || this.exits.some(deniesExit);
    if (denies.length === 0 && !leaving) return NO_RULES;
    if (this.matched.length > 0) this.matched = [];
    this.denying = true;
    this.anonymousItem = false;
    this.findKnown(credentials, count);
    for (let place = 0; place === 0 || place < count; place++) {
      const slot = place < count ? credentials[place] : undefined;
      this.outward = false;
      this.takeItem(slot, denyKeys);
      if ((denyKeys & this.present) !== 0) {
        for (let at = 0; at < denies.length; at++) this.consult(denies[at]!);
      }
      if (!leaving) continue;
      this.outward = true;
      this.takeItem(slot, this.rules.keysEver);
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
    this.firstAllow = NO_RULE;
    if (this.arisen.length > 0) this.arisen = [];
  }

  /** Matches the allows of a check together with one item; call with the items in their order. */
  matchAllows(homes: readonly number[], slot: CredentialSlot | undefined, anonymous: boolean): void {
    this.anonymousItem = anonymous;
    this.takeItem(slot, this.rules.keysEver);
    for (let at = 0; at < homes.length; at++) this.consult(homes[at]!);
  }

  /** Moves the obligations of all allows that matched in this check to `into`, in the order of the rules. */
  drainObligations(into: Obligation[]): void {
    if (this.arisen.length === 0) return;
    this.arisen.sort((left, right) => left.rule - right.rule);
    for (const { obligations } of this.arisen) into.push(...obligations);
  }

  // ── candidates ────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes the standpoint of the next item: which keys rules could be found under, and by which roles.
   *
   * @param asked  bits of the keys that are in use where it will be looked
   */
  private takeItem(slot: CredentialSlot | undefined, asked: number): void {
    const { target, snapshot } = this;
    this.slot = slot;
    this.heldIsCurrent = false;
    let keys = 1 << KEY.rest;
    if (slot !== undefined) {
      slot.number(snapshot);
      ({ keys } = slot);
      keys |= 1 << KEY.rest;
    }
    if (target.named !== undefined) keys |= 1 << KEY.open;
    if (target.resource !== undefined) keys |= (1 << KEY.resource) | (1 << KEY.resourceType);
    if (target.action !== undefined) keys |= 1 << KEY.action;
    const isService = this.actorNode !== undefined || slot?.service !== undefined;
    if (isService) keys |= 1 << KEY.service;
    // A deny knows the caller by every credential, not by this one alone.
    if (this.denying ? this.known.length > 0 : isService) keys |= 1 << KEY.domain;
    if (hasKey(asked, KEY.role) && this.heldRoles().names.length > 0) keys |= 1 << KEY.role;
    this.present = keys;
  }

  /** Considers every rule of a home that is about this target and filed under something the request has. */
  private consult(home: number): void {
    const { about, aboutService } = this.endpointNode;
    const { rules, present } = this;
    const anything = rules.keysAbout(home, ANYTHING) & present;
    if (anything !== 0) this.search(home, ANYTHING, anything);
    const endpoint = rules.keysAbout(home, about) & present;
    if (endpoint !== 0) this.search(home, about, endpoint);
    const service = rules.keysAbout(home, aboutService) & present;
    if (service !== 0) this.search(home, aboutService, service);
  }

  /** @param keys  bits of the keys to look under */
  private search(home: number, about: number, keys: number): void {
    for (let bits = keys; bits !== 0; bits &= bits - 1) this.searchKey(home, about, 31 - Math.clz32(bits & -bits));
  }

  private searchKey(home: number, about: number, key: number): void {
    const { slot, target } = this;
    switch (key) {
      case KEY.rest:
      // The target leaves open what these rules are filed under, which counts as matched for a deny.
      case KEY.open:
        return this.probe(home, about, key, 0);
      case KEY.subject:
        return this.probe(home, about, key, slot!.subject);
      case KEY.principal:
        return this.probe(home, about, key, slot!.principalNumber);
      case KEY.principalType:
        return this.probe(home, about, key, slot!.typeNumber);
      case KEY.mechanism:
        return this.probe(home, about, key, slot!.mechanismNumber);
      case KEY.client:
        return this.probe(home, about, key, slot!.clientNumber);
      case KEY.group:
        return this.probeAll(home, about, key, slot!.groups);
      case KEY.scope:
        return this.probeAll(home, about, key, slot!.scopes);
      case KEY.role:
        return this.probeAll(home, about, key, this.held.numbers);
      case KEY.service:
        this.probeName(home, about, key, this.actor);
        if (this.denying) this.probeName(home, about, key, slot?.service?.name);
        return;
      case KEY.domain:
        for (const { enter } of this.denying ? this.known : this.proven.domains()) this.probe(home, about, key, enter);
        return;
      case KEY.resource:
        return this.probeName(home, about, key, `${target.resource!.type}:${target.resource!.id}`);
      case KEY.resourceType:
        return this.probeName(home, about, key, target.resource!.type);
      case KEY.action:
        return this.probeName(home, about, key, target.action!.name);
    }
  }

  private probeName(home: number, about: number, key: number, name: string | undefined): void {
    const number = name === undefined ? 0 : this.snapshot.names.get(name);
    if (number !== 0) this.probe(home, about, key, number);
  }

  private probeAll(home: number, about: number, key: number, numbers: readonly number[]): void {
    for (let place = 0; place < numbers.length; place++) this.probe(home, about, key, numbers[place]!);
  }

  private probe(home: number, about: number, key: number, value: number): void {
    this.rules.visit(home, about, key, value, this);
  }

  /** Called back for every rule found under a key that the request has. */
  consider(rule: number, flags: number): void {
    const whole = (flags & WHOLE) !== 0;
    if (this.denying) {
      if ((whole || this.fits(this.rules.detailsOf(rule))) && !this.matched.includes(rule)) this.matched.push(rule);
      return;
    }
    if (this.anonymousItem && (flags & ADMITS_ANONYMOUS) === 0) return;
    const isFirst = rule < this.firstAllow;
    if (whole) {
      if (isFirst) this.firstAllow = rule;
      return;
    }
    const details = this.rules.detailsOf(rule);
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
      for (const role of this.heldRoles().names) holds ||= has(who.roles, role);
      if (!holds) return false;
    }
    return slot === undefined ? !asksForCredential(who) : credentialFits(who, slot);
  }

  private callerIsOf(domains: readonly DomainNode[], outside: boolean): boolean {
    if (outside && (!this.denying || this.known.length === 0)) return true;
    for (const domain of domains) if (this.denying ? this.known.includes(domain) : this.proven.has(domain)) return true;
    return false;
  }

  // ── roles ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Roles of the credential and of the actor as the current standpoint sees them. */
  private heldRoles(): Roles {
    if (!this.heldIsCurrent) {
      this.held = this.gatherRoles(this.denying || !this.proven.isEmpty ? this.actorNode : undefined);
      this.heldIsCurrent = true;
    }
    return this.held;
  }

  /** Roles as they are held on the chains that the standpoint looks at, each chain by itself. */
  private gatherRoles(actor: ServiceNode | undefined): Roles {
    const { holdings } = this.snapshot;
    if (holdings.isEmpty) return NO_ROLES;
    if (!this.denying) return this.rolesOn(this.checked!, actor);
    const homes = this.outward ? (this.actorNode?.memberships ?? NO_DOMAINS) : this.endpointNode.placements;
    if (homes.length === 1) return this.rolesOn(homes[0]!, actor);
    const names: string[] = [];
    for (const home of homes) addRoles(this.rolesOn(home, actor).names, names);
    return holdings.rolesOf(names);
  }

  private rolesOn(home: DomainNode, actor: ServiceNode | undefined): Roles {
    const { slot, snapshot } = this;
    const own = slot?.holding;
    const groups = slot?.item.groups ?? NO_NAMES;
    const actors = actor?.holding;
    if (groups.length === 0 && home.inheritance.length === 0 && (own === undefined || actors === undefined)) {
      const only = own ?? actors;
      if (only === undefined) return NO_ROLES;
      if (only.next === undefined) return liesWithin(home, only.domain) ? only.roles : NO_ROLES;
    }
    const names: string[] = [];
    addHeld(own, home, names);
    for (const group of groups) addHeld(snapshot.holdings.find('group', group), home, names);
    addHeld(actors, home, names);
    for (let place = 0; place < names.length; place++) {
      for (const inherits of home.inheritance) addRoles(inherits.get(names[place]!), names);
    }
    return snapshot.holdings.rolesOf(names);
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
    return this.denying || !this.proven.isEmpty ? this.actorNode?.name : undefined;
  }

  get callerDomains(): readonly string[] {
    return (this.denying ? this.known : this.proven.domains()).map(({ name }) => name).sort(byBytes);
  }

  get targetDomains(): readonly string[] {
    if (this.endpointNode.external) return [OUTSIDE];
    return this.denying ? this.endpointNode.chainNames : this.placement!.chainNames;
  }

  get credential(): CredentialSlot | undefined {
    return this.slot;
  }

  get roles(): readonly string[] {
    return this.gatherRoles(undefined).names.toSorted(byBytes);
  }

  readonly stored = (type: string, id: string): Attributes | undefined =>
    this.ruleOwner === undefined
      ? undefined
      : storedAttributes(this.ruleOwner.entityChain, type, id, this.snapshot.changedEntities);
}

function addHeld(first: Holding | undefined, home: DomainNode, into: string[]): void {
  if (first?.wide !== undefined) {
    for (const domain of home.chain) addRoles(first.wide.get(domain)?.names, into);
    return;
  }
  for (let at = first; at !== undefined; at = at.next) {
    if (liesWithin(home, at.domain)) addRoles(at.roles.names, into);
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
