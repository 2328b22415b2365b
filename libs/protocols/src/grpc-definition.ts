import { fileURLToPath } from 'node:url';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

/** Packages whose services this library answers. */
export const GRPC_PACKAGES = ['envoy.service.auth.v3', 'grpc.health.v1'];

/** Definitions of all gRPC services; the same folder lies beside sources and build. */
export function grpcDefinition(): PackageDefinition {
  const folder = fileURLToPath(new URL('../proto', import.meta.url));
  const definition = loadSync(['envoy/authorization.proto', 'grpc/health.proto'], {
    includeDirs: [folder],
    defaults: true,
    oneofs: true,
    enums: String,
  });
  for (const service of Object.values(definition)) {
    if ('format' in service) continue;
    for (const method of Object.values(service)) method.requestDeserialize = total(method.requestDeserialize);
  }
  return definition;
}

/** Bytes that are no message become the empty one, which every codec refuses: a gRPC error might fail open. */
function total<Message>(deserialize: (bytes: Buffer) => Message): (bytes: Buffer) => Message {
  const empty = deserialize(Buffer.alloc(0));
  return (bytes) => {
    try {
      return deserialize(bytes);
    } catch {
      return empty;
    }
  };
}
