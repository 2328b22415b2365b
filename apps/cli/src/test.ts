import { type AccessRequest, denied, explain, type Outcome, type World } from '#engine';
import { type Bundle, runTests, type TestResult } from '#policy';
import { answererOf, type Answerer, type EngineName } from './engines.js';
import { reasonInBrief } from './explain-text.js';
import { githubLine, type ReportFormat } from './faults.js';
import { junitReport } from './junit.js';
import { loadPolicies } from './policies.js';
import { type ExitCode, type Output, Stop, type Terminal } from './terminal.js';

export interface TestOptions {
  readonly engine: EngineName;
  readonly format: ReportFormat;
}

/** A case that was run, and on failure why the world answers as it does. */
interface RunCase extends TestResult {
  readonly why: readonly string[];
}

/** Runs the Test documents of a policy set. */
export async function test(terminal: Terminal, directory: string, { engine, format }: TestOptions): Promise<ExitCode> {
  const bundle = await loadPolicies(terminal, directory);
  if (bundle.tests.length === 0) throw new Stop(1, `\`${directory}\` holds no Test document, so nothing was tested`);
  const cases = await runCases(bundle, bundle.world, await answererOf(engine, bundle.world), terminal.now());
  const failed = cases.filter(({ passed }) => !passed).length;
  await terminal.out.write(report(format, cases, terminal.out.colours));
  const { green, red } = terminal.aside.colours;
  const counts = `${cases.length - failed} passed, ${failed} failed`;
  await terminal.aside.line(`${directory}: ${failed === 0 ? green(counts) : red(counts)}`);
  return failed === 0 ? 0 : 1;
}

async function runCases(bundle: Bundle, world: World, answer: Answerer, now: number): Promise<readonly RunCase[]> {
  // Not every engine answers at once: a first run gathers the questions, the second is given the answers.
  const requests: AccessRequest[] = [];
  runTests(bundle, (request) => (requests.push(request), UNANSWERED), now);
  const outcomes: Outcome[] = [];
  for (const request of requests) outcomes.push(await answer(request));
  let next = 0;
  const results = runTests(bundle, () => outcomes[next++]!, now);
  return results.map((result, index) => ({
    ...result,
    why: result.passed ? [] : reasonInBrief(explain(world, requests[index]!)),
  }));
}

const UNANSWERED = denied('INTERNAL_FAULT');

function report(format: ReportFormat, cases: readonly RunCase[], colours: Output['colours']): string {
  switch (format) {
    case 'text':
      return cases.map((one) => (one.passed ? '' : failureText(one, colours))).join('');
    case 'json': {
      const rows = cases.map(({ test: name, because, at, passed, expected, actual, differences, why }) => ({
        test: name,
        because,
        ...at,
        passed,
        expected,
        actual,
        differences,
        why,
      }));
      return `${JSON.stringify({ passed: cases.every(({ passed }) => passed), cases: rows }, null, 2)}\n`;
    }
    case 'github':
      return cases
        .filter(({ passed }) => !passed)
        .map((one) => `${githubLine('error', one.at, one.test, messageOf(one))}\n`)
        .join('');
    case 'junit': {
      const rows = cases.map((one) => ({
        group: one.test,
        name: one.because,
        ...(one.passed ? {} : { failure: messageOf(one) }),
      }));
      return junitReport('dharma test', rows);
    }
  }
}

function failureText(one: RunCase, { bold, red, dim }: Output['colours']): string {
  const { file, line, column } = one.at;
  return [
    `${bold(`${file}:${line}:${column}:`)} ${red('failed')}: ${one.because}`,
    ...one.differences.map((difference) => `  ${difference}`),
    ...one.why.map((sentence) => dim(`  ${sentence}`)),
    '',
  ].join('\n');
}

function messageOf({ because, differences, why }: RunCase): string {
  return [because, ...differences, ...why].join('\n');
}
