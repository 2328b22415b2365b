import type { RecordedDecision } from '#decision-log';

let count = 0;

/** A record of which only what matters to a test is said. */
export function recorded(more: Partial<RecordedDecision> = {}): RecordedDecision {
  count += 1;
  return {
    id: `d-${String(count).padStart(6, '0')}`,
    time: new Date(Date.now() - 60_000 + count).toISOString(),
    microseconds: 41.2,
    decision: 'deny',
    reason: 'NO_ALLOW_RULE',
    deniedAt: 'acme.shop',
    rules: [],
    endpoint: 'orders/all',
    domains: ['acme.shop'],
    principals: [],
    revision: { epoch: 1, number: 7, contentHash: 'c'.repeat(64) },
    enforcementPoint: 'edge',
    dropped: [],
    request: null,
    masked: [],
    ...more,
  };
}

export function lineOf(record: RecordedDecision): string {
  return JSON.stringify(record);
}
