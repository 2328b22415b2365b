import type { GatewayProgram } from './gateway.js';

export const CADDY: GatewayProgram = {
  program: 'caddy',
  shipped: 'Caddyfile',
  changes: ({ dharma, service, key }, port) => [
    ['reverse_proxy 127.0.0.1:8181', `reverse_proxy ${dharma}`],
    ['reverse_proxy 127.0.0.1:3000', `reverse_proxy ${service}`],
    ['://:8080', `://:${port}`],
    ...(key === undefined
      ? []
      : ([
          ['# header_up X-Dharma-Key', 'header_up X-Dharma-Key'],
          ['{env.DHARMA_KEY}', key],
        ] as const)),
  ],
  argv: (file) => ['run', '--config', file, '--adapter', 'caddyfile'],
};
