import { fileURLToPath } from 'node:url';
import type { Server } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { MAX_BODY_BYTES } from './json-text.js';

/** Packages whose services this library answers. */
export const GRPC_PACKAGES = ['envoy.service.auth.v3', 'dharma.v1', 'grpc.health.v1'];

const FILES = ['envoy/authorization.proto', 'dharma/v1/decisions.proto', 'grpc/health.proto'];

/** Largest message of a gateway, in bytes; it may hold a client's body, which is not read. */
export const MAX_GATEWAY_MESSAGE_BYTES = 1024 * 1024;

/** What stands for messages that were too large to be read, one a method. */
const UNREAD = new WeakSet<object>();

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
    const limit = name.startsWith('dharma.') ? MAX_BODY_BYTES : MAX_GATEWAY_MESSAGE_BYTES;
    for (const method of Object.values(service)) method.requestDeserialize = total(method.requestDeserialize, limit);
  }
  return definition;
}

/** Lets clients such as `grpcurl` ask the server what it answers. */
export function addReflection(definition: PackageDefinition, server: Pick<Server, 'addService'>): void {
  new ReflectionService(definition).addToServer(server);
}

/** Whether the message stands for one that was too large to be read. */
export function isUnread(message: object): boolean {
  return UNREAD.has(message);
}

/**
 * Bytes that are no message, or too many, become the empty one, which every codec refuses: a gRPC error might fail open.
 * Too many are not looked at.
 */
function total<Message extends object>(
  deserialize: (bytes: Buffer) => Message,
  limit: number,
): (bytes: Buffer) => Message {
  const empty = deserialize(Buffer.alloc(0));
  const unread = deserialize(Buffer.alloc(0));
  UNREAD.add(unread);
  return (bytes) => {
    if (bytes.length > limit) return unread;
    try {
      return deserialize(bytes);
    } catch {
      return empty;
    }
  };
}
