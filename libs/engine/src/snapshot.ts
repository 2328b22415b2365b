/**
 * A revision compiled for reading: what `compile.ts` builds and `decide.ts` reads. Nothing here changes after it is built.
 *
 * Domains are numbered by a walk of the tree, so that "lies within" is two integer comparisons. Rules are numbered by
 * the bytes of their ids, so that "first" is the smaller number. Names are interned by the nodes that carry them.
 */
import type { Root } from '#cel';
import type { Answering, ClaimTable, HostTable, SegmentTrie } from './address-table.js';
import type { Attributes, Endpoint, MechanismKind } from './model.js';
import type { Holders, Holding, Holdings } from './holdings.js';
import type { MemberPath } from './members-read.js';
import type { PreparedObligation } from './obligations.js';
import type { RuleCondition } from './rule-condition.js';
import type { RuleTable } from './rule-table.js';
import type { Segment } from './template.js';
import type { TextNumbers } from './texts.js';

export interface DomainNode {
  readonly name: string;
  readonly parent: DomainNode | undefined;
  /** 1 for a top-level domain. */
  readonly depth: number;
  /** Place in the snapshot's list of domains, which is a walk of the tree: descendants follow in one run. */
  readonly enter: number;
  /** First place after the last descendant. */
  readonly exit: number;
  /** Itself and its ancestors, nearest first. */
  readonly chain: readonly DomainNode[];
  /** `crossedBelow[k]`: the names of this chain strictly below depth k, outside in. */
  readonly crossedBelow: readonly (readonly string[])[];
  readonly live: boolean;
  readonly zeroTrust: boolean;
  readonly egressClosed: boolean;
  readonly reporting: boolean;
  readonly discloseAccess: boolean;
  /** Names of mechanisms. */
  readonly trust: ReadonlySet<string>;
  readonly recognizes: ReadonlySet<string>;
  readonly access: ReadonlySet<string>;
  readonly acceptsAnonymous: boolean;
  /** What `accepts` discloses: sorted, without `anonymous`. */
  readonly accepts: readonly string[];
  /** Homes in use of allows that may pass a check here: its own, and those of ancestors with scope `subtree`. */
  readonly allowsIn: readonly number[];
  readonly allowsOut: readonly number[];
  /** Homes in use of its denies `out`; -1 where there are none. */
  readonly deniesOutSelf: number;
  readonly deniesOutSubtree: number;
  /** Entities of the chain that has any, nearest first; what became of them since, the snapshot says. */
  readonly entityChain: readonly Entities[];
  /** Role inheritance on the chain: every definition there. */
  readonly inheritance: readonly ReadonlyMap<string, readonly string[]>[];
}

/** Entities of one domain. */
export interface Entities {
  /** By `type:id`. */
  readonly entities: ReadonlyMap<string, Attributes>;
}

/** What became of directories since they were compiled, by what they were then. */
export type ChangedEntities = ReadonlyMap<Entities, Entities>;

export interface MechanismNode {
  readonly name: string;
  /** Its name as a list of one. */
  readonly alone: readonly string[];
  readonly kind: MechanismKind;
  readonly role: 'trust' | 'access';
  readonly principalType: string;
  /** Principals of its type that rules are filed under: their numbers by id. */
  readonly filed: TextNumbers;
  /** Who of its type holds roles, by id. */
  readonly holders: Holders;
  readonly owner: DomainNode;
  readonly bindings: Bindings;
}

/** Who is bound to a mechanism's subjects. */
export interface Bindings {
  find(subject: string): ServiceNode | undefined;
}

export interface ServiceNode {
  readonly name: string;
  /** The roles it holds itself. */
  readonly holding: Holding | undefined;
  readonly memberships: readonly DomainNode[];
  /** The one membership, where there is exactly one. */
  readonly home: DomainNode | undefined;
  /** It has a live membership, or none at all. */
  readonly live: boolean;
  /** Some domain of its reach minds who leaves it: closed egress, or denies `out`. */
  readonly minds: boolean;
  /** The memberships' chains without repetition, deepest first, then by name. */
  readonly reach: readonly DomainNode[];
}

