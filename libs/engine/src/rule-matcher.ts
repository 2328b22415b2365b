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
import { TARGET_KEYS } from './rule-index.js';
import type { Bucket, Key, RuleIndex } from './rule-index.js';
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

  set(item: Evidence, mechanism: MechanismNode, service: ServiceNode | undefined, usable: boolean): void {
    this.item = item;
    this.mechanism = mechanism;
    this.service = service;
    this.usable = usable;
    this.writtenPrincipal = undefined;
  }

  get principalType(): string {
    return this.mechanism.principalType;
  }

  get principal(): string {
    return (this.writtenPrincipal ??= `${this.mechanism.principalType}:${this.item.subject}`);
  }

  /** `azp`, else `client_id`. */
  get client(): string | undefined {
    const { claims } = this.item;
    const client = claims['azp'] ?? claims['client_id'];
    return typeof client === 'string' ? client : undefined;
  }
}

const NO_RULES: readonly CompiledRule[] = Object.freeze([]);
const NO_DOMAINS: readonly DomainNode[] = Object.freeze([]);

interface Arisen {
  readonly rule: CompiledRule;
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
  private readonly known: DomainNode[] = [];

  // The standpoint of the rules being matched.
  private denying = false;
  private outward = false;
  private placement: PlacementNode | undefined;
  private checked: DomainNode | undefined;
  private slot: CredentialSlot | undefined;
  private anonymousItem = false;
  private ruleOwner: DomainNode | undefined;

  private readonly held: string[] = [];
  private heldIsCurrent = false;
  private readonly matched: CompiledRule[] = [];
  private readonly arisen: Arisen[] = [];
  /** The first matching allow of the current check. */
  firstAllow: CompiledRule | undefined;

  newSlot(): CredentialSlot {
    return new CredentialSlot();
  }

