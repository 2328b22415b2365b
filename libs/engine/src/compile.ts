/**
 * From a world to the snapshot that answers requests about it. The world is well-formed: `libs/policy` has judged it.
 * Costs time and memory in proportion to the world; the world itself is not kept, but for its directories' entities.
 */
import { parseCondition } from '#cel';
import type { Condition, Root } from '#cel';
import { ClaimTable, HostTable, SegmentTrie } from './address-table.js';
import type { Answering } from './address-table.js';
import { compileBindings } from './bindings.js';
import { ANONYMOUS, OUTSIDE } from './model.js';
import type { Domain, Endpoint, Mode, Rule, Scope, World } from './model.js';
import { obligationReads } from './obligations.js';
import { byBytes } from './ordering.js';
import { indexRules } from './rule-index.js';
import type { Filed, Key, RuleIndex } from './rule-index.js';
import type {
  CompiledRule,
  CompiledWhat,
  CompiledWho,
  DomainNode,
  EndpointNode,
  Holding,
  MechanismNode,
  Names,
  PlacementNode,
  ServiceNode,
  Snapshot,
  WideHolding,
} from './snapshot.js';
import { otherSlash, pathTemplate, topicTemplate } from './template.js';

/** From this many places on a principal's roles are found by walking a chain instead of the list of places. */
const WIDE = 16;
/** Up to this many names a set is an array. */
const SHORT = 8;

export function compile(world: World): Snapshot {
  const rules = new RuleCompiler(world);
  const domains = compileDomains(world, rules);
  const services = new Map<string, ServiceNode>();
  for (const service of world.services.values()) {
    const memberships = service.domains.map((name) => domains.get(name)!);
    services.set(service.name, {
      name: service.name,
      memberships,
      live: memberships.length === 0 || memberships.some(({ live }) => live),
      reach: [...new Set(memberships.flatMap(({ chain }) => chain))].sort(
        (left, right) => right.depth - left.depth || byBytes(left.name, right.name),
      ),
    });
  }
  const bindings = compileBindings(world, services);
  const mechanisms = new Map<string, MechanismNode>();
  for (const { name, kind, role, principalType, owner } of world.mechanisms.values()) {
    mechanisms.set(name, {
      name,
      kind,
      role,
      principalType,
      owner: domains.get(owner)!,
      bindings: bindings(name, kind),
    });
  }
  const outside = rules.of(world.outside, domains);
  const outsideDeniesIn = indexRules(outside.filter(({ direction }) => direction === 'in').map(({ filed }) => filed));
  const homes = new EndpointHomes(world, domains, rules, outsideDeniesIn);
  const endpoints = new Map<string, EndpointNode>();
  for (const service of world.services.values()) {
    for (const endpoint of service.endpoints) {
      endpoints.set(endpoint.id, homes.nodeOf(endpoint, services.get(service.name)!));
    }
  }
  const claims = new HostTable<ClaimTable<DomainNode>>();
  for (const domain of world.domains.values()) {
    for (const { host, prefix } of domain.addresses) {
      claims.at(host, () => new ClaimTable<DomainNode>()).add(prefix, domains.get(domain.name)!);
    }
  }
  return {
    domains,
    numbered: [...domains.values()],
    mechanisms,
    endpoints,
    ...compileAddresses(endpoints),
    claims,
    outsideDeniesOut: indexRules(outside.filter(({ direction }) => direction === 'out').map(({ filed }) => filed)),
    holdings: compileHoldings(world, domains),
    validityEdges: rules.validityEdges(),
    outTimeReaders: rules.outTimeReaders(domains),
  };
}

// ── domains ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type Mutable<Type> = { -readonly [Member in keyof Type]: Type[Member] };

