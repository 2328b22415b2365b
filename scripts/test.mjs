/**
 * `npm test`: every test that needs no gateway binary. `npm run test:gateways` (`--gateways`): the real gateways that
 * are installed. Further arguments go to jest.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ensureBuilt, runNode } from './bootstrap.mjs';
import { GATEWAYS } from './suites.mjs';

const jestArguments = process.argv.slice(2).filter((argument) => argument !== '--gateways');
// The CLI's tests start the built program, as its users do.
ensureBuilt();
process.exitCode = process.argv.includes('--gateways') ? await testGateways() : await testWithoutGateways();

function testWithoutGateways() {
  return jest(['--testPathIgnorePatterns', '/node_modules/', '<rootDir>/test/gateways/', ...separated(jestArguments)]);
}

async function testGateways() {
  const found = GATEWAYS.filter((gateway) => gateway.binaries.every(isOnPath));
  const missing = GATEWAYS.filter((gateway) => !found.includes(gateway));
  const code =
    found.length === 0 ? 0 : await jest([...jestArguments, '--runTestsByPath', ...found.map(({ spec }) => spec)]);
  for (const { name, debian } of missing) {
    process.stdout.write(`not run: ${name} (no such program on the PATH; Debian's package is \`${debian}\`)\n`);
  }
  return code === 0 && missing.length > 0 && process.env.CI === 'true' ? 1 : code;
}

async function jest(argv) {
  const { code } = await runNode([
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--reporters=default',
    '--reporters=<rootDir>/scripts/suite-reporter.mjs',
    ...argv,
  ]);
  return code;
}

/** Keeps jest from reading test paths as further values of a list option before them. */
function separated(argv) {
  const firstIsPath = argv.length > 0 && !argv[0].startsWith('-');
  return firstIsPath ? ['--', ...argv] : argv;
}

function isOnPath(program) {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
