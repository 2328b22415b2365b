import type { IncomingMessage, Server } from 'node:http';

/** The request line of a gateway's check call. */
export interface OriginalLine {
  readonly method: string;
  /** To the letter: no parser has touched it. */
  readonly target: string;
}

const ROOT = '/forward-auth/';
/** Below this path stands the client's own target. */
export const ENVOY_PATH = '/forward-auth/envoy';

const ORIGINAL_LINES = new WeakMap<IncomingMessage, OriginalLine>();

const NO_TUNNEL = 'HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';

/**
 * Lets the check calls of gateways arrive whatever they look like: with the client's method, its target behind ours,
 * its content type, or a body. A router would decode, refuse or read what has to be judged as it is, and an answer of
 * its own might be one on which a gateway fails open.
 */
export function acceptCheckCalls(server: Server): void {
  server.prependListener('request', (request: IncomingMessage) => {
    const target = request.url ?? '';
    if (!target.startsWith(ROOT)) return;
    ORIGINAL_LINES.set(request, { method: request.method ?? '', target });
    request.url = target.startsWith(ENVOY_PATH) ? ENVOY_PATH : target.split('?', 1)[0]!;
    request.method = 'GET';
  });
  server.on('connect', (_request, socket) => {
    socket.once('error', () => socket.destroy());
    socket.end(NO_TUNNEL, () => socket.destroy());
  });
}

export function originalLine(request: IncomingMessage): OriginalLine {
  return ORIGINAL_LINES.get(request) ?? { method: request.method ?? '', target: request.url ?? '' };
}
