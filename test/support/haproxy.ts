import { fileURLToPath } from 'node:url';
import type { GatewayProgram } from './gateway.js';

const SCRIPT = fileURLToPath(new URL('../../docs/gateways/haproxy-dharma.lua', import.meta.url));

export const HAPROXY: GatewayProgram = {
  program: 'haproxy',
  shipped: 'haproxy.cfg',
  changes: ({ dharma, service, key }, port) => [
    ['/etc/haproxy/haproxy-dharma.lua', SCRIPT],
    ['abns@dharma', `abns@dharma-${port}`],
    ['server dharma 127.0.0.1:8181', `server dharma ${dharma}`],
    ['server service 127.0.0.1:3000', `server service ${service}`],
    ['bind :8080', `bind 127.0.0.1:${port}`],
    ...(key === undefined ? [] : ([['# setenv DHARMA_KEY <id>.<secret>', `setenv DHARMA_KEY ${key}`]] as const)),
  ],
  argv: (file) => ['-db', '-f', file],
};
