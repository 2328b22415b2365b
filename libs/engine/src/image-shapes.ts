/**
 * The kinds of things a snapshot is made of, each with the one way to make it. A thing that is made by the same literal,
 * or by the same constructor, as `compile` uses has the same hidden class, and the code that reads snapshots stays as
 * fast as it was. What is not listed here travels too, member by member.
 */
import { ClaimTable, HostTable, Node, Place, PrefixTable, SegmentTrie } from './address-table.js';
import type { Answering } from './address-table.js';
import { NetworkBindings, TextBindings } from './bindings.js';
import type { Block, Blocks, Bound } from './bindings.js';
import { Holdings, noHolders } from './holdings.js';
import type { Holding, Roles } from './holdings.js';
import { LayeredMap } from './layered-map.js';
import type { Endpoint, Operation } from './model.js';
import type { PreparedObligation } from './obligations.js';
import { RuleTable } from './rule-table.js';
import type {
  CompiledPath,
  CompiledRule,
  CompiledWhat,
  CompiledWho,
  DomainNode,
  EndpointNode,
  Entities,
  MechanismNode,
  ParameterSet,
  PlacementNode,
  ServiceNode,
  Snapshot,
} from './snapshot.js';
import type { Segment } from './template.js';
import { Cache, TextList, TextNumbers } from './texts.js';

/** The value of the next member, in the order of the literal. */
export type Next = <Value>() => Value;

const snapshot = (next: Next): Snapshot => ({
  domains: next(),
  numbered: next(),
  mechanisms: next(),
  endpoints: next(),
  addresses: next(),
  encodedAddresses: next(),
  rpcs: next(),
  encodedRpcs: next(),
  topics: next(),
  resources: next(),
  claims: next(),
  rules: next(),
  names: next(),
  outsideDeniesOut: next(),
  holdings: next(),
  changedEntities: next(),
  validityEdges: next(),
  outTimeReaders: next(),
  headersSet: next(),
  parametersSet: next(),
  scopesAsked: next(),
  membersRead: next(),
});

const domain = (next: Next): DomainNode => ({
  parent: next(),
  depth: next(),
  enter: next(),
  exit: next(),
  live: next(),
  zeroTrust: next(),
  egressClosed: next(),
  reporting: next(),
  trust: next(),
  recognizes: next(),
  access: next(),
  acceptsAnonymous: next(),
  allowsIn: next(),
  allowsOut: next(),
  inheritance: next(),
  name: next(),
  chain: next(),
  crossedBelow: next(),
  accepts: next(),
  discloseAccess: next(),
  deniesOutSelf: next(),
  deniesOutSubtree: next(),
  entityChain: next(),
});

const entities = (next: Next): Entities => ({ entities: next() });

const mechanism = (next: Next): MechanismNode => ({
  name: next(),
  alone: next(),
  kind: next(),
  role: next(),
  principalType: next(),
  filed: next(),
  holders: next(),
  owner: next(),
  bindings: next(),
});

const service = (next: Next): ServiceNode => ({
  name: next(),
  holding: next(),
  home: next(),
  memberships: next(),
  live: next(),
  minds: next(),
  reach: next(),
});

const endpointNode = (next: Next): EndpointNode => ({
  sole: next(),
  only: next(),
  id: next(),
  admitsPreflight: next(),
  about: next(),
  aboutService: next(),
  external: next(),
  denyKeys: next(),
  denies: next(),
  placements: next(),
  live: next(),
  maxStalenessSeconds: next(),
  timeReaders: next(),
  endpoint: next(),
  service: next(),
  chains: next(),
  chainNames: next(),
  operations: next(),
  paths: next(),
});

const placement = (next: Next): PlacementNode => ({
  domain: next(),
  visibleDepth: next(),
  lenientDepth: next(),
  chainNames: next(),
});

/** In the order in which policies are read. */
const endpoint = (next: Next): Endpoint => ({
  id: next(),
  service: next(),
  kind: next(),
  hosts: next(),
  placements: next(),
  operations: next(),
  trailingSlash: next(),
  encodedSlash: next(),
  preflight: next(),
});

