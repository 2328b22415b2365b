import { amended } from '../support/gateway.js';
import { HAPROXY } from '../support/haproxy.js';
import { describeBehind } from './behind.js';
import { describeCertificates } from './certificates.js';
import { describeDoctor } from './doctor.js';
import { describeMutualTls } from './mutual-tls.js';
import { describeProofs } from './proofs.js';
import type { ProvenFront } from './front.js';

const BIND = '    bind :8080\n';
const SERVER = '    server dharma 127.0.0.1:8181\n';

const FRONT: ProvenFront = {
  gateway: HAPROXY,
  asks: 'http',
  closed: 503,
  attestsAddress: true,
  attestsContext: false,
  passesBodies: true,
  certificates: {
    page: 'haproxy-certificates.md',
    folder: '/etc/haproxy',
    inOneFile: true,
    knowingClients: ([bind]) => amended(HAPROXY, [BIND, bind!.replace(':8443', ':8080')]),
    provingItself: (block) => amended(HAPROXY, [SERVER, `${block}${SERVER}`]),
    optional: ['verify required', 'verify optional'],
    turnedAway: 'hung up',
  },
};

describeBehind('HAProxy', FRONT);
describeProofs('HAProxy', FRONT);
describeCertificates('HAProxy', FRONT);
describeMutualTls('HAProxy', FRONT);
describeDoctor('HAProxy', FRONT, 'tried');
