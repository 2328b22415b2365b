import type { ChannelCredentials, ServiceError } from '@grpc/grpc-js';
import { credentials, grpcDefinition, loadPackageDefinition } from './grpc.js';

interface Method {
  (message: object, answered: (fault: ServiceError | null, response: unknown) => void): void;
}

export interface GrpcClient {
  /** Envoy's Check; rejects only on what a gateway would call an error. */
  check(http: object): Promise<CheckAnswer>;
  health(service: string): Promise<{ readonly status: string }>;
  /** Sends bytes in place of a CheckRequest. */
  checkBytes(bytes: Buffer): Promise<CheckAnswer>;
  close(): void;
}

export interface CheckAnswer {
  readonly status: { readonly code: number };
  /** One of the two is there. */
  readonly okResponse?: {
    readonly headers: readonly { readonly header: { readonly key: string; readonly value: string } }[];
  };
  readonly deniedResponse?: { readonly status: { readonly code: string } };
}

/** A real gRPC client of the check listener, at `address:port` or `unix:/path`. */
export function grpcClient(address: string, channel: ChannelCredentials = credentials.createInsecure()): GrpcClient {
  const definition = grpcDefinition();
  // The generated clients have no types of their own.
  const loaded = loadPackageDefinition(definition) as any; // eslint-disable-line typescript/no-explicit-any
  const authorization = new loaded.envoy.service.auth.v3.Authorization(address, channel);
  const health = new loaded.grpc.health.v1.Health(address, channel);
  return {
    check: (http) => call(authorization.Check.bind(authorization), { attributes: { request: { http } } }),
    health: (service) => call(health.Check.bind(health), { service }),
    checkBytes: (bytes) =>
      new Promise((done, failed) => {
        const { path, responseDeserialize } = authorization.Check;
        authorization.makeUnaryRequest(
          path,
          () => bytes,
          responseDeserialize,
          {},
          (fault: ServiceError | null, response: CheckAnswer) => (fault ? failed(fault) : done(response)),
        );
      }),
    close() {
      authorization.close();
      health.close();
    },
  };
}

function call<Response>(method: Method, message: object): Promise<Response> {
  return new Promise((done, failed) => {
    method(message, (fault, response) => (fault ? failed(fault) : done(response as Response)));
  });
}
