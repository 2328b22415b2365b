import { type Domain, isWithin, type Mode, OUTSIDE, type Rule, type World } from '#engine';
import { ruleWords } from './rule-words.js';

/** A domain in the tree. */
export interface DomainSummary {
  readonly name: string;
  /** Null at the top. */
  readonly parent: string | null;
  /** In force here, inherited or not; so are the next two. */
  readonly mode: Mode;
  readonly zeroTrust: boolean;
  readonly suspended: boolean;
  /** Services with a membership in this very domain. */
  readonly members: number;
  /** Rules this domain owns. */
  readonly rules: number;
}

/** Something in force at a domain, and the domain that says it. */
export interface InForce<Value> {
  readonly value: Value;
  /** Null: nobody says it; the default. */
  readonly from: string | null;
  /** Whether a domain above says it. */
  readonly inherited: boolean;
}

export interface RuleInForce {
  /** `policy/rule`. */
  readonly id: string;
  readonly effect: Rule['effect'];
  readonly direction: Rule['direction'];
  readonly scope: Rule['scope'];
  readonly mode: Mode;
  readonly words: string;
  /** The owner; `*` for rules of the world outside every domain. */
  readonly from: string;
  readonly inherited: boolean;
}

export interface RoleInForce {
  readonly name: string;
  readonly inherits: readonly string[];
  readonly from: string;
  readonly inherited: boolean;
}

export interface MechanismInForce {
  readonly name: string;
  readonly role: 'trust' | 'access';
  readonly kind: string;
  readonly principalType: string;
  /** The owner. */
  readonly from: string;
  readonly inherited: boolean;
}

export interface MemberService {
  readonly name: string;
  readonly kind: string;
  /** Those of its endpoints that are placed here, `service/endpoint`. */
  readonly endpoints: readonly string[];
}

/** Everything that is in force at one domain. */
export interface DomainInForce {
  readonly name: string;
  readonly parent: string | null;
  readonly children: readonly string[];
  readonly mode: InForce<Mode>;
  readonly zeroTrust: InForce<boolean>;
  readonly suspended: InForce<boolean>;
  /** Never inherited, like marks, addresses and what it recognizes. */
  readonly egress: 'open' | 'closed';
  /** Seconds; null: policy never grows too old. The strictest of the domain and those above it. */
  readonly maxStalenessSeconds: InForce<number | null>;
  /** Mechanisms by which members prove themselves. Empty: nobody can. */
  readonly trust: InForce<readonly string[]>;
  /** Mechanisms whose credentials are accepted at the boundary. Empty: none is. */
  readonly access: InForce<readonly string[]>;
  readonly recognizes: readonly string[];
  readonly marks: readonly string[];
  readonly addresses: readonly string[];
  readonly rules: readonly RuleInForce[];
  readonly roles: readonly RoleInForce[];
  /** Those it owns, and those above it that its trust or access names. */
  readonly mechanisms: readonly MechanismInForce[];
  readonly services: readonly MemberService[];
}

/** All domains by name. */
export function domainTree(world: World): readonly DomainSummary[] {
  const members = new Map<string, number>();
  for (const { domains } of world.services.values()) {
    for (const domain of domains) members.set(domain, (members.get(domain) ?? 0) + 1);
  }
  return [...world.domains.values()]
    .map((domain) => {
      const chain = chainOf(world, domain);
      return {
        name: domain.name,
        parent: chain[1]?.name ?? null,
        mode: nearest(chain, ({ mode }) => mode, 'enforce').value,
        zeroTrust: chain.some(({ zeroTrust }) => zeroTrust),
        suspended: chain.some(({ suspended }) => suspended),
        members: members.get(domain.name) ?? 0,
        rules: domain.rules.length,
      };
    })
    .sort((left, right) => compare(left.name, right.name));
}

