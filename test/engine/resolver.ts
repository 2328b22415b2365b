/** Asks both ways of resolving a target, and how they may be asked. */
import { compile } from '../../libs/engine/src/compile.js';
import { lookupTarget } from '../../libs/engine/src/lookup.js';
import { resolve } from '../../libs/engine/src/resolution.js';
import { readTarget } from '../../libs/engine/src/target.js';
import { parametersOf } from '../../libs/engine/src/template.js';
import type { Target, World } from '#engine';
import { asking, worldOf } from '../reference/worlds.js';
import type { WorldGiven } from '../reference/worlds.js';

type Endpoints = NonNullable<WorldGiven['services'][string]['endpoints']>;
type Headers = { readonly [name: string]: string };

/**
 * Services by name, placed in `acme` unless their endpoints say otherwise; domains `acme`, `acme.team`, `acme.team.deep`
 * and `other` with the address claims given.
 *
 * @returns what a target leads to: `service/endpoint name=value …` with its parameters, `unknown` or `invalid`; it
 *   expects the indexes to say what the lists say
 */
export function resolverOf(
  services: { readonly [name: string]: Endpoints },
  addresses: { readonly [domain: string]: readonly { readonly host: string; readonly prefix: string }[] } = {},
): (asked: Target | string, headers?: Headers) => string {
  const domains = ['acme', 'acme.team', 'acme.team.deep', 'other'].map(
    (name) => [name, { addresses: addresses[name] ?? [] }] as const,
  );
  return resolverIn(
    worldOf({
      domains: Object.fromEntries(domains),
      services: Object.fromEntries(
        Object.entries(services).map(([name, endpoints]) => [name, { domains: ['acme'], endpoints }]),
      ),
    }),
  );
}

export function resolverIn(world: World): (asked: Target | string, headers?: Headers) => string {
  const snapshot = compile(world);
  return (asked, headers = {}) => {
    const target = readTarget(asking(asked, { headers }));
    if (target === undefined) return 'invalid';
    const read = resolve(world, target);
    const found = lookupTarget(snapshot, target);
    if (read.kind !== 'found') {
      expect(found).toBe(read.kind);
      return read.kind;
    }
    expect(found).toMatchObject({ endpoint: { endpoint: { id: read.endpoint.id } } });
    const template = typeof found === 'string' ? [] : found.template;
    const params = target.path === undefined ? {} : parametersOf(template, target.path.slice(1).split('/'));
    expect({ ...params }).toEqual({ ...read.params });
    return [read.endpoint.id, ...Object.entries(read.params).map(([name, value]) => `${name}=${value}`)].join(' ');
  };
}

export function named(endpoint: string, method?: string, path?: string): Target {
  return {
    kind: 'endpoint',
    endpoint,
    ...(method !== undefined && { method }),
    ...(path !== undefined && { path }),
  };
}

export function rpc(path: string, host?: string): Target {
  return { kind: 'rpc', rpc: path, ...(host !== undefined && { host }) };
}

export function topic(name: string, action: string): Target {
  return { kind: 'topic', topic: name, action };
}

export function resource(type: string, action: string): Target {
  return {
    kind: 'resource',
    resource: { type, id: '7', properties: {} },
    action: { name: action, properties: {} },
  };
}
