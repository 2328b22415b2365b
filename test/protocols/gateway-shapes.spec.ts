/** What gateways send that are not among the programs which we start, replayed from their source against a real server. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { parse } from 'yaml';
import { CONVENTIONS } from '../../libs/protocols/src/forward-auth/conventions.js';
import { STRIPPED_HEADERS } from '#protocols';
import { GATEWAY_SHOP } from '../support/gateway-shop.js';
import { endpointOf, sendRaw } from '../support/http.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** A server starts and stops within it on a busy machine. */
jest.setTimeout(30_000);

/** The lines by which a gateway asks about a request of a client, whose other headers are `client`. */
type Call = (method: string, target: string, client: readonly string[]) => readonly string[];

const CALLS: { readonly [gateway: string]: Call } = {
  // Copies the client's headers, hop-by-hop ones taken out, and sets these over them.
  traefik: (method, target, client) => [
    'GET /forward-auth/traefik HTTP/1.1',
    'Host: 127.0.0.1:8181',
    'User-Agent: Go-http-client/1.1',
    ...client,
    'X-Forwarded-For: 192.0.2.7',
    'X-Forwarded-Host: shop.example',
    `X-Forwarded-Method: ${method}`,
    'X-Forwarded-Port: 80',
    'X-Forwarded-Proto: http',
    `X-Forwarded-Uri: ${target}`,
    'Accept-Encoding: gzip',
  ],
  // `auth_request` of nginx, with the headers that the template of the controller writes.
  'ingress-nginx': (method, target, client) => [
    'GET /forward-auth/ingress-nginx HTTP/1.1',
    'Host: dharma.dharma.svc.cluster.local',
    `X-Original-URL: http://shop.example${target}`,
    `X-Original-Method: ${method}`,
    'X-Sent-From: nginx-ingress-controller',
    'X-Real-IP: 192.0.2.7',
    'X-Forwarded-For: 192.0.2.7',
    `X-Auth-Request-Redirect: ${target}`,
    ...client,
  ],
  // `resty.http` with its own headers, the extra ones, and those of the client that are listed.
  apisix: (method, target, client) => [
    'GET /forward-auth/apisix HTTP/1.1',
    'Host: 127.0.0.1:8181',
    'User-Agent: lua-resty-http/0.17.2 (Lua) ngx_lua/10025',
    'X-Forwarded-Proto: http',
    `X-Forwarded-Method: ${method}`,
    'X-Forwarded-Host: shop.example',
    `X-Forwarded-Uri: ${decodeURIComponent(target)}`,
    'X-Forwarded-For: 192.0.2.7',
    `X-Original-URI: ${target}`,
    'X-Original-Address: 192.0.2.7',
    ...client,
  ],
};

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer(GATEWAY_SHOP);
});

afterAll(() => server?.stop());

describe.each(Object.entries(CALLS))('what %s sends', (gateway, call) => {
  const ask = (method: string, target: string, ...client: string[]) =>
    sendRaw(endpointOf(server.addresses.http), call(method, target, client));

  it('is answered with what to tell the service', async () => {
    expect(await ask('GET', '/public/list?page=2', 'Accept-Language: pt')).toMatchObject({
      status: 200,
      headers: { 'x-customer-tier': 'standard', 'x-dharma-path': '/public/list', 'x-dharma-domain': 'acme.shop' },
    });
  });

  it.each`
    because                             | method    | target                  | status
    ${'no rule allows writing'}         | ${'POST'} | ${'/public/list'}       | ${401}
    ${'no rule allows the back office'} | ${'GET'}  | ${'/admin/users'}       | ${401}
    ${'dots lead out'}                  | ${'GET'}  | ${'/public/../admin'}   | ${403}
    ${'escaped slashes lead out'}       | ${'GET'}  | ${'/public/..%2fadmin'} | ${403}
    ${'a question mark is escaped'}     | ${'GET'}  | ${'/public/list%3fx'}   | ${403}
    ${'a segment is empty'}             | ${'GET'}  | ${'//public/list'}      | ${403}
    ${'a parameter cuts a segment'}     | ${'GET'}  | ${'/public/..;/admin'}  | ${403}
  `('is answered $status: $because', async ({ method, target, status }) => {
    expect((await ask(method, target)).status).toBe(status);
  });

  const own = new Set(call('GET', '/', []).map((line) => line.split(':')[0]!.toLowerCase()));
  it.each(
    [
      'X-Original-URI',
      'X-Original-Method',
      'X-Original-Host',
      'X-Forwarded-Uri',
      'X-Forwarded-Method',
      'X-Rewrite-URL',
    ].filter((name) => !own.has(name.toLowerCase())),
  )('is not changed by %s of the client, which is another convention', async (name) => {
    expect((await ask('GET', '/admin/users', `${name}: /public/list`)).status).toBe(401);
    expect((await ask('GET', '/public/list', `${name}: /admin/users`)).status).toBe(200);
  });

  it('is refused where a header of its own comes twice', async () => {
    for (const name of [
      'X-Forwarded-Uri',
      'X-Forwarded-Method',
      'X-Original-URI',
      'X-Original-URL',
      'X-Original-Method',
    ]) {
      const { status } = await ask('GET', '/public/list', `${name}: /public/list`);
      // APISIX's own reading of the target says nothing, however often it comes.
      const isRead = own.has(name.toLowerCase()) && !(gateway === 'apisix' && name === 'X-Forwarded-Uri');
      expect([name, status]).toEqual([name, isRead ? 403 : 200]);
    }
  });
});

