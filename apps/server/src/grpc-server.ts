import { Server, ServerCredentials, setLogger } from '@grpc/grpc-js';
import { ServerGrpc } from '@nestjs/microservices';
import { GRPC_PACKAGES, grpcDefinition } from '#protocols';

/** A gateway may send a body along, and a message above the limit is a gRPC error, on which a gateway may fail open. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const SHUTDOWN_PATIENCE_MILLISECONDS = 8000;

/** Nest's gRPC transport; unlike the stock one it knows the port that it got, and its patience ends. */
export class CheckGrpcServer extends ServerGrpc {
  /** The port in use; 0 before it listens, and on a unix socket. */
  port = 0;
  readonly #target: string;

  /** @param target  `address:port` or `unix:/path` */
  constructor(target: string) {
    super({ url: target, package: GRPC_PACKAGES, packageDefinition: grpcDefinition() });
    this.#target = target;
  }

  override async createClient(): Promise<Server> {
    // What the library has to say comes back to us as well, in a form that we can explain.
    const quiet = (text: unknown) => this.logger.debug?.(text);
    setLogger({ error: quiet, info: quiet, debug: quiet });
    const server = new Server({ 'grpc.max_receive_message_length': MAX_MESSAGE_BYTES });
    this.port = await new Promise<number>((bound, failed) => {
      server.bindAsync(this.#target, ServerCredentials.createInsecure(), (fault, port) =>
        fault ? failed(new Error(causeIn(fault.message))) : bound(port),
      );
    });
    return server;
  }

  override async close(): Promise<void> {
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

/** The library's own sentence counts addresses; the fault of the one address we gave stands in brackets at its end. */
function causeIn(message: string): string {
  return /\[(.+)\]$/s.exec(message)?.[1] ?? message;
}
