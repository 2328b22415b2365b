/**
 * From a world to the snapshot that answers requests about it. The world is well-formed: `libs/policy` has judged it.
 * Costs time and memory in proportion to the world; the world itself is not kept, but for its directories' entities.
 */
import { ClaimTable, HostTable, SegmentTrie } from './address-table.js';
import type { Answering } from './address-table.js';
import { compileBindings } from './bindings.js';
import { Holdings } from './holdings.js';
import { NONE_CHANGED } from './condition-input.js';
import { ANONYMOUS, OUTSIDE } from './model.js';
import type { Domain, Endpoint, Mode, Rule, World } from './model.js';
import { byBytes, settled } from './ordering.js';
import { RuleFiler } from './rule-filer.js';
import type { KeyNumbers } from './rule-filer.js';
import { everyRule, ruleSums } from './rule-sums.js';
import type { RuleSums } from './rule-sums.js';
import { aboutEndpoint, aboutService, HOME, homeOf, RuleTable } from './rule-table.js';
import type { Filed } from './rule-table.js';
import type {
  CompiledRule,
  DomainNode,
  EndpointNode,
  MechanismNode,
  PlacementNode,
  ServiceNode,
  Snapshot,
} from './snapshot.js';
import { otherSlash, pathTemplate, topicTemplate } from './template.js';
import type { Segment } from './template.js';
import { TextNumbers } from './texts.js';

export function compile(world: World): Snapshot {
  const domains = compileDomains(world);
  const compiler = new RuleCompiler(world, domains);
  const rules = compiler.table();
  for (const node of domains.values()) attachRules(node, rules);
  const names = new TextNumbers(compiler.numbers.names.numbers);
  const filed = new Map([...compiler.numbers.principals].map(([type, ids]) => [type, new TextNumbers(ids)]));
  const holdings = new Holdings(names);
  holdings.assign(world, domains);
  const services = new Map<string, ServiceNode>();
  for (const service of world.services.values()) {
    const memberships = service.domains.map((name) => domains.get(name)!);
    const chains = new Set(memberships.flatMap(({ chain }) => chain));
    services.set(service.name, {
      name: service.name,
      holding: holdings.find('service', service.name),
      home: memberships.length === 1 ? memberships[0] : undefined,
      memberships,
      live: memberships.length === 0 || memberships.some(({ live }) => live),
      minds: [...chains].some(
        (domain) => domain.egressClosed || domain.deniesOutSelf >= 0 || domain.deniesOutSubtree >= 0,
      ),
      reach: [...chains].sort((left, right) => right.depth - left.depth || byBytes(left.name, right.name)),
    });
  }
  const bindings = compileBindings(world, services);
  const mechanisms = new Map<string, MechanismNode>();
  for (const { name, kind, role, principalType, owner } of world.mechanisms.values()) {
    mechanisms.set(name, {
      name,
      alone: [name],
      kind,
      role,
      principalType,
      filed: filed.get(principalType) ?? NOBODY,
      holders: holdings.ofType(principalType),
      owner: domains.get(owner)!,
      bindings: bindings(name, kind),
    });
  }
  const homes = new EndpointHomes(world, domains, compiler, rules);
  const endpoints = new Map<string, EndpointNode>();
  for (const service of world.services.values()) {
    for (const endpoint of service.endpoints) {
      endpoints.set(endpoint.id, homes.nodeOf(endpoint, services.get(service.name)!));
    }
  }
  const claims = new ClaimTable<DomainNode>();
  for (const domain of world.domains.values()) {
    for (const { host, prefix } of domain.addresses) {
      claims.claim(host, prefix, domains.get(domain.name)!);
    }
  }
  return {
    domains,
    numbered: [...domains.values()],
    mechanisms,
    endpoints,
    ...compileAddresses(endpoints),
    claims,
    rules,
    names,
    outsideDeniesOut: inUse(rules, [homeOf(0, HOME.denyOutSelf), homeOf(0, HOME.denyOutSubtree)]),
    holdings,
    changedEntities: NONE_CHANGED,
    validityEdges: compiler.validityEdges(),
    outTimeReaders: compiler.outTimeReaders(),
    ...compiler.sums(),
  };
}

// ── domains ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type Mutable<Type> = { -readonly [Member in keyof Type]: Type[Member] };

