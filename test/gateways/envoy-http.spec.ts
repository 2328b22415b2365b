import { ENVOY_HTTP } from '../support/envoy.js';
import { describeBehind } from './behind.js';

describeBehind('envoy-http', { gateway: ENVOY_HTTP, asks: 'http', closed: 503 });
