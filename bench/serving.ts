/**
 * `npm run bench -- --serving`: processor time a request of the listeners with everything on (keys, evidence, metrics,
 * a log line for each deny), against the same listeners with a handler that does nothing. Exits 1 when a bound does not hold.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { grpcDefinition } from '#protocols';

const ROUNDS = 9;
const REQUESTS = 3_000;
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
  readonly addresses: { readonly grpc: string; readonly http: string };
  /** Microseconds of processor time so far. */
  cpu(): Promise<number>;
  stop(): void;
}

type Ask = (index: number) => Promise<void>;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function startHost(variant: 'dharma' | 'empty', policies: string): Promise<Host> {
  const child = fork(fileURLToPath(new URL('serving-host.js', import.meta.url)), [variant, policies], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const [{ addresses }] = (await once(child, 'message')) as [{ addresses: Host['addresses'] }];
  return {
    addresses,
    cpu: async () => {
      child.send('cpu');
      const [{ cpu }] = (await once(child, 'message')) as [{ cpu: NodeJS.CpuUsage }];
      return cpu.user + cpu.system;
    },
    stop: () => stopChild(child),
  };
}

function stopChild(child: ChildProcess): void {
  child.disconnect();
  child.kill('SIGTERM');
}

/** Every second one is denied, and so logged. */
function methodOf(index: number): string {
  return index % 2 === 0 ? 'GET' : 'POST';
}

function askOverHttp({ addresses: { http } }: Host): Ask {
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
            'x-dharma-key': KEY,
          },
        },
        (response) => {
          if (response.statusCode !== 200) failed(new Error(`status ${response.statusCode}`));
          response.resume();
          response.once('end', done);
        },
      );
      asking.once('error', failed);
      asking.end(body);
    });
}

function askOverGrpc({ addresses: { grpc } }: Host): Ask {
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
      client.Check({ attributes: { request: { http } } }, metadata, (fault) => (fault ? failed(fault) : done()));
    });
}

interface GrpcClient {
  Check(message: object, metadata: Metadata, answered: (fault: Error | null) => void): void;
}

/** Microseconds of the server's processor time a request. */
async function costOf(host: Host, ask: Ask): Promise<number> {
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

async function compare(name: string, hosts: readonly Host[], connect: (host: Host) => Ask): Promise<number> {
  const asks = hosts.map(connect);
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

const folder = mkdtempSync(join(tmpdir(), 'dharma-bench-'));
writeFileSync(join(folder, 'shop.yaml'), POLICIES);
const hosts = [await startHost('dharma', folder), await startHost('empty', folder)];
for (const host of hosts) await untilQuiet(host);
say(`processor time a request (median of ${ROUNDS} rounds of ${REQUESTS}, in turns; half of them denied and logged)`);
const ratios = [
  ['POST /v1/decide', await compare('/v1/decide', hosts, askOverHttp)],
  ['Check', await compare('Check', hosts, askOverGrpc)],
] as const;
for (const host of hosts) host.stop();
rmSync(folder, { recursive: true, force: true });
say('\nbounds');
for (const [name, ratio] of ratios) {
  say(
    `  ${ratio <= MOST ? 'ok  ' : 'MISS'} ${name} against an empty handler: ${ratio.toFixed(2)} × (at most ${MOST} ×)`,
  );
}
process.exit(ratios.every(([, ratio]) => ratio <= MOST) ? 0 : 1);
