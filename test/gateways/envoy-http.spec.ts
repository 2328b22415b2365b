import { ENVOY_HTTP } from '../support/envoy.js';
import { describeBehind } from './behind.js';
import { describeProofs } from './proofs.js';
import type { Front } from './front.js';

const FRONT: Front = { gateway: ENVOY_HTTP, asks: 'http', closed: 503, attestsAddress: false, attestsContext: false };

describeBehind('Envoy (HTTP)', FRONT);
describeProofs('Envoy (HTTP)', FRONT);
