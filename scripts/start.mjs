/**
 * `npm start`: on a fresh clone installs and builds, then runs the server until Ctrl-C, with a PostgreSQL of its own that
 * begins with the example policies. Further
 * arguments are the flags of `dharma serve`, as `--name value` or `--name=value`. Under a supervisor run this file itself:
 * npm does not hand signals on.
 */
import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ensureBuilt, root, stopWithParent } from './bootstrap.mjs';

ensureBuilt();
const { serve } = await import('../dist/program/server.js');

const quickstart = join(root, 'policies', 'quickstart');
const given = flagsOf(process.argv.slice(2));
const flags = process.env.DHARMA_FIRST_POLICIES === undefined ? { 'first-policies': quickstart, ...given } : given;
const folder = given.policies ?? process.env.DHARMA_POLICIES;
const startedByNpm = process.env.npm_lifecycle_event !== undefined;
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
process.exitCode = await serve({
  flags,
  environment: process.env,
  version,
  onReady: printWelcome,
  stopWhen: npmIsGone(),
});

function npmIsGone() {
  return new Promise((gone) => {
    if (startedByNpm) stopWithParent(gone);
  });
}

function printWelcome({ addresses: { grpc, http, admin }, operatorTokenFile }) {
  process.stdout.write(`
Dharma decides by ${folder === undefined ? 'its database' : fromHere(folder)} until Ctrl-C.

  gateways, gRPC   ${grpc}
  gateways, HTTP   ${http}
  operators        ${admin}
${operatorTokenFile === undefined ? '' : `\nThe token of the first operator is in ${fromHere(operatorTokenFile)}\n`}
${folder === undefined || resolve(folder) === quickstart ? threeQuestions(http) : itsOwnCases(fromHere(folder))}
`);
}

function threeQuestions(http) {
  const address = http.startsWith('unix:')
    ? `--unix-socket ${http.slice('unix:'.length)} http://dharma`
    : `http://${http}`;
  const ask = (verb, method, path) =>
    `curl -w '\\n' ${address}/v1/${verb} -H 'content-type: application/json' -d '{"target":{"host":"localhost","method":"${method}","path":"${path}"}}'`;
  return `Allowed: anyone may read.
  ${ask('decide', 'GET', '/orders/1')}

Denied: nothing allows anyone to write.
  ${ask('decide', 'POST', '/orders')}

Explained: why it was denied, and what would mend it.
  ${ask('explain', 'POST', '/orders')}
`;
}

function itsOwnCases(policies) {
  return `What these policies are meant to answer:
  ${program()} test ${policies}
`;
}

function program() {
  const path = fromHere(join(root, 'dharma'));
  return path.includes('/') ? path : `./${path}`;
}

/** A path as it can be pasted where `npm start` was typed; npm itself goes to the root of the clone first. */
function fromHere(path) {
  const here = (startedByNpm && process.env.INIT_CWD) || process.cwd();
  const short = relative(here, resolve(path)) || '.';
  return /^[\w./-]+$/.test(short) ? short : `'${short.replaceAll("'", `'\\''`)}'`;
}

function flagsOf(argv) {
  const given = {};
  for (let at = 0; at < argv.length; at += 1) {
    const [, name, value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(argv[at]) ?? [];
    if (name === undefined) {
      process.stderr.write(`dharma: \`${argv[at]}\` is no flag\n`);
      process.exit(2);
    }
    given[name] = value ?? argv[(at += 1)] ?? '';
  }
  return given;
}
