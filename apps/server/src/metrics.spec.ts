import { LiveSnapshot, type DecisionRecord, type PolicyInForce } from '#decision';
import { LoopDelay } from './loop-delay.js';
import { Metrics } from './metrics.js';

const NOW = 1_000_000;
const ALLOW: DecisionRecord = {
  decisionId: 'd-1',
  decision: 'allow',
  reason: 'ALLOW_SLOW',
  deniedAt: null,
  rules: [],
  endpoint: 'orders/public',
  revision: 7,
  enforcementPoint: 'edge',
  dropped: [],
  microseconds: 40,
};
const DENY: DecisionRecord = { ...ALLOW, decision: 'deny', reason: 'DENY_RULE', deniedAt: 'shop.orders' };

let live: LiveSnapshot;
let metrics: Metrics;

function open(mode: 'enforce' | 'observe' = 'enforce'): Metrics {
  live = new LiveSnapshot();
  metrics = new Metrics({ live, clock: () => NOW, mode, loop: new LoopDelay(), droppedLines: () => 3 });
  return metrics;
}

/** Samples by name and labels, as they are written. */
function samples(): { readonly [sample: string]: number } {
  const lines = metrics
    .text()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const [, sample, value] = /^([a-z0-9_]+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      expect(sample).toBeDefined();
      return [sample, Number(value)];
    }),
  );
}

