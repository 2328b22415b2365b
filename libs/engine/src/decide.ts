/**
 * The decision, fast: the same walk as `specification.ts` over the indexes of a snapshot. Pure, total, synchronous; it
 * costs the path's length and a few probes a level of the tree. What a walk needs on its way lives in one scratch object
 * that is used again for the next: a decision allocates little more than its answer.
 */
import { lookupTarget } from './lookup.js';
import type { AccessRequest, Denial, DenyReason, Evidence, Obligation, Outcome } from './model.js';
import { OUTSIDE } from './model.js';
import { isCarried, mergeObligations } from './obligations.js';
import { byBytes, canonicalJson } from './ordering.js';
import { denied } from './outcome.js';
import { Proven } from './proven.js';
import { CredentialSlot, NO_RULE, RuleMatcher } from './rule-matcher.js';
import type { DomainNode, EndpointNode, PlacementNode, Snapshot } from './snapshot.js';
import { liesWithin } from './snapshot.js';
import { blankTarget, readTarget } from './target.js';

/** @returns the same outcome as `specify` for the world the snapshot was compiled from; never throws */
export function decide(snapshot: Snapshot, request: AccessRequest): Outcome {
  // A walk cannot be entered again before it has ended: nothing on it waits or calls back.
  return WALK.answer(snapshot, request);
}

/**
 * Whether a denied request would be allowed if every usable credential had all the scopes that allows ask for. Costs as
 * much as a decision.
 */
export function lacksOnlyScopes(snapshot: Snapshot, request: AccessRequest): boolean {
  const { scopesAsked } = snapshot;
  return scopesAsked.length > 0 && WALK.answer(snapshot, request, scopesAsked).decision === 'allow';
}

/**
 * P of a caller: the domains that the evidence of a request proves it to stand in, whatever the target.
 *
 * @returns nothing for an ambiguous or suspended caller
 */
export function provenDomains(snapshot: Snapshot, request: AccessRequest): readonly string[] {
  return WALK.provenBy(snapshot, request);
}

const NO_NAMES: readonly string[] = Object.freeze([]);
const NO_DOMAINS: readonly DomainNode[] = Object.freeze([]);
const NO_OBLIGATIONS: readonly Obligation[] = Object.freeze([]);

class Walk {
  private snapshot!: Snapshot;
  private request!: AccessRequest;
  private endpoint: EndpointNode | undefined;
  private path: string | null = null;
  private ttlSeconds = 0;

  private readonly target = blankTarget();
  private readonly matcher = new RuleMatcher();
  /** Slots of this walk's credentials come first, the rest waits for a request with more of them. */
  private readonly credentials: CredentialSlot[] = [];
  private credentialCount = 0;
  private usableTrust: readonly string[] = NO_NAMES;
  private readonly proven = new Proven();
  private exits: readonly DomainNode[] = NO_DOMAINS;
  private readonly decidingRules: number[] = [];
  private decidingCount = 0;
  private arisen: Obligation[] = [];

  /** @param scopes  of every usable credential; undefined: those it has */
  answer(snapshot: Snapshot, request: AccessRequest, scopes?: readonly string[]): Outcome {
    this.snapshot = snapshot;
    this.request = request;
    this.endpoint = undefined;
    this.path = null;
    this.ttlSeconds = 0;
    const target = readTarget(request, this.target);
    if (target === undefined) return this.deny('INVALID_REQUEST', null);
    this.matcher.begin(snapshot, request, target);
    const callerReason = this.weighEvidence(scopes);
    this.ttlSeconds = this.timeToLive();

    const found = lookupTarget(snapshot, target);
    if (found === 'invalid') {
      this.ttlSeconds = 0;
      return this.deny('INVALID_REQUEST', null);
    }
    this.path = target.path ?? null;
    if (found === 'unknown') {
      const mayAskAnything = request.askedFrom === OUTSIDE || !request.askedFrom.includes('.');
      return this.deny(mayAskAnything ? 'UNKNOWN_ENDPOINT' : 'NOT_ENTITLED', null);
    }
    const endpoint = found.endpoint;
    this.endpoint = endpoint;
    this.prove();
    this.findExits(endpoint);
    this.matcher.locate(found, this.proven, this.exits);
    if (this.matcher.concernsTime()) this.ttlSeconds = 0;
    if (!endpoint.external && endpoint.live.length === 0) return this.deny('TARGET_DOMAIN_SUSPENDED', null);
    if (!this.isEntitled(endpoint)) return this.deny('NOT_ENTITLED', null);
    if (request.policyAgeSeconds > endpoint.maxStalenessSeconds) {
      this.ttlSeconds = 0;
      return this.deny('POLICY_TOO_OLD', null);
    }
    if (callerReason !== undefined) return this.deny(callerReason, null);

    const denies = this.matcher.matchingDenies(this.credentials, this.credentialCount);
    if (denies.length > 0) {
      const enforcing = denies.filter((rule) => this.ownerOf(rule)?.reporting !== true);
      if (enforcing.length > 0) {
        const outcome = this.deny('DENY_RULE', this.ownerOf(enforcing[0]!)?.name ?? OUTSIDE);
        return { ...outcome, rules: enforcing.map((rule) => snapshot.rules.ids.at(rule)) };
      }
    }
    const noted = denies[0];

    const strict = this.tryRoutes(endpoint, false);
    if (strict.decision === 'allow' && noted === undefined) return this.carried(strict);
    const lenient = this.tryRoutes(endpoint, true);
    if (lenient.decision === 'deny') return lenient;
    const wouldDeny: Denial =
      noted === undefined
        ? { reason: strict.reason as DenyReason, deniedAt: strict.deniedAt }
        : { reason: 'DENY_RULE', deniedAt: this.ownerOf(noted)!.name };
    return this.carried({ ...lenient, wouldDeny });
  }

