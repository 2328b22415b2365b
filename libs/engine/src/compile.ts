/**
 * From a world to the snapshot that answers requests about it. The world is well-formed: `libs/policy` has judged it.
 * Costs time and memory in proportion to the world; the world itself is not kept, but for its directories' entities.
 */
import type { Condition, Root } from '#cel';
import { ClaimTable, HostTable, SegmentTrie } from './address-table.js';
import type { Answering } from './address-table.js';
import { compileBindings } from './bindings.js';
import { foldedHeaderName } from '#wire';
import { Holdings } from './holdings.js';
import { ANONYMOUS, OUTSIDE } from './model.js';
import type { Domain, Endpoint, Mode, Rule, World } from './model.js';
import { distinctPaths, memberPath } from './members-read.js';
import type { MemberPath } from './members-read.js';
import { obligationReads, prepareObligations } from './obligations.js';
import type { PreparedObligation } from './obligations.js';
import { byBytes, settled } from './ordering.js';
import { conditionOf, RuleCondition } from './rule-condition.js';
import { aboutEndpoint, aboutService, ANYTHING, HOME, homeOf, KEY, RuleTable } from './rule-table.js';
import type { Filed } from './rule-table.js';
import type {
  CompiledRule,
  CompiledWhat,
  CompiledWho,
  DomainNode,
  EndpointNode,
  MechanismNode,
  Names,
  ParameterSet,
  PlacementNode,
  ServiceNode,
  Snapshot,
} from './snapshot.js';
import { otherSlash, pathTemplate, topicTemplate } from './template.js';
import type { Segment } from './template.js';
import { TextNumbers } from './texts.js';

/** Up to this many names a set is an array. */
const SHORT = 8;
/** With more scopes than this nobody is told that only a scope was missing: to find out would cost too much. */
const MAX_SCOPES = 1_000;