/** The nodes of all domains, in the order of a walk of the tree. */
function compileDomains(world: World): ReadonlyMap<string, DomainNode> {
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
    // What every decision reads stands first, side by side in memory.
    const node: Mutable<DomainNode> = {
      parent,
      depth: (parent?.depth ?? 0) + 1,
      enter: enter++,
      exit: 0,
      live: !domain.suspended && (parent?.live ?? true),
      zeroTrust: domain.zeroTrust || (parent?.zeroTrust ?? false),
      egressClosed: domain.egress === 'closed',
      reporting: mode === 'report',
      trust: domain.trust === undefined ? withoutNetworks(world, parent?.trust ?? EMPTY) : new Set(domain.trust),
      recognizes: domain.recognizes.length === 0 ? EMPTY : new Set(domain.recognizes),
      access,
      acceptsAnonymous: access.has(ANONYMOUS),
      allowsIn: [],
      allowsOut: [],
      inheritance: parent?.inheritance ?? [],
      name: settled(domain.name),
      chain: [],
      crossedBelow: [],
      accepts: domain.access === undefined && parent ? parent.accepts : disclosed(access),
      discloseAccess: domain.discloseAccess,
      deniesOutSelf: -1,
      deniesOutSubtree: -1,
      entityChain: parent?.entityChain ?? [],
    };
    node.chain = [node, ...(parent?.chain ?? [])];
    const outsideIn = node.chain.map(({ name }) => name).reverse();
    node.crossedBelow = outsideIn.map((_, depth) => outsideIn.slice(depth)).concat([[]]);
    const { entities } = domain.directory;
    if (entities.size > 0) node.entityChain = [{ entities }, ...node.entityChain];
    if (definitions.size > 0) node.inheritance = [definitions, ...node.inheritance];
    modes.set(node, mode);
    nodes.set(domain.name, node);
    for (const child of children.get(domain.name) ?? []) visit(child, node);
    node.exit = enter;
  };
  for (const domain of children.get('') ?? []) visit(domain, undefined);
  return nodes;
}

/** Gives a domain the homes of the rules that its checks look at. */
function attachRules(node: Mutable<DomainNode>, rules: RuleTable): void {
  const own = (kind: number): number => homeOf(node.enter + 1, kind);
  const above = (kind: number): readonly number[] => node.chain.map(({ enter }) => homeOf(enter + 1, kind));
  node.allowsIn = inUse(rules, [own(HOME.allowInSelf), ...above(HOME.allowInSubtree)]);
  node.allowsOut = inUse(rules, [own(HOME.allowOutSelf), ...above(HOME.allowOutSubtree)]);
  node.deniesOutSelf = rules.isInUse(own(HOME.denyOutSelf)) ? own(HOME.denyOutSelf) : -1;
  node.deniesOutSubtree = rules.isInUse(own(HOME.denyOutSubtree)) ? own(HOME.denyOutSubtree) : -1;
}

