import { compile, decide, OUTSIDE, type Outcome } from '#engine';
import { loadBundle } from '#policy';
import { DecisionLog, type DecisionLogParts } from './decision-log.js';
import { readRecord } from './record.js';
import type { DroppedRecords, SinkQueue } from './sink-queue.js';
import type { DecidedBy, TakenDecision } from './taken.js';

const WORLD = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec: { access: [anonymous], boundary: ["orders/*", "till/*"] }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.payments }
spec: { boundary: ["till/*"] }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.payments-labs }
spec: {}
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [acme.payments-labs], hosts: [orders.example] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: till }
spec: { domains: [acme.payments], hosts: [till.example] }
`;

const { world } = loadBundle([{ file: 'acme.yaml', text: WORLD }]);
const POLICY: DecidedBy = {
  epoch: 1,
  revision: 7,
  contentHash: 'c',
  snapshot: compile(world!),
  identity: { reportHeaders: new Set() },
};
const REQUEST = {
  target: { kind: 'address', host: 'till.example', method: 'GET', path: '/' },
  evidence: [],
  headers: {},
  attributes: {},
  claimed: {},
  context: {},
  time: 0,
  askedFrom: OUTSIDE,
  policyAgeSeconds: 0,
  maxTtlSeconds: 30,
} as const;
const DENIED = decide(POLICY.snapshot, REQUEST);
const ALLOWED: Outcome = { ...DENIED, decision: 'allow', reason: 'ALLOW_SLOW', deniedAt: null };
const TAKEN: TakenDecision = {
  decisionId: 'd-1',
  time: 0,
  microseconds: 1,
  request: REQUEST,
  verdict: DENIED,
  policy: POLICY,
  enforcementPoint: 'edge',
  dropped: [],
  observed: false,
  trace: undefined,
};

function logWith(more: Partial<DecisionLogParts> = {}, isFull = false) {
  const lines: string[] = [];
  const dropped: DroppedRecords[] = [];
  const planned: (() => void)[] = [];
  const now = { milliseconds: 0 };
  const queue = { add: (line: string) => void lines.push(line), isFull, close: async () => {} };
  const log = new DecisionLog({
    queue: queue as unknown as SinkQueue,
    shares: { standard: 0, byDomain: new Map() },
    masking: { show: [], mask: [] },
    fingerprintKey: 'k',
    perSecond: 1_000,
    monotonic: () => now.milliseconds,
    chance: () => 0.5,
    onDropped: (records) => void dropped.push(records),
    timer: {
      after: (_, work) => {
        planned.push(work);
        return () => {};
      },
    },
    ...more,
  });
  return { log, lines, dropped, now, tell: () => planned.splice(0).forEach((work) => work()) };
}

const shares = (standard: number, byDomain: { readonly [domain: string]: number } = {}) => ({
  shares: { standard, byDomain: new Map(Object.entries(byDomain)) },
});

describe('the decision log', () => {
  it.each`
    because                                              | verdict                                                                 | more                                          | wanted
    ${'every denial is recorded'}                        | ${DENIED}                                                               | ${shares(0)}                                  | ${true}
    ${'so is every allow that would have been one'}      | ${{ ...ALLOWED, wouldDeny: { reason: 'DENY_RULE', deniedAt: 'acme' } }} | ${shares(0)}                                  | ${true}
    ${'of the others none, where nobody asked for them'} | ${{ ...ALLOWED, endpoint: 'till/all' }}                                 | ${shares(0)}                                  | ${false}
    ${'a share of them, drawn by lot'}                   | ${{ ...ALLOWED, endpoint: 'till/all' }}                                 | ${shares(0.51)}                               | ${true}
    ${'and not more'}                                    | ${{ ...ALLOWED, endpoint: 'till/all' }}                                 | ${shares(0.5)}                                | ${false}
    ${'a domain may say more'}                           | ${{ ...ALLOWED, endpoint: 'till/all' }}                                 | ${shares(0, { 'acme.payments': 1 })}          | ${true}
    ${'for what lies below it too'}                      | ${{ ...ALLOWED, endpoint: 'till/all' }}                                 | ${shares(0, { acme: 1 })}                     | ${true}
    ${'the nearest counts'}                              | ${{ ...ALLOWED, endpoint: 'till/all' }}                                 | ${shares(1, { acme: 1, 'acme.payments': 0 })} | ${false}
    ${'a like name is not below'}                        | ${{ ...ALLOWED, endpoint: 'orders/all' }}                               | ${shares(0, { 'acme.payments': 1 })}          | ${false}
  `('takes: $because', ({ verdict, more, wanted }) => {
    expect(logWith(more).log.wants(verdict, POLICY)).toBe(wanted);
  });

  it('keeps a denial from before the first policy', () => {
    const { log, lines } = logWith();
    const verdict: Outcome = { ...DENIED, reason: 'POLICY_UNAVAILABLE', deniedAt: null };
    expect(log.wants(verdict, undefined)).toBe(true);
    log.take({ ...TAKEN, verdict, policy: undefined, request: undefined });
    expect(readRecord(lines[0]!)).toMatchObject({ reason: 'POLICY_UNAVAILABLE', revision: null, request: null });
  });

  it('takes so many a second, counts the others, and tells of them together', () => {
    const { log, lines, dropped, now, tell } = logWith({ perSecond: 10 });
    for (let count = 0; count < 25; count += 1) log.take(TAKEN);
    expect([lines.length, dropped]).toEqual([10, []]);
    tell();
    expect(dropped).toEqual([{ sink: 'all', records: 15, because: 'there are more than 10 a second' }]);
    now.milliseconds += 500;
    for (let count = 0; count < 25; count += 1) log.take(TAKEN);
    expect(lines.length).toBe(15);
    tell();
    expect(dropped[1]).toMatchObject({ records: 20 });
  });

  it.each`
    because                                         | open                                                                 | said
    ${'nobody takes what waits'}                    | ${() => logWith({}, true)}                                           | ${'too many are waiting'}
    ${'it could not be made, and why says nothing'} | ${() => logWith({ masking: { show: ['nothing.known'], mask: [] } })} | ${'it could not be written down'}
  `('never throws, and counts what it has no record of: $because', ({ open, said }) => {
    const { log, lines, dropped, tell } = (open as () => ReturnType<typeof logWith>)();
    log.take(TAKEN);
    tell();
    expect([lines, dropped]).toEqual([[], [{ sink: 'all', records: 1, because: said }]]);
  });
});
