import { byBytes } from '#engine';
import {
  concerns,
  type DecisionQuery,
  DecisionStore,
  type FoundDecision,
  liesWithin,
  readRecord,
  type RecordedDecision,
} from '#decision-log';

/** The last decisions, until the process ends. */
export class MemoryDecisionStore extends DecisionStore {
  readonly #most: number;
  /** Not read before somebody looks for a decision: most are written and never seen again. */
  #unread: string[] = [];
  #read: FoundDecision[] = [];

  /** @param most  records; the oldest go first */
  constructor(most: number) {
    super();
    this.#most = most;
  }

  override async write(lines: readonly string[]): Promise<void> {
    for (const line of lines) this.#unread.push(line);
    // Cut at twice as many, so that not every batch moves all of them.
    if (this.#unread.length >= 2 * this.#most) this.#unread = this.#unread.slice(-this.#most);
  }

  override async search(query: DecisionQuery): Promise<readonly FoundDecision[]> {
    const { behind } = query;
    return this.#found()
      .filter((found) => holds(query, found) && (behind === undefined || newestFirst(behind, found) < 0))
      .sort(newestFirst)
      .slice(0, query.limit);
  }

  override async find(id: string, domains?: readonly string[]): Promise<RecordedDecision | null> {
    const found = this.#found().findLast((one) => one.id === id)?.record;
    return found === undefined || (domains !== undefined && !concerns(found, domains)) ? null : found;
  }

  override async close(): Promise<void> {}

  #found(): readonly FoundDecision[] {
    const lines = this.#unread.slice(-this.#most);
    this.#unread = [];
    const read = lines.flatMap((line) => {
      const record = readable(line);
      return record === undefined ? [] : [{ time: Date.parse(record.time), id: record.id, record }];
    });
    this.#read = [...this.#read, ...read].slice(-this.#most);
    return this.#read;
  }
}

/** One that cannot be read hides no others. */
function readable(line: string): RecordedDecision | undefined {
  try {
    return readRecord(line);
  } catch {
    return undefined;
  }
}

function holds(query: DecisionQuery, { time, record }: FoundDecision): boolean {
  const { from, to, domain, domains, within, endpoint, principal, reason, rule, decision } = query;
  return (
    (from === undefined || time >= from) &&
    (to === undefined || time < to) &&
    (domain === undefined || concerns(record, [domain])) &&
    (domains === undefined || concerns(record, domains)) &&
    (within === undefined || liesWithin(record, within)) &&
    (endpoint === undefined || record.endpoint === endpoint) &&
    (principal === undefined || record.principals.includes(principal)) &&
    (reason === undefined || record.reason === reason) &&
    (rule === undefined || record.rules.includes(rule)) &&
    (decision === undefined ||
      (decision === 'would-deny' ? record.wouldDeny !== undefined : record.decision === decision))
  );
}

type Place = Pick<FoundDecision, 'time' | 'id'>;

function newestFirst(left: Place, right: Place): number {
  return right.time - left.time || byBytes(right.id, left.id);
}