/** The nodes of all domains, in the order of a walk of the tree. */
function compileDomains(world: World, rules: RuleCompiler): ReadonlyMap<string, DomainNode> {
  const children = new Map<string, Domain[]>();
  for (const domain of [...world.domains.values()].sort((left, right) => byBytes(left.name, right.name))) {
    const parent = parentName(domain.name);
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [domain]);
    else siblings.push(domain);
  }
  const nodes = new Map<string, DomainNode>();
  const modes = new Map<DomainNode, Mode>();
  let enter = 0;
  const visit = (domain: Domain, parent: DomainNode | undefined): void => {
    const mode = domain.mode ?? (parent === undefined ? 'enforce' : modes.get(parent)!);
    const access = domain.access === undefined ? (parent?.access ?? EMPTY) : new Set(domain.access);
    const definitions = inheritanceOf(domain);
    const node: Mutable<DomainNode> = {
      name: domain.name,
      parent,
      depth: (parent?.depth ?? 0) + 1,
      enter: enter++,
      exit: 0,
      chain: [],
      crossedBelow: [],
      live: !domain.suspended && (parent?.live ?? true),
      zeroTrust: domain.zeroTrust || (parent?.zeroTrust ?? false),
      egressClosed: domain.egress === 'closed',
      reporting: mode === 'report',
      discloseAccess: domain.discloseAccess,
      trust: domain.trust === undefined ? withoutNetworks(world, parent?.trust ?? EMPTY) : new Set(domain.trust),
      recognizes: domain.recognizes.length === 0 ? EMPTY : new Set(domain.recognizes),
      access,
      acceptsAnonymous: access.has(ANONYMOUS),
      accepts: domain.access === undefined && parent ? parent.accepts : disclosed(access),
      allowsIn: [],
      allowsOut: [],
      deniesOut: { self: undefined, subtree: undefined },
      entityChain: parent?.entityChain ?? [],
      inheritance: parent?.inheritance ?? [],
    };
    node.chain = [node, ...(parent?.chain ?? [])];
    const outsideIn = node.chain.map(({ name }) => name).reverse();
    node.crossedBelow = outsideIn.map((_, depth) => outsideIn.slice(depth)).concat([[]]);
    if (domain.directory.entities.size > 0) node.entityChain = [domain.directory, ...node.entityChain];
    if (definitions.size > 0) node.inheritance = [definitions, ...node.inheritance];
    modes.set(node, mode);
    nodes.set(domain.name, node);
    for (const child of children.get(domain.name) ?? []) visit(child, node);
    node.exit = enter;
  };
  for (const domain of children.get('') ?? []) visit(domain, undefined);
  for (const node of nodes.values()) rules.attach(node as Mutable<DomainNode>, world.domains.get(node.name)!, nodes);
  return nodes;
}

const EMPTY: ReadonlySet<string> = new Set();

function parentName(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')));
}

function withoutNetworks(world: World, inherited: ReadonlySet<string>): ReadonlySet<string> {
  const kept = [...inherited].filter((name) => world.mechanisms.get(name)!.kind !== 'network');
  return kept.length === inherited.size ? inherited : new Set(kept);
}

function disclosed(access: ReadonlySet<string>): readonly string[] {
  return [...access].filter((name) => name !== ANONYMOUS).sort(byBytes);
}

function inheritanceOf(domain: Domain): ReadonlyMap<string, readonly string[]> {
  const inherits = new Map<string, string[]>();
  for (const role of domain.roles) {
    if (role.inherits.length > 0) inherits.set(role.name, [...(inherits.get(role.name) ?? []), ...role.inherits]);
  }
  return inherits;
}

// ── rules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

interface OwnedRule {
  readonly direction: Rule['direction'];
  readonly filed: Filed;
}

/** Turns rules into their compiled form, numbered by the order of their ids over the whole world. */
class RuleCompiler {
  private readonly ordinals = new Map<string, number>();
  private readonly conditions = new Map<string, Condition>();
  private readonly names = new Map<string, string>();
  private readonly deniesIn = new Map<string, { readonly [scope in Scope]: RuleIndex | undefined }>();
  private readonly subtreeAllows = new Map<
    string,
    { readonly in: RuleIndex | undefined; readonly out: RuleIndex | undefined }
  >();

