import type { Snapshot } from './snapshot.js';

const NONE: ReadonlySet<string> = new Set();

/**
 * Query parameters of an endpoint that some rule sets which may concern it: its owner is on the chain of a placement, and
 * what it says of services and endpoints holds. Not those of the whole policy, as with headers: names like `id` mean
 * something else at each service, and a domain must not take away what others read.
 *
 * @param endpoint  `service/endpoint`; null: of none
 */
export function parametersSetFor(snapshot: Snapshot, endpoint: string | null): ReadonlySet<string> {
  if (endpoint === null || snapshot.parametersSet.size === 0) return NONE;
  const node = snapshot.endpoints.get(endpoint);
  if (node === undefined) return NONE;
  const { service } = node.endpoint;
  const names = new Set<string>();
  for (const { name: owner } of node.chains) {
    for (const { name, services, endpoints } of snapshot.parametersSet.get(owner) ?? []) {
      if (services !== undefined && !services.includes(service)) continue;
      if (endpoints !== undefined && !endpoints.includes(endpoint) && !endpoints.includes(`${service}/*`)) continue;
      names.add(name);
    }
  }
  return names;
}
