/**
 * Requests to an endpoint, one of each kind that no rule tells apart: operations, methods and actions, and paths cut
 * where the templates of rules cut them.
 */
import {
  type AccessRequest,
  type Endpoint,
  type Operation,
  otherSlash,
  pathTemplate,
  type Rule,
  type Segment,
  type Target,
  topicTemplate,
  type World,
} from '#engine';
import { rulesOf } from './actors.js';

/** What a request asks for, beside who asks. */
export interface Asked {
  readonly target: Target;
  readonly headers: AccessRequest['headers'];
}

/** Ways to ask for one and the same thing, the first that leads to the endpoint counts. */
export type Ways = readonly Asked[];

export interface TargetFilter {
  /** Absent: every method, or action, that the endpoint answers. */
  readonly methods?: readonly string[] | undefined;
  readonly actions?: readonly string[] | undefined;
}

export interface Targets {
  readonly ways: readonly Ways[];
  /** False where there are more than can be looked at. */
  readonly isComplete: boolean;
}

/** Most targets of one endpoint that are looked at. */
const MOST_TARGETS = 5_000;
const UNSPOKEN = 'zz-any';

/**
 * @param rules  those that may be matched at the endpoint
 * @param fresh  {@link unspokenWord}
 * @param others  endpoints that may answer instead of it, or that it was or will be: what they tell apart is told apart, too
 */
export function targetsOf(
  world: World,
  endpoint: Endpoint,
  rules: readonly Rule[],
  filter: TargetFilter,
  fresh: string,
  others: readonly Endpoint[] = [],
): Targets {
  const ways: Ways[] = [];
  for (const found of enumerate(world, endpoint, rules, filter, fresh, others)) {
    if (ways.length === MOST_TARGETS) return { ways, isComplete: false };
    ways.push(found);
  }
  return { ways, isComplete: true };
}

function* enumerate(
  world: World,
  endpoint: Endpoint,
  rules: readonly Rule[],
  filter: TargetFilter,
  fresh: string,
  others: readonly Endpoint[],
): Generator<Ways> {
  const answering = [endpoint, ...others] as const;
  const named: Target = { kind: 'endpoint', endpoint: endpoint.id };
  for (const operation of endpoint.operations) {
    switch (operation.kind) {
      case 'http': {
        if (filter.actions !== undefined) break;
        const cuts = [...pathCuts(world, endpoint, rules), ...others.flatMap(pathsOf).map(pathTemplate)];
        const named = methodsNamed(answering, rules);
        const unspoken = fresh.toUpperCase();
        const verbs = verbsOf(operation.methods, named, filter.methods, unspoken);
        // It is OPTIONS itself, whatever method it asks about.
        const mayPreflight =
          answering.some(({ preflight }) => preflight === 'allow') && isAsked('OPTIONS', filter.methods);
        const asking = mayPreflight ? verbsOf(operation.methods, named, undefined, unspoken) : [];
        for (const path of pathsAsked(operation.path, answering, cuts, fresh)) {
          for (const method of verbs) yield httpWays(endpoint, { method, path }, {}, fresh);
          for (const method of asking)
            yield httpWays(endpoint, { method: 'OPTIONS', path }, preflightFor(method), fresh);
        }
        break;
      }
      case 'topic': {
        if (filter.methods !== undefined) break;
        const verbs = verbsOf(operation.actions, actionsNamed(others, rules), filter.actions, fresh);
        for (const segments of cells(topicTemplate(operation.topic), topicCuts(world), fresh))
          for (const action of verbs)
            yield [{ target: { kind: 'topic', topic: segments.join('.'), action }, headers: {} }];
        break;
      }
      case 'resource': {
        if (filter.methods !== undefined) break;
        const type = operation.resourceType;
        const ids = [fresh, ...idsNamed(rules, type)];
        for (const name of verbsOf(operation.actions, actionsNamed(others, rules), filter.actions, fresh))
          for (const id of ids) {
            const target: Target = {
              kind: 'resource',
              resource: { type, id, properties: {} },
              action: { name, properties: {} },
            };
            yield [{ target, headers: {} }];
          }
        break;
      }
    }
  }
  if (filter.methods === undefined && filter.actions === undefined) yield [{ target: named, headers: {} }];
}

/**
 * Requests by name that leave out what some rule looks at, which a deny counts as found; and those by name at all, where a
 * deny sees that they are. Nothing more is allowed by them than by addresses, but something else may be.
 *
 * @param rules  those that may be matched at the endpoint
 * @param fresh  {@link unspokenWord}
 */
export function namedTargetsOf(endpoint: Endpoint, rules: readonly Rule[], fresh: string): Targets {
  const ways: Ways[] = [];
  for (const target of namedTargets(endpoint, rules, fresh)) {
    if (ways.length === MOST_TARGETS) return { ways, isComplete: false };
    ways.push([{ target, headers: {} }]);
  }
  return { ways, isComplete: true };
}

