/**
 * `npm start`: on a fresh clone installs and builds, then runs the server on the example policies until Ctrl-C. Further
 * arguments are the flags of `dharma serve`, as `--name value` or `--name=value`. Under a supervisor run this file itself:
 * npm does not hand signals on.
 */
import { join, relative, resolve } from 'node:path';
import { ensureBuilt, root, stopWithParent } from './bootstrap.mjs';

ensureBuilt();
const { serve } = await import('../dist/apps/server/src/main.js');

const quickstart = join(root, 'policies', 'quickstart');
const flags = { policies: process.env.DHARMA_POLICIES ?? quickstart, ...flagsOf(process.argv.slice(2)) };
const startedByNpm = process.env.npm_lifecycle_event !== undefined;
process.exitCode = await serve({ flags, environment: process.env, onReady: printWelcome, stopWhen: npmIsGone() });

function npmIsGone() {
  return new Promise((gone) => {
    if (startedByNpm) stopWithParent(gone);
  });
}

function printWelcome({ grpc, http, admin }) {
  const policies = fromHere(flags.policies);
  process.stdout.write(`
Dharma decides by ${policies} until Ctrl-C.

  gateways, gRPC   ${grpc}
  gateways, HTTP   ${http}
  operators        ${admin}

${resolve(flags.policies) === quickstart ? threeQuestions(http, policies) : itsOwnCases(policies)}
`);
}

function threeQuestions(http, policies) {
  const address = http.startsWith('unix:')
    ? `--unix-socket ${http.slice('unix:'.length)} http://dharma`
    : `http://${http}`;
  const ask = (method, path) =>
    `curl -w '\\n' ${address}/v1/decide -H 'content-type: application/json' -d '{"target":{"host":"localhost","method":"${method}","path":"${path}"}}'`;
  return `Allowed: anyone may read.
  ${ask('GET', '/orders/1')}

Denied: nothing allows anyone to write.
  ${ask('POST', '/orders')}

Explained: why it was denied, and what would mend it.
  ${program()} explain --policies ${policies} --host localhost --method POST --path /orders
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
