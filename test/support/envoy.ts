import type { GatewayProgram } from './gateway.js';

export const ENVOY_GRPC = envoy('envoy-grpc.yaml', 9191, '# initial_metadata', 'initial_metadata');
export const ENVOY_HTTP = envoy('envoy-http.yaml', 8181, '# authorization_request', 'authorization_request');

function envoy(shipped: string, dharmaPort: number, keyOff: string, keyOn: string): GatewayProgram {
  return {
    program: 'envoy',
    shipped,
    changes: ({ dharma, service, key }, port) => [
      // After what it refuses Envoy waits a second for the client to hang up, and the clients of tests wait for Envoy.
      ['stat_prefix: ingress', 'stat_prefix: ingress\n                delayed_close_timeout: 0.2s'],
      [socketAddress('127.0.0.1:8080'), socketAddress(`127.0.0.1:${port}`)],
      [socketAddress(`127.0.0.1:${dharmaPort}`), socketAddress(dharma)],
      [socketAddress('127.0.0.1:3000'), socketAddress(service)],
      ...(key === undefined
        ? []
        : ([
            [keyOff, keyOn],
            ['%ENVIRONMENT(DHARMA_KEY)%', key],
          ] as const)),
    ],
    // One after the other on one machine, or side by side: no shared memory region between them.
    argv: (file) => ['-c', file, '--disable-hot-restart', '--concurrency', '1', '--log-level', 'warn'],
  };
}

function socketAddress(address: string): string {
  const colon = address.lastIndexOf(':');
  return `address: ${address.slice(0, colon)}, port_value: ${address.slice(colon + 1)} }`;
}
