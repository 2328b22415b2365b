import { CADDY } from '../support/caddy.js';
import { describeBehind } from './behind.js';

describeBehind('caddy', { gateway: CADDY, asks: 'http', closed: 502 });
