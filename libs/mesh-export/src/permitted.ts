/** From verdicts to what a configuration lets through. */
import { isInside } from './callers.js';
import type { Caller, JudgedRegion, StaticMap, Undecided, Verdict } from './model.js';

/** Subjects of one pattern, without those of others inside it. */
export interface Subjects {
  readonly subject: string;
  readonly but: readonly string[];
}

/** Who may pass: everyone but some, or only some; and, of those that are left out, some all the same. */
export interface Permitted {
  /** Undefined: nobody from outside. */
  readonly anyoneBut: readonly string[] | undefined;
  readonly among: readonly Subjects[];
}

export function passes(verdict: Verdict, undecided: Undecided): boolean {
  return verdict === 'always' || (verdict === 'undecided' && undecided === 'pass');
}

/** Who may pass into a region by certificate; undefined: nobody. */
export function permittedIn(region: JudgedRegion, undecided: Undecided): Permitted | undefined {
  const spiffe = [...region.callers].filter(([{ kind }]) => kind === 'spiffe');
  const permitted = subjectsOf(spiffe, (verdict) => passes(verdict, undecided));
  const barred = subjectsOf(spiffe, (verdict) => !passes(verdict, undecided));
  const barredInside = (subject: string): readonly string[] => barred.filter((other) => isInside(other, subject));
  if (passes(region.outsiders, undecided)) {
    const again = permitted.filter((subject) => barred.some((other) => isInside(subject, other)));
    return { anyoneBut: barred, among: again.map((subject) => ({ subject, but: barredInside(subject) })) };
  }
  if (permitted.length === 0) return undefined;
  return { anyoneBut: undefined, among: permitted.map((subject) => ({ subject, but: barredInside(subject) })) };
}

function subjectsOf(
  callers: readonly (readonly [Caller, Verdict])[],
  chosen: (verdict: Verdict) => boolean,
): readonly string[] {
  return callers.filter(([, verdict]) => chosen(verdict)).map(([{ subject }]) => subject);
}

/** Regions that differ in their methods alone and let through the same callers, as one. */
export interface PermittedRegion {
  readonly regions: readonly JudgedRegion[];
  readonly permitted: Permitted;
}

export function permittedRegions({ regions }: StaticMap, undecided: Undecided): readonly PermittedRegion[] {
  const groups = new Map<string, { readonly regions: JudgedRegion[]; readonly permitted: Permitted }>();
  for (const region of regions) {
    const permitted = permittedIn(region, undecided);
    if (permitted === undefined) continue;
    const { endpoint, host, path } = region;
    const key = JSON.stringify([endpoint.id, host, path, permitted]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { regions: [region], permitted });
    else group.regions.push(region);
  }
  return [...groups.values()];
}
