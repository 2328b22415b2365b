import { CADDY } from '../support/caddy.js';
import { amended } from '../support/gateway.js';
import { describeBehind } from './behind.js';
import { describeCertificates } from './certificates.js';
import { describeDoctor } from './doctor.js';
import { describeMutualTls } from './mutual-tls.js';
import { describeProofs } from './proofs.js';
import type { ProvenFront } from './front.js';

const REPORTED = '\t\t\theader_up X-Forwarded-Uri {http.request.orig_uri}\n';
const TRANSPORT = '\t\t\ttransport http {\n';

const FRONT: ProvenFront = {
  gateway: CADDY,
  asks: 'http',
  closed: 502,
  attestsAddress: false,
  attestsContext: false,
  passesBodies: true,
  certificates: {
    page: 'caddy-certificates.md',
    folder: '/etc/caddy',
    knowingClients: ([site, report]) =>
      amended(
        CADDY,
        ['http://:8080 {\n', site!.replace('https://:8443', 'https://:8080')],
        [REPORTED, `${REPORTED}${report}`],
      ),
    provingItself: (block) => amended(CADDY, [TRANSPORT, `${TRANSPORT}${block}`]),
    optional: ['mode require_and_verify', 'mode verify_if_given'],
    turnedAway: 'hung up',
  },
};

describeBehind('Caddy', FRONT);
describeProofs('Caddy', FRONT);
describeCertificates('Caddy', FRONT);
describeMutualTls('Caddy', FRONT);
describeDoctor('Caddy', FRONT, 'not spoken');