it('APISIX forwards the raw target, which it is told to judge by', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/gateways/apisix.yaml'), 'utf8');
  const { routes } = parse(text) as { routes: { plugins: { [plugin: string]: { [member: string]: unknown } } }[] };
  for (const { plugins } of routes) {
    expect(plugins['forward-auth']!['extra_headers']).toMatchObject({ 'X-Original-URI': '$real_request_uri' });
    // Without it the plugin makes a target of its own, of what nginx has unescaped and normalised.
    expect(plugins['proxy-rewrite']).toMatchObject({ use_real_request_uri_unsafe: true });
    expect(plugins['proxy-rewrite']).not.toHaveProperty('uri');
    expect(plugins['proxy-rewrite']).not.toHaveProperty('regex_uri');
  }
});

it.each(['apisix.yaml', 'apisix.md'])('%s has APISIX drop names with `_`, of which Dharma is shown none', (file) => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/gateways', file), 'utf8');
  expect(text).toContain('nginx_config: { http: { underscores_in_headers: "off" } }');
});

const PAGES = join(import.meta.dirname, '../../docs/gateways');

/** Pages about certificates stand beside that of their gateway. */
const isAboutGateway = (file: string): boolean =>
  file.endsWith('.md') && !/-(?:certificates|in-detail)\.md$/.test(file);

it.each(readdirSync(PAGES).filter(isAboutGateway))('%s says what the gateway strips', (file) => {
  expect(readFileSync(join(PAGES, file), 'utf8')).toMatch(/^(?:## |\*\*)What it strips/m);
});

/** A row of the table of who can ask: the words of issue and table are not always the same. */
const SYSTEMS = [
  'nginx',
  'Caddy',
  'HAProxy',
  'Apache httpd',
  'Envoy',
  'OpenID AuthZEN 1.0',
  'Fastify, NestJS',
  'Express',
  'Istio',
  'Node programs',
  'Envoy Gateway',
  'Kubernetes Gateway API',
  'Contour',
  'kgateway',
  'Gloo',
  'Traefik',
  'ingress-nginx',
  'APISIX',
  'Kong',
  'Kafka',
  'Others that ask OPA',
  'Trino',
  'Kubernetes API server',
  'RabbitMQ',
  'NATS',
  'EMQX',
  'Amazon API Gateway',
  'Azure API Management, Apigee',
  'Envoy RBAC',
  'Istio, NetworkPolicy, Cilium, Linkerd',
];

/** Lines that fit one. */
const SCREEN = 66;

it.each(SYSTEMS)('README has a row for %s, with a page of one screen', (system) => {
  const root = join(import.meta.dirname, '../..');
  const [, table = ''] = readFileSync(join(root, 'README.md'), 'utf8').split('\n## Who can ask\n');
  const rows = table.split('\n');
  const row = rows.find((line) => line.startsWith(`| ${system} |`))?.split('|') ?? [];
  const pages = [...(row[4] ?? '').matchAll(/\]\(([^)]+)\)/g)].map(([, page]) => page!);
  expect(pages.length).toBeGreaterThan(0);
  for (const page of pages) {
    const lines = readFileSync(join(root, page), 'utf8').trimEnd().split('\n').length;
    expect({ page, fits: lines <= SCREEN }).toEqual({ page, fits: true });
  }
});

describe.each(Object.keys(CONVENTIONS))('the page of %s', (name) => {
  const folder = PAGES;
  const files = [`${name}.conf`, `${name}.yaml`, `${name}.cfg`, `${name}-dharma.lua`, `${name}-http.yaml`, 'Caddyfile']
    .filter((file) => file !== 'Caddyfile' || name === 'caddy')
    .map((file) => join(folder, file))
    .filter((file) => existsSync(file));
  const shipped = files
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
    .toLowerCase();

  it('ships a configuration that asks by its own path, and by no other', () => {
    const asked = [...shipped.matchAll(/\/forward-auth\/([a-z-]+)/g)].map(([, path]) => path);
    expect([...new Set(asked)]).toEqual([name]);
    expect(readFileSync(join(folder, `${name}.md`), 'utf8')).toContain(files[0]!.slice(folder.length + 1));
  });

  it.each(STRIPPED_HEADERS)('takes %s from what clients send', (header) => {
    const [, family] = /^(x-[a-z]+-)/.exec(header)!;
    // By its name, or by a pattern that begins like it.
    const patterns = [
      header,
      `${family}*`,
      `${family} -m beg`,
      `prefix: ${family} }`,
      `^${family!.replaceAll('-', '%-')}`,
      ...(/^x-(?:dharma|original)-$/.test(family!) ? ['^x-(dharma|original)-'] : []),
    ];
    const begun = header.startsWith('x-http-method')
      ? ['x-http-method -m beg', 'x-http-method*', '^x-http-method']
      : [];
    expect([...patterns, ...begun].filter((pattern) => shipped.includes(pattern))).not.toEqual([]);
  });
});
