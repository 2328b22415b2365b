import { NGINX } from '../support/nginx.js';
import { describeBehind } from './behind.js';
import { describeProofs } from './proofs.js';
import type { Front } from './front.js';

const FRONT: Front = { gateway: NGINX, asks: 'http', closed: 500, attestsAddress: true, attestsContext: false };

describeBehind('nginx', FRONT);
describeProofs('nginx', FRONT);