const operations = [
  (next: Next): Operation => ({ kind: next<'http'>(), methods: next(), path: next() }),
  (next: Next): Operation => ({ kind: next<'topic'>(), topic: next(), actions: next() }),
  (next: Next): Operation => ({ kind: next<'resource'>(), resourceType: next(), actions: next() }),
];

const answering = (next: Next): Answering => ({ endpoint: next(), template: next(), verbs: next() });

const segments = [
  (next: Next): Segment => ({ kind: next<'literal'>(), text: next() }),
  (next: Next): Segment => ({ kind: next<'parameter'>(), name: next() }),
  (next: Next): Segment => ({ kind: next<'rest'>() }),
];

const rule = (next: Next): CompiledRule => ({
  id: next(),
  owner: next(),
  notBefore: next(),
  notAfter: next(),
  who: next(),
  anonymous: next(),
  what: next(),
  when: next(),
  obligations: next(),
  reads: next(),
});

const who = (next: Next): CompiledWho => ({
  domains: next(),
  outside: next(),
  services: next(),
  mechanisms: next(),
  subjects: next(),
  clients: next(),
  groups: next(),
  principals: next(),
  principalTypes: next(),
  scopes: next(),
  allScopes: next(),
  roles: next(),
});

const what = (next: Next): CompiledWhat => ({
  domains: next(),
  outside: next(),
  services: next(),
  endpoints: next(),
  endpointsOf: next(),
  methods: next(),
  paths: next(),
  resourceTypes: next(),
  resources: next(),
  actions: next(),
});

const path = (next: Next): CompiledPath => ({ exact: next(), other: next() });

const obligation = (next: Next): PreparedObligation => ({ template: next(), text: next() });

const parameterSet = (next: Next): ParameterSet => ({ name: next(), services: next(), endpoints: next() });

const bound = (next: Next): Bound => ({ subject: next(), service: next() });

const blocks = (next: Next): Blocks => ({ 4: next(), 6: next() });

const block = (next: Next): Block => ({ first: next(), last: next(), service: next() });

const holding = (next: Next): Holding => ({ domain: next(), roles: next(), next: next(), wide: next() });

const roles = (next: Next): Roles => ({ names: next(), numbers: next() });

/** Made by one literal each; known by the names of their members and their order. */
export const RECORDS: readonly ((next: Next) => object)[] = [
  snapshot,
  domain,
  entities,
  mechanism,
  service,
  endpointNode,
  placement,
  endpoint,
  ...operations,
  answering,
  ...segments,
  rule,
  who,
  what,
  path,
  obligation,
  parameterSet,
  bound,
  blocks,
  block,
  holding,
  roles,
];

/** Made by a constructor and then filled in; known by their prototype. Each makes an empty one. */
export const INSTANCES: readonly (() => object)[] = [
  () => new Place(),
  () => new Node(),
  () => new SegmentTrie('/'),
  () => new HostTable(),
  () => new ClaimTable(),
  () => new PrefixTable(),
  () => new TextBindings([]),
  () => new NetworkBindings([]),
  () => new RuleTable([], [], 0),
  () => new Holdings(new TextNumbers(new Map())),
  noHolders,
  () => new LayeredMap(new Map(), new Map()),
  () => new TextNumbers(new Map()),
  () => new TextList([]),
  () => new Cache(0),
];

/** Arrays of plain numbers. */
export const NUMBER_ARRAYS = [Int32Array, Uint16Array, Float64Array] as const;
export type NumberArray = InstanceType<(typeof NUMBER_ARRAYS)[number]>;

/** Names of members in order, by place in {@link RECORDS}. */
export const RECORD_MEMBERS: readonly (readonly string[])[] = RECORDS.map((make) =>
  Object.keys(make(() => undefined as never)),
);

/** The same by place in {@link INSTANCES}. */
export const INSTANCE_MEMBERS: readonly (readonly string[])[] = INSTANCES.map((make) => Object.keys(make()));
