import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Problem } from '#problem';
import { capConnections, type ConnectionCaps } from './connection-caps.js';
import { clearSocket, printListenAddress, protectSocket, type ListenAddress } from './listen-address.js';
import type { StandingReport } from './standing.js';

export interface ProbeHandlers {
  readonly readiness: () => StandingReport;
  /** Prometheus text. */
  readonly metrics: () => string | Promise<string>;
}

export interface ProbeListener {
  /** The address in use. */
  readonly address: ListenAddress;
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Anybody may connect here: little is read, and nobody is waited for. */
const LIMITS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5000,
  requestTimeout: 5000,
  connectionsCheckingInterval: 1000,
};
const CAPS: ConnectionCaps = { total: 100, perSource: 50 };

/**
 * Answers `GET /healthz`, `/readyz` and `/metrics`, and nothing else.
 *
 * @param socketGroup  who may open a unix socket besides its owner
 * @throws Problem `address-unavailable`
 */
export async function startProbeListener(
  address: ListenAddress,
  handlers: ProbeHandlers,
  socketGroup?: string,
): Promise<ProbeListener> {
  const server = createServer(LIMITS, (request, response) => {
    replyTo(request, handlers).then(
      (reply) => send(request, response, reply),
      () => send(request, response, text(500, 'internal fault')),
    );
  });
  capConnections(server, CAPS);
  try {
    if (address.kind === 'unix') await clearSocket(address.path);
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen(address.kind === 'unix' ? address.path : { host: address.host, port: address.port }, listening);
    });
    if (address.kind === 'unix') protectSocket(address.path, socketGroup);
  } catch (fault) {
    server.close();
    throw new Problem('address-unavailable', {
      setting: 'DHARMA_PROBE_ADDRESS',
      address: printListenAddress(address),
      fault: (fault as Error).message,
    });
  }
  return {
    address: address.kind === 'unix' ? address : { ...address, port: (server.address() as AddressInfo).port },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function replyTo({ method, url }: IncomingMessage, handlers: ProbeHandlers): Promise<Reply> {
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'only GET');
  switch (url?.split('?', 1)[0]) {
    case '/healthz':
      return json(200, { status: 'alive' });
    case '/readyz': {
      const report = handlers.readiness();
      return json(report.ready ? 200 : 503, report);
    }
    case '/metrics':
      return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: await handlers.metrics() };
    default:
      return text(404, 'no such route');
  }
}

function json(status: number, body: object): Reply {
  return { status, contentType: 'application/json; charset=utf-8', body: JSON.stringify(body) };
}

function text(status: number, body: string): Reply {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

function send(request: IncomingMessage, response: ServerResponse, { status, contentType, body }: Reply): void {
  const headers = {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  };
  response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
}
