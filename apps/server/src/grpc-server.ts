import { Server, ServerCredentials, setLogger } from '@grpc/grpc-js';
import { ServerGrpc } from '@nestjs/microservices';
import type { ListenerCertificate } from './tls.js';
import { addReflection, GRPC_PACKAGES, grpcDefinition } from '#protocols';

/** A gateway may send a body along, and a message above the limit is a gRPC error, on which a gateway may fail open. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** One connection of a busy gateway carries hundreds; a thousand are a flood. */
const MAX_CONCURRENT_STREAMS = 1000;
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

/** The library's own sentence counts addresses; the fault of the one address we gave stands in brackets at its end. */
function causeIn(message: string): string {
  return /\[(.+)\]$/s.exec(message)?.[1] ?? message;
}