  constructor(private readonly world: World) {
    const ids = [...this.everyRule()].map(({ id }) => id).sort(byBytes);
    ids.forEach((id, ordinal) => this.ordinals.set(id, ordinal));
  }

  private *everyRule(): Generator<Rule> {
    yield* this.world.outside;
    for (const domain of this.world.domains.values()) yield* domain.rules;
  }

  /** Rules that count, ready to be indexed: one in report mode is for `explain` alone. */
  of(rules: readonly Rule[], domains: ReadonlyMap<string, DomainNode>): readonly OwnedRule[] {
    return rules
      .filter((rule) => rule.mode === 'enforce')
      .map((rule) => ({ direction: rule.direction, filed: this.file(rule, domains) }));
  }

  /** Gives a domain its indexes. Its ancestors have theirs already. */
  attach(node: Mutable<DomainNode>, domain: Domain, domains: ReadonlyMap<string, DomainNode>): void {
    const filed = (effect: Rule['effect'], direction: Rule['direction'], scope: Scope): RuleIndex | undefined => {
      const chosen = domain.rules.filter(
        (rule) => rule.effect === effect && rule.direction === direction && rule.scope === scope,
      );
      return indexRules(this.of(chosen, domains).map((owned) => owned.filed));
    };
    const subtree = { in: filed('allow', 'in', 'subtree'), out: filed('allow', 'out', 'subtree') };
    this.subtreeAllows.set(domain.name, subtree);
    const inherited = (direction: 'in' | 'out'): RuleIndex[] =>
      node.chain.flatMap(({ name }) => this.subtreeAllows.get(name)![direction] ?? []);
    const self = { in: filed('allow', 'in', 'self'), out: filed('allow', 'out', 'self') };
    node.allowsIn = [...(self.in === undefined ? [] : [self.in]), ...inherited('in')];
    node.allowsOut = [...(self.out === undefined ? [] : [self.out]), ...inherited('out')];
    node.deniesOut = { self: filed('deny', 'out', 'self'), subtree: filed('deny', 'out', 'subtree') };
    this.deniesIn.set(domain.name, { self: filed('deny', 'in', 'self'), subtree: filed('deny', 'in', 'subtree') });
  }

  /** The denies `in` of a domain, by scope. */
  deniesInOf(node: DomainNode): { readonly [scope in Scope]: RuleIndex | undefined } {
    return this.deniesIn.get(node.name)!;
  }

  compiled(rule: Rule, domains: ReadonlyMap<string, DomainNode>): CompiledRule {
    return {
      ordinal: this.ordinals.get(rule.id)!,
      id: rule.id,
      deny: rule.effect === 'deny',
      owner: rule.owner === OUTSIDE ? undefined : domains.get(rule.owner)!,
      notBefore: rule.notBefore ?? -Infinity,
      notAfter: rule.notAfter ?? Infinity,
      who: this.who(rule, domains),
      anonymous: rule.who.anonymous,
      what: this.what(rule, domains),
      when: rule.when === undefined ? undefined : this.condition(rule.when),
      obligations: rule.effect === 'deny' || rule.obligations.length === 0 ? undefined : rule.obligations,
      reads: this.reads(rule),
    };
  }

