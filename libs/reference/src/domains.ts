/**
 * The hierarchy of domains and what holds at a place in it (section 2 of docs/semantics.md, "Derived").
 */
import type { Domain, Mode, World } from '#engine';

/** The world outside every domain. */
export const OUTSIDE = '*';
/** Stands in an access set for callers without any credential. */
export const ANONYMOUS = 'anonymous';

/** The name of the domain around this one; undefined at the top. */
export function parentOf(name: string): string | undefined {
  const end = name.lastIndexOf('.');
  return end < 0 ? undefined : name.slice(0, end);
}

/** The domain, its parent, and so on up to the top-level domain. */
export function chain(name: string): readonly string[] {
  const names = [];
  for (let at: string | undefined = name; at !== undefined; at = parentOf(at)) names.push(at);
  return names;
}

/** The domains of the chains of all these. */
export function chains(names: Iterable<string>): ReadonlySet<string> {
  return new Set([...names].flatMap(chain));
}

/** Whether a domain is another one or lies below it. Everything lies in the outside. */
export function liesIn(inner: string, outer: string): boolean {
  return outer === OUTSIDE || inner === outer || inner.startsWith(`${outer}.`);
}

export function depth(name: string): number {
  return name.split('.').length;
}

function domainsUpward(world: World, name: string): readonly Domain[] {
  return chain(name).flatMap((each) => world.domains.get(each) ?? []);
}

/**
 * The trust set in force at a domain. A set replaces the inherited one whole; an inherited one comes without `network`
 * mechanisms, which serve their owner only.
 */
export function trustOf(world: World, name: string): readonly string[] {
  const own = world.domains.get(name)?.trust;
  if (own !== undefined) return own;
  const inherited = domainsUpward(world, name).find((domain) => domain.trust !== undefined)?.trust ?? [];
  return inherited.filter((mechanism) => world.mechanisms.get(mechanism)?.kind !== 'network');
}

/** The access set in force at a domain. */
export function accessOf(world: World, name: string): readonly string[] {
  return domainsUpward(world, name).find((domain) => domain.access !== undefined)?.access ?? [];
}

/** Whether denials at a place are enforced or only noted. The outside enforces. */
export function modeOf(world: World, name: string): Mode {
  return domainsUpward(world, name).find((domain) => domain.mode !== undefined)?.mode ?? 'enforce';
}

/** Whether a rule is needed even inside. */
export function isZeroTrust(world: World, name: string): boolean {
  return domainsUpward(world, name).some((domain) => domain.zeroTrust);
}

/** Whether neither the domain nor one around it is suspended. */
export function isLive(world: World, name: string): boolean {
  return domainsUpward(world, name).every((domain) => !domain.suspended);
}

/** Whether a domain lets an endpoint placed inside it in from outside. */
export function marks(domain: Domain | undefined, endpoint: string): boolean {
  const wholeService = `${endpoint.slice(0, endpoint.indexOf('/'))}/*`;
  return domain?.boundary.some((mark) => mark === endpoint || mark === wholeService) ?? false;
}
