import fc from 'fast-check';
import { LiveSnapshot, type DecisionRecord, type ServiceEvent } from '#decision';
import { eventLog, logTo, NestLog, Telemetry, type TelemetryParts } from './telemetry.js';
import { anyCharacter } from '../../../test/support/any-character.js';

const DENIAL: DecisionRecord = {
  decisionId: 'd-1',
  decision: 'deny',
  reason: 'NO_ALLOW_RULE',
  deniedAt: 'shop',
  rules: [],
  endpoint: 'orders/office',
  revision: 7,
  enforcementPoint: 'edge',
  dropped: [{ mechanism: 'staff', because: 'the token has expired' }],
  trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  microseconds: 41,
};
const ALLOW: DecisionRecord = { ...DENIAL, decision: 'allow', reason: 'ALLOW_SLOW', deniedAt: null, dropped: [] };
const NOW = Date.parse('2026-11-22T00:00:00Z');
const DAY = 24 * 60 * 60 * 1000;

/** A line of JSON. */
interface Line {
  readonly [member: string]: unknown;
  readonly fault?: { readonly stack?: string };
}

function lines(events: readonly ServiceEvent[], parts: Partial<TelemetryParts> = {}): readonly Line[] {
  const written: string[] = [];
  const log = eventLog(logTo({ write: (line) => void written.push(line) }, 'info'), {
    allowShare: 0,
    chance: () => 0,
    clock: () => NOW,
    ...parts,
  });
  for (const event of events) log(event);
  return written.map((line) => JSON.parse(line));
}