  private reads(rule: Rule): ReadonlySet<Root> {
    if (rule.when === undefined && rule.obligations.length === 0) return NOTHING_READ;
    const conditionReads = rule.when === undefined ? [] : this.condition(rule.when).reads;
    const roots = conditionReads.map((path) => path.split(/[.[]/, 1)[0]!);
    return new Set([...roots, ...obligationReads(rule.obligations).map((path) => path[0]!)] as Root[]);
  }

  readsTime(rule: Rule): boolean {
    return rule.when !== undefined && this.condition(rule.when).readsTime;
  }

  validityEdges(): Float64Array {
    const edges = new Set<number>();
    for (const { notBefore, notAfter } of this.everyRule()) {
      if (notBefore !== undefined) edges.add(notBefore);
      if (notAfter !== undefined) edges.add(notAfter);
    }
    return Float64Array.from(edges).sort();
  }

  outTimeReaders(domains: ReadonlyMap<string, DomainNode>): ReadonlyMap<DomainNode, readonly CompiledRule[]> {
    const readers = new Map<DomainNode, readonly CompiledRule[]>();
    for (const domain of this.world.domains.values()) {
      const rules = domain.rules.filter((rule) => rule.direction === 'out' && this.readsTime(rule));
      if (rules.length > 0)
        readers.set(
          domains.get(domain.name)!,
          rules.map((rule) => this.compiled(rule, domains)),
        );
    }
    return readers;
  }

  private file(rule: Rule, domains: ReadonlyMap<string, DomainNode>): Filed {
    const { who, what } = rule;
    const endpoints = what.endpoints?.filter((id) => !id.endsWith('/*'));
    const services = what.endpoints?.filter((id) => id.endsWith('/*')).map((id) => id.slice(0, -2)) ?? what.services;
    const keys = new Map<Key, readonly string[]>();
    const offer = (key: Key, values: readonly string[] | undefined): void => {
      if (values !== undefined) keys.set(key, values);
    };
    offer('subject', who.subjects);
    if (who.principals?.every((principal) => !isAnyOfType(principal))) offer('principal', who.principals);
    if (who.principals?.every(isAnyOfType)) offer('principalType', who.principals.map(typeOf));
    offer('client', who.clients);
    offer('service', who.services);
    offer('role', who.roles);
    offer('group', who.groups);
    if (who.scopes !== undefined) offer('scope', 'allOf' in who.scopes ? who.scopes.allOf.slice(0, 1) : who.scopes);
    offer('mechanism', who.mechanisms);
    if (who.domains?.includes(OUTSIDE) === false) offer('domain', who.domains);
    offer('resource', what.resources);
    offer('resourceType', what.resourceTypes);
    offer('action', what.actions);
    return { rule: this.compiled(rule, domains), endpoints, services, keys };
  }

  private who({ who }: Rule, domains: ReadonlyMap<string, DomainNode>): CompiledWho | undefined {
    const constrained = Object.entries(who).some(([name, value]) => name !== 'anonymous' && value !== undefined);
    if (!constrained) return undefined;
    const allOf = who.scopes !== undefined && 'allOf' in who.scopes ? who.scopes.allOf : undefined;
    return {
      domains: this.nodes(who.domains, domains),
      outside: who.domains?.includes(OUTSIDE) ?? false,
      services: this.set(who.services),
      mechanisms: this.set(who.mechanisms),
      subjects: this.set(who.subjects),
      clients: this.set(who.clients),
      groups: this.set(who.groups),
      principals: this.set(who.principals),
      principalTypes: this.set(who.principals?.filter(isAnyOfType).map(typeOf)),
      scopes: allOf === undefined ? this.set(who.scopes as readonly string[] | undefined) : undefined,
      allScopes: allOf,
      roles: this.set(who.roles),
    };
  }

  private what({ what }: Rule, domains: ReadonlyMap<string, DomainNode>): CompiledWhat | undefined {
    if (Object.values(what).every((value) => value === undefined)) return undefined;
    const wild = what.endpoints?.filter((id) => id.endsWith('/*')).map((id) => id.slice(0, -2));
    return {
      domains: this.nodes(what.domains, domains),
      outside: what.domains?.includes(OUTSIDE) ?? false,
      services: this.set(what.services),
      endpoints: this.set(what.endpoints),
      endpointsOf: wild === undefined || wild.length === 0 ? undefined : this.set(wild),
      methods: this.set(what.methods),
      paths: what.paths?.map((path) => {
        const exact = pathTemplate(path);
        return { exact, other: otherSlash(exact) };
      }),
      resourceTypes: this.set(what.resourceTypes),
      resources: this.set(what.resources),
      actions: this.set(what.actions),
    };
  }

  /** The domains a list names, without `*`. */
  private nodes(
    names: readonly string[] | undefined,
    domains: ReadonlyMap<string, DomainNode>,
  ): readonly DomainNode[] | undefined {
    return names?.filter((name) => name !== OUTSIDE).map((name) => domains.get(name)!);
  }

  /** Names shared over all rules, so that comparing with a name of the snapshot is comparing an address. */
  private set(names: readonly string[] | undefined): Names | undefined {
    if (names === undefined) return undefined;
    const interned = names.map((name) => {
      const known = this.names.get(name);
      if (known !== undefined) return known;
      this.names.set(name, name);
      return name;
    });
    return interned.length <= SHORT ? interned : new Set(interned);
  }

  private condition(source: string): Condition {
    let condition = this.conditions.get(source);
    if (condition === undefined) {
      const parsed = parseCondition(source);
      if (!('condition' in parsed)) throw new TypeError(`not a condition: ${source}`);
      this.conditions.set(source, (condition = parsed.condition));
    }
    return condition;
  }
}

const NOTHING_READ: ReadonlySet<Root> = new Set();

function isAnyOfType(principal: string): boolean {
  return principal.indexOf(':*') === principal.length - 2 && principal.indexOf(':') === principal.length - 2;
}

function typeOf(principal: string): string {
  return principal.slice(0, principal.indexOf(':'));
}

// ── endpoints ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** What endpoints with the same placements share. */
interface Home {
  readonly placements: readonly DomainNode[];
  readonly chains: readonly DomainNode[];
  readonly chainNames: readonly string[];
  readonly maxStalenessSeconds: number;
  readonly denies: readonly RuleIndex[];
  readonly timeReaders: readonly CompiledRule[];
}

class EndpointHomes {
  private readonly homes = new Map<string, Home>();

