import { amended, type GatewayProgram } from '../support/gateway.js';
import type { ProvenFront } from './front.js';

const FILTERS = '        - filters:\n';
const CLUSTER = '    - name: dharma\n      connect_timeout: 1s\n';
const SANITIZED = '                forward_client_cert_details: SANITIZE\n';

/**
 * What the page of both configurations says about certificates.
 *
 * @param asks  by HTTP the certificate comes in a header, by gRPC in a field of its own
 */
export function envoyCertificates(gateway: GatewayProgram, asks: 'grpc' | 'http'): ProvenFront['certificates'] {
  return {
    page: 'envoy-certificates.md',
    folder: '/etc/envoy',
    knowingClients([socket, report]) {
      const verifying = amended(gateway, [FILTERS, `        -\n${socket}          filters:\n`]);
      return asks === 'grpc' ? verifying : amended(verifying, [SANITIZED, report!]);
    },
    provingItself: (block) => amended(gateway, [CLUSTER, `${CLUSTER}${block}`]),
    optional: ['require_client_certificate: true', 'require_client_certificate: false'],
    turnedAway: 'hung up',
  };
}
