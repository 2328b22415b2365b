import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Peer } from '#identity';

/** How the check listeners are reached. On a unix socket no peer has an address; on TCP only one that already hung up. */
export class Listeners {
  constructor(
    readonly http: 'tcp' | 'unix',
    readonly grpc: 'tcp' | 'unix',
  ) {}
}

/** @param key  the key that the route found in the message */
export function peerOverHttp(listener: 'tcp' | 'unix', raw: IncomingMessage, key: string | undefined): Peer {
  return { listener, address: raw.socket.remoteAddress, key, certificateUris: urisOf(raw.socket as TLSSocket) };
}

/** @param peer  as gRPC reports it: `address:port`, or `unknown` on a unix socket */
export function peerOverGrpc(listener: 'tcp' | 'unix', peer: string, key: string | undefined): Peer {
  const address = peer === 'unknown' ? undefined : peer.slice(0, peer.lastIndexOf(':'));
  return { listener, address, key, certificateUris: [] };
}

const NONE: readonly string[] = [];

/** URI names of a certificate that the listener has verified. */
function urisOf(socket: TLSSocket): readonly string[] {
  if (socket.authorized !== true) return NONE;
  const { subjectaltname = '' } = socket.getPeerCertificate();
  return subjectaltname.split(', ').flatMap((name) => (name.startsWith('URI:') ? [name.slice('URI:'.length)] : []));
}
