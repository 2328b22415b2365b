import { NGINX } from '../support/nginx.js';
import { describeBehind } from './behind.js';
import { describeCertificates } from './certificates.js';
import { describeProofs } from './proofs.js';
import type { Front } from './front.js';

const FRONT: Front = { gateway: NGINX, asks: 'http', closed: 500, attestsAddress: true, attestsContext: false };
const EMPTIED = '        proxy_set_header X-Forwarded-Client-Cert "";\n';

describeBehind('nginx', FRONT);
describeProofs('nginx', FRONT);
describeCertificates('nginx', FRONT, {
  page: 'nginx.md',
  folder: '/etc/nginx',
  gateway: ([server, report]) => ({
    ...NGINX,
    changes: (neighbours, port) => [
      ...NGINX.changes(neighbours, port).filter(([shipped]) => shipped !== 'listen 8080;'),
      ['    listen 8080;\n', server!.replace('listen 8443', `listen 127.0.0.1:${port}`)],
      [`${EMPTIED}    }\n}`, `${report}    }\n}`],
    ],
  }),
  turnedAway: '400',
});
