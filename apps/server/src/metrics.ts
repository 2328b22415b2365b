import { readdirSync } from 'node:fs';
import { ageSeconds, type Clock, type DecisionRecord, type LiveSnapshot, type ServiceEvent } from '#decision';
import { ALLOW_REASONS, DENY_REASONS, OWN_STATE_REASONS, type Denial, type Reason } from '#engine';
import type { LoopDelay } from './loop-delay.js';

export interface MetricsParts {
  readonly live: LiveSnapshot;
  readonly clock: Clock;
  readonly mode: 'enforce' | 'observe';
  readonly loop: LoopDelay;
  /** Log lines that were dropped since the start. */
  readonly droppedLines: () => number;
}

const REASONS: readonly Reason[] = [...ALLOW_REASONS, ...DENY_REASONS, ...OWN_STATE_REASONS];
const REASON_INDEX: ReadonlyMap<Reason, number> = new Map(REASONS.map((reason, index) => [reason, index]));
const ALLOWS: ReadonlySet<Reason> = new Set(ALLOW_REASONS);
/** Upper bounds in microseconds; the last bucket is everything above. */
const DURATION_BOUNDS = [
  10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
];
/** How the feed may stand to its store; further ones appear once they happen. */
const FEED_STATES = ['current', 'unreachable', 'went-back', 'forked', 'not-taken', 'refused'];
/** Why requests to the admin listener are counted. */
const ADMIN_REFUSED: readonly string[] = ['token-unknown', 'rate-exceeded', 'act-unrecorded'];

/**
 * What Prometheus is told. Decisions are counted in plain arrays, as that happens on every request; they become text
 * when somebody asks. (The usual library asks Node for its active handles, on which Node 20 may abort the process.)
 */
export class Metrics {
  readonly #families: (() => string)[] = [];
  readonly #decisions = new ReasonCounts();
  readonly #wouldDenyHere = new ReasonCounts();
  readonly #wouldDenyThere = new ReasonCounts();
  readonly #durations = new Float64Array(DURATION_BOUNDS.length + 1);
  readonly #certificateEnds = new Map<string, number>();
  readonly #issuers = new Map<string, IssuerFigures>();
  readonly #droppedRecords = new Map<string, number>([['all', 0]]);
  #durationSum = 0;
  #decisionFaults = 0;
  #policyDifferences = 0;
  #policyRefused = 0;
  #diskFaults = 0;
  readonly #adminRefused = new Map(ADMIN_REFUSED.map((because) => [because, 0]));
  #feedState = 'current';

  constructor(parts: MetricsParts) {
    this.#describe(parts);
    this.#describeProcess();
  }

  /** Prometheus text. */
  text(): string {
    return this.#families.map((family) => family()).join('');
  }

  count(event: ServiceEvent): void {
    switch (event.kind) {
      case 'decision':
        return this.#countDecision(event);
      case 'decision-fault':
        this.#decisionFaults += 1;
        return;
      case 'policy-difference':
        this.#policyDifferences += 1;
        return;
      case 'policy-refused':
        this.#policyRefused += 1;
        return;
      case 'disk':
        this.#diskFaults += 1;
        return;
      case 'feed':
        this.#feedState = event.alarm ?? 'current';
        return;
      case 'certificate-in-use':
        this.#certificateEnds.set(event.listener, event.notAfter);
        return;
      case 'issuer-keys':
        return this.#countFetch(event);
      case 'issuer-unused':
        this.#issuers.delete(event.address);
        return;
      case 'records-dropped':
        this.#droppedRecords.set(event.sink, (this.#droppedRecords.get(event.sink) ?? 0) + event.records);
        return;
      case 'admin-refused':
        this.#adminRefused.set(event.because, (this.#adminRefused.get(event.because) ?? 0) + 1);
        return;
      case 'records-waiting':
      case 'search':
      case 'policy-in-force':
      case 'policy-tests-fail':
      case 'policy-verified':
      case 'policy-unreadable':
      case 'certificate-unusable':
      case 'database':
      case 'admin-crashed':
        return;
      default:
        event satisfies never;
    }
  }