/** A placement of one endpoint, with how far the endpoint is visible from there. */
export interface PlacementNode {
  readonly domain: DomainNode;
  /** Depth of the lowest unmarked domain of the chain, 0 when all are marked: a meeting domain lies at or below it. */
  readonly visibleDepth: number;
  /** The same when reporting domains count as having marked. */
  readonly lenientDepth: number;
  /** Names of the chain, sorted. */
  readonly chainNames: readonly string[];
}

export interface EndpointNode {
  readonly endpoint: Endpoint;
  /** `service/endpoint`. */
  readonly id: string;
  readonly admitsPreflight: boolean;
  /** The one placement, live or not, where there is exactly one. */
  readonly only: DomainNode | undefined;
  /** Its rules' places in the rule table. */
  readonly about: number;
  readonly aboutService: number;
  readonly service: ServiceNode;
  readonly external: boolean;
  /** All of them, by name. */
  readonly placements: readonly DomainNode[];
  /** Live ones, by name. */
  readonly live: readonly PlacementNode[];
  /** The one live placement, where there is exactly one. */
  readonly sole: PlacementNode | undefined;
  /** The placements' chains without repetition. */
  readonly chains: readonly DomainNode[];
  /** Their names, sorted; `*` for an external endpoint. */
  readonly chainNames: readonly string[];
  readonly maxStalenessSeconds: number;
  /** Homes in use of denies `in` that may concern it. */
  readonly denies: readonly number[];
  /** Bits of the keys those denies are filed under. */
  readonly denyKeys: number;
  /** Rules of the world, of its chains, that read the clock: by `what` some may concern a target here. */
  readonly timeReaders: readonly CompiledRule[];
  /** Its own operations, for targets that name it. */
  readonly operations: readonly Answering[];
  readonly paths: SegmentTrie;
}

/** `undefined` stands for no constraint. */
export interface CompiledRule {
  readonly id: string;
  /** Undefined: `*`. */
  readonly owner: DomainNode | undefined;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly who: CompiledWho | undefined;
  readonly anonymous: boolean;
  readonly what: CompiledWhat | undefined;
  readonly when: RuleCondition | undefined;
  readonly obligations: readonly PreparedObligation[] | undefined;
  /** What its condition and its obligations read. */
  readonly reads: ReadonlySet<Root>;
}

/** A set of names: an array while it is short, for then a scan is faster and smaller than a hash. */
export type Names = readonly string[] | ReadonlySet<string>;

export interface CompiledWho {
  readonly domains: readonly DomainNode[] | undefined;
  /** `domains` lists `*`. */
  readonly outside: boolean;
  readonly services: Names | undefined;
  readonly mechanisms: Names | undefined;
  readonly subjects: Names | undefined;
  readonly clients: Names | undefined;
  readonly groups: Names | undefined;
  readonly principals: Names | undefined;
  /** Types of which any principal will do. */
  readonly principalTypes: Names | undefined;
  readonly scopes: Names | undefined;
  readonly allScopes: readonly string[] | undefined;
  readonly roles: Names | undefined;
}

export interface CompiledWhat {
  readonly domains: readonly DomainNode[] | undefined;
  /** `domains` lists `*`. */
  readonly outside: boolean;
  readonly services: Names | undefined;
  /** `service/endpoint`. */
  readonly endpoints: Names | undefined;
  /** Services of which any endpoint will do (`service/*`). */
  readonly endpointsOf: Names | undefined;
  readonly methods: Names | undefined;
  readonly paths: readonly CompiledPath[] | undefined;
  readonly resourceTypes: Names | undefined;
  readonly resources: Names | undefined;
  readonly actions: Names | undefined;
}

