import { type AccessRequest, compile, type Json, type Outcome, OUTSIDE, type Snapshot, type World } from '#engine';
import { type Assertion, Effort, Reachability } from '#reach';
import type { Catalogue } from './catalogue.js';
import type { Expectation } from './document-policy.js';
import { parseInstant } from './instant.js';
import { cellsOf, judgeMatrix } from './matrices.js';
import { assertionOf, judgeReach, type ReachTest, runReachTest } from './reach-tests.js';
import type { Place, ReadDocument } from './read.js';
import type { References } from './references.js';
import { placeIn, type Report } from './report.js';
import { parseRequest } from './request.js';
import type { Position } from './source.js';
import type { Path } from './yaml.js';

export interface PolicyTestCase {
  readonly because: string;
  readonly at: Position;
  /** As written; parsed anew for each run, because its time defaults to the run's. */
  readonly request: Json;
  readonly expect: Expectation;
}

/** A `Test` document. */
export interface PolicyTest {
  readonly name: string;
  readonly domain?: string;
  readonly at: Position;
  /** Milliseconds since the epoch; absent: the time of the run. */
  readonly time?: number;
  /** Those that are written as cases, then the cells of its matrices. */
  readonly cases: readonly PolicyTestCase[];
  readonly reach: readonly ReachTest[];
}

interface ResultOf<Kind extends string> {
  readonly kind: Kind;
  /** Name of the `Test` document. */
  readonly test: string;
  readonly because: string;
  readonly at: Position;
  readonly passed: boolean;
  /** One sentence a member that differs, or about what speaks against an assertion. */
  readonly differences: readonly string[];
}

export interface CaseResult extends ResultOf<'case'> {
  readonly expected: Expectation;
  readonly actual: Outcome;
}

export interface ReachResult extends ResultOf<'reach'> {
  readonly expected: Assertion;
  /** Answers to callers that get through as they must. */
  readonly outcomes: readonly Outcome[];
  /** Whether all that is wrong is that some do not get through. */
  readonly isTooNarrow: boolean;
}

export type TestResult = CaseResult | ReachResult;

/** What tests need of a bundle. */
export interface Tested {
  readonly tests: readonly PolicyTest[];
  readonly world: World | null;
  whereIs(kind: 'rule', name: string): Position | undefined;
}

export interface Means {
  /** Spent on all assertions together; what it does not suffice for fails. */
  readonly effort?: Effort;
  /** Of the bundle's world, where it is compiled already. */
  readonly snapshot?: Snapshot;
}

/** Cases whose request is no request, and assertions about what is not there, are faults of the bundle. */
export function judgeTests(catalogue: Catalogue, known: References, report: Report): void {
  const judge = { catalogue, known, report };
  for (const { document, source } of catalogue.tests.values()) {
    const { domain } = document.metadata;
    if (domain !== undefined && domain !== OUTSIDE)
      known.domain({ name: domain, source, path: ['metadata', 'domain'] });
    const { cases = [], matrices = [], reach = [] } = document.spec;
    for (const [index, { request }] of cases.entries())
      judgeRequest(request, source, ['spec', 'cases', index, 'request'], report);
    for (const [index, matrix] of matrices.entries()) {
      const path: Path = ['spec', 'matrices', index];
      judgeMatrix(matrix, source, path, judge);
      for (const [row, { service: _service, target: _target, ...subject }] of Object.entries(matrix.subjects))
        judgeRequest({ ...subject, target: SOME_TARGET }, source, [...path, 'subjects', row], report);
      for (const [column, target] of Object.entries(matrix.targets))
        judgeRequest({ target }, source, [...path, 'targets', column], report, 1);
    }
    for (const [index, assertion] of reach.entries()) judgeReach(assertion, source, ['spec', 'reach', index], judge);
  }
}

const SOME_TARGET: Json = { endpoint: 'some/endpoint' };

/** @param skipped  steps at the beginning of pointers that are not written at the path */
function judgeRequest(request: Json, source: ReadDocument, path: Path, report: Report, skipped = 0): void {
  const reading = parseRequest(request, { mode: 'offline', now: 0 });
  if (!('faults' in reading)) return;
  for (const { pointer, message } of reading.faults) {
    const inner = pointer
      .split('/')
      .slice(1 + skipped)
      .map(stepOf);
    report.add(placeIn(source, [...path, ...inner]), 'bad-request', message);
  }
}