describe('metrics', () => {
  it('count decisions by reason and the domain that denied', async () => {
    open();
    const records = [ALLOW, ALLOW, DENY, { ...DENY, deniedAt: 'shop' }];
    for (const record of records) metrics.count({ kind: 'decision', ...record });
    const found = samples();
    expect(Object.entries(found).filter(([sample]) => sample.startsWith('dharma_decisions_total'))).toEqual([
      ['dharma_decisions_total{decision="allow",reason="ALLOW_SLOW",domain=""}', 2],
      ['dharma_decisions_total{decision="deny",reason="DENY_RULE",domain="shop.orders"}', 1],
      ['dharma_decisions_total{decision="deny",reason="DENY_RULE",domain="shop"}', 1],
    ]);
  });

  it('count what would have been denied, by whom it was let through', async () => {
    open();
    const denial = { reason: 'DENY_RULE', deniedAt: 'shop' } as const;
    metrics.count({ kind: 'decision', ...ALLOW, wouldDeny: denial });
    metrics.count({ kind: 'decision', ...ALLOW, wouldDeny: denial, observed: denial });
    expect(samples()).toMatchObject({
      'dharma_would_deny_total{by="server",reason="DENY_RULE",domain="shop"}': 1,
      'dharma_would_deny_total{by="domain",reason="DENY_RULE",domain="shop"}': 1,
    });
  });

  it('tell how long decisions take, in seconds', async () => {
    open();
    for (const microseconds of [10, 11, 40, 999_999, 2_000_000])
      metrics.count({ kind: 'decision', ...ALLOW, microseconds });
    const found = samples();
    const upTo = (bound: string) => found[`dharma_decision_duration_seconds_bucket{le="${bound}"}`];
    expect(['0.00001', '0.00002', '0.00005', '0.5', '1', '+Inf'].map(upTo)).toEqual([1, 2, 3, 3, 4, 5]);
    expect(found['dharma_decision_duration_seconds_count']).toBe(5);
    expect(found['dharma_decision_duration_seconds_sum']).toBeCloseTo(3.00006, 9);
  });

  it('tell the policy in force and its age when they are asked', async () => {
    open();
    const before = samples();
    expect(before).toMatchObject({ dharma_policy_revision: 0, dharma_policy_epoch: 0 });
    expect(before).not.toHaveProperty('dharma_policy_age_seconds');
    live.replace({ epoch: 2, revision: 7, confirmedAt: NOW - 12_000 } as PolicyInForce);
    expect(samples()).toMatchObject({
      dharma_policy_revision: 7,
      dharma_policy_epoch: 2,
      dharma_policy_age_seconds: 12,
    });
  });

  it('count what went wrong', async () => {
    open();
    metrics.count({ kind: 'policy-difference', revision: 8, rolledBack: false, request: null, statements: null });
    metrics.count({ kind: 'policy-refused', revision: 8, faults: [] });
    metrics.count({ kind: 'decision-fault', decisionId: 'd-1', fault: new Error('x') });
    metrics.count({ kind: 'disk', fault: 'ENOSPC' });
    metrics.count({ kind: 'records-dropped', sink: 'http', records: 500, because: 'the collector answers 503' });
    metrics.count({ kind: 'records-dropped', sink: 'http', records: 7, because: 'the collector answers 503' });
    expect(samples()).toMatchObject({
      'dharma_decision_records_dropped_total{sink="all"}': 0,
      'dharma_decision_records_dropped_total{sink="http"}': 507,
      dharma_policy_differences_total: 1,
      dharma_policy_refused_total: 1,
      dharma_decision_faults_total: 1,
      dharma_disk_faults_total: 1,
      dharma_log_lines_dropped_total: 3,
    });
  });

  it.each`
    because                        | alarm            | state
    ${'there was no trouble'}      | ${undefined}     | ${'current'}
    ${'the store is out of reach'} | ${'unreachable'} | ${'unreachable'}
    ${'no trouble is unknown'}     | ${'unheard-of'}  | ${'unheard-of'}
    ${'it is over'}                | ${null}          | ${'current'}
  `('tell the one state of the feed: $because', async ({ alarm, state }) => {
    open().count({ kind: 'feed', alarm: 'forked', detail: '' });
    metrics.count({ kind: 'feed', alarm: alarm ?? null, detail: '' });
    const states = Object.entries(samples()).filter(([sample]) => sample.startsWith('dharma_feed_state'));
    expect(states.filter(([, value]) => value === 1)).toEqual([[`dharma_feed_state{state="${state}"}`, 1]]);
    expect(states.length).toBeGreaterThan(5);
  });

  it.each`
    mode         | value
    ${'enforce'} | ${0}
    ${'observe'} | ${1}
  `('tell whether the server only observes: $mode', async ({ mode, value }) => {
    open(mode);
    expect(samples()).toMatchObject({ dharma_observe_mode: value });
  });

  it('are lines, whatever a store calls its trouble', async () => {
    open().count({ kind: 'feed', alarm: 'a "b"\n\\c', detail: '' });
    expect(samples()).toMatchObject({ 'dharma_feed_state{state="a \\"b\\"\\n\\\\c"}': 1 });
  });

  it('tell when certificates end, and of the process', async () => {
    open().count({ kind: 'certificate-in-use', listener: 'http', notAfter: 1_800_000_000_000 });
    expect(samples()).toMatchObject({
      'dharma_certificate_not_after_seconds{listener="http"}': 1_800_000_000,
      'dharma_event_loop_delay_seconds{quantile="0.99"}': 0,
      process_resident_memory_bytes: expect.any(Number),
    });
  });

  it('tell how the keys of issuers are fetched, while anyone uses them', () => {
    const address = 'https://login.acme.example/';
    const fetched = { kind: 'issuer-keys', address, isNews: false, keys: 2, fetchedAt: NOW } as const;
    open().count({ ...fetched, trouble: undefined });
    metrics.count({ ...fetched, trouble: 'it cannot be reached' });
    expect(samples()).toMatchObject({
      [`dharma_issuer_keys{issuer="${address}"}`]: 2,
      [`dharma_issuer_keys_fetched_seconds{issuer="${address}"}`]: NOW / 1000,
      [`dharma_issuer_fetches_total{issuer="${address}",result="good"}`]: 1,
      [`dharma_issuer_fetches_total{issuer="${address}",result="failed"}`]: 1,
    });
    metrics.count({ kind: 'issuer-unused', address });
    expect(Object.keys(samples()).filter((sample) => sample.includes(address))).toEqual([]);
  });

  it('have a name, a type and a sentence each', () => {
    const text = open().text();
    for (const family of text.split(/^(?=# HELP)/m)) {
      expect(family).toMatch(/^# HELP ([a-z0-9_]+) .+\.?\n# TYPE \1 (?:counter|gauge|histogram)(?:\n|$)/);
    }
  });
});
