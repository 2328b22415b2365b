import { fileURLToPath } from 'node:url';
import type { Server } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { MAX_BODY_BYTES } from './native/native.codec.js';

/** Packages whose services this library answers. */
export const GRPC_PACKAGES = ['envoy.service.auth.v3', 'dharma.v1', 'grpc.health.v1'];

const FILES = ['envoy/authorization.proto', 'dharma/v1/decisions.proto', 'grpc/health.proto'];

/** Definitions of all gRPC services; the same folder lies beside sources and build. */
export function grpcDefinition(): PackageDefinition {
  const folder = fileURLToPath(new URL('../proto', import.meta.url));
  const definition = loadSync(FILES, {
    includeDirs: [folder],
    defaults: true,
    oneofs: true,
    enums: String,
    longs: Number,
  });
  for (const [name, service] of Object.entries(definition)) {
    if ('format' in service) continue;
    // A gateway's message may hold a client's body, which is not read; our own holds what has to be read in full.
    const limit = name.startsWith('dharma.') ? MAX_BODY_BYTES : Number.POSITIVE_INFINITY;
    for (const method of Object.values(service)) method.requestDeserialize = total(method.requestDeserialize, limit);
  }
  return definition;
}

/** Lets clients such as `grpcurl` ask the server what it answers. */
export function addReflection(definition: PackageDefinition, server: Pick<Server, 'addService'>): void {
  new ReflectionService(definition).addToServer(server);
}

/** Bytes that are no message become the empty one, which every codec refuses: a gRPC error might fail open. */
function total<Message>(deserialize: (bytes: Buffer) => Message, limit: number): (bytes: Buffer) => Message {
  const empty = deserialize(Buffer.alloc(0));
  return (bytes) => {
    if (bytes.length > limit) return empty;
    try {
      return deserialize(bytes);
    } catch {
      return empty;
    }
  };
}