function stepOf(segment: string): string | number {
  return /^\d+$/.test(segment) ? Number(segment) : segment.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** The tests of a bundle, by name; the cases of one in the order they are written. */
export function testsOf(catalogue: Catalogue, locate: (place: Place) => Position): readonly PolicyTest[] {
  return [...catalogue.tests.keys()].sort().map((name) => {
    const { document, source } = catalogue.tests.get(name)!;
    const at = (path: Path): Position => locate(placeIn(source, path));
    const { domain } = document.metadata;
    const { cases = [], matrices = [], reach = [] } = document.spec;
    const written = cases.map(({ because, request, expect }, index): PolicyTestCase => ({
      because,
      at: at(['spec', 'cases', index]),
      request: request as Json,
      expect,
    }));
    const cells = matrices.flatMap((matrix, index) =>
      cellsOf(matrix, catalogue).map(({ because, path, request, expect }): PolicyTestCase => ({
        because,
        at: at(['spec', 'matrices', index, ...path]),
        request,
        expect,
      })),
    );
    return {
      name,
      ...(domain !== undefined && { domain }),
      at: at([]),
      ...(document.spec.time !== undefined && { time: parseInstant(document.spec.time)! }),
      cases: [...written, ...cells],
      reach: reach.map((declared, index) => ({
        because: declared.because,
        at: at(['spec', 'reach', index]),
        assertion: assertionOf(declared),
      })),
    };
  });
}

/**
 * Runs every case and judges every assertion of every test.
 *
 * @param decide  the engine over the bundle's world
 * @param now     milliseconds since the epoch, for cases and tests that name no time
 * @param means   to judge assertions by
 */
export function runTests(
  bundle: Tested,
  decide: (request: AccessRequest) => Outcome,
  now: number,
  means: Means = {},
): readonly TestResult[] {
  return [...runCases(bundle, decide, now), ...runReach(bundle, now, means)];
}

/** The cases alone, for engines that do not answer at once. */
export function runCases(
  { tests }: Pick<Tested, 'tests'>,
  decide: (request: AccessRequest) => Outcome,
  now: number,
): readonly CaseResult[] {
  return tests.flatMap((test) =>
    test.cases.flatMap(({ because, at, request, expect }): CaseResult[] => {
      const reading = parseRequest(request, { mode: 'offline', now: test.time ?? now });
      // INVARIANT: loading refused cases whose request is none.
      if ('faults' in reading) return [];
      const actual = decide(reading.request);
      const differences = differencesOf(expect, actual);
      const passed = differences.length === 0;
      return [{ kind: 'case', test: test.name, because, at, passed, expected: expect, actual, differences }];
    }),
  );
}

/** The assertions alone; they are about the whole world, and the fast engine answers them. */
export function runReach(
  bundle: Tested,
  now: number,
  { effort = new Effort(), snapshot: known }: Means = {},
): readonly ReachResult[] {
  const { world, tests } = bundle;
  const asserting = tests.filter(({ reach }) => reach.length > 0);
  // INVARIANT: a set with faults is refused before its tests matter.
  if (world === null || asserting.length === 0) return [];
  const snapshot = known ?? compile(world);
  const whereIs = (rule: string): Position | undefined => bundle.whereIs('rule', rule);
  return asserting.flatMap((test) => {
    const reachability = new Reachability(world, snapshot, test.time ?? now, effort);
    return test.reach.map((one): ReachResult => {
      const { differences, outcomes, isTooNarrow } = runReachTest(one, reachability, world, whereIs);
      const { because, at, assertion: expected } = one;
      return {
        kind: 'reach',
        test: test.name,
        because,
        at,
        passed: differences.length === 0,
        expected,
        outcomes,
        isTooNarrow,
        differences,
      };
    });
  });
}

function differencesOf(expected: Expectation, actual: Outcome): readonly string[] {
  const differences: string[] = [];
  for (const [member, wanted] of Object.entries(expected)) {
    if (wanted === undefined) continue;
    const found = actual[member as keyof Outcome] ?? null;
    if (
      member === 'obligations'
        ? sameObligations(wanted as readonly Json[], actual)
        : same(wanted as Json, found as Json)
    )
      continue;
    differences.push(`\`${member}\` is ${inWords(found)}, expected ${inWords(wanted)}`);
  }
  return differences;
}

/** An expected obligation says of the actual one as much as it names. */
function sameObligations(wanted: readonly Json[], { obligations }: Outcome): boolean {
  return (
    wanted.length === obligations.length &&
    wanted.every((expectation, index) => {
      const found = obligations[index] as unknown as { readonly [member: string]: Json };
      return Object.entries(expectation as object).every(([member, value]) =>
        same(value as Json, found[member] ?? null),
      );
    })
  );
}

function same(left: Json, right: Json): boolean {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return left === right;
  const leftEntries = Object.entries(left);
  const other = right as { readonly [member: string]: Json };
  return (
    Array.isArray(left) === Array.isArray(right) &&
    leftEntries.length === Object.keys(other).length &&
    leftEntries.every(([member, value]) => Object.hasOwn(other, member) && same(value as Json, other[member]!))
  );
}

function inWords(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((item) => inWords(item)).join(', ');
  return typeof value === 'object' ? `\`${JSON.stringify(value)}\`` : `\`${String(value)}\``;
}
