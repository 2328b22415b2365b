export { Callers, type ListenerKind } from './caller.js';
export { GRPC_PACKAGES, grpcDefinition } from './grpc-definition.js';
export { ServingStatus } from './grpc-health/grpc-health.controller.js';
export { MAX_BODY_BYTES } from './native/native.codec.js';
export { ProblemFilter } from './problem.filter.js';
export { ProtocolsModule, type ProtocolParts } from './protocols.module.js';
