import { amended } from '../support/gateway.js';
import { GATEWAY_SHOP } from '../support/gateway-shop.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { NGINX } from '../support/nginx.js';
import { describeBehind } from './behind.js';
import { describeCertificates } from './certificates.js';
import { describeDoctor, examine } from './doctor.js';
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
    page: 'nginx-certificates.md',
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
describeDoctor('nginx', FRONT, 'not spoken');

/** What the often copied configurations do, all at once. */
const CARELESS = amended(
  NGINX,
  ['    if ($request !~ "^[^ ]+ /[\\x21-\\x7e]* HTTP/[123]") { return 400; }\n', '    underscores_in_headers on;\n'],
  ['X-Original-URI $request_uri', 'X-Original-URI $said'],
  ['http://protected_service$dharma_path$is_args$args', 'http://protected_service'],
  ['proxy_set_header Host $host', 'proxy_set_header Host $http_host'],
  ['        proxy_set_header X-Dharma-Principal $dharma_principal;\n', ''],
  ['        proxy_set_header X-HTTP-Method-Override "";\n', ''],
  ['        proxy_set_header X-Customer-Tier $customer_tier;\n', ''],
  ['X-Forwarded-For $remote_addr', 'X-Forwarded-For $proxy_add_x_forwarded_for'],
  ['proxy_set_header Connection $dharma_connection', 'proxy_set_header Connection $http_connection'],
  ['proxy_set_header Upgrade $dharma_upgrade', 'proxy_set_header Upgrade $http_upgrade'],
  [
    '    location / {\n',
    '    location = /public/list. { proxy_pass http://protected_service; }\n    location / {\n        set $said $uri;\n',
  ],
);

describe('dharma doctor at a careless nginx', () => {
  let dharma: TestServer;
  let code: number;
  let results: readonly { name: string; findings: readonly { concern: string; remedies: { nginx: string } }[] }[];

  beforeAll(async () => {
    dharma = await startTestServer(GATEWAY_SHOP);
    const server = `http://${dharma.addresses.http}`;
    const ran = await examine(dharma, { ...FRONT, gateway: CARELESS }, '--format', 'json', '--server', server);
    code = ran.code;
    results = (JSON.parse(ran.stdout) as { results: typeof results }).results;
  });
  afterAll(() => dharma?.stop());

  it.each`
    because                                                       | trick                                   | concern        | setting
    ${'Dharma was told what nginx made of it'}                    | ${'dot segments to the open path'}      | ${'path'}      | ${'$request_uri'}
    ${'and the service got what was sent'}                        | ${'escaped dot segments'}               | ${'path'}      | ${'$dharma_path'}
    ${'a slash was decoded for Dharma alone'}                     | ${'escaped slash'}                      | ${'path'}      | ${'$request_uri'}
    ${'nginx takes the host of a target, and not so the service'} | ${'target with the host, Host foreign'} | ${'host'}      | ${'proxy_set_header Host $host;'}
    ${'one location has no auth_request'}                         | ${'trailing dot'}                       | ${'asked'}     | ${'auth_request /_dharma/check;'}
    ${'a header of ours is not overwritten'}                      | ${'header X-Dharma-Principal'}          | ${'ours'}      | ${'proxy_set_header x-dharma-principal'}
    ${'a method override is passed on'}                           | ${'header X-HTTP-Method-Override'}      | ${'override'}  | ${'proxy_set_header x-http-method-override "";'}
    ${'the client’s address is appended to what it says'}         | ${'header X-Forwarded-For'}             | ${'forwarded'} | ${'$remote_addr'}
    ${'a header of an obligation is the client’s'}                | ${'header x-customer-tier'}             | ${'own'}       | ${'auth_request_set'}
    ${'every upgrade is passed on'}                               | ${'upgrade to h2c'}                     | ${'upgrade'}   | ${'$dharma_upgrade'}
  `('finds that $because', ({ trick, concern, setting }) => {
    expect(code).toBe(1);
    const findings = results.find(({ name }) => name === trick)?.findings ?? [];
    const finding = findings.find((each) => each.concern === concern);
    expect(finding?.remedies.nginx).toContain(setting);
  });

  it('finds nothing where names with underscores are passed on, as Dharma refuses those that it cannot take away', () => {
    expect(results.find(({ name }) => name === 'header X_HTTP_Method_Override')).toMatchObject({
      verdict: 'refused',
      status: 403,
    });
  });
});
