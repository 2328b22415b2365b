import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root } from './bootstrap.mjs';
import { suiteOf } from './suites.mjs';

/**
 * A jest reporter: after the run, what each suite used of its time budget. With `DHARMA_COUNTS_FILE` set, appends
 * `passed failed` to that file for whoever sums several runs, and `failed: …` to the one in `DHARMA_FAILURES_FILE`.
 */
export default class SuiteReporter {
  onRunComplete(_contexts, results) {
    const rows = new Map();
    for (const file of results.testResults) {
      const suite = suiteOf(relative(root, file.testFilePath));
      const row = rows.get(suite.name) ?? { suite, passed: 0, failed: 0, milliseconds: 0 };
      row.passed += file.numPassingTests;
      // A file that cannot be loaded has no failing test of its own, and is a failure all the same.
      row.failed += Math.max(file.numFailingTests, file.testExecError ? 1 : 0);
      row.milliseconds += Math.max(0, file.perfStats.end - file.perfStats.start);
      rows.set(suite.name, row);
    }
    for (const { suite, passed, failed, milliseconds } of rows.values()) {
      const used = (milliseconds / 1000).toFixed(1);
      const over = milliseconds / 1000 > suite.budgetSeconds ? '  OVER BUDGET' : '';
      process.stdout.write(
        `suite ${suite.name.padEnd(14)} ${String(passed).padStart(5)} passed ${String(failed).padStart(3)} failed` +
          `  ${used.padStart(6)} s of ${suite.budgetSeconds} s${over}\n`,
      );
    }
    // A test that this machine cannot run has not passed: it is named.
    for (const file of results.testResults) {
      for (const { status, fullName } of file.testResults) {
        if (status === 'pending') process.stdout.write(`not run: ${fullName} (${relative(root, file.testFilePath)})\n`);
      }
    }
    if (process.env.DHARMA_COUNTS_FILE) {
      const total = (member) => [...rows.values()].reduce((sum, row) => sum + row[member], 0);
      appendFileSync(process.env.DHARMA_COUNTS_FILE, `${total('passed')} ${total('failed')}\n`);
    }
    if (process.env.DHARMA_FAILURES_FILE) {
      const lines = results.testResults.flatMap(failuresOf).map((words) => `failed: ${words}\n`);
      appendFileSync(process.env.DHARMA_FAILURES_FILE, lines.join(''));
    }
  }
}

/** Each failing test with its file, or the file that cannot be loaded. */
function failuresOf({ testFilePath, testResults, testExecError }) {
  const file = relative(root, testFilePath);
  const failing = testResults
    .filter(({ status }) => status === 'failed')
    .map(({ fullName }) => `${fullName} (${file})`);
  return testExecError && failing.length === 0 ? [`${file} cannot be loaded`] : failing;
}
