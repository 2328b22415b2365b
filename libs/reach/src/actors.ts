/** Services as callers: what each can prove, and which of them nothing tells apart. */
import {
  type AccessRequest,
  type Evidence,
  type MechanismKind,
  provenDomains,
  type Rule,
  type Service,
  type Snapshot,
  type World,
} from '#engine';
import { parseCondition } from '#cel';
import { lineages } from './concerned.js';

/** A service that can prove to be one. */
export interface Actor {
  readonly service: Service;
  /** One trust item a mechanism: subjects of one service and mechanism are alike to every rule. */
  readonly proofs: readonly Proof[];
}

export interface Proof {
  readonly item: Evidence;
  /** Where it alone proves its bearer to stand. */
  readonly domains: readonly string[];
}

/** Services that no rule tells apart; what the first of them may, all may. */
export interface ActorClass {
  readonly members: readonly [Actor, ...Actor[]];
}

export function actorsOf(world: World, snapshot: Snapshot): readonly Actor[] {
  return [...world.services.values()].flatMap((service) => {
    const proofs = proofsOf(world, snapshot, service);
    return proofs.length === 0 ? [] : [{ service, proofs }];
  });
}

/** @returns also mechanisms that nobody trusts: to be known, and not proven, may be what a deny looks at */
function proofsOf(world: World, snapshot: Snapshot, { identities }: Service): readonly Proof[] {
  const items = new Map<string, Evidence>();
  for (const { mechanism, subject } of identities) {
    const { role, kind } = world.mechanisms.get(mechanism)!;
    if (role === 'trust' && !items.has(mechanism))
      items.set(mechanism, evidenceOf('trust', mechanism, sampleOf(kind, subject)));
  }
  return [...items.values()].map((item) => ({ item, domains: provenDomains(snapshot, nobodysRequest([item])) }));
}

/** A subject, or an address, that a binding covers. */
export function sampleOf(kind: MechanismKind, subject: string): string {
  if (kind === 'network') return subject.split('/')[0]!;
  return subject.endsWith('**') ? `${subject.slice(0, -2)}zz` : subject;
}

export function evidenceOf(
  role: Evidence['role'],
  mechanism: string,
  subject: string,
  more: Partial<Pick<Evidence, 'scopes' | 'groups' | 'claims'>> = {},
): Evidence {
  return { role, mechanism, subject, verified: true, scopes: [], groups: [], claims: {}, attributes: {}, ...more };
}

function nobodysRequest(evidence: readonly Evidence[]): AccessRequest {
  return {
    target: { kind: 'endpoint', endpoint: '' },
    evidence,
    headers: {},
    attributes: {},
    claimed: {},
    context: {},
    time: 0,
    askedFrom: '*',
    policyAgeSeconds: 0,
    maxTtlSeconds: 0,
  };
}

/** By memberships, by what proves them, and by name where rules, roles or conditions speak of them. */
export function classesOf(world: World, actors: readonly Actor[]): readonly ActorClass[] {
  const named = namesSpokenOf(world);
  const classes = new Map<string, [Actor, ...Actor[]]>();
  for (const actor of actors) {
    const { name, domains } = actor.service;
    const mechanisms = actor.proofs.map(({ item }) => item.mechanism).sort();
    const key = JSON.stringify([[...domains].sort(), mechanisms, named === 'all' || named.has(name) ? name : '']);
    const members = classes.get(key);
    if (members === undefined) classes.set(key, [actor]);
    else members.push(actor);
  }
  return [...classes.values()].map((members) => ({ members }));
}

function namesSpokenOf(world: World): ReadonlySet<string> | 'all' {
  const rules = rulesOf(world);
  const readsActor = ({ when, obligations }: Rule): boolean =>
    obligations.length > 0 || (when !== undefined && conditionReads(when).some((path) => path.startsWith('actor')));
  if (rules.some(readsActor)) return 'all';
  const names = new Set(rules.flatMap(({ who }) => who.services ?? []));
  for (const { directory } of world.domains.values()) {
    for (const holder of directory.assignments.keys()) {
      if (holder.startsWith('service:')) names.add(holder.slice('service:'.length));
    }
  }
  return names;
}

function conditionReads(source: string): readonly string[] {
  const parsed = parseCondition(source);
  return 'condition' in parsed ? parsed.condition.reads : ['actor'];
}

export function rulesOf(world: World): readonly Rule[] {
  return [...world.outside, ...[...world.domains.values()].flatMap(({ rules }) => rules)];
}

/** Whether a proof puts its bearer into one of these domains, or one below. */
export function standsIn({ domains }: Proof, wanted: readonly string[]): boolean {
  const lineage = lineages(domains);
  return wanted.some((name) => lineage.has(name));
}