  constructor(
    private readonly world: World,
    private readonly domains: ReadonlyMap<string, DomainNode>,
    private readonly rules: RuleCompiler,
    private readonly outsideDeniesIn: RuleIndex | undefined,
  ) {}

  nodeOf(endpoint: Endpoint, service: ServiceNode): EndpointNode {
    const home = this.homeOf(endpoint.placements);
    const operations: Answering[] = [];
    const paths = new SegmentTrie('/');
    const node: EndpointNode = {
      endpoint,
      service,
      external: home.placements.length === 0,
      live: home.placements.filter(({ live }) => live).map((domain) => this.placementOf(endpoint, domain)),
      ...home,
      operations,
      paths,
    };
    for (const operation of endpoint.operations) {
      if (operation.kind !== 'http') continue;
      const template = pathTemplate(operation.path);
      const other = endpoint.trailingSlash === 'ignore' ? otherSlash(template) : undefined;
      for (const form of other === undefined ? [template] : [template, other]) {
        const answering = { endpoint: node, template: form, verbs: operation.methods };
        operations.push(answering);
        paths.add(answering);
      }
    }
    return node;
  }

  private homeOf(placementNames: readonly string[]): Home {
    const key = [...placementNames].sort(byBytes).join(' ');
    const known = this.homes.get(key);
    if (known !== undefined) return known;
    const placements = [...placementNames].sort(byBytes).map((name) => this.domains.get(name)!);
    const chains = [...new Set(placements.flatMap(({ chain }) => chain))];
    const owners: readonly Domain[] = chains.map(({ name }) => this.world.domains.get(name)!);
    const home: Home = {
      placements,
      chains,
      chainNames: placements.length === 0 ? [OUTSIDE] : chains.map(({ name }) => name).sort(byBytes),
      maxStalenessSeconds: Math.min(Infinity, ...owners.map((domain) => domain.maxStalenessSeconds ?? Infinity)),
      denies: [
        this.outsideDeniesIn,
        ...chains.map((domain) => this.rules.deniesInOf(domain).subtree),
        ...placements.map((domain) => this.rules.deniesInOf(domain).self),
      ].filter((index) => index !== undefined),
      timeReaders: [this.world.outside, ...owners.map((domain) => domain.rules)]
        .flat()
        .filter((rule) => this.rules.readsTime(rule))
        .map((rule) => this.rules.compiled(rule, this.domains)),
    };
    this.homes.set(key, home);
    return home;
  }

