import type { AccessRequest, Direction, Service, World } from '#engine';
import { exitsOf, knownDomains, provenDomains } from './caller.js';
import type { Caller } from './caller.js';
import { OUTSIDE, chain, chains } from './domains.js';
import type { Rules } from './rules.js';
import type { ResolvedTarget } from './target.js';
import { credentialOf, principalOf } from './trial.js';
import type { Trial, TrialItem } from './trial.js';

/** One request whose target is resolved and whose caller is known: what steps 4 to 8 deliberate on. */
export interface Matter {
  readonly world: World;
  readonly rules: Rules;
  readonly request: AccessRequest;
  readonly target: ResolvedTarget;
  readonly caller: Caller;
  readonly actor: Service | null;
  /** P: domains the caller is proven to be in. */
  readonly proven: ReadonlySet<string>;
  /** K: domains the caller is known to come from. */
  readonly known: ReadonlySet<string>;
  /** Domains left on the way, deepest first. */
  readonly exits: readonly string[];
}

export function matterOf(
  world: World,
  rules: Rules,
  request: AccessRequest,
  target: ResolvedTarget,
  caller: Caller,
): Matter {
  const actor = caller.actors.length === 1 ? caller.actors[0]! : null;
  return {
    world,
    rules,
    request,
    target,
    caller,
    actor,
    proven: provenDomains(world, caller, actor),
    known: knownDomains(caller, actor),
    exits: exitsOf(actor, target.endpoint.placements),
  };
}

export function isExternal(target: ResolvedTarget): boolean {
  return target.service.kind === 'external';
}

/** For everything that allows, there is no actor while nothing is proven. */
export function provenActor({ proven, actor }: Matter): string | null {
  return proven.size > 0 ? (actor?.name ?? null) : null;
}

/**
 * A trial of the allows of one domain.
 *
 * @param placement  of the route under consideration; null for an external target
 */
export async function allowTrial(
  matter: Matter,
  domain: string,
  direction: Direction,
  placement: string | null,
  item: TrialItem,
): Promise<Trial> {
  const nobody = { self: new Set<string>(), subtree: new Set<string>() };
  return withRoles(matter, [domain], {
    request: matter.request,
    target: matter.target,
    effect: 'allow',
    direction,
    domain,
    owners: nobody,
    item,
    actor: provenActor(matter),
    callerDomains: matter.proven,
    targetDomains: new Set(placement === null ? [OUTSIDE] : chain(placement)),
  });
}

/** A trial of the denies of one direction: towards the target, or on the way out of the caller's domains. */
export async function denyTrial(matter: Matter, direction: Direction, item: TrialItem): Promise<Trial> {
  const { placements } = matter.target.endpoint;
  const memberships = matter.actor?.domains ?? [];
  const [self, subtree] =
    direction === 'in'
      ? [placements, [...chains(placements)]]
      : [memberships.filter((domain) => matter.exits.includes(domain)), matter.exits];
  const outsideToo = direction === 'in' || matter.exits.length > 0 || isExternal(matter.target) ? [OUTSIDE] : [];
  return withRoles(matter, direction === 'in' ? placements : memberships, {
    request: matter.request,
    target: matter.target,
    effect: 'deny',
    direction,
    domain: OUTSIDE,
    owners: { self: new Set([...self, ...outsideToo]), subtree: new Set([...subtree, ...outsideToo]) },
    item,
    actor: matter.actor?.name ?? null,
    callerDomains: matter.known,
    targetDomains: isExternal(matter.target) ? new Set([OUTSIDE]) : chains(placements),
  });
}

async function withRoles(
  { rules }: Matter,
  domains: readonly string[],
  trial: Omit<Trial, 'principalRoles' | 'actorRoles'>,
): Promise<Trial> {
  const bare: Trial = { ...trial, principalRoles: new Set(), actorRoles: new Set() };
  const credential = credentialOf(bare);
  const holders =
    credential === null
      ? []
      : [principalOf(credential), ...credential.evidence.groups.map((group) => `group:${group}`)];
  const actor = trial.actor === null ? [] : [`service:${trial.actor}`];
  return {
    ...bare,
    principalRoles: await rules.heldRoles(holders, domains),
    actorRoles: await rules.heldRoles(actor, domains),
  };
}
