/** The addresses of a world, cut so that one decision of each caller stands for a whole region. */
import {
  type AddressClaim,
  bySpecificity,
  type Endpoint,
  holdsHost,
  pathTemplate,
  type Segment,
  type World,
} from '#engine';
import type { Methods, Region } from './model.js';
import { covers, formsOf, overlap } from './templates.js';

/** One form of one operation at one host pattern. */
interface Candidate {
  readonly endpoint: Endpoint;
  readonly host: string;
  readonly path: readonly Segment[];
  readonly methods: readonly string[];
}

export function regionsOf(world: World): readonly Region[] {
  const candidates = candidatesOf(world);
  const byHost = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const list = byHost.get(candidate.host);
    if (list === undefined) byHost.set(candidate.host, [candidate]);
    else list.push(candidate);
  }
  const hosts = [...byHost.keys()];
  const ruled = methodsInRules(world);
  return candidates.flatMap((candidate) => {
    const here = byHost.get(candidate.host)!;
    const { endpoint, host, path } = candidate;
    const exceptHosts = hosts.filter((other) => isInsideHost(other, host));
    const exceptPaths = here
      .map((other) => other.path)
      .filter((other) => overlap(other, path) && bySpecificity(other, path) < 0);
    return methodsOf(candidate, here, ruled).map((methods) => ({
      endpoint,
      host,
      exceptHosts,
      path,
      exceptPaths,
      methods,
    }));
  });
}

function candidatesOf(world: World): readonly Candidate[] {
  return [...world.services.values()]
    .flatMap(({ endpoints }) => endpoints)
    .flatMap((endpoint) =>
      endpoint.operations.flatMap((operation) =>
        operation.kind !== 'http'
          ? []
          : formsOf(operation.path, endpoint.trailingSlash).flatMap((path) =>
              endpoint.hosts.map((host) => ({ endpoint, host, path, methods: operation.methods })),
            ),
      ),
    );
}

/** Whether `inner` is the more specific of two host patterns that hold a host in common. */
export function isInsideHost(inner: string, outer: string): boolean {
  if (inner === outer || !outer.startsWith('*.')) return false;
  return inner.startsWith('*.') ? inner.endsWith(outer.slice(1)) : holdsHost(outer, inner);
}

/** OPTIONS stands alone: a preflight is judged by the method that it asks about. */
export const PREFLIGHT = 'OPTIONS';

function methodsOf(candidate: Candidate, here: readonly Candidate[], ruled: ReadonlySet<string>): readonly Methods[] {
  const named = candidate.methods.filter((method) => method !== '*');
  if (named.length === candidate.methods.length) return [...new Set([PREFLIGHT, ...named])].map(one);
  // An operation at the same path that names a method answers it before one that lists `*`.
  const taken = here
    .filter((other) => other !== candidate && isSameShape(other.path, candidate.path))
    .flatMap(({ methods }) => methods)
    .filter((method) => method !== '*' && !named.includes(method));
  const own = new Set([PREFLIGHT, ...named, ...[...ruled].filter((method) => !taken.includes(method))]);
  const but = [...new Set([...own, ...taken])].sort();
  return [...[...own].map(one), { kind: 'other', but }];
}

function one(method: string): Methods {
  return { kind: 'named', names: [method] };
}

function isSameShape(one: readonly Segment[], other: readonly Segment[]): boolean {
  return overlap(one, other) && bySpecificity(one, other) === 0;
}

function methodsInRules(world: World): ReadonlySet<string> {
  const rules = [...world.outside, ...[...world.domains.values()].flatMap((domain) => domain.rules)];
  return new Set(rules.flatMap(({ what }) => what.methods ?? []));
}

/** A request to a region: what it is called at and by. */
export interface Sample {
  readonly host: string;
  readonly path: string;
  readonly method: string;
}

/**
 * Hosts, segments and methods that no document of a world speaks of, so that what holds for them holds for all others
 * that none speaks of.
 */
export class Samples {
  readonly #spoken: ReadonlySet<string>;
  readonly #depth: number;
  readonly #fresh: string;

  constructor(world: World) {
    const paths = candidatesOf(world).map(({ path }) => path);
    const literals = paths.flat().flatMap((segment) => (segment.kind === 'literal' ? [segment.text] : []));
    const domains = [...world.domains.values()];
    const prefixes = domains.flatMap(({ addresses }) => addresses.flatMap(({ prefix }) => prefix.split('/')));
    const rules = [...world.outside, ...domains.flatMap((domain) => domain.rules)];
    const ruled = rules.flatMap(({ what }) => (what.paths ?? []).flatMap((path) => path.split('/')));
    const hosts = [
      ...candidatesOf(world).map(({ host }) => host),
      ...domains.flatMap(({ addresses }) => addresses.map(({ host }) => host)),
    ];
    this.#spoken = new Set([
      ...literals,
      ...prefixes,
      ...ruled,
      ...hosts.flatMap((host) => host.split('.')),
      ...candidatesOf(world).flatMap(({ methods }) => methods),
      ...methodsInRules(world),
    ]);
    this.#depth = Math.max(
      1,
      ...paths.map(({ length }) => length),
      ...rules.flatMap(({ what }) => (what.paths ?? []).map((path) => path.split('/').length)),
    );
    this.#fresh = this.#unspoken();
  }

  /** A method that no document speaks of. */
  get anyMethod(): string {
    return this.#fresh.toUpperCase();
  }

  /** One request of the region; undefined where other operations answer all of it. */
  of(region: Region): Sample | undefined {
    const host = region.host.startsWith('*.') ? `${this.#fresh}${region.host.slice(1)}` : region.host;
    const method = region.methods.kind === 'named' ? region.methods.names[0]! : this.anyMethod;
    for (let rest = 0; rest <= this.#depth + 1; rest++) {
      const path = this.#pathOf(region.path, rest);
      if (!region.exceptPaths.some((template) => covers(template, pathAsTemplate(path)))) return { host, path, method };
    }
    return undefined;
  }

  #pathOf(template: readonly Segment[], rest: number): string {
    const segments = template.flatMap((segment) => {
      if (segment.kind === 'literal') return [segment.text];
      if (segment.kind === 'parameter') return [this.#fresh];
      return Array.from({ length: rest }, () => this.#fresh);
    });
    return `/${segments.join('/')}`;
  }

  #unspoken(): string {
    for (let number = 0; ; number++) {
      const text = `zz${number}`;
      if (![text, text.toUpperCase()].some((word) => this.#spoken.has(word))) return text;
    }
  }
}

/** A path as the template that holds it alone. */
function pathAsTemplate(path: string): readonly Segment[] {
  return path
    .slice(1)
    .split('/')
    .map((text) => ({ kind: 'literal', text }));
}

/** Whether a claim holds some of a region and not all of it, so that no one request stands for the region. */
export function isSplitBy(claim: AddressClaim, region: Region): boolean {
  if (isInsideHost(claim.host, region.host)) {
    const isElsewhere = region.exceptHosts.some((host) => host === claim.host || isInsideHost(claim.host, host));
    return !isElsewhere;
  }
  if (claim.host !== region.host && !isInsideHost(region.host, claim.host)) return false;
  const held = pathTemplate(`${claim.prefix}/**`);
  return !covers(held, region.path) && overlap(held, region.path);
}
