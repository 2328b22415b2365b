import type { AccessRequest, Outcome, World } from '#engine';
import { loadReference } from '#reference';
import { get, rule, type WorldGiven, worldOf } from './worlds.js';

export type DomainGiven = WorldGiven['domains'][string];

export async function decide(world: World, request: AccessRequest): Promise<Outcome> {
  return (await loadReference(world)).decide(request);
}

/** One domain `acme` with a public API, a member that may call it, and whatever a case adds. */
export function shop(acme: DomainGiven, more: Partial<WorldGiven> = {}): World {
  return worldOf({
    ...more,
    domains: { acme: { trust: ['mesh'], access: ['login', 'key'], boundary: ['api/*'], ...acme }, ...more.domains },
    services: {
      api: { domains: ['acme'], endpoints: { web: { operations: [get('/v1/{id}'), get('/**')] } } },
      member: { domains: ['acme'] },
      ...more.services,
    },
  });
}

export const everything = rule('p/all', {});