export interface CompiledPath {
  readonly exact: readonly Segment[];
  /** With the other trailing slash, for endpoints that ignore it. */
  readonly other: readonly Segment[] | undefined;
}

export interface Snapshot {
  readonly domains: ReadonlyMap<string, DomainNode>;
  readonly mechanisms: ReadonlyMap<string, MechanismNode>;
  readonly endpoints: ReadonlyMap<string, EndpointNode>;
  readonly addresses: HostTable<SegmentTrie>;
  /** Endpoints that opted in to `%2F`. */
  readonly encodedAddresses: HostTable<SegmentTrie>;
  /** RPCs of every host. */
  readonly rpcs: SegmentTrie;
  readonly encodedRpcs: SegmentTrie;
  readonly topics: SegmentTrie;
  /** Resource type, then action (or `*`). */
  readonly resources: ReadonlyMap<string, ReadonlyMap<string, EndpointNode>>;
  readonly claims: ClaimTable<DomainNode>;
  readonly rules: RuleTable;
  /** Names that rules are filed under, numbered from 1; principals stand with the mechanisms of their type. */
  readonly names: TextNumbers;
  /** Homes in use of denies `out` owned by `*`. */
  readonly outsideDeniesOut: readonly number[];
  readonly holdings: Holdings;
  /** Directories in which some entities are others than when the domains' own were made. */
  readonly changedEntities: ChangedEntities;
  /** Instants at which a rule becomes or ceases to be valid, ascending. */
  readonly validityEdges: Float64Array;
  /** Domains by their number. */
  readonly numbered: readonly DomainNode[];
  /** Some rule `out` reads the clock. */
  readonly outTimeReaders: ReadonlyMap<DomainNode, readonly CompiledRule[]>;
  /** Headers that some rule sets, in report mode too: names in lower case, by their folded form. */
  readonly headersSet: ReadonlyMap<string, readonly string[]>;
  /** Query parameters that some rule sets, in report mode too, by the domain that owns the rule. */
  readonly parametersSet: ReadonlyMap<string, readonly ParameterSet[]>;
  /** Scopes that some allow asks for, sorted; none where there are too many to try them. */
  readonly scopesAsked: readonly string[];
  /** What some rule reads of a request, in its condition or its obligations. */
  readonly membersRead: readonly MemberPath[];
}

/** A query parameter that a rule sets, and what the rule is about; absent: everything. */
export interface ParameterSet {
  readonly name: string;
  readonly services: readonly string[] | undefined;
  readonly endpoints: readonly string[] | undefined;
}

/** The same snapshot with some members others. By the same literal as `compile` uses: so it is as fast to read. */
export function snapshotWith(before: Snapshot, changed: Partial<Snapshot>): Snapshot {
  const parts = { ...before, ...changed };
  return {
    domains: parts.domains,
    numbered: parts.numbered,
    mechanisms: parts.mechanisms,
    endpoints: parts.endpoints,
    addresses: parts.addresses,
    encodedAddresses: parts.encodedAddresses,
    rpcs: parts.rpcs,
    encodedRpcs: parts.encodedRpcs,
    topics: parts.topics,
    resources: parts.resources,
    claims: parts.claims,
    rules: parts.rules,
    names: parts.names,
    outsideDeniesOut: parts.outsideDeniesOut,
    holdings: parts.holdings,
    changedEntities: parts.changedEntities,
    validityEdges: parts.validityEdges,
    outTimeReaders: parts.outTimeReaders,
    headersSet: parts.headersSet,
    parametersSet: parts.parametersSet,
    scopesAsked: parts.scopesAsked,
    membersRead: parts.membersRead,
  };
}

/** Whether `inner` is `outer` or lies below it. */
export function liesWithin(inner: DomainNode, outer: DomainNode): boolean {
  return outer.enter <= inner.enter && inner.enter < outer.exit;
}

export function has(names: Names, name: string): boolean {
  return Array.isArray(names) ? names.includes(name) : (names as ReadonlySet<string>).has(name);
}
