import { NGINX } from '../support/nginx.js';
import { describeBehind } from './behind.js';

describeBehind('nginx', { gateway: NGINX, asks: 'http', closed: 500 });