describe('the log', () => {
  it('has a line for every deny, with all that explains it', () => {
    const [line] = lines([{ kind: 'decision', ...DENIAL }]);
    expect(line).toEqual({ level: 30, time: expect.any(String), msg: 'deny', ...DENIAL });
  });

  it('takes nothing from a decision but what it names', () => {
    const grown = { ...DENIAL, token: 'Sesame' } as DecisionRecord;
    expect(JSON.stringify(lines([{ kind: 'decision', ...grown }]))).not.toContain('Sesame');
  });

  it.each`
    because                               | allowShare | chance  | count
    ${'by default allows are not logged'} | ${0}       | ${0}    | ${0}
    ${'a share is drawn'}                 | ${0.25}    | ${0.2}  | ${1}
    ${'the rest is not'}                  | ${0.25}    | ${0.25} | ${0}
    ${'all of them may be'}               | ${1}       | ${0.99} | ${1}
  `('has $count lines for an allow: $because', ({ allowShare, chance, count }) => {
    expect(lines([{ kind: 'decision', ...ALLOW }], { allowShare, chance: () => chance })).toHaveLength(count);
  });

  it('has a line for every allow that would have been a deny', () => {
    const denial = { reason: 'DENY_RULE', deniedAt: 'shop' } as const;
    const [byDomain, byServer] = lines([
      { kind: 'decision', ...ALLOW, wouldDeny: denial },
      { kind: 'decision', ...ALLOW, observed: denial },
    ]);
    expect(byDomain).toMatchObject({ msg: 'would deny', decision: 'allow', wouldDeny: denial });
    expect(byServer).toMatchObject({ msg: 'allowed: this server only observes', decision: 'allow', observed: denial });
  });

  it.each`
    because                               | event                                                                                              | level | told
    ${'a policy is news'}                 | ${{ kind: 'policy-in-force', epoch: 1, revision: 7, contentHash: 'ab' }}                           | ${30} | ${{ epoch: 1, revision: 7, contentHash: 'ab' }}
    ${'a refusal needs somebody'}         | ${{ kind: 'policy-refused', revision: 8, faults: ['shop.yaml:1:1: no'] }}                          | ${50} | ${{ revision: 8, faults: ['shop.yaml:1:1: no'] }}
    ${'a difference carries its request'} | ${{ kind: 'policy-difference', revision: 8, rolledBack: false, request: { a: 1 }, statements: 2 }} | ${50} | ${{ revision: 8, rolledBack: false, request: { a: 1 }, statements: 2 }}
    ${'agreement is news'}                | ${{ kind: 'policy-verified', revision: 8, requests: 9 }}                                           | ${30} | ${{ requests: 9 }}
    ${'a folder can be lost'}             | ${{ kind: 'policy-unreadable', fault: 'EACCES' }}                                                  | ${50} | ${{ fault: 'EACCES' }}
    ${'a store out of reach comes back'}  | ${{ kind: 'feed', alarm: 'unreachable', detail: 'ECONNREFUSED' }}                                  | ${40} | ${{ detail: 'ECONNREFUSED' }}
    ${'a fork needs somebody'}            | ${{ kind: 'feed', alarm: 'forked', detail: 'revision 7' }}                                         | ${50} | ${{ alarm: 'forked' }}
    ${'its end is news'}                  | ${{ kind: 'feed', alarm: null, detail: '' }}                                                       | ${30} | ${{ msg: 'the store is followed again' }}
    ${'a database says what it did'}      | ${{ kind: 'database', sentence: 'two tables were made' }}                                          | ${30} | ${{ msg: 'two tables were made' }}
    ${'a crash needs somebody'}           | ${{ kind: 'admin-crashed', fault: 'it ended' }}                                                    | ${50} | ${{ fault: 'it ended' }}
    ${'a disk needs somebody'}            | ${{ kind: 'disk', fault: 'ENOSPC' }}                                                               | ${50} | ${{ fault: 'ENOSPC' }}
    ${'a certificate is news'}            | ${{ kind: 'certificate-in-use', listener: 'http', notAfter: NOW + 15 * DAY }}                      | ${30} | ${{ notAfter: '2026-12-07T00:00:00.000Z' }}
    ${'its end is near'}                  | ${{ kind: 'certificate-in-use', listener: 'http', notAfter: NOW + 13 * DAY }}                      | ${40} | ${{ listener: 'http' }}
    ${'a broken one needs somebody'}      | ${{ kind: 'certificate-unusable', listener: 'http', fault: 'no key' }}                             | ${50} | ${{ fault: 'no key' }}
  `('says $event.kind at level $level: $because', ({ event, level, told }) => {
    expect(lines([event])).toEqual([expect.objectContaining({ level, ...told })]);
  });

  it('says which tests fail of a policy that is in force', () => {
    const event = { kind: 'policy-tests-fail', epoch: 1, revision: 7, contentHash: 'ab', failing: ['w'] } as const;
    expect(lines([event])).toMatchObject([{ level: 40, revision: 7, warnings: ['w'] }]);
  });

  it('says once a minute and sink how many records of decisions are dropped', () => {
    const dropped = (sink: string) => ({ kind: 'records-dropped', sink, records: 5, because: 'it is away' }) as const;
    let now = NOW;
    const clock = () => (now += 20_000);
    expect(lines([dropped('http'), dropped('otlp'), dropped('http'), dropped('http')], { clock })).toMatchObject([
      { level: 40, sink: 'http', records: 5, because: 'it is away' },
      { level: 40, sink: 'otlp', records: 5 },
      { level: 40, sink: 'http', records: 10 },
    ]);
  });

  it('says once a minute and sink that records wait', () => {
    const waiting = (sink: string) => ({ kind: 'records-waiting', sink, because: 'it is away' }) as const;
    let now = NOW;
    const clock = () => (now += 30_000);
    expect(lines(['http', 'otlp', 'http', 'http'].map(waiting), { clock })).toMatchObject([
      { level: 40, sink: 'http', because: 'it is away' },
      { level: 40, sink: 'otlp' },
      { level: 40, sink: 'http' },
    ]);
  });

  it.each`
    because                                        | fault
    ${'errors of token libraries hold the claims'} | ${Object.assign(new Error('expired'), { payload: { sub: 'Sesame' } })}
    ${'parsers quote what they could not read'}    | ${new SyntaxError('Unexpected token: "Sesame" is not valid JSON')}
    ${'anything can be thrown'}                    | ${'Sesame'}
  `('says where a decision failed, and not about what: $because', ({ fault }) => {
    const event = { kind: 'decision-fault', decisionId: 'd-1', fault } as const;
    const [line] = lines([event]);
    expect(line).toMatchObject({ level: 50, decisionId: 'd-1' });
    expect(JSON.stringify(line)).not.toContain('Sesame');
    if (fault instanceof Error) expect(line!.fault!.stack).toMatch(/^ +at /);
  });

  it('is one line of JSON, whatever names and reasons hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.string({ unit: anyCharacter }), (endpoint, because) => {
        const written: string[] = [];
        const logger = logTo({ write: (line) => void written.push(line) }, 'info');
        const log = eventLog(logger, { allowShare: 0, chance: () => 0, clock: () => NOW });
        log({ kind: 'decision', ...DENIAL, endpoint, dropped: [{ mechanism: null, because }] });
        expect(written).toEqual([expect.stringMatching(/^[^\n]+\n$/)]);
        expect(JSON.parse(written[0]!)).toMatchObject({ endpoint, dropped: [{ because }] });
      }),
    );
  });

  it("keeps the framework's own faults free of what they carry", () => {
    const written: string[] = [];
    new NestLog(logTo({ write: (line) => void written.push(line) }, 'info')).error(
      Object.assign(new Error('failed'), { body: 'Sesame' }),
    );
    expect(written.join('')).toContain('failed');
    expect(written.join('')).not.toContain('Sesame');
  });
});

