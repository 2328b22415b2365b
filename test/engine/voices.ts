/** One question to every voice, and the small shop that most questions are about. */
import { compile, decide, specify } from '#engine';
import type { AccessRequest, Outcome, Rule, World } from '#engine';
import { loadReference } from '#reference';
import { rule, worldOf } from '../reference/worlds.js';
import type { WorldGiven } from '../reference/worlds.js';

export type DomainGiven = WorldGiven['domains'][string];

/** What all of them say: the specification, the fast engine, and casbin. */
export async function answer(world: World, request: AccessRequest): Promise<Outcome> {
  const specified = specify(world, request);
  expect(decide(compile(world), request)).toEqual(specified);
  expect(await (await loadReference(world)).decide(request)).toEqual(specified);
  return specified;
}

/**
 * A domain `acme` that trusts `mesh`, accepts `login` and `key` and has marked the endpoint `api/web` (`api.example`);
 * the services `api` and `member` are in it.
 */
export function shop(acme: DomainGiven = {}, more: Partial<WorldGiven> = {}): World {
  return worldOf({
    ...more,
    domains: { acme: { trust: ['mesh'], access: ['login', 'key'], boundary: ['api/*'], ...acme }, ...more.domains },
    services: { api: { domains: ['acme'], endpoints: { web: {} } }, member: { domains: ['acme'] }, ...more.services },
  });
}

type RuleGiven = Parameters<typeof rule>[1];

/** An allow of everything, or of what it says. */
export function allow(id = 'p/allow', given: RuleGiven = {}): Rule {
  return rule(id, given);
}

export function deny(id = 'p/deny', given: RuleGiven = {}): Rule {
  return rule(id, { effect: 'deny', ...given });
}
