import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { CertificateFiles } from './certificates.js';
import { freePort } from './gateway.js';

/** A listener that answers 200 to whatever a filter lets through. */
export interface FilteredListener {
  /** An item of `http_filters`. */
  readonly filter: object;
  readonly certificate: CertificateFiles;
  /** Who may have issued clients' certificates; a client needs none. */
  readonly authority: string;
}

export interface Envoy {
  /** On loopback, one a listener, in order. */
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

const START_TRIES = 1000;
const START_PAUSE_MILLISECONDS = 20;

/**
 * A real Envoy with one TLS listener for each filter.
 *
 * @param runtime  one of its `layered_runtime.layers`
 */
export async function startEnvoy(listeners: readonly FilteredListener[], runtime: object): Promise<Envoy> {
  const folder = await mkdtemp(join(tmpdir(), 'dharma-envoy-'));
  const ports: number[] = [];
  while (ports.length < listeners.length) {
    const port = await freePort();
    if (!ports.includes(port)) ports.push(port);
  }
  const file = join(folder, 'envoy.json');
  const config = {
    layered_runtime: { layers: [runtime] },
    static_resources: { listeners: listeners.map((listener, index) => listenerOf(listener, ports[index]!)) },
  };
  await writeFile(file, JSON.stringify(config));
  const envoy = spawn('envoy', ['-c', file, '--disable-hot-restart', '--concurrency', '1', '--log-level', 'warn'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaint = '';
  const listen = (chunk: Buffer) => (complaint = `${complaint}${String(chunk)}`.slice(-4000));
  envoy.stdout.on('data', listen);
  envoy.stderr.on('data', listen);
  const ended = once(envoy, 'close');
  const stop = async () => {
    envoy.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  for (let tries = 0; !(await answers(ports.at(-1)!)); tries += 1) {
    if (envoy.exitCode === null && tries < START_TRIES) await pause(START_PAUSE_MILLISECONDS);
    else {
      await stop();
      throw new Error(`envoy does not start: ${complaint}`);
    }
  }
  return { ports, stop };
}

function listenerOf({ filter, certificate, authority }: FilteredListener, port: number): object {
  return {
    name: `listener-${port}`,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [
      {
        transport_socket: {
          name: 'envoy.transport_sockets.tls',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
            require_client_certificate: false,
            common_tls_context: {
              tls_certificates: [
                { certificate_chain: { filename: certificate.cert }, private_key: { filename: certificate.key } },
              ],
              validation_context: { trusted_ca: { filename: authority } },
            },
          },
        },
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: 'rbac',
              http_filters: [
                filter,
                {
                  name: 'envoy.filters.http.router',
                  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
                },
              ],
              route_config: {
                virtual_hosts: [
                  {
                    name: 'all',
                    domains: ['*'],
                    routes: [{ match: { prefix: '/' }, direct_response: { status: 200 } }],
                  },
                ],
              },
            },
          },
        ],
      },
    ],
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect({ host: '127.0.0.1', port });
    probe.once('connect', () => {
      probe.destroy();
      done(true);
    });
    probe.once('error', () => done(false));
  });
}