describe('telemetry', () => {
  const live = new LiveSnapshot();
  let telemetry: Telemetry;
  let written: string[];

  function open(mode: 'enforce' | 'observe'): Telemetry {
    written = [];
    const logger = logTo({ write: (line) => void written.push(line) }, 'info');
    const output = { logger, droppedLines: () => 3, flush: () => {} };
    telemetry = new Telemetry(output, { live, clock: () => NOW, chance: () => 0, allowShare: 0, mode });
    return telemetry;
  }

  afterEach(() => telemetry.close());

  it('says at the start that it only observes, and not otherwise', () => {
    open('enforce').close();
    expect(written).toEqual([]);
    open('observe');
    expect(written.map((line) => JSON.parse(line))).toMatchObject([
      { level: 40, msg: 'this server only observes: every request is allowed' },
    ]);
  });

  it.each`
    because                                          | event                                                                                        | trouble
    ${'it could not be read as a policy'}            | ${{ kind: 'policy-refused', revision: 8, faults: ['x'] }}                                    | ${'revision 8 is not in force: it was refused'}
    ${'it was put back after the engines disagreed'} | ${{ kind: 'policy-difference', revision: 8, rolledBack: true, request: {}, statements: [] }} | ${'revision 8 is not in force: the engines differ on it'}
  `('says that a later revision is not in force: $because', ({ event, trouble }) => {
    open('enforce');
    telemetry.log(event);
    expect(telemetry.troubles()).toEqual([trouble]);
    telemetry.log({ kind: 'policy-in-force', epoch: 1, revision: 9, contentHash: 'c' });
    expect(telemetry.troubles()).toEqual([]);
  });

  it.each`
    because                  | later
    ${'they can be fetched'} | ${{ kind: 'issuer-keys', trouble: undefined }}
    ${'nobody uses them'}    | ${{ kind: 'issuer-unused' }}
  `('counts issuers whose keys cannot be fetched, until $because; it does not name them', ({ later }) => {
    const { log } = open('enforce');
    const address = 'https://login.acme.example/';
    const failed = { kind: 'issuer-keys', address, keys: 1, fetchedAt: NOW, trouble: 'it cannot be reached' } as const;
    log({ ...failed, isNews: true });
    log({ ...failed, isNews: false });
    expect(telemetry.troubles()).toEqual(['the keys of 1 issuers cannot be fetched']);
    expect(written.map((line) => JSON.parse(line))).toMatchObject([
      { level: 40, address, trouble: 'it cannot be reached' },
    ]);
    log({ ...failed, isNews: true, ...later });
    expect(telemetry.troubles()).toEqual([]);
  });

  it('knows what is wrong, until it is right again', () => {
    const { log } = open('enforce');
    log({ kind: 'feed', alarm: 'unreachable', detail: 'ECONNREFUSED 10.0.0.7' });
    log({ kind: 'certificate-unusable', listener: 'http', fault: 'no key in `/etc/key.pem`' });
    expect(telemetry.troubles()).toEqual([
      'the store is not followed: unreachable',
      'the new certificate of listener http cannot be used',
    ]);
    log({ kind: 'feed', alarm: null, detail: '' });
    log({ kind: 'certificate-in-use', listener: 'http', notAfter: NOW });
    expect(telemetry.troubles()).toEqual([]);
  });
});
