import { isWithin, OUTSIDE } from '#engine';
import type { PolicyDocument, PolicyTest, TestResult } from '#policy';
import { keyText } from './revision.js';

/**
 * What a failing case means for a publication.
 *
 * `blocks`: it is refused. `forbidden-above`: an owner above forbids more than before, and nobody below may stop that.
 * `failed-before`: it failed on the base, and the publication has nothing to do with it. `of-others`: the publication changes
 * neither what the test speaks for nor anything above it, so that who wrote the test has no say in it.
 */
export type TestVerdict = 'blocks' | 'forbidden-above' | 'failed-before' | 'of-others';

/** What a publication does, as far as tests are concerned. */
export interface TestedChange {
  /** Documents that it changes or removes, as they were. */
  readonly before: readonly PolicyDocument[];
  /** Documents that it changes or adds, as they are. */
  readonly after: readonly PolicyDocument[];
}

/** A case that fails. */
export interface FailingCase {
  readonly result: TestResult;
  /** The test that it is of, and whose that is. */
  readonly test: PolicyTest;
  readonly source: string | undefined;
  /** Whether it failed on the base; asked only where it matters, because it costs a second run. */
  readonly failedBefore: () => boolean;
}

/**
 * Gives what each failing case means.
 *
 * @param publisher  whose bundle it is
 */
export function testJudge(publisher: string, change: TestedChange): (failing: FailingCase) => TestVerdict {
  const all = [...change.before, ...change.after];
  const places = all.map(placesOf);
  const changedTests = new Set(all.flatMap(({ kind, metadata }) => (kind === 'Test' ? [metadata.name] : [])));
  const forbidding = newForbidding(change);
  return ({ result, test: { name, domain = OUTSIDE }, source, failedBefore }) => {
    if (changedTests.has(name)) return 'blocks';
    const isEverywhere = domain === OUTSIDE;
    const isConcerned = isEverywhere ? source === publisher : places.some((at) => reaches(at, domain));
    if (isConcerned) return 'blocks';
    if (failedBefore()) return 'failed-before';
    if (isEverywhere) return 'blocks';
    // An assertion names endpoints that there are, and its author had to be able to read where they lie.
    if (result.kind !== 'reach' && !places.some((at) => liesAbove(at, domain))) return 'of-others';
    return isForbiddenAbove(result, domain, forbidding) ? 'forbidden-above' : 'blocks';
  };
}

/** Domains that a document lies in; null for one without a place, which may matter everywhere. */
type Places = readonly string[] | null;

function placesOf(document: PolicyDocument): Places {
  switch (document.kind) {
    case 'Domain':
    case 'Suspension':
    case 'Quota':
    case 'FourEyes':
      return [document.metadata.name];
    case 'Service':
      return document.spec.domains ?? null;
    case 'Policy':
    case 'RoleSet':
    case 'EntitySet':
    case 'EnforcementPoint':
      return [document.metadata.domain];
    case 'Test':
      return [document.metadata.domain ?? OUTSIDE];
    default:
      return document satisfies never;
  }
}

function reaches(places: Places, domain: string): boolean {
  return places === null || places.some((place) => isWithin(place, domain));
}

function liesAbove(places: Places, domain: string): boolean {
  return places === null || places.some((place) => place === OUTSIDE || isWithin(domain, place));
}

interface Forbidding {
  /** By `policy/rule`: the owner of a deny that is new or different. */
  readonly denies: ReadonlyMap<string, string>;
  /** Domains that are suspended now and were not. */
  readonly suspended: readonly string[];
}

function newForbidding({ before, after }: TestedChange): Forbidding {
  const old = new Map(before.map((document) => [keyOf(document), document]));
  const denies = new Map<string, string>();
  const suspended: string[] = [];
  for (const document of after) {
    const was = old.get(keyOf(document));
    if (document.kind === 'Policy') {
      const isSame = was?.kind === 'Policy' && was.metadata.domain === document.metadata.domain;
      const known = new Set(isSame ? was.spec.rules.map((rule) => JSON.stringify(rule)) : []);
      for (const rule of document.spec.rules) {
        if (rule.effect !== 'deny' || known.has(JSON.stringify(rule))) continue;
        denies.set(`${document.metadata.name}/${rule.id}`, document.metadata.domain);
      }
    }
    if (document.kind === 'Domain' && document.spec.suspended === true) {
      if (was?.kind !== 'Domain' || was.spec.suspended !== true) suspended.push(document.metadata.name);
    }
  }
  return { denies, suspended };
}

function isForbiddenAbove(result: TestResult, domain: string, { denies, suspended }: Forbidding): boolean {
  const isAbove = (owner: string | undefined) =>
    owner !== undefined && owner !== domain && (owner === OUTSIDE || isWithin(domain, owner));
  if (result.kind === 'reach') {
    // Whom nothing allows has no rule to name; that no descendant holds up what a domain above forbids weighs more.
    return result.isTooNarrow && ([...denies.values()].some(isAbove) || suspended.some(isAbove));
  }
  const { actual } = result;
  switch (actual.reason) {
    case 'DENY_RULE':
      return actual.rules.some((rule) => isAbove(denies.get(rule)));
    case 'TARGET_DOMAIN_SUSPENDED':
    case 'CALLER_SUSPENDED':
      return suspended.some(isAbove);
    default:
      return false;
  }
}

function keyOf({ kind, metadata }: PolicyDocument): string {
  return keyText({ kind, name: metadata.name });
}
