import { CADDY } from '../support/caddy.js';
import { describeBehind } from './behind.js';
import { describeProofs } from './proofs.js';
import type { Front } from './front.js';

const FRONT: Front = { gateway: CADDY, asks: 'http', closed: 502, attestsAddress: false, attestsContext: false };

describeBehind('Caddy', FRONT);
describeProofs('Caddy', FRONT);