/** @returns null when there is no such domain */
export function domainInForce(world: World, name: string): DomainInForce | null {
  const domain = world.domains.get(name);
  if (domain === undefined) return null;
  const chain = chainOf(world, domain);
  const trust = trustOf(world, chain);
  const access = nearest(chain, (at) => at.access, []);
  const strictest = chain
    .filter(({ maxStalenessSeconds }) => maxStalenessSeconds !== undefined)
    .sort((left, right) => left.maxStalenessSeconds! - right.maxStalenessSeconds!)[0];
  return {
    name,
    parent: chain[1]?.name ?? null,
    children: [...world.domains.keys()].filter((other) => parentName(other) === name).sort(),
    mode: nearest(chain, (at) => at.mode, 'enforce'),
    zeroTrust: anywhere(chain, (at) => at.zeroTrust),
    suspended: anywhere(chain, (at) => at.suspended),
    egress: domain.egress,
    maxStalenessSeconds: said(strictest?.maxStalenessSeconds ?? null, strictest, domain),
    trust,
    access,
    recognizes: domain.recognizes,
    marks: domain.boundary,
    addresses: domain.addresses.map(({ host, prefix }) => `${host}${prefix}`),
    rules: rulesAt(world, chain),
    roles: chain.flatMap((at) => at.roles.map((role) => ({ ...role, from: at.name, inherited: at !== domain }))),
    mechanisms: mechanismsAt(world, domain, new Set([...trust.value, ...access.value])),
    services: servicesAt(world, name),
  };
}

function rulesAt(world: World, chain: readonly Domain[]): readonly RuleInForce[] {
  const own = chain[0]!;
  const rules = [
    ...own.rules,
    ...chain.slice(1).flatMap((at) => at.rules.filter(({ scope }) => scope === 'subtree')),
    ...world.outside,
  ];
  return rules.map((rule) => ({
    id: rule.id,
    effect: rule.effect,
    direction: rule.direction,
    scope: rule.scope,
    mode: rule.mode,
    words: ruleWords(rule, rule.owner),
    from: rule.owner,
    inherited: rule.owner !== own.name,
  }));
}

/** Mechanisms of kind `network` are not inherited. */
function trustOf(world: World, chain: readonly Domain[]): InForce<readonly string[]> {
  const trust = nearest(chain, (at) => at.trust, []);
  if (!trust.inherited) return trust;
  return { ...trust, value: trust.value.filter((name) => world.mechanisms.get(name)?.kind !== 'network') };
}

function mechanismsAt(world: World, domain: Domain, named: ReadonlySet<string>): readonly MechanismInForce[] {
  return [...world.mechanisms.values()]
    .filter(({ name, owner }) => owner === domain.name || named.has(name))
    .map(({ name, role, kind, principalType, owner }) => ({
      name,
      role,
      kind,
      principalType,
      from: owner,
      inherited: owner !== domain.name && isWithin(domain.name, owner),
    }))
    .sort((left, right) => compare(left.name, right.name));
}

function servicesAt(world: World, domain: string): readonly MemberService[] {
  return [...world.services.values()]
    .filter(({ domains }) => domains.includes(domain))
    .map(({ name, kind, endpoints }) => ({
      name,
      kind,
      endpoints: endpoints.filter(({ placements }) => placements.includes(domain)).map(({ id }) => id),
    }))
    .sort((left, right) => compare(left.name, right.name));
}

/** What the nearest domain says that says anything. */
function nearest<Value>(
  chain: readonly Domain[],
  of: (domain: Domain) => Value | undefined,
  unsaid: Value,
): InForce<Value> {
  const speaker = chain.find((at) => of(at) !== undefined);
  return said(speaker === undefined ? unsaid : of(speaker)!, speaker, chain[0]!);
}

/** What holds everywhere below the domain that says it. */
function anywhere(chain: readonly Domain[], of: (domain: Domain) => boolean): InForce<boolean> {
  const speaker = chain.find(of);
  return said(speaker !== undefined, speaker, chain[0]!);
}

function said<Value>(value: Value, speaker: Domain | undefined, at: Domain): InForce<Value> {
  return { value, from: speaker?.name ?? null, inherited: speaker !== undefined && speaker !== at };
}

/** The domain, its parent, and so on to the top. */
function chainOf(world: World, domain: Domain): readonly Domain[] {
  const chain: Domain[] = [];
  for (let at: Domain | undefined = domain; at !== undefined; at = world.domains.get(parentName(at.name)))
    chain.push(at);
  return chain;
}

function parentName(name: string): string {
  // No domain is named `*`, so nothing lies above the top.
  const dot = name.lastIndexOf('.');
  return dot < 0 ? OUTSIDE : name.slice(0, dot);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
