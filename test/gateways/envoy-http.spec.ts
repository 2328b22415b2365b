import { ENVOY_HTTP } from '../support/envoy.js';
import { describeBehind } from './behind.js';
import { describeCertificates } from './certificates.js';
import { envoyCertificates } from './envoy.js';
import { describeDoctor } from './doctor.js';
import { describeEnvoyCheck } from './envoy-check.js';
import { describeMutualTls } from './mutual-tls.js';
import { describeProofs } from './proofs.js';
import type { ProvenFront } from './front.js';

const FRONT: ProvenFront = {
  gateway: ENVOY_HTTP,
  asks: 'http',
  closed: 503,
  attestsAddress: false,
  attestsContext: false,
  passesBodies: true,
  certificates: envoyCertificates(ENVOY_HTTP, 'http'),
};

describeBehind('Envoy (HTTP)', FRONT);
describeProofs('Envoy (HTTP)', FRONT);
describeCertificates('Envoy (HTTP)', FRONT);
describeMutualTls('Envoy (HTTP)', FRONT);
describeDoctor('Envoy (HTTP)', FRONT, 'tried');
describeEnvoyCheck('Envoy (HTTP)', FRONT);
