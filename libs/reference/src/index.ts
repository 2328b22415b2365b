/**
 * The decision a third time, by node-casbin: written to be read and to disagree when one of the engines has a bug. It
 * shares only the nouns and the CEL library with them. Slow on purpose; not for the path of requests.
 */
import type { AccessRequest, Outcome, World } from '#engine';
import { decideByCasbin } from './decision.js';
import { loadRules } from './rules.js';

export interface Reference {
  decide(request: AccessRequest): Promise<Outcome>;
}

/**
 * Builds the casbin enforcers of a world once; `decide` may be called many times, also concurrently.
 *
 * @throws when the model file beside the library cannot be read
 */
export async function loadReference(world: World): Promise<Reference> {
  const rules = await loadRules(world);
  return { decide: (request) => decideByCasbin(world, rules, request) };
}
