/** Who may call before and after a change, and whom of them nothing tells apart at one endpoint. */
import type { AccessRequest, Evidence, Rule, Service, World } from '#engine';
import { provenDomains } from '#engine';
import { type Actor, actorsOf } from '../actors.js';
import { lineages } from '../concerned.js';
import { mindingDomains } from '../minding.js';
import { type Side, type Sides, SIDES } from './side.js';

/** One that calls: with all that proves its service, or with one proof of several; or from outside. */
export interface Caller {
  /** Undefined from outside. */
  readonly service: string | undefined;
  readonly trust: readonly Evidence[];
  /** Whether it proves the same service in both worlds. */
  readonly isSteady: boolean;
  readonly before: Standing;
  readonly after: Standing;
}

export interface Standing {
  /** Memberships. */
  readonly homes: readonly string[];
  /** Where it proves to stand. */
  readonly proven: readonly string[];
  /** Its memberships, where something looks at who leaves them. */
  readonly minded: readonly string[];
  readonly isSuspended: boolean;
}

export interface CallerClass {
  readonly caller: Caller;
  /** Callers of which the same holds, itself included. */
  readonly size: number;
}

/** What tells callers apart at an endpoint. */
export interface Distinctions {
  readonly rules: readonly Rule[];
  /** Domains, in either world, around all that may answer there. */
  readonly around: ReadonlySet<string>;
  /** Whether a service is to be told from others for a reason of its own. */
  readonly isOwnKind: (service: string) => boolean;
}

const NOWHERE: Standing = { homes: [], proven: [], minded: [], isSuspended: false };
const OUTSIDER: Caller = { service: undefined, trust: [], isSteady: true, before: NOWHERE, after: NOWHERE };

/** @param isTold  whether a service may be spoken of */
export function callersOf(sides: Sides, requestWith: RequestWith, isTold: (service: Service) => boolean): Caller[] {
  const found = new Map<string, { readonly trust: readonly Evidence[]; before?: Service; after?: Service }>();
  for (const at of SIDES) {
    for (const actor of actorsOf(sides[at].world, sides[at].snapshot)) {
      if (!isTold(actor.service)) continue;
      for (const trust of shownBy(actor)) {
        const key = JSON.stringify(trust.map(({ mechanism, subject }) => [mechanism, subject]));
        const known = found.get(key);
        if (known === undefined) found.set(key, { trust, [at]: actor.service });
        else known[at] = actor.service;
      }
    }
  }
  const minding = { before: mindingIn(sides.before.world), after: mindingIn(sides.after.world) };
  const callers = [...found.values()].map(({ trust, before, after }): Caller => {
    const standing = (at: 'before' | 'after'): Standing =>
      standingOf(
        sides[at],
        trust,
        (sides[at] === sides.before ? before : after) ?? before ?? after,
        minding[at],
        requestWith,
      );
    return {
      service: (after ?? before)!.name,
      trust,
      isSteady: before?.name === after?.name,
      before: standing('before'),
      after: standing('after'),
    };
  });
  return [OUTSIDER, ...callers];
}

export type RequestWith = (evidence: readonly Evidence[]) => AccessRequest;

/** A gateway may report one of several certificates, addresses and the like. */
function shownBy({ proofs }: Actor): readonly (readonly Evidence[])[] {
  const all = proofs.map(({ item }) => item);
  return all.length === 1 ? [all] : [all, ...all.map((item) => [item])];
}

interface Minding {
  readonly domains: ReadonlySet<string>;
  /** Some rule of `*` looks at whoever leaves anything. */
  readonly isOfAll: boolean;
}

function mindingIn(world: World): Minding {
  return { domains: mindingDomains(world), isOfAll: world.outside.some(({ direction }) => direction === 'out') };
}

function standingOf(
  { world, snapshot }: Side,
  trust: readonly Evidence[],
  service: Service | undefined,
  { domains, isOfAll }: Minding,
  requestWith: RequestWith,
): Standing {
  const homes = [...(service?.domains ?? [])].filter((name) => world.domains.has(name)).sort();
  const isLive = (home: string): boolean => [...lineages([home])].every((name) => !world.domains.get(name)!.suspended);
  const isMinded = isOfAll || [...lineages(homes)].some((name) => domains.has(name));
  return {
    homes,
    proven: provenDomains(snapshot, requestWith(trust)),
    minded: isMinded ? homes : [],
    isSuspended: homes.length > 0 && !homes.some(isLive),
  };
}

/** Callers by all that rules at an endpoint, and its domains, tell them apart by, the largest class first; each as its first caller. */
export function classesAt(
  callers: readonly Caller[],
  { rules, around, isOwnKind }: Distinctions,
): readonly CallerClass[] {
  const named = new Set(rules.flatMap(({ who }) => who.services ?? []));
  const places = new Set([...around, ...rules.flatMap(({ who }) => who.domains ?? [])]);
  const known = rules.some(({ effect, who }) => effect === 'deny' && who.domains !== undefined);
  const keyOf = ({ proven, homes, minded, isSuspended }: Standing): string => {
    const lineage = known ? [...lineages(homes)] : [];
    const parts = [
      proven.filter((name) => places.has(name)),
      proven.length === 0,
      lineage.filter((name) => places.has(name)),
      lineage.length === 0,
      minded,
      isSuspended,
    ];
    return parts.join(';');
  };
  const classes = new Map<string, { readonly caller: Caller; size: number }>();
  for (const caller of callers) {
    const { service, isSteady, trust } = caller;
    const isNamed = service !== undefined && (!isSteady || named.has(service) || isOwnKind(service));
    // Of one that proves itself otherwise than before, each proof is a matter of its own.
    const name = isNamed ? `${service} ${isSteady ? '' : JSON.stringify(trust)}` : '';
    const key = `${service === undefined} ${name} ${keyOf(caller.before)} ${keyOf(caller.after)}`;
    const same = classes.get(key);
    if (same === undefined) classes.set(key, { caller, size: 1 });
    else same.size += 1;
  }
  return [...classes.values()].toSorted((left, right) => right.size - left.size);
}
