/**
 * `npm run check`: build with types, lint, format, architecture, lockfile, start-up time; two at a time, but for those that
 * others need or that measure. `npm run format` (`--write`) formats instead.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, root, runNode } from './bootstrap.mjs';
import { startUp } from './start-up.mjs';

ensureInstalled();

const FORMATTED = [
  'apps',
  'libs',
  'migrations',
  'scripts',
  'test',
  'bench',
  '.dependency-cruiser.cjs',
  '.dependency-cruiser.built.cjs',
  'jest.config.mjs',
];
// Documents are printed by `dharma fmt`, or stand as someone gave them.
const formatted = [...FORMATTED.filter((path) => exists(path)), '!**/*.yaml', '!**/*.json'];
const tsc = 'node_modules/ts7/bin/tsc';

const CHECKS = [
  // What is built is looked at below. Of sources that have been built as they are, the types have been checked.
  { name: 'build', run: () => program(['scripts/build.mjs', '--if-changed']), runs: 'first' },
  { name: 'types of tests', run: () => program([tsc, '-p', 'tsconfig.test.json', '--noEmit']) },
  { name: 'lint', run: () => program(['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings']) },
  { name: 'format', run: () => program(['node_modules/oxfmt/bin/oxfmt', '--check', ...formatted]) },
  { name: 'floors', run: () => cruise('.dependency-cruiser.cjs', '.dependency-cruiser.built.cjs', 'apps', 'libs') },
  { name: 'loading', run: () => cruise('.dependency-cruiser.built.cjs', 'dist/apps', 'dist/libs') },
  { name: 'lockfile', run: lockfileIsComplete },
  { name: 'start-up', run: startUp, tells: true, runs: 'last' },
];
const AT_A_TIME = 2;

if (process.argv.includes('--write')) {
  const { code } = await runNode(['node_modules/oxfmt/bin/oxfmt', ...formatted]);
  process.exitCode = code;
} else {
  const [first, between, last] = ['first', 'between', 'last'].map((when) =>
    CHECKS.filter(({ runs = 'between' }) => runs === when),
  );
  let failed = await inTurn(first);
  for (const count of await Promise.all(Array.from({ length: AT_A_TIME }, () => inTurn(between)))) failed += count;
  failed += await inTurn(last);
  if (process.env.DHARMA_COUNTS_FILE) {
    appendFileSync(process.env.DHARMA_COUNTS_FILE, `${CHECKS.length - failed} ${failed}\n`);
  }
  process.exitCode = failed === 0 ? 0 : 1;
}

/** @returns how many failed of those that nobody else took from the list meanwhile */
async function inTurn(waiting) {
  let failed = 0;
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
    const start = Date.now();
    const { code, output } = await check.run();
    if (code !== 0) failed += 1;
    if (code !== 0 || check.tells) process.stdout.write(`${output.trimEnd()}\n`);
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    process.stdout.write(`check ${check.name.padEnd(14)} ${code === 0 ? 'passed' : 'FAILED'}  ${seconds} s\n`);
  }
  return failed;
}

function program(argv) {
  return runNode(argv, { output: 'capture', env: { NO_COLOR: '1' } });
}

function cruise(rules, ...folders) {
  const script = 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs';
  return program([script, '--config', rules, '--output-type', 'err-long', ...folders]);
}

/** npm writes a lockfile without an error where a registry lacks a platform's package, and `npm ci` then fails elsewhere. */
function lockfileIsComplete() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const present = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)));
  const missing = Object.entries(packages).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !present.has(name))
      .map((name) => `package-lock.json: \`${path}\` may need \`${name}\`, which has no entry`),
  );
  return { code: missing.length === 0 ? 0 : 1, output: missing.join('\n') };
}

function exists(path) {
  try {
    readFileSync(join(root, path));
    return true;
  } catch (fault) {
    return fault.code === 'EISDIR';
  }
}