function inUse(rules: RuleTable, homes: readonly number[]): readonly number[] {
  return homes.filter((home) => rules.isInUse(home));
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

/** Numbers names in the order in which they come, from 1. */
class Numbering {
  readonly numbers = new Map<string, number>();

  of(name: string): number {
    let number = this.numbers.get(name);
    if (number === undefined) this.numbers.set(name, (number = this.numbers.size + 1));
    return number;
  }
}

/** Numbers given while rules are filed. */
class GivenNumbers implements KeyNumbers {
  readonly names = new Numbering();
  /** Principals that rules are filed under: by type, then by id. */
  readonly principals = new Map<string, Map<string, number>>();
  private principalCount = 0;
  private readonly endpoints = new Numbering();
  private readonly services = new Numbering();

  name(name: string): number {
    return this.names.of(name);
  }

  principal(type: string, id: string): number {
    let ids = this.principals.get(type);
    if (ids === undefined) this.principals.set(type, (ids = new Map()));
    let number = ids.get(id);
    if (number === undefined) ids.set(id, (number = ++this.principalCount));
    return number;
  }

  endpoint(id: string): number {
    return this.endpoints.of(id);
  }

  service(name: string): number {
    return this.services.of(name);
  }
}

/** Turns rules into their compiled form, numbered by the order of their ids over the whole world. */
class RuleCompiler {
  readonly numbers = new GivenNumbers();
  readonly filer: RuleFiler;
  private readonly rules: readonly Rule[];

  constructor(
    private readonly world: World,
    private readonly domains: ReadonlyMap<string, DomainNode>,
  ) {
    this.filer = new RuleFiler(this.numbers, domains);
    this.rules = [...everyRule(world)];
  }

  /** The rules that count: one in report mode is for `explain` alone. */
  table(): RuleTable {
    const ids = this.rules.map(({ id }) => id).sort(byBytes);
    const ordinals = new Map(ids.map((id, ordinal) => [id, ordinal]));
    const filed: Filed[] = [];
    for (const rule of this.rules) {
      if (rule.mode === 'enforce') this.filer.file(rule, ordinals.get(rule.id)!, filed);
    }
    filed.sort((left, right) => left.ordinal - right.ordinal);
    return new RuleTable(ids, filed, (this.domains.size + 1) * 8);
  }

  validityEdges(): Float64Array {
    const edges = new Set<number>();
    for (const { notBefore, notAfter } of this.rules) {
      if (notBefore !== undefined) edges.add(notBefore);
      if (notAfter !== undefined) edges.add(notAfter);
    }
    return Float64Array.from(edges).sort();
  }

  sums(): RuleSums {
    return ruleSums(this.rules, (source) => this.filer.condition(source));
  }

  outTimeReaders(): ReadonlyMap<DomainNode, readonly CompiledRule[]> {
    const readers = new Map<DomainNode, readonly CompiledRule[]>();
    for (const domain of this.world.domains.values()) {
      const rules = domain.rules.filter((rule) => rule.direction === 'out' && this.filer.readsTime(rule));
      if (rules.length > 0)
        readers.set(
          this.domains.get(domain.name)!,
          rules.map((rule) => this.filer.compiled(rule)),
        );
    }
    return readers;
  }
}

const NOBODY = new TextNumbers(new Map());

// ── endpoints ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** What endpoints with the same placements share. */
interface Home {
  readonly placements: readonly DomainNode[];
  readonly chains: readonly DomainNode[];
  readonly chainNames: readonly string[];
  readonly maxStalenessSeconds: number;
  readonly denies: readonly number[];
  readonly denyKeys: number;
  readonly timeReaders: readonly CompiledRule[];
}

class EndpointHomes {
  private readonly homes = new Map<string, Home>();
  private readonly templates = new Map<string, readonly Segment[]>();

  constructor(
    private readonly world: World,
    private readonly domains: ReadonlyMap<string, DomainNode>,
    private readonly compiler: RuleCompiler,
    private readonly rules: RuleTable,
  ) {}

  nodeOf(endpoint: Endpoint, service: ServiceNode): EndpointNode {
    const home = this.homeOf(endpoint.placements);
    const operations: Answering[] = [];
    const paths = new SegmentTrie('/');
    const live = home.placements.filter((domain) => domain.live).map((domain) => this.placementOf(endpoint, domain));
    const node: EndpointNode = {
      sole: live.length === 1 ? live[0] : undefined,
      only: home.placements.length === 1 ? home.placements[0] : undefined,
      id: settled(endpoint.id),
      admitsPreflight: endpoint.preflight === 'allow',
      about: aboutEndpoint(this.compiler.numbers.endpoint(endpoint.id)),
      aboutService: aboutService(this.compiler.numbers.service(endpoint.service)),
      external: home.placements.length === 0,
      denyKeys: home.denyKeys,
      denies: home.denies,
      placements: home.placements,
      live,
      maxStalenessSeconds: home.maxStalenessSeconds,
      timeReaders: home.timeReaders,
      endpoint,
      service,
      chains: home.chains,
      chainNames: home.chainNames,
      operations,
      paths,
    };
    for (const operation of endpoint.operations) {
      if (operation.kind !== 'http') continue;
      const template = this.template(operation.path);
      const other = endpoint.trailingSlash === 'ignore' ? otherSlash(template) : undefined;
      for (const form of other === undefined ? [template] : [template, other]) {
        const answering = { endpoint: node, template: form, verbs: operation.methods };
        operations.push(answering);
        paths.add(answering);
      }
    }
    return node;
  }

  /** Endpoints with the same path share its template. */
  private template(path: string): readonly Segment[] {
    let template = this.templates.get(path);
    if (template === undefined) this.templates.set(path, (template = pathTemplate(path)));
    return template;
  }

  private homeOf(placementNames: readonly string[]): Home {
    const key = [...placementNames].sort(byBytes).join(' ');
    const known = this.homes.get(key);
    if (known !== undefined) return known;
    const placements = [...placementNames].sort(byBytes).map((name) => this.domains.get(name)!);
    const chains = [...new Set(placements.flatMap(({ chain }) => chain))];
    const owners: readonly Domain[] = chains.map(({ name }) => this.world.domains.get(name)!);
    const denies = inUse(this.rules, [
      homeOf(0, HOME.denyInSelf),
      homeOf(0, HOME.denyInSubtree),
      ...chains.map(({ enter }) => homeOf(enter + 1, HOME.denyInSubtree)),
      ...placements.map(({ enter }) => homeOf(enter + 1, HOME.denyInSelf)),
    ]);
    const home: Home = {
      placements,
      chains,
      chainNames: placements.length === 0 ? [OUTSIDE] : chains.map(({ name }) => name).sort(byBytes),
      maxStalenessSeconds: Math.min(Infinity, ...owners.map((domain) => domain.maxStalenessSeconds ?? Infinity)),
      denies,
      denyKeys: denies.reduce((keys, deny) => keys | this.rules.keysOf(deny), 0),
      timeReaders: [this.world.outside, ...owners.map((domain) => domain.rules)]
        .flat()
        .filter((rule) => this.compiler.filer.readsTime(rule))
        .map((rule) => this.compiler.filer.compiled(rule)),
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
