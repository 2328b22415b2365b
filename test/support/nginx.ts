import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface Nginx {
  /** The unix socket it listens on. */
  readonly socket: string;
  stop(): Promise<void>;
}

const START_TRIES = 250;
const START_PAUSE_MILLISECONDS = 20;

/**
 * Real nginx with the configuration that we ship, where only addresses are others.
 *
 * @param addresses  of Dharma's HTTP listener and of the protected service, `address:port`
 */
export async function startNginx(addresses: { readonly dharma: string; readonly service: string }): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'dharma-nginx-'));
  const socket = join(folder, 'nginx.sock');
  const shipped = await readFile(new URL('../../docs/gateways/nginx.conf', import.meta.url), 'utf8');
  const site = replaced(shipped, [
    ['127.0.0.1:8181', addresses.dharma],
    ['127.0.0.1:3000', addresses.service],
    ['listen 8080', `listen unix:${socket}`],
  ]);
  await writeFile(join(folder, 'nginx.conf'), surrounded(site, folder));
  const nginx = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    env: { ...process.env, PATH: [process.env['PATH'], '/usr/sbin', '/usr/local/sbin'].join(delimiter) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  nginx.stderr.on('data', (chunk) => (complaint += String(chunk)));
  const ended = once(nginx, 'close');
  for (let tries = 0; !(await answers(socket)); tries += 1) {
    if (nginx.exitCode !== null || tries > START_TRIES) throw new Error(`nginx does not start: ${complaint}`);
    await pause(START_PAUSE_MILLISECONDS);
  }
  return {
    socket,
    async stop() {
      nginx.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function surrounded(site: string, folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  // Root's nginx would otherwise drop to a user who cannot enter the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr warn; ${user}
    events { worker_connections 64; }
    http { access_log off; ${temporary.join(' ')} ${site} }`;
}

function replaced(text: string, pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce((before, [from, to]) => {
    if (before.split(from).length !== 2) throw new Error(`the shipped configuration must name \`${from}\` once`);
    return before.replace(from, to);
  }, text);
}

function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      done(true);
    });
    probe.once('error', () => done(false));
  });
}
