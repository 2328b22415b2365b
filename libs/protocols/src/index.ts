export { GRPC_PACKAGES, grpcDefinition } from './grpc-definition.js';
export { ServingStatus } from './grpc-health/grpc-health.controller.js';
export { MAX_BODY_BYTES } from './native/native.codec.js';
export { Listeners } from './peer.js';
export { ProtocolsModule, type ProtocolParts } from './protocols.module.js';
