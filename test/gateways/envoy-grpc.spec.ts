import { ENVOY_GRPC } from '../support/envoy.js';
import { replaced } from '../support/gateway.js';
import { describeBehind } from './behind.js';
import { describeCertificates } from './certificates.js';
import { describeProofs } from './proofs.js';
import type { Front } from './front.js';

const FRONT: Front = { gateway: ENVOY_GRPC, asks: 'grpc', closed: 503, attestsAddress: true, attestsContext: true };

describeBehind('Envoy (gRPC)', FRONT);
describeProofs('Envoy (gRPC)', FRONT);
describeCertificates('Envoy (gRPC)', FRONT, {
  page: 'envoy.md',
  folder: '/etc/envoy',
  gateway: ([socket]) => ({
    ...ENVOY_GRPC,
    surround: (text) => replaced(text, [['        - filters:\n', `        -\n${socket}          filters:\n`]]),
  }),
  turnedAway: 'hung up',
});
