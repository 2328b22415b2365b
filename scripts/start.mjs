/**
 * `npm start`: on a fresh clone installs and builds, then runs the server on the example policies until Ctrl-C. Further
 * arguments are the flags of `dharma serve`, as `--name value` or `--name=value`. Under a supervisor run this file itself:
 * npm does not hand signals on.
 */
import { join, relative } from 'node:path';
import { ensureBuilt, root, stopWithParent } from './bootstrap.mjs';

ensureBuilt();
const { serve } = await import('../dist/apps/server/src/main.js');

const flags = {
  policies: process.env.DHARMA_POLICIES ?? join(root, 'policies', 'quickstart'),
  ...flagsOf(process.argv.slice(2)),
};
process.exitCode = await serve({ flags, environment: process.env, onReady: printWelcome, stopWhen: npmIsGone() });

function npmIsGone() {
  return new Promise((gone) => {
    if (process.env.npm_lifecycle_event !== undefined) stopWithParent(gone);
  });
}

function printWelcome({ grpc, http, admin }) {
  const curl = http.startsWith('unix:')
    ? `curl --unix-socket ${http.slice('unix:'.length)} http://dharma`
    : `curl http://${http}`;
  const policies = relative(process.cwd(), flags.policies) || '.';
  process.stdout.write(`
Dharma decides by ${policies} until Ctrl-C.

  gateways, gRPC   ${grpc}
  gateways, HTTP   ${http}
  operators        ${admin}

Allowed: anyone may read.
  ${curl}/v1/decide -H 'content-type: application/json' -d '{"target":{"host":"localhost","method":"GET","path":"/orders/1"}}'

Denied: nothing allows anyone to write.
  ${curl}/v1/decide -H 'content-type: application/json' -d '{"target":{"host":"localhost","method":"POST","path":"/orders"}}'

Explained: why it was denied, and what would mend it.
  ./dharma explain --policies ${policies} --host localhost --method POST --path /orders

`);
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