export function compile(world: World): Snapshot {
  const domains = compileDomains(world);
  const compiler = new RuleCompiler(world, domains);
  const rules = compiler.table();
  for (const node of domains.values()) attachRules(node, rules);
  const names = new TextNumbers(compiler.names.numbers);
  const filed = new Map([...compiler.principals].map(([type, ids]) => [type, new TextNumbers(ids)]));
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
    validityEdges: compiler.validityEdges(),
    outTimeReaders: compiler.outTimeReaders(),
    headersSet: compiler.headersSet(),
    parametersSet: compiler.parametersSet(),
    scopesAsked: compiler.scopesAsked(),
    membersRead: compiler.membersRead(),
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

/** Numbers for the names that keys are made of, from 1. */
class Numbering {
  readonly numbers = new Map<string, number>();

  of(name: string): number {
    let number = this.numbers.get(name);
    if (number === undefined) this.numbers.set(name, (number = this.numbers.size + 1));
    return number;
  }
}

/** Turns rules into their compiled form, numbered by the order of their ids over the whole world. */
class RuleCompiler {
  private readonly ordinals = new Map<string, number>();
  private readonly conditions = new Map<string, Condition>();
  private readonly ruleConditions = new Map<string, RuleCondition>();
  private readonly ids: readonly string[];
  readonly names = new Numbering();
  /** Principals that rules are filed under: by type, then by id. */
  readonly principals = new Map<string, Map<string, number>>();
  private principalCount = 0;
  readonly endpoints = new Numbering();
  readonly services = new Numbering();

  constructor(
    private readonly world: World,
    private readonly domains: ReadonlyMap<string, DomainNode>,
  ) {
    this.ids = [...this.everyRule()].map(({ id }) => id).sort(byBytes);
    this.ids.forEach((id, ordinal) => this.ordinals.set(id, ordinal));
  }

  private *everyRule(): Generator<Rule> {
    yield* this.world.outside;
    for (const domain of this.world.domains.values()) yield* domain.rules;
  }

  /** The rules that count: one in report mode is for `explain` alone. */
  table(): RuleTable {
    const filed: Filed[] = [];
    for (const rule of this.everyRule()) if (rule.mode === 'enforce') this.file(rule, filed);
    filed.sort((left, right) => left.ordinal - right.ordinal);
    return new RuleTable(this.ids, filed, (this.domains.size + 1) * 8);
  }

  compiled(rule: Rule): CompiledRule {
    const owed =
      rule.effect === 'deny' || rule.obligations.length === 0 ? undefined : prepareObligations(rule.obligations);
    return {
      ordinal: this.ordinals.get(rule.id)!,
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

  validityEdges(): Float64Array {
    const edges = new Set<number>();
    for (const { notBefore, notAfter } of this.everyRule()) {
      if (notBefore !== undefined) edges.add(notBefore);
      if (notAfter !== undefined) edges.add(notAfter);
    }
    return Float64Array.from(edges).sort();
  }

  headersSet(): ReadonlyMap<string, readonly string[]> {
    const names = new Set<string>();
    for (const { obligations } of this.everyRule()) {
      for (const obligation of obligations)
        if (obligation.kind === 'setHeader') names.add(obligation.name.toLowerCase());
    }
    const byFold = new Map<string, string[]>();
    for (const name of [...names].sort(byBytes)) {
      const folded = foldedHeaderName(name);
      const alike = byFold.get(folded);
      if (alike === undefined) byFold.set(folded, [name]);
      else alike.push(name);
    }
    return byFold;
  }

  /** Only of rules `in`: what a caller's own domain adds on the way out, no service takes for a word of its own. */
  parametersSet(): ReadonlyMap<string, readonly ParameterSet[]> {
    const byOwner = new Map<string, ParameterSet[]>();
    for (const { owner, direction, what, obligations } of this.everyRule()) {
      if (direction === 'out') continue;
      for (const obligation of obligations) {
        if (obligation.kind !== 'setQueryParameter') continue;
        const own: ParameterSet = { name: obligation.name, services: what.services, endpoints: what.endpoints };
        const others = byOwner.get(owner);
        if (others === undefined) byOwner.set(owner, [own]);
        else others.push(own);
      }
    }
    return byOwner;
  }

  scopesAsked(): readonly string[] {
    const names = new Set<string>();
    for (const { effect, mode, who } of this.everyRule()) {
      if (effect === 'deny' || mode === 'report' || who.scopes === undefined) continue;
      for (const name of 'allOf' in who.scopes ? who.scopes.allOf : who.scopes) names.add(name);
    }
    return names.size > MAX_SCOPES ? [] : [...names].sort(byBytes);
  }

  /** Of rules in report mode too: an explanation speaks of them. */
  membersRead(): readonly MemberPath[] {
    const conditions = new Set<string>();
    const paths: MemberPath[] = [];
    for (const { when, who, effect, obligations } of this.everyRule()) {
      if (when !== undefined) conditions.add(when);
      if (who.clients !== undefined) paths.push(...CLIENT_CLAIMS);
      if (effect === 'allow') paths.push(...obligationReads(prepareObligations(obligations)));
    }
    for (const source of conditions) paths.push(...this.condition(source).reads.map(memberPath));
    return distinctPaths(paths);
  }

  outTimeReaders(): ReadonlyMap<DomainNode, readonly CompiledRule[]> {
    const readers = new Map<DomainNode, readonly CompiledRule[]>();
    for (const domain of this.world.domains.values()) {
      const rules = domain.rules.filter((rule) => rule.direction === 'out' && this.readsTime(rule));
      if (rules.length > 0)
        readers.set(
          this.domains.get(domain.name)!,
          rules.map((rule) => this.compiled(rule)),
        );
    }
    return readers;
  }

  private file(rule: Rule, into: Filed[]): void {
    const { what } = rule;
    const owner = rule.owner === OUTSIDE ? 0 : this.domains.get(rule.owner)!.enter + 1;
    const endpoints = what.endpoints?.map((id) =>
      id.endsWith('/*') ? aboutService(this.services.of(id.slice(0, -2))) : aboutEndpoint(this.endpoints.of(id)),
    );
    const about = endpoints ?? what.services?.map((name) => aboutService(this.services.of(name))) ?? [ANYTHING];
    const { key, values } = this.keyOf(rule);
    const filed = {
      ordinal: this.ordinals.get(rule.id)!,
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
      values: names.map((name) => this.names.of(name)),
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
    let ids = this.principals.get(type);
    if (ids === undefined) this.principals.set(type, (ids = new Map()));
    const id = principal.slice(type.length + 1);
    let number = ids.get(id);
    if (number === undefined) ids.set(id, (number = ++this.principalCount));
    return number;
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

  private condition(source: string): Condition {
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

const NOBODY = new TextNumbers(new Map());
/** What `who.clients` reads. */
const CLIENT_CLAIMS: readonly MemberPath[] = [
  ['principal', 'claims', 'azp'],
  ['principal', 'claims', 'client_id'],
];
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
      about: aboutEndpoint(this.compiler.endpoints.of(endpoint.id)),
      aboutService: aboutService(this.compiler.services.of(endpoint.service)),
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
        .filter((rule) => this.compiler.readsTime(rule))
        .map((rule) => this.compiler.compiled(rule)),
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
