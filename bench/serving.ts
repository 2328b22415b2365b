/**
 * `npm run bench -- --serving`: processor time a request of the listeners with everything on (keys, evidence, metrics,
 * a log line for each deny), against the same listeners with a handler that gives the same answers without a thought.
 * Exits 1 when a bound does not hold.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { grpcDefinition } from '#protocols';

const WARM_UP_ROUNDS = 5;
const ROUNDS = 7;
const REQUESTS = 2_000;
const LANES = 16;
const MOST = 1.6;
const SECRET = 'a-secret-of-the-bench';
const KEY = `edge-1.${SECRET}`;
const KEY_HASH = createHash('sha256').update(SECRET).digest('hex');

const POLICIES = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec: { access: [anonymous], boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [shop], hosts: [shop.example] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec: { rules: [{ id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET] } }] }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: shop }
spec: { credentials: [{ kind: apiKey, id: edge-1, sha256: "${KEY_HASH}" }], mayAssert: [] }
`;

interface Host {
  readonly addresses: { readonly grpc: string; readonly http: string; readonly admin?: string };
  /** Its log. */
  readonly logFile: string;
  /** Microseconds of processor time so far, of all its threads. */
  cpu(): Promise<number>;
  stop(): Promise<void>;
}

/** @returns what came back */
type Ask<Reply> = (index: number) => Promise<Reply>;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const folder = mkdtempSync(join(tmpdir(), 'dharma-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** @param answers  what the empty one gives */
async function startHost(variant: 'dharma' | 'empty', policies: string, answers: object[] = []): Promise<Host> {
  const logFile = join(folder, `${variant}.log`);
  const log = openSync(logFile, 'w');
  const child = fork(
    fileURLToPath(new URL('serving-host.js', import.meta.url)),
    [variant, policies, JSON.stringify(answers)],
    {
      stdio: ['ignore', 'ignore', log, 'ipc'],
    },
  );
  closeSync(log);
  child.once('exit', (code) => {
    if (code !== 0 && code !== null) throw new Error(`${variant} ended: ${readFileSync(logFile, 'utf8')}`);
  });
  const [{ addresses }] = (await once(child, 'message')) as [{ addresses: Host['addresses'] }];
  return {
    addresses,
    logFile,
    cpu: async () => {
      child.send('cpu');
      const [{ cpu }] = (await once(child, 'message')) as [{ cpu: NodeJS.CpuUsage }];
      return cpu.user + cpu.system;
    },
    stop: () => stopChild(child),
  };
}

async function stopChild(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  // The channel keeps it alive.
  child.disconnect();
  await exited;
}

/** Every second one is denied, and so logged. */
function methodOf(index: number): string {
  return index % 2 === 0 ? 'GET' : 'POST';
}

function askOverHttp({ addresses: { http } }: Host, key = KEY): Ask<object> {
  const agent = new Agent({ keepAlive: true, maxSockets: LANES });
  const [host, port] = http.split(':') as [string, string];
  return (index) =>
    new Promise((done, failed) => {
      const body = JSON.stringify({
        target: { host: 'shop.example', method: methodOf(index), path: `/orders/${index}` },
        headers: { 'user-agent': 'bench', accept: 'application/json', 'x-request-id': `request-${index}` },
      });
      const asking = request(
        {
          agent,
          host,
          port,
          method: 'POST',
          path: '/v1/decide',
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            'x-dharma-key': key,
          },
        },
        (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.once('end', () => {
            if (response.statusCode === 200) done(JSON.parse(Buffer.concat(pieces).toString()) as object);
            else failed(new Error(`status ${response.statusCode}`));
          });
        },
      );
      asking.once('error', failed);
      asking.end(body);
    });
}

function askOverGrpc({ addresses: { grpc } }: Host): Ask<object> {
  const { envoy } = loadPackageDefinition(grpcDefinition()) as never as {
    readonly envoy: {
      readonly service: {
        readonly auth: { readonly v3: { readonly Authorization: new (...words: unknown[]) => GrpcClient } };
      };
    };
  };
  const client = new envoy.service.auth.v3.Authorization(grpc, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('x-dharma-key', KEY);
  return (index) =>
    new Promise((done, failed) => {
      const path = `/orders/${index}`;
      const headers = {
        ':path': path,
        ':method': methodOf(index),
        ':authority': 'shop.example',
        'user-agent':
          'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
        accept: 'application/json',
        'accept-language': 'pt-PT,pt;q=0.9',
        'x-request-id': '47688731-0000-4000-8000-000000000000',
      };
      const http = { method: methodOf(index), path, host: 'shop.example', protocol: 'HTTP/1.1', headers };
      client.Check({ attributes: { request: { http } } }, metadata, (fault, answer) =>
        fault ? failed(fault) : done(answer),
      );
    });
}

interface GrpcClient {
  Check(message: object, metadata: Metadata, answered: (fault: Error | null, answer: object) => void): void;
}

/** Microseconds of the server's processor time a request. */
async function costOf(host: Host, ask: Ask<object>): Promise<number> {
  const before = await host.cpu();
  let next = 0;
  const lane = async () => {
    while (next < REQUESTS) await ask(next++);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return ((await host.cpu()) - before) / REQUESTS;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1]!;
}

/** What goes on in the background at first, like the check of the policy, must not be counted. */
async function untilQuiet(host: Host): Promise<void> {
  for (;;) {
    const before = await host.cpu();
    await new Promise((done) => setTimeout(done, 500));
    if ((await host.cpu()) - before < 25_000) return;
  }
}

async function compare(name: string, hosts: readonly Host[], connect: (host: Host) => Ask<object>): Promise<number> {
  const asks = hosts.map((host) => connect(host));
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1)
    for (const [place, host] of hosts.entries()) await costOf(host, asks[place]!);
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const costs: number[] = [];
    for (const [place, host] of hosts.entries()) costs.push(await costOf(host, asks[place]!));
    rounds.push(costs);
  }
  const [ours, empty] = [0, 1].map((place) => median(rounds.map((costs) => costs[place]!))) as [number, number];
  const ratio = median(rounds.map(([one, other]) => one! / other!));
  say(`  ${name.padEnd(14)} ${ours.toFixed(0)} µs, an empty handler ${empty.toFixed(0)} µs: ${ratio.toFixed(2)} ×`);
  return ratio;
}

