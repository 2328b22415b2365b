/**
 * `npm test`: every test that needs no gateway binary, several files at once, and then those that measure, one by one.
 * `npm run test:gateways` (`--gateways`): the real gateways that are installed. Further arguments go to jest; with any,
 * files run one by one. Random tests begin with {@link seed}, or with the number in `DHARMA_SEED`.
 */
import { accessSync, constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { ensureBuilt, root, runNode } from './bootstrap.mjs';
import { scratchFolder } from './scratch.mjs';
import { seed } from './seed.mjs';
import { ALONE, GATEWAY_FOLDERS, GATEWAYS } from './suites.mjs';

const jestArguments = process.argv.slice(2).filter((argument) => argument !== '--gateways');
/** Many tests wait, for servers to start or for what hangs to be given up: with one file more than processors none idles. */
const SIDE_BY_SIDE = `--maxWorkers=${availableParallelism() + 1}`;
const LONGEST_FIRST = '--testSequencer=<rootDir>/scripts/gateway-sequencer.mjs';
const LONG_FIRST = '--testSequencer=<rootDir>/scripts/long-first-sequencer.mjs';
/** Tests make much that is garbage at once: with room for it, eight files took 52 s of processor time instead of 57. */
const ROOM_FOR_THE_YOUNG = '--max-semi-space-size=32';
// The CLI's tests start the built program, as its users do.
ensureBuilt();
process.exitCode = process.argv.includes('--gateways') ? await testGateways() : await testWithoutGateways();

async function testWithoutGateways() {
  const ignored = ['--testPathIgnorePatterns', '/node_modules/', '<rootDir>/test/gateways/'];
  if (jestArguments.length > 0) return jest([...ignored, ...separated(jestArguments)]);
  const together = await jest(
    [...ignored, ...ALONE.map((spec) => `<rootDir>/${spec}`), SIDE_BY_SIDE, LONG_FIRST],
    [ROOM_FOR_THE_YOUNG],
  );
  const alone = await jest(['--runInBand', '--runTestsByPath', ...ALONE]);
  return together || alone;
}

async function testGateways() {
  const path = [process.env.PATH ?? '', ...GATEWAY_FOLDERS.map((folder) => resolve(root, folder))].join(delimiter);
  const found = GATEWAYS.filter(({ program }) => isOn(path, program));
  const missing = GATEWAYS.filter((gateway) => !found.includes(gateway));
  const specs = found.map(({ spec }) => spec);
  const code =
    found.length === 0
      ? 0
      : await jest(
          [...jestArguments, SIDE_BY_SIDE, LONGEST_FIRST, '--runTestsByPath', ...specs],
          [ROOM_FOR_THE_YOUNG],
          { ...process.env, PATH: path },
        );
  for (const { name, program, from } of missing) {
    process.stdout.write(`not run: ${name} (no program \`${program}\` on the PATH; it comes with ${from})\n`);
  }
  return code === 0 && missing.length > 0 && process.env.CI === 'true' ? 1 : code;
}

async function jest(argv, nodeOptions = [], env = process.env) {
  // Also what a test that failed leaves behind is in there.
  const scratch = scratchFolder();
  const { code } = await runNode(
    [
      ...nodeOptions,
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      // A test that failed may leave a server behind, and the gate must end all the same.
      '--forceExit',
      '--reporters=default',
      '--reporters=<rootDir>/scripts/suite-reporter.mjs',
      ...argv,
    ],
    { env: { ...env, TMPDIR: scratch, DHARMA_SEED: seed() } },
  );
  return code;
}

/** Keeps jest from reading test paths as further values of a list option before them. */
function separated(argv) {
  const firstIsPath = argv.length > 0 && !argv[0].startsWith('-');
  return firstIsPath ? ['--', ...argv] : argv;
}

function isOn(path, program) {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