  private placementOf(endpoint: Endpoint, domain: DomainNode): PlacementNode {
    const marked = ({ name }: DomainNode): boolean => {
      const { boundary } = this.marks(name);
      return boundary.has(endpoint.id) || boundary.has(`${endpoint.service}/*`);
    };
    return {
      domain,
      visibleDepth: domain.chain.find((above) => !marked(above))?.depth ?? 0,
      lenientDepth: domain.chain.find((above) => !marked(above) && !above.reporting)?.depth ?? 0,
      chainNames: domain.chain.map(({ name }) => name).sort(byBytes),
    };
  }

  private readonly boundaries = new Map<string, { readonly boundary: ReadonlySet<string> }>();

  private marks(name: string): { readonly boundary: ReadonlySet<string> } {
    let marks = this.boundaries.get(name);
    if (marks === undefined) {
      this.boundaries.set(name, (marks = { boundary: new Set(this.world.domains.get(name)!.boundary) }));
    }
    return marks;
  }
}

// ── addresses ───────────────────────────────────────────────────────────────────────────────────────────────────────

type Addresses = Pick<Snapshot, 'addresses' | 'encodedAddresses' | 'rpcs' | 'encodedRpcs' | 'topics' | 'resources'>;

function compileAddresses(endpoints: ReadonlyMap<string, EndpointNode>): Addresses {
  const addresses = new HostTable<SegmentTrie>();
  const encodedAddresses = new HostTable<SegmentTrie>();
  const rpcs = new SegmentTrie('/');
  const encodedRpcs = new SegmentTrie('/');
  const topics = new SegmentTrie('.');
  const resources = new Map<string, Map<string, EndpointNode>>();
  for (const node of endpoints.values()) {
    const { endpoint } = node;
    const optedIn = endpoint.encodedSlash === 'allow';
    for (const answering of node.operations) {
      for (const host of endpoint.hosts) {
        addresses.at(host, () => new SegmentTrie('/')).add(answering);
        if (optedIn) encodedAddresses.at(host, () => new SegmentTrie('/')).add(answering);
      }
      if (endpoint.kind !== 'grpc') continue;
      rpcs.add(answering);
      if (optedIn) encodedRpcs.add(answering);
    }
    for (const operation of endpoint.operations) {
      if (operation.kind === 'topic') {
        topics.add({ endpoint: node, template: topicTemplate(operation.topic), verbs: operation.actions });
      } else if (operation.kind === 'resource') {
        let actions = resources.get(operation.resourceType);
        if (actions === undefined) resources.set(operation.resourceType, (actions = new Map()));
        for (const action of operation.actions) actions.set(action, node);
      }
    }
  }
  return { addresses, encodedAddresses, rpcs, encodedRpcs, topics, resources };
}

// ── roles ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function compileHoldings(
  world: World,
  domains: ReadonlyMap<string, DomainNode>,
): ReadonlyMap<string, Holding | WideHolding> {
  const holdings = new Map<string, Holding | WideHolding>();
  const places = new Map<string, number>();
  for (const { name, directory } of world.domains.values()) {
    const domain = domains.get(name)!;
    for (const [principal, roles] of directory.assignments) {
      holdings.set(principal, { domain, roles, next: holdings.get(principal) as Holding | undefined });
      places.set(principal, (places.get(principal) ?? 0) + 1);
    }
  }
  for (const [principal, count] of places) {
    if (count <= WIDE) continue;
    const wide = new Map<DomainNode, readonly string[]>();
    for (let at = holdings.get(principal) as Holding | undefined; at !== undefined; at = at.next) {
      wide.set(at.domain, at.roles);
    }
    holdings.set(principal, wide);
  }
  return holdings;
}
