/** The protocols in which requests are asked about: codecs of pure functions, and thin controllers. */

export { Listeners } from './callers.js';
export type {
  DecideManyResponse,
  DecideRequest,
  DecideResponse,
  ExplainResponse,
} from './dharma-v1/decisions-message.js';
export { signedMetadata } from './authzen/signed-metadata.js';
export { addReflection, GRPC_PACKAGES, grpcDefinition } from './grpc-definition.js';
export { ServingStatus } from './grpc-health/grpc-health.controller.js';
export { MAX_BODY_BYTES } from './json-text.js';
export { ProtocolsModule, type ProtocolParts } from './protocols.module.js';
export { STRIPPED_HEADERS } from '#wire';