  begin(snapshot: Snapshot, request: AccessRequest, target: CanonicalTarget): void {
    this.snapshot = snapshot;
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

  /** All denies that match with any credential, or with none when there is none; in the order of their ids. */
  matchingDenies(credentials: readonly CredentialSlot[]): readonly CompiledRule[] {
    const { denies, external } = this.endpointNode;
    const { outsideDeniesOut } = this.snapshot;
    if (denies.length === 0 && this.exits.length === 0 && (outsideDeniesOut === undefined || !external))
      return NO_RULES;
    this.matched.length = 0;
    this.denying = true;
    this.anonymousItem = false;
    this.findKnown(credentials);
    for (let place = 0; place === 0 || place < credentials.length; place++) {
      this.slot = credentials[place];
      this.outward = false;
      this.heldIsCurrent = false;
      for (const index of denies) this.consult(index);
      this.outward = true;
      this.heldIsCurrent = false;
      for (const exit of this.exits) {
        if (exit.deniesOut.subtree !== undefined) this.consult(exit.deniesOut.subtree);
        const { self } = exit.deniesOut;
        if (self !== undefined && this.actorNode!.memberships.includes(exit)) this.consult(self);
      }
      if (outsideDeniesOut !== undefined && (this.exits.length > 0 || external)) this.consult(outsideDeniesOut);
    }
    if (this.matched.length === 0) return NO_RULES;
    return this.matched.sort((left, right) => left.ordinal - right.ordinal).slice();
  }

  /** K: the chains of the actor's memberships and of those of every service a credential is bound to. */
  private findKnown(credentials: readonly CredentialSlot[]): void {
    this.known.length = 0;
    if (this.actorNode !== undefined) this.known.push(...this.actorNode.reach);
    for (const { service } of credentials) {
      for (const domain of service?.reach ?? NO_DOMAINS) if (!this.known.includes(domain)) this.known.push(domain);
    }
  }

  // ── allows ────────────────────────────────────────────────────────────────────────────────────────────────────────

  takeRoute(placement: PlacementNode | undefined): void {
    this.denying = false;
    this.placement = placement;
  }

  beginCheck(domain: DomainNode): void {
    this.checked = domain;
    this.firstAllow = undefined;
    this.arisen.length = 0;
  }

  /** Matches the allows of a check together with one item; call with the items in their order. */
  matchAllows(indexes: readonly RuleIndex[], slot: CredentialSlot | undefined, anonymous: boolean): void {
    this.slot = slot;
    this.anonymousItem = anonymous;
    this.heldIsCurrent = false;
    for (const index of indexes) this.consult(index);
  }

  /** Moves the obligations of all allows that matched in this check to `into`, in the order of the rules. */
  drainObligations(into: Obligation[]): void {
    if (this.arisen.length === 0) return;
    this.arisen.sort((left, right) => left.rule.ordinal - right.rule.ordinal);
    for (const { obligations } of this.arisen) into.push(...obligations);
  }

  // ── candidates ────────────────────────────────────────────────────────────────────────────────────────────────────

  private consult(index: RuleIndex): void {
    const { endpoint } = this.endpointNode;
    const here = index.byEndpoint?.get(endpoint.id);
    if (here !== undefined) this.search(here);
    const service = index.byService?.get(endpoint.service);
    if (service !== undefined) this.search(service);
    if (index.anywhere !== undefined) this.search(index.anywhere);
  }

  private search(bucket: Bucket): void {
    for (const rule of bucket.rest) this.consider(rule);
    for (const { key, rules } of bucket.keyed) this.searchKey(key, rules);
  }

  private searchKey(key: Key, rules: ReadonlyMap<string, readonly CompiledRule[]>): void {
    const { slot, target } = this;
    if (this.target.named !== undefined && TARGET_KEYS.has(key)) {
      // The target leaves this part open, which counts as matched for a deny and as not matched for an allow.
      if (this.denying) for (const list of rules.values()) this.considerAll(list);
      return;
    }
    switch (key) {
      case 'subject':
        return this.considerAll(slot && rules.get(slot.item.subject));
      case 'principal':
        return this.considerAll(slot && rules.get(slot.principal));
      case 'principalType':
        return this.considerAll(slot && rules.get(slot.principalType));
      case 'mechanism':
        return this.considerAll(slot && rules.get(slot.item.mechanism));
      case 'client': {
        const client = slot?.client;
        return this.considerAll(client === undefined ? undefined : rules.get(client));
      }
      case 'group':
        for (const group of slot?.item.groups ?? []) this.considerAll(rules.get(group));
        return;
      case 'scope':
        for (const scope of slot?.item.scopes ?? []) this.considerAll(rules.get(scope));
        return;
      case 'role':
        for (const role of this.heldRoles()) this.considerAll(rules.get(role));
        return;
      case 'service': {
        const actor = this.actor;
        if (actor !== undefined) this.considerAll(rules.get(actor));
        if (this.denying && slot?.service !== undefined) this.considerAll(rules.get(slot.service.name));
        return;
      }
      case 'domain':
        for (const { name } of this.denying ? this.known : this.proven) this.considerAll(rules.get(name));
        return;
      case 'resource':
        return this.considerAll(target.resource && rules.get(`${target.resource.type}:${target.resource.id}`));
      case 'resourceType':
        return this.considerAll(target.resource && rules.get(target.resource.type));
      case 'action':
        return this.considerAll(target.action && rules.get(target.action.name));
    }
  }

  private considerAll(rules: readonly CompiledRule[] | undefined): void {
    if (rules !== undefined) for (const rule of rules) this.consider(rule);
  }

  private consider(rule: CompiledRule): void {
    if (this.denying) {
      if (!this.matched.includes(rule) && this.fits(rule)) this.matched.push(rule);
      return;
    }
    if (this.anonymousItem && !rule.anonymous) return;
    const { firstAllow } = this;
    const isFirst = firstAllow === undefined || rule.ordinal < firstAllow.ordinal;
    if (rule.obligations === undefined) {
      if (isFirst && this.fits(rule)) this.firstAllow = rule;
      return;
    }
    // Every matching rule owes its obligations, with the first item that made it match.
    if (this.arisen.some((earlier) => earlier.rule === rule) || !this.fits(rule)) return;
    this.ruleOwner = rule.owner;
    const obligations = fillObligations(rule.id, rule.obligations, conditionInput(this, rule.reads));
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
      this.held.length = 0;
      const { actor } = this;
      this.eachRoleHome((home) =>
        this.gatherRoles(home, this.held, actor === undefined ? undefined : `service:${actor}`),
      );
      this.heldIsCurrent = true;
    }
    return this.held;
  }

  /** Visits the domains on whose chains roles are looked up, each chain by itself. */
  private eachRoleHome(visit: (home: DomainNode) => void): void {
    if (!this.denying) visit(this.checked!);
    else if (this.outward) this.actorNode?.memberships.forEach(visit);
    else this.endpointNode.placements.forEach(visit);
  }

  private gatherRoles(home: DomainNode, into: string[], actorHolder: string | undefined): void {
    const { holdings } = this.snapshot;
    if (holdings.size === 0) return;
    const { slot } = this;
    const here: string[] = into.length === 0 ? into : [];
    if (slot !== undefined) {
      addHeld(holdings.get(slot.principal), home, here);
      for (const group of slot.item.groups) addHeld(holdings.get(`group:${group}`), home, here);
    }
    if (actorHolder !== undefined) addHeld(holdings.get(actorHolder), home, here);
    for (let place = 0; place < here.length; place++) {
      for (const inherits of home.inheritance) {
        for (const role of inherits.get(here[place]!) ?? []) if (!here.includes(role)) here.push(role);
      }
    }
    if (here !== into) for (const role of here) if (!into.includes(role)) into.push(role);
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
    const roles: string[] = [];
    this.eachRoleHome((home) => this.gatherRoles(home, roles, undefined));
    return roles.sort(byBytes);
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
