import { ENVOY_GRPC } from '../support/envoy.js';
import { describeBehind } from './behind.js';
import { describeCertificates } from './certificates.js';
import { envoyCertificates } from './envoy.js';
import { describeDoctor } from './doctor.js';
import { describeEnvoyCheck } from './envoy-check.js';
import { describeMutualTls } from './mutual-tls.js';
import { describeProofs } from './proofs.js';
import type { ProvenFront } from './front.js';

const FRONT: ProvenFront = {
  gateway: ENVOY_GRPC,
  asks: 'grpc',
  closed: 503,
  attestsAddress: true,
  attestsContext: true,
  passesBodies: true,
  certificates: envoyCertificates(ENVOY_GRPC, 'grpc'),
};

describeBehind('Envoy (gRPC)', FRONT);
describeProofs('Envoy (gRPC)', FRONT);
describeCertificates('Envoy (gRPC)', FRONT);
describeMutualTls('Envoy (gRPC)', FRONT);
describeDoctor('Envoy (gRPC)', FRONT, 'tried');
describeEnvoyCheck('Envoy (gRPC)', FRONT);
