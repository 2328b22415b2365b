import type { AccessRequest, Json, Outcome } from '#engine';
import type { Catalogue } from './catalogue.js';
import type { Expectation } from './document-policy.js';
import { OUTSIDE } from '#engine';
import { parseInstant } from './instant.js';
import type { Place } from './read.js';
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
  readonly cases: readonly PolicyTestCase[];
}

export interface TestResult {
  /** Name of the `Test` document. */
  readonly test: string;
  readonly because: string;
  readonly at: Position;
  readonly passed: boolean;
  readonly expected: Expectation;
  readonly actual: Outcome;
  /** One sentence a member that differs. */
  readonly differences: readonly string[];
}

/** Cases whose request is no request are faults of the bundle. */
export function judgeTests(catalogue: Catalogue, known: References, report: Report): void {
  for (const { document, source } of catalogue.tests.values()) {
    const domain = document.metadata.domain;
    if (domain !== undefined && domain !== OUTSIDE)
      known.domain({ name: domain, source, path: ['metadata', 'domain'] });
    for (const [index, { request }] of document.spec.cases.entries()) {
      const reading = parseRequest(request, { mode: 'offline', now: 0 });
      if (!('faults' in reading)) continue;
      for (const { pointer, message } of reading.faults) {
        const inner = pointer.split('/').slice(1).map(stepOf);
        report.add(placeIn(source, ['spec', 'cases', index, 'request', ...inner]), 'bad-request', message);
      }
    }
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
    return {
      name,
      ...(domain !== undefined && { domain }),
      at: at([]),
      ...(document.spec.time !== undefined && { time: parseInstant(document.spec.time)! }),
      cases: document.spec.cases.map(({ because, request, expect }, index) => ({
        because,
        at: at(['spec', 'cases', index]),
        request: request as Json,
        expect,
      })),
    };
  });
}

/**
 * Runs every case of every test.
 *
 * @param decide  the engine over the bundle's world
 * @param now     milliseconds since the epoch, for cases and tests that name no time
 */
export function runTests(
  bundle: { readonly tests: readonly PolicyTest[] },
  decide: (request: AccessRequest) => Outcome,
  now: number,
): readonly TestResult[] {
  return bundle.tests.flatMap((test) =>
    test.cases.flatMap((testCase) => {
      const reading = parseRequest(testCase.request, { mode: 'offline', now: test.time ?? now });
      // INVARIANT: loading refused cases whose request is none.
      if ('faults' in reading) return [];
      const actual = decide(reading.request);
      const differences = differencesOf(testCase.expect, actual);
      const { because, at, expect } = testCase;
      return [
        { test: test.name, because, at, passed: differences.length === 0, expected: expect, actual, differences },
      ];
    }),
  );
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
