import { APACHE } from '../support/apache.js';
import { amended } from '../support/gateway.js';
import { describeBehind } from './behind.js';
import { describeCertificates } from './certificates.js';
import { describeDoctor } from './doctor.js';
import { describeProofs } from './proofs.js';
import type { CertifiedFront } from './front.js';

const HOST = '<VirtualHost *:8080>\n';

const FRONT: CertifiedFront = {
  gateway: APACHE,
  asks: 'http',
  closed: 503,
  attestsAddress: true,
  attestsContext: false,
  passesBodies: false,
  certificates: {
    page: 'apache-certificates.md',
    folder: '/etc/apache2',
    knowingClients: ([block]) => amended(APACHE, [HOST, `${HOST}${block}`]),
    optional: ['SSLVerifyClient require', 'SSLVerifyClient optional'],
    turnedAway: 'hung up',
  },
};

describeBehind('Apache', FRONT);
describeProofs('Apache', FRONT);
describeCertificates('Apache', FRONT);
describeDoctor('Apache', FRONT, 'not spoken');
