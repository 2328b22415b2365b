import { APACHE } from '../support/apache.js';
import { describeBehind } from './behind.js';
import { describeProofs } from './proofs.js';
import type { Front } from './front.js';

const FRONT: Front = {
  gateway: APACHE,
  asks: 'http',
  closed: 503,
  attestsAddress: true,
  attestsContext: false,
  passesBodies: false,
};

describeBehind('Apache', FRONT);
describeProofs('Apache', FRONT);
