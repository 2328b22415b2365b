import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { endpointOf } from './http.js';

/** Where a gateway finds its neighbours, each `address:port`. */
export interface Neighbours {
  /** Dharma's listener of the gateway's protocol. */
  readonly dharma: string;
  readonly service: string;
  /** The key by which Dharma knows the gateway; absent: it sends none. */
  readonly key?: string;
}

/** A real gateway that runs. */
export interface Gateway {
  readonly endpoint: NetConnectOpts;
  stop(): Promise<void>;
}

/** How a gateway is started with the configuration that we ship. */
export interface GatewayProgram {
  readonly program: string;
  /** Below docs/gateways. */
  readonly shipped: string;
  /** What the shipped text has to say otherwise, each text standing in it exactly once. */
  changes(neighbours: Neighbours, port: number): readonly (readonly [shipped: string, here: string])[];
  /** Whatever must stand around the shipped text. */
  surround?(text: string, folder: string): string;
  argv(file: string, folder: string): readonly string[];
}

/** The same gateway with other lines in place of some that we ship. */
export function amended(
  gateway: GatewayProgram,
  ...lines: readonly (readonly [shipped: string, instead: string])[]
): GatewayProgram {
  return { ...gateway, changes: (neighbours, port) => [...lines, ...gateway.changes(neighbours, port)] };
}

const START_TRIES = 500;
const START_PAUSE_MILLISECONDS = 20;

/** Starts a gateway on a free loopback port, with a folder of its own that is gone after `stop`. */
export async function startGateway(how: GatewayProgram, neighbours: Neighbours): Promise<Gateway> {
  const folder = await mkdtemp(join(tmpdir(), 'dharma-gateway-'));
  const port = await freePort();
  const shipped = await readFile(new URL(`../../docs/gateways/${how.shipped}`, import.meta.url), 'utf8');
  const text = replaced(shipped, how.changes(neighbours, port));
  const file = join(folder, how.shipped);
  await writeFile(file, how.surround?.(text, folder) ?? text);
  const gateway = spawn(how.program, how.argv(file, folder), {
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaint = '';
  const listen = (chunk: Buffer) => (complaint = `${complaint}${String(chunk)}`.slice(-4000));
  gateway.stdout.on('data', listen);
  gateway.stderr.on('data', listen);
  const ended = once(gateway, 'close');
  const stop = async () => {
    gateway.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const endpoint = endpointOf(`127.0.0.1:${port}`);
  for (let tries = 0; !(await answers(endpoint)); tries += 1) {
    if (gateway.exitCode === null && tries < START_TRIES) await pause(START_PAUSE_MILLISECONDS);
    else {
      await stop();
      throw new Error(`${how.program} does not start: ${complaint}`);
    }
  }
  return { endpoint, stop };
}

/** A port nobody listens on, as far as anyone can tell before taking it. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The text with each pair's first text, which stands in it exactly once, replaced by the second. */
export function replaced(text: string, pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce((before, [from, to]) => {
    if (before.split(from).length !== 2) throw new Error(`the shipped configuration must name \`${from}\` once`);
    return before.replace(from, () => to);
  }, text);
}

function answers(endpoint: NetConnectOpts): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect(endpoint);
    probe.once('connect', () => {
      probe.destroy();
      done(true);
    });
    probe.once('error', () => done(false));
  });
}
