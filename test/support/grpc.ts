import { built } from './built.js';

const grpc = await built<typeof import('@grpc/grpc-js')>('@grpc/grpc-js');

/** The gRPC that clients of tests are of: to another one metadata and credentials are strangers. */
export const { credentials, loadPackageDefinition, Metadata, status } = grpc;
export type Metadata = InstanceType<typeof Metadata>;

export const { grpcDefinition } = await built<typeof import('#protocols')>('#protocols');