  #countFetch({ address, keys, fetchedAt, trouble }: Extract<ServiceEvent, { kind: 'issuer-keys' }>): void {
    const { good = 0, failed = 0 } = this.#issuers.get(address) ?? {};
    const more = trouble === undefined ? { good: good + 1, failed } : { good, failed: failed + 1 };
    this.#issuers.set(address, { keys, fetchedAt, ...more });
  }

  #countDecision({ reason, deniedAt, observed, wouldDeny, microseconds }: DecisionRecord): void {
    this.#decisions.add(reason, deniedAt);
    if (observed !== undefined) this.#wouldDenyHere.add(observed.reason, observed.deniedAt);
    else if (wouldDeny !== undefined) this.#wouldDenyThere.add(wouldDeny.reason, wouldDeny.deniedAt);
    let bucket = 0;
    while (bucket < DURATION_BOUNDS.length && microseconds > DURATION_BOUNDS[bucket]!) bucket += 1;
    this.#durations[bucket]! += 1;
    this.#durationSum += microseconds;
  }

  #describe({ live, clock, mode, loop, droppedLines }: MetricsParts): void {
    this.#add('counter', 'dharma_decisions_total', 'Decisions by reason and the domain that denied.', () =>
      this.#decisions.samples((reason) => ({ decision: ALLOWS.has(reason) ? 'allow' : 'deny' })),
    );
    this.#add(
      'counter',
      'dharma_would_deny_total',
      'Allows that would have been denials: `by` a domain in report mode, or a server that only observes.',
      () => [
        ...this.#wouldDenyHere.samples(() => ({ by: 'server' })),
        ...this.#wouldDenyThere.samples(() => ({ by: 'domain' })),
      ],
    );
    this.#add('histogram', 'dharma_decision_duration_seconds', 'Time from question to answer.', () =>
      this.#durationSamples(),
    );
    this.#add('counter', 'dharma_decision_faults_total', 'Decisions that failed and were denied.', () =>
      one(this.#decisionFaults),
    );
    this.#add('gauge', 'dharma_policy_revision', 'The revision in force; 0 before the first.', () =>
      one(live.inForce?.revision ?? 0),
    );
    this.#add('gauge', 'dharma_policy_epoch', 'The epoch of the revision in force; 0 before the first.', () =>
      one(live.inForce?.epoch ?? 0),
    );
    this.#add('gauge', 'dharma_policy_age_seconds', 'Time since the policy in force was last confirmed.', () =>
      live.inForce === undefined ? [] : one(ageSeconds(live.inForce, clock())),
    );
    this.#add('counter', 'dharma_policy_differences_total', 'Revisions the engines did not agree on.', () =>
      one(this.#policyDifferences),
    );
    this.#add('counter', 'dharma_policy_refused_total', 'Revisions that were not put in force.', () =>
      one(this.#policyRefused),
    );
    this.#add('gauge', 'dharma_feed_state', 'How the store is followed: 1 for the state it is in.', () =>
      [...new Set([...FEED_STATES, this.#feedState])].map((state) => ({
        labels: { state },
        value: state === this.#feedState ? 1 : 0,
      })),
    );
    this.#add(
      'counter',
      'dharma_disk_faults_total',
      'Times that what is kept on disk could not be written or read.',
      () => one(this.#diskFaults),
    );
    this.#add('counter', 'dharma_admin_refused_total', 'Requests to the admin listener that are only counted.', () =>
      [...this.#adminRefused].map(([because, value]) => ({ labels: { because }, value })),
    );
    this.#add('gauge', 'dharma_certificate_not_after_seconds', 'When the certificate of a listener ends.', () =>
      [...this.#certificateEnds].map(([listener, notAfter]) => ({ labels: { listener }, value: notAfter / 1000 })),
    );
    this.#add('counter', 'dharma_issuer_fetches_total', 'Tries to fetch the keys of an issuer.', () =>
      [...this.#issuers].flatMap(([issuer, { good, failed }]) => [
        { labels: { issuer, result: 'good' }, value: good },
        { labels: { issuer, result: 'failed' }, value: failed },
      ]),
    );
    this.#add('gauge', 'dharma_issuer_keys', 'Keys of an issuer by which tokens can be verified.', () =>
      [...this.#issuers].map(([issuer, { keys }]) => ({ labels: { issuer }, value: keys })),
    );
    this.#add('gauge', 'dharma_issuer_keys_fetched_seconds', 'When the keys of an issuer were last fetched.', () =>
      [...this.#issuers].flatMap(([issuer, { fetchedAt }]) =>
        fetchedAt === undefined ? [] : [{ labels: { issuer }, value: fetchedAt / 1000 }],
      ),
    );
    this.#add('gauge', 'dharma_event_loop_delay_seconds', 'How late the serving thread was in the last minute.', () => {
      const { median, p99, max } = loop.lastMinute;
      return [
        { labels: { quantile: '0.5' }, value: median },
        { labels: { quantile: '0.99' }, value: p99 },
        { labels: { quantile: '1' }, value: max },
      ];
    });
    this.#add('counter', 'dharma_log_lines_dropped_total', 'Log lines nobody took in time.', () => one(droppedLines()));
    this.#add(
      'counter',
      'dharma_decision_records_dropped_total',
      'Records of decisions that a sink of the decision log did not get; `all`: that none got.',
      () => [...this.#droppedRecords].map(([sink, value]) => ({ labels: { sink }, value })),
    );
    this.#add('gauge', 'dharma_observe_mode', '1 where the server allows everything and only observes.', () =>
      one(mode === 'observe' ? 1 : 0),
    );
  }

  /** By the names that dashboards for Node know. */
  #describeProcess(): void {
    const add = (type: 'counter' | 'gauge', name: string, help: string, value: () => number) =>
      this.#add(type, name, help, () => one(value()));
    const startedAt = Date.now() / 1000 - process.uptime();
    add('counter', 'process_cpu_seconds_total', 'Processor time of the whole process.', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000_000;
    });
    add('gauge', 'process_start_time_seconds', 'When the process began, in seconds since 1970.', () => startedAt);
    add('gauge', 'process_resident_memory_bytes', 'Memory of the whole process.', () => process.memoryUsage.rss());
    add('gauge', 'process_open_fds', 'Open files and connections; 0 where the system does not tell.', openFiles);
    add('gauge', 'nodejs_heap_size_total_bytes', 'Heap of the serving thread.', () => process.memoryUsage().heapTotal);
    add('gauge', 'nodejs_heap_size_used_bytes', 'Heap in use.', () => process.memoryUsage().heapUsed);
    add('gauge', 'nodejs_external_memory_bytes', 'Memory beside the heap.', () => process.memoryUsage().external);
    this.#add('gauge', 'nodejs_version_info', 'The version of Node.', () => [
      { labels: { version: process.version }, value: 1 },
    ]);
  }

  #durationSamples(): readonly Sample[] {
    const name = 'dharma_decision_duration_seconds';
    let total = 0;
    const buckets = Array.from(this.#durations, (count, index) => {
      total += count;
      const bound = DURATION_BOUNDS[index];
      const le = bound === undefined ? '+Inf' : String(bound / 1_000_000);
      return { metricName: `${name}_bucket`, labels: { le }, value: total };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, value: this.#durationSum / 1_000_000 },
      { metricName: `${name}_count`, labels: {}, value: total },
    ];
  }

  #add(type: 'counter' | 'gauge' | 'histogram', name: string, help: string, samples: () => readonly Sample[]): void {
    this.#families.push(() => {
      const lines = samples().map(
        ({ metricName = name, labels, value }) => `${metricName}${printLabels(labels)} ${value}\n`,
      );
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    });
  }
}

