import { HAPROXY } from '../support/haproxy.js';
import { describeBehind } from './behind.js';
import { describeProofs } from './proofs.js';
import type { Front } from './front.js';

const FRONT: Front = {
  gateway: HAPROXY,
  asks: 'http',
  closed: 503,
  attestsAddress: true,
  attestsContext: false,
  passesBodies: true,
};

describeBehind('HAProxy', FRONT);
describeProofs('HAProxy', FRONT);
