import { ENVOY_GRPC } from '../support/envoy.js';
import { describeBehind } from './behind.js';
import { describeProofs } from './proofs.js';
import type { Front } from './front.js';

const FRONT: Front = { gateway: ENVOY_GRPC, asks: 'grpc', closed: 503, attestsAddress: true, attestsContext: true };

describeBehind('Envoy (gRPC)', FRONT);
describeProofs('Envoy (gRPC)', FRONT);