function* namedTargets(endpoint: Endpoint, rules: readonly Rule[], fresh: string): Generator<Target> {
  if (!endpoint.operations.some(({ kind }) => kind === 'http')) return;
  const looksAt = (member: 'methods' | 'paths') => rules.some(({ what }) => what[member] !== undefined);
  const [methods, paths, names] = [looksAt('methods'), looksAt('paths'), seesNames(rules)];
  const named = { kind: 'endpoint', endpoint: endpoint.id } as const;
  const verbs = verbsOf(['*'], methodsNamed([endpoint], rules), undefined, fresh.toUpperCase());
  if (methods && (paths || names)) for (const method of verbs) yield { ...named, method };
  if (!paths || !(methods || names)) return;
  for (const segments of cells(pathTemplate('/**'), ruledForms(endpoint, rules), fresh)) {
    const path = `/${segments.join('/')}`;
    yield { ...named, path };
    if (methods && names) for (const method of verbs) yield { ...named, method, path };
  }
}

/** Only a deny about resources sees that it was asked by name. */
function seesNames(rules: readonly Rule[]): boolean {
  return rules.some(({ effect, what }) => effect === 'deny' && (what.resourceTypes ?? what.resources ?? what.actions));
}

/** With an encoded slash and one at the end, where those who may answer read them in different ways. */
function* pathsAsked(
  path: string,
  answering: readonly [Endpoint, ...Endpoint[]],
  cuts: readonly Template[],
  fresh: string,
): Generator<string> {
  const [{ encodedSlash, trailingSlash }] = answering;
  const isEncoded = encodedSlash === 'allow' && answering.some((one) => one.encodedSlash !== 'allow');
  const isIgnored = trailingSlash === 'ignore' && answering.some((one) => one.trailingSlash !== 'ignore');
  const template = pathTemplate(path);
  const other = isIgnored ? otherSlash(template) : undefined;
  for (const form of other === undefined ? [template] : [template, other])
    for (const segments of cells(form, cuts, fresh)) {
      yield `/${segments.join('/')}`;
      const place = isEncoded ? segments.indexOf(fresh) : -1;
      if (place >= 0) yield `/${segments.with(place, `${fresh}%2F${fresh}`).join('/')}`;
    }
}

function preflightFor(method: string): AccessRequest['headers'] {
  return { origin: 'https://zz.example', 'access-control-request-method': method };
}

/** By each of its addresses, and by name where none leads to it. */
function httpWays(
  { id, hosts }: Endpoint,
  asked: { readonly method: string; readonly path: string },
  headers: AccessRequest['headers'],
  fresh: string,
): Ways {
  return [
    ...hosts.map((host): Target => ({ kind: 'address', host: host.replace(/^\*\./, `${fresh}.`), ...asked })),
    { kind: 'endpoint', endpoint: id, ...asked } as const,
  ].map((target) => ({ target, headers }));
}

function verbsOf(
  listed: readonly string[],
  named: readonly string[],
  asked: readonly string[] | undefined,
  fresh: string,
): readonly string[] {
  if (!listed.includes('*')) return listed.filter((verb) => isAsked(verb, asked));
  return asked ?? [...new Set([fresh, ...listed.filter((verb) => verb !== '*'), ...named])];
}

function isAsked(verb: string, asked: readonly string[] | undefined): boolean {
  return asked === undefined || asked.includes(verb);
}

function methodsNamed(answering: readonly Endpoint[], rules: readonly Rule[]): readonly string[] {
  return [
    ...rules.flatMap(({ what }) => what.methods ?? []),
    ...answering.flatMap(({ operations }) =>
      operations.flatMap((operation) => (operation.kind === 'http' ? operation.methods : [])),
    ),
  ].filter((method) => method !== '*');
}

function actionsNamed(others: readonly Endpoint[], rules: readonly Rule[]): readonly string[] {
  return [
    ...rules.flatMap(({ what }) => what.actions ?? []),
    ...others.flatMap(({ operations }) =>
      operations.flatMap((operation) => (operation.kind === 'http' ? [] : operation.actions)),
    ),
  ].filter((action) => action !== '*');
}

function idsNamed(rules: readonly Rule[], type: string): readonly string[] {
  const names = rules.flatMap(({ what }) => what.resources ?? []).filter((name) => name.startsWith(`${type}:`));
  return [...new Set(names)].map((name) => name.slice(type.length + 1));
}

type Template = readonly Segment[];

/** Templates that cut the paths of an endpoint. */
function pathCuts(world: World, endpoint: Endpoint, rules: readonly Rule[]): readonly Template[] {
  const forms = [...formsOf(endpoint, pathsOf(endpoint)), ...ruledForms(endpoint, rules)];
  // By name every path leads to its own endpoint.
  return seesNames(rules) ? [...forms, ...addressCuts(world, endpoint)] : forms;
}

