/** What a search looks at: ids that the domains of an endpoint know, sorted, and which of them are alike. */
import { lookupTarget } from './lookup.js';
import { directoriesOf, type Likeness, resourceLikeness, subjectLikeness } from './likeness.js';
import type { AccessRequest, Attributes, Target } from './model.js';
import { Narrowing } from './narrowing.js';
import { placesOfRoute, type RouteTarget, targetOfRoute } from './route-target.js';
import type { EndpointNode, Snapshot } from './snapshot.js';
import { inOrder, mergedInOrder, SharedWork, type Steps, TEXTS_A_STEP } from './steps.js';
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
 * time in proportion to what is stored, step by step.
 */
export function* resourceCandidates(snapshot: Snapshot, type: string, action: string): Steps<Candidates> {
  const actions = snapshot.resources.get(type);
  const endpoint = actions?.get(action) ?? actions?.get('*');
  if (endpoint === undefined) return NONE;
  const lists = yield* storedLists(snapshot, endpoint, type);
  if (lists.length === 0) return NONE;
  return yield* kept(snapshot, endpoint, `resource ${type}`, function* () {
    const ids = yield* idsIn(lists);
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
export function* subjectCandidates(snapshot: Snapshot, type: string, target: Target | RouteTarget): Steps<Candidates> {
  const endpoint = endpointOf(snapshot, target);
  if (endpoint === undefined) return NONE;
  const lists = yield* storedLists(snapshot, endpoint, type);
  const holders = snapshot.holdings.ofType(type);
  if (lists.length === 0 && holders.isEmpty) return NONE;
  return yield* kept(snapshot, endpoint, `subject ${type}`, function* () {
    const chains = new Set(endpoint.chains);
    const holding: string[] = [];
    let looked = 0;
    for (const [id, first] of holders.all()) {
      if (looked++ % TEXTS_A_STEP === 0) yield;
      let held: typeof first | undefined = first;
      while (held !== undefined && !chains.has(held.domain)) held = held.next;
      if (held !== undefined) holding.push(id);
    }
    const ids = yield* mergedInOrder([yield* idsIn(lists), yield* inOrder(holding)]);
    return { ids, kinds: new LikeKinds(ids, subjectLikeness(snapshot, endpoint, type)) };
  });
}

/**
 * Actions that are listed for a type of resource. Where an endpoint takes any action, those too that are stored as
 * entities of type `action` where it lies.
 */
export function* actionCandidates(snapshot: Snapshot, type: string): Steps<Candidates> {
  const actions = new Set<string>();
  for (const [action, endpoint] of snapshot.resources.get(type) ?? []) {
    if (action !== '*') actions.add(action);
    else for (const id of yield* idsIn(yield* storedLists(snapshot, endpoint, 'action'))) actions.add(id);
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

/** Ids of one type in the directories that an endpoint looks at, none of which is empty. */
function* storedLists(snapshot: Snapshot, endpoint: EndpointNode, type: string): Steps<readonly StoredIds[]> {
  const lists: StoredIds[] = [];
  for (const { entities } of directoriesOf(snapshot, endpoint)) {
    const found = (yield* idsByType(entities)).get(type);
    if (found !== undefined) lists.push(found);
  }
  return lists;
}

function* idsIn(lists: readonly StoredIds[]): Steps<readonly string[]> {
  const sorted: (readonly string[])[] = [];
  for (const list of lists) sorted.push(yield* list.sorted());
  return yield* mergedInOrder(sorted);
}

/** Ids of one type in one directory. All endpoints that look at it alone share the list. */
class StoredIds {
  private readonly ids: string[] = [];
  private readonly order = new SharedWork(inOrder(this.ids));

  add(id: string): void {
    this.ids.push(id);
  }

  /** When all are added. */
  sorted(): Steps<readonly string[]> {
    return this.order.run();
  }
}

type Directory = ReadonlyMap<string, Attributes>;
const types = new WeakMap<Directory, SharedWork<ReadonlyMap<string, StoredIds>>>();

/** A directory's ids by their type, sorted out once. */
function idsByType(entities: Directory): Steps<ReadonlyMap<string, StoredIds>> {
  let sortedOut = types.get(entities);
  if (sortedOut === undefined) types.set(entities, (sortedOut = new SharedWork(sortedByType(entities))));
  return sortedOut.run();
}

function* sortedByType(entities: Directory): Steps<ReadonlyMap<string, StoredIds>> {
  const byType = new Map<string, StoredIds>();
  let looked = 0;
  for (const key of entities.keys()) {
    if (looked++ % TEXTS_A_STEP === 0) yield;
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

const found = new WeakMap<Snapshot, Map<string, SharedWork<Candidates>>>();
/** Most candidates that are kept of a snapshot, those that were asked for first going first. */
const MOST_KEPT = 64;

/** Whoever asks meanwhile waits for the same work. */
function kept(
  snapshot: Snapshot,
  endpoint: EndpointNode,
  what: string,
  find: () => Steps<Candidates>,
): Steps<Candidates> {
  let ofSnapshot = found.get(snapshot);
  if (ofSnapshot === undefined) found.set(snapshot, (ofSnapshot = new Map()));
  const key = `${endpoint.id} ${what}`;
  const known = ofSnapshot.get(key);
  if (known !== undefined) return known.run();
  const [oldest] = ofSnapshot.keys();
  if (ofSnapshot.size === MOST_KEPT) ofSnapshot.delete(oldest!);
  const work = new SharedWork(find());
  ofSnapshot.set(key, work);
  return work.run();
}
