import { isWithin, OUTSIDE } from '#engine';
import {
  API_VERSION,
  type Fault,
  loadBundle,
  type LocatedDocument,
  type PolicyDocument,
  QUOTA_MEASURES,
  type QuotaDocument,
  type QuotaMeasure,
  type SourceFile,
  type TestDocument,
} from '#policy';
import { endpointsOf } from './rights/endpoints.js';
import type { StoredDocument } from './stored-document.js';

/** The source of every quota. No bundle may have it, so none prunes a quota. */
export const QUOTA_SOURCE = 'quota';

/** How many there are, or may be; a measure that is not there is not limited. */
export type Amounts = { readonly [Measure in QuotaMeasure]?: number | undefined };

/** A limit, and how far a publication would come to it. */
export interface ReachedQuota {
  /** The top of the subtree that it is for; `*`: the whole set. */
  readonly domain: string;
  readonly measure: QuotaMeasure;
  readonly limit: number;
  /** What the subtree would hold. */
  readonly count: number;
}

/** The same as its operator may know it: how much others have is theirs to tell. */
export interface ToldExceededQuota extends Pick<ReachedQuota, 'domain' | 'measure'> {
  /** Null, like the count, for a domain that the operator does not see. */
  readonly limit: number | null;
  readonly count: number | null;
}

/** The document by which a subtree is limited until somebody lifts it. */
export function quotaFile(domain: string, limits: Amounts): SourceFile {
  const text = JSON.stringify({ apiVersion: API_VERSION, kind: 'Quota', metadata: { name: domain }, spec: limits });
  return { file: `Quota/${domain}`, text };
}

/** What a domain and everything below may hold; undefined where nothing says so. */
export function quotaOf(set: readonly StoredDocument[], domain: string): Amounts | undefined {
  const stored = set.find(({ kind, name }) => kind === 'Quota' && name === domain);
  if (stored === undefined) return undefined;
  const [read] = loadBundle([{ file: domain, text: stored.text }]).documents;
  return read?.document.kind === 'Quota' ? read.document.spec : undefined;
}

/** What lies in a domain and below: services of several domains, and their endpoints, in each of them. */
export function amountsIn(documents: Iterable<PolicyDocument>, domain: string): Required<Amounts> {
  const sums = Object.fromEntries(QUOTA_MEASURES.map((measure) => [measure, 0])) as Record<QuotaMeasure, number>;
  for (const document of documents) {
    const held = heldBy(document, (place) => isWithin(place, domain));
    for (const measure of QUOTA_MEASURES) sums[measure] += held[measure] ?? 0;
  }
  return sums as Required<Amounts>;
}

/**
 * Limits that a publication goes beyond. One that leaves no more than there was is none of them: whoever is above a limit,
 * because it came later, must be able to come down step by step.
 *
 * @param after    the whole set as it would be
 * @param removed  what documents that change or go said before
 * @param added    what documents that change or come say
 */
export function exceededQuotas(
  after: readonly PolicyDocument[],
  removed: readonly PolicyDocument[],
  added: readonly PolicyDocument[],
): readonly ReachedQuota[] {
  return reachedQuotas(after, removed, added).filter(({ count, limit }) => count > limit);
}

/**
 * The bound on what all tests of a set ask, where a publication goes beyond it; as above. It is the server's own: each
 * publication, whoever's, waits for all of them.
 */
export function exceededCases(
  after: readonly PolicyDocument[],
  removed: readonly PolicyDocument[],
  added: readonly PolicyDocument[],
  limit: number,
): readonly ReachedQuota[] {
  if (casesIn(added) <= casesIn(removed)) return [];
  const count = casesIn(after);
  return count > limit ? [{ domain: OUTSIDE, measure: 'cases', limit, count }] : [];
}

function casesIn(documents: readonly PolicyDocument[]): number {
  return documents.reduce((sum, document) => sum + (document.kind === 'Test' ? casesOf(document) : 0), 0);
}

/** Limits that a publication comes nearer to, or goes beyond; as above. */
export function reachedQuotas(
  after: readonly PolicyDocument[],
  removed: readonly PolicyDocument[],
  added: readonly PolicyDocument[],
): readonly ReachedQuota[] {
  const quotas = after.filter((document): document is QuotaDocument => document.kind === 'Quota');
  return quotas.flatMap(({ metadata: { name: domain }, spec }) => {
    const came = amountsIn(added, domain);
    const went = amountsIn(removed, domain);
    const grown = QUOTA_MEASURES.filter((measure) => spec[measure] !== undefined && came[measure] > went[measure]);
    if (grown.length === 0) return [];
    const counts = amountsIn(after, domain);
    return grown.map((measure) => ({ domain, measure, limit: spec[measure]!, count: counts[measure] }));
  });
}

/** Quotas are set by their own route; a bundle that held one would set it for itself. */
export function quotaFaults(held: readonly LocatedDocument[]): readonly Fault[] {
  return held
    .filter(({ document }) => document.kind === 'Quota')
    .map((located) => ({
      ...located.at,
      severity: 'error',
      code: 'quota-in-bundle',
      message: `a bundle sets no quota: whoever owns the domain above does, by \`PUT /admin/v1/domains/${located.document.metadata.name}/quota\``,
    }));
}

/** @param lies  whether a domain is one of those that are counted */
function heldBy(document: PolicyDocument, lies: (domain: string) => boolean): Amounts {
  switch (document.kind) {
    case 'Domain':
      return lies(document.metadata.name) ? { documents: 1 } : NOTHING;
    case 'Service': {
      const endpoints = endpointsOf(document).filter(({ placements }) => placements.some(lies)).length;
      const isMember = document.spec.domains?.some(lies) === true;
      return isMember || endpoints > 0 ? { documents: 1, endpoints } : NOTHING;
    }
    case 'Policy':
      return lies(document.metadata.domain) ? { documents: 1, rules: document.spec.rules?.length } : NOTHING;
    case 'RoleSet': {
      if (!lies(document.metadata.domain)) return NOTHING;
      const assignments = (document.spec.assignments ?? []).reduce((sum, { principals }) => sum + principals.length, 0);
      return { documents: 1, assignments };
    }
    case 'EntitySet':
      return lies(document.metadata.domain) ? { documents: 1, entities: document.spec.entities?.length } : NOTHING;
    case 'EnforcementPoint':
      return lies(document.metadata.domain) ? { documents: 1 } : NOTHING;
    case 'Test':
      return document.metadata.domain !== undefined && lies(document.metadata.domain)
        ? { documents: 1, cases: casesOf(document) }
        : NOTHING;
    // Made by the server, by those who are no less bound.
    case 'Suspension':
    case 'Quota':
    case 'FourEyes':
      return NOTHING;
    default:
      return document satisfies never;
  }
}

/** What a test asks: each publication asks all of it. */
function casesOf({ spec: { cases = [], matrices = [], reach = [] } }: TestDocument): number {
  const cells = matrices.flatMap(({ expect }) => Object.values(expect).map((row) => Object.keys(row).length));
  const assertions = reach.map(({ endpoints }) => endpoints.length);
  return [...cells, ...assertions].reduce((sum, count) => sum + count, cases.length);
}

const NOTHING: Amounts = {};