  provenBy(snapshot: Snapshot, request: AccessRequest): readonly string[] {
    this.snapshot = snapshot;
    this.request = request;
    this.matcher.begin(snapshot, request, this.target);
    if (this.weighEvidence(undefined) !== undefined) return NO_NAMES;
    this.prove();
    return this.proven.domains().map(({ name }) => name);
  }

  /** Undefined for a rule of `*`. */
  private ownerOf(rule: number): DomainNode | undefined {
    const owner = this.snapshot.rules.owners[rule]!;
    return owner === 0 ? undefined : this.snapshot.numbered[owner - 1];
  }

  // ── evidence and caller ───────────────────────────────────────────────────────────────────────────────────────────

  private earliestExpiry = Infinity;

  /** Fills in the credentials and the actor. @returns why there can be no decision about this caller */
  private weighEvidence(scopes: readonly string[] | undefined): DenyReason | undefined {
    const { snapshot, request, matcher } = this;
    this.credentialCount = 0;
    this.usableTrust = NO_NAMES;
    this.earliestExpiry = Infinity;
    matcher.actorNode = undefined;
    let ambiguous = false;
    for (let place = 0; place < request.evidence.length; place++) {
      const item = request.evidence[place]!;
      if (!item.verified) continue;
      const { expiresAt } = item;
      if (expiresAt !== undefined && request.time >= expiresAt) continue;
      const mechanism = snapshot.mechanisms.get(item.mechanism);
      if (mechanism === undefined || mechanism.role !== item.role) continue;
      const service = mechanism.bindings.find(item.subject);
      if (item.role === 'trust' && service === undefined) continue;
      if (expiresAt !== undefined && expiresAt < this.earliestExpiry) this.earliestExpiry = expiresAt;
      const usable = mechanism.owner.live && (service === undefined || service.live);
      if (item.role === 'access') {
        const next = this.credentialCount++;
        const credential = scopes === undefined || !usable ? item : { ...item, scopes };
        (this.credentials[next] ??= new CredentialSlot()).set(credential, mechanism, service, usable);
        continue;
      }
      if (matcher.actorNode !== undefined && matcher.actorNode !== service) ambiguous = true;
      matcher.actorNode = service;
      if (usable)
        this.usableTrust = this.usableTrust.length === 0 ? mechanism.alone : [...this.usableTrust, item.mechanism];
    }
    if (this.credentialCount > 1) this.sortCredentials();
    if (ambiguous) {
      matcher.actorNode = undefined;
      return 'AMBIGUOUS_CALLER';
    }
    return matcher.actorNode?.live === false ? 'CALLER_SUSPENDED' : undefined;
  }

  private sortCredentials(): void {
    const waiting = this.credentials.splice(this.credentialCount);
    this.credentials.sort(byMechanismSubjectAndRest);
    this.credentials.push(...waiting);
  }

  private prove(): void {
    this.proven.clear();
    const { actorNode: actor } = this.matcher;
    if (actor === undefined) return;
    for (let place = 0; place < this.usableTrust.length; place++) {
      const mechanism = this.usableTrust[place]!;
      if (actor.home !== undefined) this.proveFrom(actor.home, mechanism);
      else for (const membership of actor.memberships) this.proveFrom(membership, mechanism);
    }
  }

  private proveFrom(membership: DomainNode, mechanism: string): void {
    if (membership.live && membership.trust.has(mechanism)) this.proven.addLine(membership, mechanism);
  }

