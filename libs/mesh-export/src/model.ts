/** What an export is made of: regions of addresses, callers, and what can be said about them without asking. */
import type { Endpoint, Evidence, Segment } from '#engine';

/**
 * What the decision point says to every request of one caller in one region, whatever else the request holds: other
 * credentials, headers, attributes, a later time. `undecided`: it depends on them.
 */
export type Verdict = 'always' | 'undecided' | 'never';

/** Whether a configuration lets through what it cannot judge: only where the decision point is asked as well. */
export type Undecided = 'refuse' | 'pass';

/** Workloads that prove the same service by the same mechanisms. */
export interface Caller {
  readonly service: string;
  readonly kind: 'spiffe' | 'network';
  /** Exact; or a prefix, where it ends in `**`; or an address or CIDR. Without the subjects of callers inside it. */
  readonly subject: string;
  /** Trust items that its certificate, or its address, amounts to. */
  readonly evidence: readonly Evidence[];
}

/** All method tokens but those that are named. */
export type Methods =
  | { readonly kind: 'named'; readonly names: readonly string[] }
  | { readonly kind: 'other'; readonly but: readonly string[] };

/** Requests that resolve to one operation of one endpoint. */
export interface Region {
  readonly endpoint: Endpoint;
  /** Exact, or `*.suffix` without what `exceptHosts` holds. */
  readonly host: string;
  readonly exceptHosts: readonly string[];
  readonly path: readonly Segment[];
  /** More specific templates at this host, which other operations answer. */
  readonly exceptPaths: readonly (readonly Segment[])[];
  readonly methods: Methods;
}

/** A region with what holds in it, for those outside every domain and for each caller. */
export interface JudgedRegion extends Region {
  readonly outsiders: Verdict;
  readonly callers: ReadonlyMap<Caller, Verdict>;
}

/** Something that a configuration does not say. */
export interface Remark {
  /** `refused`: what the decision point may allow; `passed`: what it may deny. */
  readonly effect: 'refused' | 'passed';
  readonly concerns: 'rule' | 'endpoint' | 'service' | 'domain' | 'target';
  readonly name: string;
  /** The end of a sentence that begins with the name. */
  readonly because: string;
}

/** A remark whose effect may hang on what becomes of the undecided. */
export type OpenRemark = Omit<Remark, 'effect'> & { readonly effect: Remark['effect'] | 'undecided' };

/** What can be said about a policy set without a request. */
export interface StaticMap {
  readonly callers: readonly Caller[];
  readonly regions: readonly JudgedRegion[];
  /** What no target can express. */
  readonly remarks: readonly OpenRemark[];
}
