/** What a search looks at: ids that the domains of an endpoint know, sorted, and which of them are alike. */
import { lookupTarget } from './lookup.js';
import { directoriesOf, type Likeness, resourceLikeness, subjectLikeness } from './likeness.js';
import type { AccessRequest, Attributes, Target } from './model.js';
import { Narrowing } from './narrowing.js';
import { placesOfRoute, type RouteTarget, targetOfRoute } from './route-target.js';
import type { EndpointNode, Snapshot } from './snapshot.js';
import { readTarget } from './target.js';

/** Tells by a candidate's place of which kind it is; all of one kind get one decision. */
export interface Kinds {
  at(place: number): number;
}

export interface Candidates {
  /** In the order of their UTF-16 units. */
  readonly ids: readonly string[];
  readonly kinds: Kinds;
  /** Where there may be many: leaves out most that cannot be allowed. */
  readonly narrowing?: Narrowing;
}

/** No two are alike. */
const ALL_DIFFERENT: Kinds = { at: (place) => place };
const NONE: Candidates = { ids: [], kinds: ALL_DIFFERENT };

/**
 * Resources of a type that are stored where the endpoint of the action lies. They are found once a revision; that costs
 * time in proportion to what is stored.
 */
export function resourceCandidates(snapshot: Snapshot, type: string, action: string): Candidates {
  const actions = snapshot.resources.get(type);
  const endpoint = actions?.get(action) ?? actions?.get('*');
  if (endpoint === undefined) return NONE;
  return kept(snapshot, endpoint, `resource ${type}`, () => {
    const ids = storedIds(endpoint, type);
    return {
      ids,
      kinds: new LikeKinds(ids, resourceLikeness(snapshot, endpoint, type)),
      narrowing: new Narrowing(snapshot, endpoint, type, ids),
    };
  });
}

/** Templates of paths at which a method is answered. */
export function routeCandidates(snapshot: Snapshot, method: string): Candidates {
  const templates = new Set<string>();
  for (const { endpoint } of snapshot.endpoints.values()) {
    for (const operation of endpoint.operations) {
      if (operation.kind === 'http' && listed(operation.methods, method)) templates.add(operation.path);
    }
  }
  return sorted(templates);
}

/** Subjects of a type that are stored, or hold roles, where the target lies. */
export function subjectCandidates(snapshot: Snapshot, type: string, target: Target | RouteTarget): Candidates {
  const endpoint = endpointOf(snapshot, target);
  if (endpoint === undefined) return NONE;
  return kept(snapshot, endpoint, `subject ${type}`, () => {
    const stored = storedIds(endpoint, type);
    const ids = new Set(stored);
    const chains = new Set(endpoint.chains);
    for (const [id, holding] of snapshot.holdings.ofType(type).all()) {
      for (let held: typeof holding | undefined = holding; held !== undefined; held = held.next) {
        if (chains.has(held.domain)) ids.add(id);
      }
    }
    const all = ids.size === stored.length ? stored : [...ids].sort();
    return { ids: all, kinds: new LikeKinds(all, subjectLikeness(snapshot, endpoint, type)) };
  });
}

/**
 * Actions that are listed for a type of resource. Where an endpoint takes any action, those too that are stored as
 * entities of type `action` where it lies.
 */
export function actionCandidates(snapshot: Snapshot, type: string): Candidates {
  const actions = new Set<string>();
  for (const [action, endpoint] of snapshot.resources.get(type) ?? []) {
    if (action !== '*') actions.add(action);
    else for (const id of storedIds(endpoint, 'action')) actions.add(id);
  }
  return sorted(actions);
}

/** Methods that are listed for a route; the usual ones where an operation takes any. */
export function methodCandidates(snapshot: Snapshot, route: Omit<RouteTarget, 'method'>): Candidates {
  const methods = new Set<string>();
  for (const { answering } of placesOfRoute(snapshot, route.template)) {
    for (const verb of answering.flatMap(({ verbs }) => verbs)) {
      if (verb !== '*') methods.add(verb);
      else for (const usual of USUAL_METHODS) methods.add(usual);
    }
  }
  return sorted(methods);
}

