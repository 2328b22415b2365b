/** Asking by gRPC, for who has `@grpc/grpc-js` and `@grpc/proto-loader`. */

export { type GrpcSettings, GrpcTransport } from './grpc-transport.js';