/** Without what the loader filled in, so that it is as large when it is sent again. */
function bare(message: object): object {
  const entries = Object.entries(message).filter(([, value]) => Boolean(value) && (value as object[]).length !== 0);
  return Object.fromEntries(entries.map(([name, value]) => [name, bareValue(value)]));
}

function bareValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bareValue);
  return typeof value === 'object' ? bare(value as object) : value;
}

/** Everything was on: what was asked is in the log and in the metrics, and a wrong key gets nothing. */
async function requireEverything(host: Host, asked: number): Promise<void> {
  const lines = readFileSync(host.logFile, 'utf8').split('"decision":"deny"').length - 1;
  if (lines !== asked / 2) throw new Error(`of ${asked / 2} denials ${lines} are in the log`);
  const metrics = await (await fetch(`http://${host.addresses.admin}/metrics`)).text();
  const counts = [...metrics.matchAll(/^dharma_decisions_total\{.*\} (\d+)/gm)].map(([, count]) => Number(count));
  const counted = counts.reduce((sum, count) => sum + count, 0);
  if (counted !== asked) throw new Error(`of ${asked} decisions ${counted} are counted`);
  const refusal = await askOverHttp(host, 'edge-1.wrong')(0).then(() => 'an answer', String);
  if (!refusal.includes('401')) throw new Error(`a wrong key got ${refusal}`);
}

const policies = join(folder, 'policies');
mkdirSync(policies);
writeFileSync(join(policies, 'shop.yaml'), POLICIES);
const dharma = await startHost('dharma', policies);
const recorded = [];
for (const index of [0, 1]) {
  recorded.push({
    decision: await askOverHttp(dharma)(index),
    checked: bare(await askOverGrpc(dharma)(index)),
  });
}
const hosts = [dharma, await startHost('empty', policies, recorded)];
for (const host of hosts) await untilQuiet(host);
say(`processor time a request (median of ${ROUNDS} rounds of ${REQUESTS}, in turns; half of them denied and logged)`);
const ratios = [
  ['POST /v1/decide', await compare('/v1/decide', hosts, askOverHttp)],
  ['Check', await compare('Check', hosts, askOverGrpc)],
] as const;
await requireEverything(dharma, 2 * recorded.length + ratios.length * (WARM_UP_ROUNDS + ROUNDS) * REQUESTS);
for (const host of hosts) await host.stop();
say('\nbounds');
for (const [name, ratio] of ratios) {
  say(
    `  ${ratio <= MOST ? 'ok  ' : 'MISS'} ${name} against an empty handler: ${ratio.toFixed(2)} × (at most ${MOST} ×)`,
  );
}
process.exit(ratios.every(([, ratio]) => ratio <= MOST) ? 0 : 1);
