import type { Http2Server } from 'node:http2';
import { Server, ServerCredentials, setLogger } from '@grpc/grpc-js';
import { ServerGrpc } from '@nestjs/microservices';
import { capConnections, CHECK_CAPS } from './connection-caps.js';
import { CHECK_LIMITS, limitHttp2 } from './http2-limits.js';
import type { ListenerCertificate } from './tls.js';
import { addReflection, GRPC_PACKAGES, grpcDefinition } from '#protocols';

/**
 * What is above is a gRPC error, on which a gateway may fail open: far above what is read, and denied in a message where
 * it is more (see `grpc-definition.ts`). Compressed messages have it once they are unpacked.
 */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** One connection of a busy gateway carries hundreds; a thousand are a flood. */
const MAX_CONCURRENT_STREAMS = 1000;
/** In megabytes, for the headers of a connection's streams and what waits to be sent on it. */
const MAX_SESSION_MEMORY = 64;
/** Connections whose other end is gone without a word are found and closed. */
const KEEP_ALIVE_MILLISECONDS = 60_000;
const KEEP_ALIVE_PATIENCE_MILLISECONDS = 20_000;
const SHUTDOWN_PATIENCE_MILLISECONDS = 8000;

/** Nest's gRPC transport; unlike the stock one it knows the port that it got, and its patience ends. */
export class CheckGrpcServer extends ServerGrpc {
  /** The port in use; 0 before it listens, and on a unix socket. */
  port = 0;
  readonly #target: string;
  readonly #certificate: ListenerCertificate | undefined;

  /**
   * @param target  `address:port` or `unix:/path`
   * @param certificate  present: speaks TLS alone; closed with the server
   */
  constructor(target: string, certificate?: ListenerCertificate) {
    super({
      url: target,
      package: GRPC_PACKAGES,
      packageDefinition: grpcDefinition(),
      onLoadPackageDefinition: addReflection,
    });
    this.#target = target;
    this.#certificate = certificate;
  }

  override async createClient(): Promise<Server> {
    // What the library has to say comes back to us as well, in a form that we can explain.
    const quiet = (text: unknown) => this.logger.debug?.(text);
    setLogger({ error: quiet, info: quiet, debug: quiet });
    const server = new Server({
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_concurrent_streams': MAX_CONCURRENT_STREAMS,
      'grpc-node.max_session_memory': MAX_SESSION_MEMORY,
      'grpc.keepalive_time_ms': KEEP_ALIVE_MILLISECONDS,
      'grpc.keepalive_timeout_ms': KEEP_ALIVE_PATIENCE_MILLISECONDS,
    });
    const credentials =
      this.#certificate === undefined ? ServerCredentials.createInsecure() : new FollowedCredentials(this.#certificate);
    this.port = await new Promise<number>((bound, failed) => {
      server.bindAsync(this.#target, credentials, (fault, port) =>
        fault ? failed(new Error(causeIn(fault.message))) : bound(port),
      );
    });
    for (const listening of http2ServersOf(server)) {
      capConnections(listening, CHECK_CAPS);
      limitHttp2(listening, CHECK_LIMITS);
    }
    return server;
  }

  override async close(): Promise<void> {
    this.#certificate?.close();
    const server = this.grpcClient as Server | null | undefined;
    // There is none when it could not listen.
    if (!server) return;
    this.grpcClient = null;
    await new Promise<void>((closed) => {
      const patience = setTimeout(() => server.forceShutdown(), SHUTDOWN_PATIENCE_MILLISECONDS);
      server.tryShutdown(() => {
        clearTimeout(patience);
        closed();
      });
    });
  }
}

/** Credentials that change while the server runs. */
class FollowedCredentials extends ServerCredentials {
  constructor(certificate: ListenerCertificate) {
    const { requestCert, rejectUnauthorized, handshakeTimeout, ...context } = certificate.serverOptions;
    super({ requestCert, rejectUnauthorized, handshakeTimeout }, context);
    certificate.follow((next) => this.updateSecureContextOptions(next));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/**
 * The servers below the library's own, which it does not hand out.
 *
 * @throws Error where it keeps them elsewhere: a listener without limits does not start
 */
function http2ServersOf(server: Server): readonly Http2Server[] {
  const { http2Servers } = server as unknown as { readonly http2Servers?: ReadonlyMap<Http2Server, unknown> };
  const servers = http2Servers instanceof Map ? [...http2Servers.keys()] : [];
  if (servers.length === 0) throw new Error('the limits of HTTP/2 cannot be set with this version of @grpc/grpc-js');
  return servers;
}

/** The library's own sentence counts addresses; the fault of the one address we gave stands in brackets at its end. */
function causeIn(message: string): string {
  return /\[(.+)\]$/s.exec(message)?.[1] ?? message;
}