function ruledForms(endpoint: Endpoint, rules: readonly Rule[]): readonly Template[] {
  return formsOf(
    endpoint,
    rules.flatMap(({ what }) => what.paths ?? []),
  );
}

/** Both of a path, where a slash at its end says nothing. */
function formsOf({ trailingSlash }: Endpoint, paths: readonly string[]): readonly Template[] {
  return paths.flatMap((path) => {
    const template = pathTemplate(path);
    const other = trailingSlash === 'ignore' ? otherSlash(template) : undefined;
    return other === undefined ? [template] : [template, other];
  });
}

/** Where other endpoints and claims take paths away from the addresses of this one. */
function addressCuts(world: World, { hosts }: Endpoint): readonly Template[] {
  const beside = [...world.services.values()]
    .flatMap(({ endpoints }) => endpoints)
    .filter((other) => other.hosts.some((host) => hosts.includes(host)))
    .flatMap(pathsOf);
  const claimed = [...world.domains.values()].flatMap(({ addresses }) => addresses.map(({ prefix }) => `${prefix}/**`));
  return [...beside, ...claimed].map(pathTemplate);
}

function pathsOf({ operations }: Endpoint): readonly string[] {
  return operations.flatMap((operation) => (operation.kind === 'http' ? [operation.path] : []));
}

function topicCuts(world: World): readonly Template[] {
  return [...world.services.values()].flatMap(({ endpoints }) =>
    endpoints.flatMap(({ operations }) =>
      operations.flatMap((operation) => (operation.kind === 'topic' ? [topicTemplate(operation.topic)] : [])),
    ),
  );
}

/** One path of each kind that a template holds and that others tell apart, cut into segments. */
function* cells(template: Template, cuts: readonly Template[], fresh: string): Generator<readonly string[]> {
  yield* cellsFrom([], template, cuts, fresh);
}

function* cellsFrom(
  before: readonly string[],
  template: Template,
  live: readonly Template[],
  fresh: string,
): Generator<readonly string[]> {
  const place = before.length;
  const segment = template[Math.min(place, template.length - 1)]!;
  if (segment.kind !== 'rest' && place === template.length) {
    yield before;
    return;
  }
  if (segment.kind === 'rest' && place >= template.length - 1) {
    // A path has one segment at least, and that may be empty.
    yield place === 0 ? [''] : before;
    // A slash at the end is no parameter, so that less holds of it than of any other rest.
    if (place > 0) yield [...before, ''];
    const goesOn = place === template.length - 1 || live.some((cut) => cut.length > place);
    if (!goesOn) return;
  }
  for (const text of segment.kind === 'literal' ? [segment.text] : [fresh, ...literalsAt(live, place)]) {
    if (text === '' && segment.kind !== 'literal') continue;
    yield* cellsFrom(
      [...before, text],
      template,
      live.filter((cut) => mayGoOn(cut, place, text)),
      fresh,
    );
  }
}

function literalsAt(cuts: readonly Template[], place: number): readonly string[] {
  const literals = cuts.flatMap((cut) => {
    const segment = cut[place];
    return segment?.kind === 'literal' ? [segment.text] : [];
  });
  return [...new Set(literals)];
}

function mayGoOn(cut: Template, place: number, text: string): boolean {
  const segment = cut[place];
  if (segment === undefined) return cut.at(-1)!.kind === 'rest';
  if (segment.kind === 'rest') return true;
  return segment.kind === 'literal' ? segment.text === text : text !== '';
}

/** A segment, method, action, id or label that no document of these worlds speaks of. */
export function unspokenWord(...worlds: readonly World[]): string {
  const ruled = worlds
    .flatMap(rulesOf)
    .flatMap(({ what }) => [
      ...(what.paths ?? []).flatMap((path) => path.split('/')),
      ...(what.methods ?? []),
      ...(what.actions ?? []),
      ...(what.resources ?? []).map((name) => name.slice(name.indexOf(':') + 1)),
    ]);
  const services = worlds.flatMap((world) => [...world.services.values()]);
  const answered = services.flatMap(({ endpoints }) =>
    endpoints.flatMap(({ hosts, operations }) => [
      ...hosts.flatMap((host) => host.split('.')),
      ...operations.flatMap(wordsOf),
    ]),
  );
  const domains = worlds.flatMap((world) => [...world.domains.values()]);
  const entities = domains.flatMap(({ directory }) => [...directory.entities.keys()]);
  const spoken = new Set([...ruled, ...answered].map((word) => word.toLowerCase()));
  let text = UNSPOKEN;
  while (spoken.has(text) || entities.some((key) => key.endsWith(`:${text}`))) text += 'z';
  return text;
}

function wordsOf(operation: Operation): readonly string[] {
  switch (operation.kind) {
    case 'http':
      return [...operation.path.split('/'), ...operation.methods];
    case 'topic':
      return [...operation.topic.split('.'), ...operation.actions];
    case 'resource':
      return operation.actions;
  }
}
