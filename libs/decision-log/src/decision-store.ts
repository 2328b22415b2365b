import { DecisionSink } from './decision-sink.js';
import type { RecordedDecision } from './record.js';

/** What is looked for; everything that is given holds. */
export interface DecisionQuery {
  /** Milliseconds since the epoch: at this instant or after it. */
  readonly from?: number;
  /** Before this instant. */
  readonly to?: number;
  /** Concerns this domain or one below it: an endpoint there was asked for, or the denial happened there. */
  readonly domain?: string;
  /** Concerns one of these or below: what an operator may see. Absent: everything. */
  readonly domains?: readonly string[];
  /** Holds nothing of others: see {@link liesWithin}. Absent: whatever it holds. */
  readonly within?: Whereabouts;
  readonly endpoint?: string;
  /** `type:id` */
  readonly principal?: string;
  readonly reason?: string;
  /** `policy/rule`, among those that decided. */
  readonly rule?: string;
  /** `would-deny`: allowed because a domain only reports. */
  readonly decision?: 'allow' | 'deny' | 'would-deny';
  /** Only what comes after this one in the order of the list. */
  readonly behind?: DecisionPlace;
  /** At least 1. */
  readonly limit: number;
}

/** What somebody sees the whole of. */
export interface Whereabouts {
  /** These, and what lies below. */
  readonly domains: readonly string[];
  /** By name. */
  readonly services: readonly string[];
}

/** A place in the list, newest first. */
export interface DecisionPlace {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly id: string;
}

/** A record and where it stands. */
export interface FoundDecision extends DecisionPlace {
  readonly record: RecordedDecision;
}

/** A sink that can be searched. What is too old goes by itself. */
export abstract class DecisionStore extends DecisionSink {
  /** Newest first; of one instant by the bytes of the id, last first. */
  abstract search(query: DecisionQuery): Promise<readonly FoundDecision[]>;

  /** @param domains  as in a query */
  abstract find(id: string, domains?: readonly string[]): Promise<RecordedDecision | null>;
}

/** Whether all domains that a record concerns are among these, and its endpoint, where it has one, is of these services. */
export function liesWithin(
  { domains, endpoint }: Pick<RecordedDecision, 'domains' | 'endpoint'>,
  { domains: subtrees, services }: Whereabouts,
): boolean {
  return (
    domains.every((domain) => concerns({ domains: [domain] }, subtrees)) &&
    (endpoint === null || services.includes(endpoint.split('/')[0]!))
  );
}

/** Whether a record concerns one of some domains, or what lies below. */
export function concerns({ domains }: Pick<RecordedDecision, 'domains'>, subtrees: readonly string[]): boolean {
  return domains.some((domain) => subtrees.some((top) => domain === top || domain.startsWith(`${top}.`)));
}