  private findExits(endpoint: EndpointNode): void {
    this.exits = NO_DOMAINS;
    const { actorNode: actor } = this.matcher;
    if (actor === undefined || (!actor.minds && this.snapshot.outsideDeniesOut.length === 0)) return;
    // Where a membership holds a placement, so do all its ancestors, and none of them is left.
    let leaves = false;
    if (actor.home !== undefined) leaves = !holds(actor.home, endpoint);
    else for (const membership of actor.memberships) leaves ||= !holds(membership, endpoint);
    if (leaves) this.exits = actor.reach.filter((domain) => !holds(domain, endpoint));
  }

  private isEntitled(endpoint: EndpointNode): boolean {
    if (this.request.askedFrom === OUTSIDE || endpoint.external) return true;
    const home = this.snapshot.domains.get(this.request.askedFrom);
    return home !== undefined && holds(home, endpoint);
  }

  /** Whole seconds until a kept item expires, a rule's validity begins or ends, or the configured maximum is over. */
  private timeToLive(): number {
    const { time, maxTtlSeconds } = this.request;
    const edge = nextEdge(this.snapshot.validityEdges, time);
    return Math.floor(Math.min(maxTtlSeconds * 1000, this.earliestExpiry - time, edge - time) / 1000);
  }

  // ── routes ────────────────────────────────────────────────────────────────────────────────────────────────────────

  private tryRoutes(endpoint: EndpointNode, lenient: boolean): Outcome {
    if (endpoint.external) {
      return this.proven.isEmpty ? this.deny('NOT_VISIBLE', null) : this.tryRoute(undefined, undefined, lenient);
    }
    const { live, sole } = endpoint;
    if (sole !== undefined) {
      const meeting = this.meetingOf(sole, lenient);
      return meeting === 'none' ? this.deny('NOT_VISIBLE', null) : this.tryRoute(sole, meeting, lenient);
    }
    const routes: {
      readonly placement: PlacementNode;
      readonly meeting: DomainNode | undefined;
      readonly crossed: number;
    }[] = [];
    for (const placement of live) {
      const meeting = this.meetingOf(placement, lenient);
      if (meeting === 'none') continue;
      routes.push({ placement, meeting, crossed: placement.domain.depth - (meeting?.depth ?? 0) });
    }
    // Stable: among equals the placements keep the order of their names.
    routes.sort((left, right) => left.crossed - right.crossed);
    let first: Outcome | undefined;
    for (const { placement, meeting } of routes) {
      const outcome = this.tryRoute(placement, meeting, lenient);
      if (outcome.decision === 'allow') return outcome;
      first ??= outcome;
    }
    return first ?? this.deny('NOT_VISIBLE', null);
  }

  /** The lowest proven domain of the visible segment; undefined for `*`; none when there is no route. */
  private meetingOf(placement: PlacementNode, lenient: boolean): DomainNode | undefined | 'none' {
    const lowest = lenient ? placement.lenientDepth : placement.visibleDepth;
    if (!this.proven.isEmpty) {
      let domain: DomainNode | undefined = placement.domain;
      for (; domain !== undefined && domain.depth >= lowest; domain = domain.parent) {
        if (this.proven.has(domain)) return domain;
      }
    }
    return lowest === 0 ? undefined : 'none';
  }

  private tryRoute(placement: PlacementNode | undefined, meeting: DomainNode | undefined, lenient: boolean): Outcome {
    const { matcher } = this;
    this.decidingCount = 0;
    if (this.arisen.length > 0) this.arisen = [];
    matcher.takeRoute(placement);
    if (!matcher.preflightPasses()) {
      if (meeting?.zeroTrust === true && !this.check(meeting, 'zero-trust') && !(lenient && meeting.reporting)) {
        return this.deny('NO_ALLOW_RULE', meeting.name);
      }
      if (placement !== undefined) {
        const { chain } = placement.domain;
        const outermost = placement.domain.depth - (meeting?.depth ?? 0) - 1;
        for (let height = outermost; height >= 0; height--) {
          const domain = chain[height]!;
          if (this.check(domain, 'boundary') || (lenient && domain.reporting)) continue;
          return this.boundaryDenial(domain);
        }
      }
      for (let place = 0; place < this.exits.length; place++) {
        const exit = this.exits[place]!;
        if (!exit.egressClosed || this.check(exit, 'egress') || (lenient && exit.reporting)) continue;
        return this.deny('EGRESS_CLOSED', exit.name);
      }
    }
    const met = placement === undefined || placement.domain === meeting;
    const crossed = met ? NO_NAMES : placement.domain.crossedBelow[meeting?.depth ?? 0]!;
    const fast = crossed.length === 0;
    return {
      decision: 'allow',
      reason: placement === undefined ? 'ALLOW_EGRESS' : fast ? 'ALLOW_FAST' : 'ALLOW_SLOW',
      route: placement === undefined ? 'egress' : fast ? 'fast' : 'slow',
      deniedAt: null,
      meeting: meeting?.name ?? OUTSIDE,
      crossed,
      rules: this.decidingIds(),
      obligations: this.arisen.length === 0 ? NO_OBLIGATIONS : mergeObligations(this.arisen),
      actor: this.proven.isEmpty ? null : this.matcher.actorNode!.name,
      principal: this.principalAt(placement),
      ttlSeconds: this.ttlSeconds,
      endpoint: this.endpoint!.id,
      path: this.path,
    };
  }

