import { ENVOY_GRPC } from '../support/envoy.js';
import { describeBehind } from './behind.js';

describeBehind('envoy-grpc', { gateway: ENVOY_GRPC, asks: 'grpc', closed: 503 });