const USUAL_METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

function endpointOf(snapshot: Snapshot, asked: Target | RouteTarget): EndpointNode | undefined {
  const target = asked.kind === 'route' ? targetOfRoute(snapshot, asked) : asked;
  const read = readTarget({ target, headers: {} } as AccessRequest);
  const found = read && lookupTarget(snapshot, read);
  return found === undefined || typeof found === 'string' ? undefined : found.endpoint;
}

function listed(methods: readonly string[], method: string): boolean {
  return methods.includes(method) || methods.includes('*');
}

/** Sorted. */
function storedIds({ chains }: EndpointNode, type: string): readonly string[] {
  const lists = directoriesOf(chains).flatMap(({ entities }) => idsByType(entities).get(type) ?? []);
  if (lists.length < 2) return lists[0]?.sorted() ?? [];
  // What is in order list by list is quickly put in order as a whole.
  return [...new Set(lists.flatMap((list) => list.sorted()))].sort();
}

/** Ids of one type in one directory. All endpoints that look at it alone share the list. */
class StoredIds {
  private isSorted = false;
  private readonly ids: string[] = [];

  add(id: string): void {
    this.ids.push(id);
  }

  sorted(): readonly string[] {
    if (!this.isSorted) this.ids.sort();
    this.isSorted = true;
    return this.ids;
  }
}

const types = new WeakMap<ReadonlyMap<string, Attributes>, ReadonlyMap<string, StoredIds>>();

/** A directory's ids by their type, sorted out once. */
function idsByType(entities: ReadonlyMap<string, Attributes>): ReadonlyMap<string, StoredIds> {
  let byType = types.get(entities) as Map<string, StoredIds> | undefined;
  if (byType !== undefined) return byType;
  types.set(entities, (byType = new Map()));
  for (const key of entities.keys()) {
    const colon = key.indexOf(':');
    const type = key.slice(0, colon);
    let ids = byType.get(type);
    if (ids === undefined) byType.set(type, (ids = new StoredIds()));
    ids.add(key.slice(colon + 1));
  }
  return byType;
}

/** No two of them are alike. */
function sorted(ids: ReadonlySet<string>): Candidates {
  return { ids: [...ids].sort(), kinds: ALL_DIFFERENT };
}

/** Kinds by likeness, which is told when it is first asked for: most candidates are never looked at. */
class LikeKinds implements Kinds {
  private readonly numbers = new Map<string, number>();
  /** By place; 0 where it is not told yet. */
  private readonly told: Int32Array;

  constructor(
    private readonly ids: readonly string[],
    private readonly likeness: Likeness,
  ) {
    this.told = new Int32Array(ids.length);
  }

  at(place: number): number {
    const told = this.told[place]!;
    if (told !== 0) return told;
    const kind = this.likeness(this.ids[place]!);
    const number = this.numbers.get(kind) ?? this.numbers.size + 1;
    this.numbers.set(kind, number);
    return (this.told[place] = number);
  }
}

const found = new WeakMap<Snapshot, Map<string, Candidates>>();
/** Most candidates that are kept of a snapshot, those that were asked for first going first. */
const MOST_KEPT = 64;

/** Nothing is kept of types that nobody has: callers name them. */
function kept(snapshot: Snapshot, endpoint: EndpointNode, what: string, find: () => Candidates): Candidates {
  let ofSnapshot = found.get(snapshot);
  if (ofSnapshot === undefined) found.set(snapshot, (ofSnapshot = new Map()));
  const key = `${endpoint.id} ${what}`;
  const known = ofSnapshot.get(key);
  if (known !== undefined) return known;
  const candidates = find();
  if (candidates.ids.length === 0) return candidates;
  const [oldest] = ofSnapshot.keys();
  if (ofSnapshot.size === MOST_KEPT) ofSnapshot.delete(oldest!);
  ofSnapshot.set(key, candidates);
  return candidates;
}
