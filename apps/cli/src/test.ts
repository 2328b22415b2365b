import { type AccessRequest, denied, explain, type Outcome, type World } from '#engine';
import { type Bundle, runCases, runReach, type TestResult } from '#policy';
import { type Coverage, coverageOf, coverageWords, missedWords } from './coverage.js';
import { answererOf, type Answerer, type EngineName } from './engines.js';
import { reasonInBrief } from './explain-text.js';
import { githubLine, type ReportFormat } from './faults.js';
import { junitReport, type ReportedCase } from './junit.js';
import { loadPolicies } from './policies.js';
import { inOneLine, printableJson } from './printable.js';
import { type ExitCode, type Output, Stop, type Terminal } from './terminal.js';

export interface TestOptions {
  readonly engine: EngineName;
  readonly format: ReportFormat;
  /** Tell what decided nothing. */
  readonly coverage?: boolean;
  /** Whole percents that must be covered. */
  readonly min?: number;
}

/** A case or assertion that was run, and on failure why the world answers as it does. */
type Run = TestResult & { readonly why: readonly string[] };

/** What is told beside the results. */
interface Covered {
  readonly coverage: Coverage;
  /** Undefined: any. */
  readonly least: number | undefined;
}

/** Runs the Test documents of a policy set. */
export async function test(
  terminal: Terminal,
  directory: string,
  { engine, format, coverage, min }: TestOptions,
): Promise<ExitCode> {
  const bundle = await loadPolicies(terminal, directory);
  if (bundle.tests.length === 0) throw new Stop(1, `\`${directory}\` holds no Test document, so nothing was tested`);
  const cases = await runThem(bundle, bundle.world, await answererOf(engine, bundle.world), terminal.now());
  const failed = cases.filter(({ passed }) => !passed).length;
  const covered: Covered | undefined =
    coverage === true || min !== undefined
      ? { coverage: coverageOf(bundle, cases.flatMap(outcomesOf)), least: min }
      : undefined;
  await terminal.out.write(report(format, cases, covered, terminal.out.colours));
  const { green, red, yellow } = terminal.aside.colours;
  const counts = `${cases.length - failed} passed, ${failed} failed`;
  await terminal.aside.line(`${directory}: ${failed === 0 ? green(counts) : red(counts)}`);
  if (covered !== undefined) {
    const words = coverageWords(covered.coverage);
    await terminal.aside.line(isBelow(covered) ? red(`${words}, and ${min} % are asked for`) : yellow(words));
  }
  return failed === 0 && !(covered !== undefined && isBelow(covered)) ? 0 : 1;
}

function isBelow({ coverage, least }: Covered): boolean {
  return least !== undefined && coverage.percent < least;
}

function outcomesOf(result: TestResult): readonly Outcome[] {
  return result.kind === 'case' ? [result.actual] : result.outcomes;
}

async function runThem(bundle: Bundle, world: World, answer: Answerer, now: number): Promise<readonly Run[]> {
  // Not every engine answers at once: a first run gathers the questions, the second is given the answers.
  const requests: AccessRequest[] = [];
  runCases(bundle, (request) => (requests.push(request), UNANSWERED), now);
  const outcomes: Outcome[] = [];
  for (const request of requests) outcomes.push(await answer(request));
  let next = 0;
  const results = runCases(bundle, () => outcomes[next++]!, now);
  return [
    ...results.map((result, index) => ({
      ...result,
      why: result.passed ? [] : reasonInBrief(explain(world, requests[index]!)),
    })),
    ...runReach(bundle, now).map((result) => ({ ...result, why: [] })),
  ];
}

const UNANSWERED = denied('INTERNAL_FAULT');

function report(
  format: ReportFormat,
  cases: readonly Run[],
  covered: Covered | undefined,
  colours: Output['colours'],
): string {
  const missed = covered?.coverage.missed ?? [];
  switch (format) {
    case 'text':
      return [
        ...cases.map((one) => (one.passed ? '' : failureText(one, colours))),
        ...missed.map(
          (item) => `${colours.bold(`${inOneLine(item.file)}:${item.line}:${item.column}:`)} ${missedWords(item)}\n`,
        ),
      ].join('');
    case 'json': {
      const passed = cases.every((one) => one.passed);
      const answer = { passed, cases: cases.map(row), ...(covered !== undefined && { coverage: covered.coverage }) };
      return `${printableJson(answer, 2)}\n`;
    }
    case 'github':
      return [
        ...cases.filter(({ passed }) => !passed).map((one) => githubLine('error', one.at, one.test, messageOf(one))),
        ...missed.map((item) => githubLine('warning', item, 'never decided', missedWords(item))),
      ]
        .map((line) => `${line}\n`)
        .join('');
    case 'junit': {
      const rows = cases.map((one): ReportedCase => ({
        group: one.test,
        name: one.because,
        ...(one.passed ? {} : { failure: messageOf(one) }),
      }));
      return junitReport('dharma test', [...rows, ...(covered === undefined ? [] : [coverageCase(covered)])]);
    }
  }
}

function row(one: Run) {
  const { test: name, because, at, passed, differences, why } = one;
  const answered = one.kind === 'case' ? { expected: one.expected, actual: one.actual } : { expected: one.expected };
  return { test: name, because, ...at, passed, ...answered, differences, why };
}

function coverageCase(covered: Covered): ReportedCase {
  const { coverage, least } = covered;
  const missed = coverage.missed.map((item) => `${item.file}:${item.line}:${item.column}: ${missedWords(item)}`);
  const text = [coverageWords(coverage), ...missed].join('\n');
  const name = least === undefined ? 'what decided something' : `at least ${least} % decided something`;
  return { group: 'coverage', name, ...(isBelow(covered) ? { failure: text } : { note: text }) };
}

function failureText(one: Run, { bold, red, dim }: Output['colours']): string {
  const { file, line, column } = one.at;
  return [
    `${bold(`${inOneLine(file)}:${line}:${column}:`)} ${red('failed')}: ${inOneLine(one.because)}`,
    ...one.differences.map((difference) => `  ${inOneLine(difference)}`),
    ...one.why.map((sentence) => dim(`  ${inOneLine(sentence)}`)),
    '',
  ].join('\n');
}

function messageOf({ because, differences, why }: Run): string {
  return [because, ...differences, ...why].map(inOneLine).join('\n');
}
