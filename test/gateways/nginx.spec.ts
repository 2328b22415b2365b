import { amended } from '../support/gateway.js';
import { NGINX } from '../support/nginx.js';
import { describeBehind } from './behind.js';
import { describeCertificates } from './certificates.js';
import { describeMutualTls } from './mutual-tls.js';
import { describeProofs } from './proofs.js';
import type { ProvenFront } from './front.js';

const EMPTIED = '        proxy_set_header X-Forwarded-Client-Cert "";\n';

const FRONT: ProvenFront = {
  gateway: NGINX,
  asks: 'http',
  closed: 500,
  attestsAddress: true,
  attestsContext: false,
  passesBodies: false,
  certificates: {
    page: 'nginx.md',
    folder: '/etc/nginx',
    knowingClients: ([server, report]) =>
      amended(
        NGINX,
        ['    listen 8080;\n', server!.replace('listen 8443', 'listen 8080')],
        [`${EMPTIED}    }\n}`, `${report}    }\n}`],
      ),
    provingItself: (block) => amended(NGINX, ['        proxy_pass http://dharma/forward-auth/nginx;\n', block]),
    optional: ['ssl_verify_client on', 'ssl_verify_client optional'],
    turnedAway: '400',
  },
};

describeBehind('nginx', FRONT);
describeProofs('nginx', FRONT);
describeCertificates('nginx', FRONT);
describeMutualTls('nginx', FRONT);