interface IssuerFigures {
  readonly keys: number;
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number | undefined;
  readonly good: number;
  readonly failed: number;
}

function one(value: number): readonly Sample[] {
  return [{ labels: {}, value }];
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

function printLabels(labels: Sample['labels']): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const SPECIAL = /[\\"\n]/;

function escaped(value: string): string {
  if (!SPECIAL.test(value)) return value;
  return value.replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
}

interface Sample {
  readonly metricName?: string;
  readonly labels: { readonly [label: string]: string };
  readonly value: number;
}

/** Counts by domain and reason. Domains come from policies, never from requests: there are no more than they name. */
class ReasonCounts {
  readonly #byDomain = new Map<string | null, Float64Array>();

  add(reason: Reason, domain: Denial['deniedAt']): void {
    let counts = this.#byDomain.get(domain);
    if (counts === undefined) {
      counts = new Float64Array(REASONS.length);
      this.#byDomain.set(domain, counts);
    }
    counts[REASON_INDEX.get(reason)!]! += 1;
  }

  /** @param labels  further ones */
  samples(labels: (reason: Reason) => Sample['labels']): Sample[] {
    const samples: Sample[] = [];
    for (const [domain, counts] of this.#byDomain) {
      for (const [index, value] of counts.entries()) {
        const reason = REASONS[index]!;
        if (value > 0) samples.push({ labels: { ...labels(reason), reason, domain: domain ?? '' }, value });
      }
    }
    return samples;
  }
}