  /** Runs one check and keeps what it decided. @returns whether it passed */
  private check(domain: DomainNode, kind: 'zero-trust' | 'boundary' | 'egress'): boolean {
    const { matcher } = this;
    const homes = kind === 'egress' ? domain.allowsOut : domain.allowsIn;
    if (homes.length === 0) return false;
    matcher.beginCheck(domain);
    if (kind !== 'boundary') matcher.matchAllows(homes, undefined, false);
    else if (domain.acceptsAnonymous) matcher.matchAllows(homes, undefined, true);
    for (let place = 0; place < this.credentialCount; place++) {
      const credential = this.credentials[place]!;
      if (this.accepts(domain, credential)) matcher.matchAllows(homes, credential, false);
    }
    const rule = matcher.firstAllow;
    if (rule === NO_RULE) return false;
    this.decidingRules[this.decidingCount++] = rule;
    matcher.drainObligations(this.arisen);
    return true;
  }

  private decidingIds(): readonly string[] {
    const { ids } = this.snapshot.rules;
    switch (this.decidingCount) {
      case 0:
        return NO_NAMES;
      case 1:
        return [ids.at(this.decidingRules[0]!)];
      case 2:
        return [ids.at(this.decidingRules[0]!), ids.at(this.decidingRules[1]!)];
      default:
        return this.decidingRules.slice(0, this.decidingCount).map((rule) => ids.at(rule));
    }
  }

  /** The one principal that the credentials name which the domain of the placement accepts. */
  private principalAt(placement: PlacementNode | undefined): string | null {
    if (placement === undefined) return null;
    let sole: CredentialSlot | undefined;
    for (let place = 0; place < this.credentialCount; place++) {
      const credential = this.credentials[place]!;
      if (!this.accepts(placement.domain, credential)) continue;
      if (sole !== undefined && !sole.isOfPrincipal(credential)) return null;
      sole = credential;
    }
    return sole === undefined ? null : sole.principal;
  }

  private accepts(domain: DomainNode, credential: CredentialSlot): boolean {
    return credential.usable && credential.isListedIn(domain.access);
  }

  private boundaryDenial(domain: DomainNode): Outcome {
    let accepted = domain.acceptsAnonymous;
    for (let place = 0; place < this.credentialCount; place++)
      accepted ||= this.accepts(domain, this.credentials[place]!);
    if (accepted) return this.deny('NO_ALLOW_RULE', domain.name);
    const outcome = this.deny('ACCESS_EVIDENCE_MISSING', domain.name);
    return domain.discloseAccess ? { ...outcome, accepts: domain.accepts } : outcome;
  }

  // ── answers ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private deny(reason: DenyReason, deniedAt: string | null): Outcome {
    return denied(reason, deniedAt, { endpoint: this.endpoint?.id ?? null, path: this.path }, this.ttlSeconds);
  }

  private carried(outcome: Outcome): Outcome {
    return isCarried(outcome.obligations, this.request.carries) ? outcome : this.deny('OBLIGATION_UNSUPPORTED', null);
  }
}

/** Whether a placement of the endpoint lies within the domain. */
function holds(domain: DomainNode, { only, placements }: EndpointNode): boolean {
  if (only !== undefined) return liesWithin(only, domain);
  for (const placement of placements) if (liesWithin(placement, domain)) return true;
  return false;
}

function byMechanismSubjectAndRest(left: CredentialSlot, right: CredentialSlot): number {
  return (
    byBytes(left.item.mechanism, right.item.mechanism) ||
    byBytes(left.item.subject, right.item.subject) ||
    byBytes(written(left.item), written(right.item))
  );
}

/** One sender rarely brings two credentials of one subject, and then the same ones again and again. */
const WRITTEN = new WeakMap<Evidence, string>();

function written(item: Evidence): string {
  let text = WRITTEN.get(item);
  if (text === undefined) WRITTEN.set(item, (text = canonicalJson(item)));
  return text;
}

/** The first edge after `time`, or infinity. */
function nextEdge(edges: Float64Array, time: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! > time) high = middle;
    else low = middle + 1;
  }
  return low < edges.length ? edges[low]! : Infinity;
}

const WALK = new Walk();
