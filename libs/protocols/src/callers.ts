import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Metadata } from '@grpc/grpc-js';
import type { DecisionPoint } from '#decision';
import type { Caller } from '#identity';
import { uriNames } from './certificate-names.js';
import { keyInMetadata, type ShownKey } from './key.js';

/** How the check listeners are reached. On a unix socket no peer has an address; on TCP only one that already hung up. */
export class Listeners {
  constructor(
    readonly http: 'tcp' | 'unix',
    readonly grpc: 'tcp' | 'unix',
  ) {}
}

/** What is read of a gRPC call, unary or streaming. */
export interface GrpcCall {
  readonly metadata: Metadata;
  /** `address:port`, or `unknown` on a unix socket. */
  getPeer(): string;
  /** Holds a certificate only when TLS has verified it. */
  getAuthContext(): { readonly sslPeerCertificate?: { readonly subjectaltname?: string } };
}

const NONE: readonly string[] = [];

/** Tells enforcement points from strangers by what the connection and the message show of them. */
export class Callers {
  /** A connection keeps its certificate, and reading it anew costs more than a decision. */
  readonly #names = new WeakMap<TLSSocket, readonly string[]>();

  constructor(
    private readonly decisionPoint: DecisionPoint,
    private readonly listeners: Listeners,
  ) {}

  overHttp(raw: IncomingMessage, shown: ShownKey): Caller {
    const socket = raw.socket as TLSSocket;
    return this.#caller(this.listeners.http, socket.remoteAddress, shown, this.#namesOf(socket), socket);
  }

  overGrpc(call: GrpcCall): Caller {
    const peer = call.getPeer();
    const address = peer === 'unknown' ? undefined : peer.slice(0, peer.lastIndexOf(':'));
    const names = call.getAuthContext().sslPeerCertificate?.subjectaltname;
    const uris = names === undefined ? NONE : uriNames(names);
    return this.#caller(this.listeners.grpc, address, keyInMetadata(call.metadata), uris);
  }

  #caller(
    listener: 'tcp' | 'unix',
    address: string | undefined,
    shown: ShownKey,
    certificateUris: readonly string[],
    connection?: object,
  ): Caller {
    if (shown.kind === 'unclear') return { kind: 'stranger', reason: shown.because };
    const key = shown.kind === 'key' ? shown.key : undefined;
    return this.decisionPoint.caller({ listener, address, key, certificateUris, connection });
  }

  #namesOf(socket: TLSSocket): readonly string[] {
    if (socket.authorized !== true) return NONE;
    let names = this.#names.get(socket);
    if (names === undefined) {
      names = uriNames(socket.getPeerCertificate().subjectaltname ?? '');
      this.#names.set(socket, names);
    }
    return names;
  }
}
