/** The package as it would be installed: alone, beside a server that runs as a program of its own. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startProgram, stopPrograms } from '../support/program.js';
import { SHOP } from '../support/shop.js';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);
const PROGRAM_MILLISECONDS = 180_000;

let folder: string;
let addresses: { readonly http: string; readonly grpc: string };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dharma-package-'));
  mkdirSync(join(folder, 'policies'));
  writeFileSync(join(folder, 'policies', 'shop.yaml'), SHOP);
  const readyFile = join(folder, 'ready.json');
  const free = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'];
  const program = startProgram(['--policies', join(folder, 'policies'), ...free], { DHARMA_READY_FILE: readyFile });
  await program.says('until Ctrl-C');
  addresses = JSON.parse(readFileSync(readyFile, 'utf8')) as typeof addresses;
  const installed = join(folder, 'node_modules', '@dharma', 'client');
  await run(process.execPath, [join(root, 'scripts/package-client.mjs'), installed]);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
}, PROGRAM_MILLISECONDS);

afterAll(async () => {
  await stopPrograms();
  await rm(folder, { recursive: true, force: true });
});

/** Makes packages of others be installed too. */
function install(...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(join(folder, 'node_modules', name, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
}

async function output(script: string): Promise<unknown> {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, script);
  const { stdout } = await run(process.execPath, [file], { cwd: folder });
  return JSON.parse(stdout);
}

const asking = (client: string) => `
  const at = (path) => ({ target: { host: 'shop.example', method: 'GET', path } });
  const client = ${client};
  const decisions = [await client.decide(at('/public/list')), await client.decide(at('/admin'))];
  console.log(JSON.stringify(decisions.map(({ kind, allowed }) => [kind, allowed])));
  client.close();
`;

it('asks by HTTP with nothing else installed', async () => {
  const script = `import { DharmaClient } from '@dharma/client';
    ${asking(`new DharmaClient({ url: 'http://${addresses.http}', timeoutMilliseconds: 20000, tryMilliseconds: 20000 })`)}`;
  expect(await output(script)).toEqual([
    ['decided', true],
    ['decided', false],
  ]);
});

it('asks by gRPC beside the gRPC of its program, and guards beside its Nest', async () => {
  install('@grpc/grpc-js', '@grpc/proto-loader', '@nestjs/common');
  const script = `import { DharmaClient } from '@dharma/client';
    import { GrpcTransport } from '@dharma/client/grpc';
    import { DharmaGuard } from '@dharma/client/nest';
    if (typeof DharmaGuard.prototype.canActivate !== 'function') process.exit(1);
    ${asking(`new DharmaClient({ transport: new GrpcTransport({ address: '${addresses.grpc}' }), timeoutMilliseconds: 20000, tryMilliseconds: 20000 })`)}`;
  expect(await output(script)).toEqual([
    ['decided', true],
    ['decided', false],
  ]);
});

it('has types that hold a program to the shape of a request', async () => {
  install('zod', '@types/node', 'undici-types');
  const good =
    "{ target: { host: 'a', method: 'GET', path: '/' }, evidence: [{ role: 'access', mechanism: 'm', subject: 's' }] }";
  const program = (request: string) => `
    import { DharmaClient, type Decision } from '@dharma/client';
    const client = new DharmaClient({ url: 'http://127.0.0.1:8181' });
    const decision: Decision = await client.decide(${request});
    export const reason: string = decision.kind === 'decided' ? decision.answer.reason : decision.failure.because;
    export const ttl: number = decision.kind === 'decided' ? decision.answer.ttlSeconds : 0;
  `;
  const cases = {
    good,
    time: good.replace('{ target', "{ time: '2026-12-24T12:00:00Z', target"),
    verified: good.replace("role: 'access'", "role: 'access', verified: true"),
    method: good.replace("method: 'GET', ", ''),
  };
  const flags = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--types',
    'node',
  ];
  const files = Object.entries(cases).map(([name, request]) => {
    const file = join(folder, `${name}.mts`);
    writeFileSync(file, program(request));
    return file;
  });
  const compiled = run(process.execPath, [join(root, 'node_modules/ts7/bin/tsc'), ...flags, ...files], { cwd: folder });
  const said = await compiled.then(
    ({ stdout }) => stdout,
    (fault: { readonly stdout: string }) => fault.stdout,
  );
  const faulty = Object.keys(cases).filter((name) => said.includes(`${name}.mts(`));
  expect(faulty).toEqual(['time', 'verified', 'method']);
});
