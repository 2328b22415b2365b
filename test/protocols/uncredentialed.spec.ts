/** Whom no credential is asked of: the anonymous where a domain lets them in, and preflights where an endpoint does. */
import { jest } from '@jest/globals';
import { type Doors, openDoors } from '../support/doors.js';
import { sendRaw } from '../support/http.js';
import { EDGE_KEY, KEYED_SHOP, startCheckListeners, type CheckListeners } from './check-listeners.js';

/** A server starts and stops within it on a busy machine. */
jest.setTimeout(30_000);

/** The shop with an endpoint for browsers of other origins, one that is like it but for preflights, and a closed annex. */
const OPEN_SHOP = `${KEYED_SHOP.replace('boundary: ["orders/*"]', 'boundary: ["orders/*", "annex/*"]').replace(
  '    - { name: office, operations',
  `    - { name: cart, preflight: allow, operations: [{ methods: [PUT], path: /cart }, { path: "/cart/closed" }] }
    - { name: basket, operations: [{ methods: [PUT], path: /basket }] }
    - { name: office, operations`,
)}---
apiVersion: dharma/v1
kind: Policy
metadata: { name: cart, domain: shop }
spec:
  rules:
    - { id: buy, effect: allow, who: { principals: ["user:ann"] }, what: { endpoints: [orders/cart, orders/basket] } }
    - { id: closed, effect: deny, what: { endpoints: [orders/cart] }, when: 'request.path == "/cart/closed"' }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop.annex }
spec: { access: [portal-user], boundary: ["annex/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: annex }
spec: { domains: [shop.annex], hosts: [annex.example] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: annex, domain: shop }
spec: { rules: [{ id: all, effect: allow, scope: subtree, who: { anonymous: true }, what: { endpoints: [annex/all] } }] }
`;

interface Asked {
  readonly host?: string;
  readonly method?: string;
  readonly path: string;
  readonly headers?: { readonly [name: string]: string };
}

let server: CheckListeners;
let doors: Doors;
beforeAll(async () => {
  server = await startCheckListeners(OPEN_SHOP);
  doors = openDoors({ http: `${server.http.host}:${server.http.port}`, grpc: server.grpc });
});
afterAll(async () => {
  doors.close();
  await server.stop();
});

/** A way to ask, and `allow` or `deny` as it is told there. */
type Door = readonly [name: string, ask: (asked: Required<Asked>) => Promise<string>];

const DOORS: readonly Door[] = [
  ['/v1/decide', async ({ headers, ...target }) => (await doors.decide({ target, headers }, EDGE_KEY)).decision],
  ['dharma.v1', async ({ headers, ...target }) => (await doors.grpcDecide({ target, headers }, EDGE_KEY)).decision],
  [
    'Check',
    async ({ headers, ...target }) =>
      (await doors.check({ request: { http: { ...target, headers } } }, EDGE_KEY)).decision,
  ],
  ['nginx', (asked) => forwarded('GET /forward-auth/nginx', 'dharma', 'original', asked)],
  ['caddy', (asked) => forwarded('GET /forward-auth/caddy', 'dharma', 'forwarded', asked)],
  ['envoy', (asked) => forwarded(`${asked.method} /forward-auth/envoy${asked.path}`, asked.host, undefined, asked)],
];

/** @param family  of the header fields that name the target */
async function forwarded(
  line: string,
  host: string,
  family: string | undefined,
  asked: Required<Asked>,
): Promise<string> {
  const named = { method: asked.method, host: asked.host, uri: asked.path };
  const { status } = await sendRaw(server.http, [
    `${line} HTTP/1.1`,
    `Host: ${host}`,
    `X-Dharma-Key: ${EDGE_KEY}`,
    ...(family === undefined ? [] : Object.entries(named).map(([name, value]) => `X-${family}-${name}: ${value}`)),
    ...Object.entries(asked.headers).map(([name, value]) => `${name}: ${value}`),
  ]);
  return status === 200 ? 'allow' : 'deny';
}

const CORS = { origin: 'https://elsewhere.example', 'access-control-request-method': 'PUT' };
const ASKING_ABOUT = (method: string) => ({ ...CORS, 'access-control-request-method': method });

describe.each(DOORS)('by %s', (_name, ask) => {
  it.each<[because: string, asked: Asked, reason: string]>([
    ['the domain lets the anonymous in, and a rule allows them this', { path: '/public/list' }, 'ALLOW_SLOW'],
    ['no rule allows them more', { method: 'POST', path: '/public/list' }, 'NO_ALLOW_RULE'],
    ['no rule allows them the office', { path: '/admin' }, 'NO_ALLOW_RULE'],
    [
      'a rule for them opens no domain that lets nobody in so',
      { host: 'annex.example', path: '/' },
      'ACCESS_EVIDENCE_MISSING',
    ],
    ['the endpoint lets preflights pass', { method: 'OPTIONS', path: '/cart', headers: CORS }, 'ALLOW_SLOW'],
    ['another endpoint does not', { method: 'OPTIONS', path: '/basket', headers: CORS }, 'NO_ALLOW_RULE'],
    [
      'what the preflight asks about is no operation',
      { method: 'OPTIONS', path: '/cart', headers: ASKING_ABOUT('DELETE') },
      'UNKNOWN_ENDPOINT',
    ],
    [
      'without an origin it is no preflight',
      { method: 'OPTIONS', path: '/cart', headers: { 'access-control-request-method': 'PUT' } },
      'UNKNOWN_ENDPOINT',
    ],
    [
      'without the method to come it is none either',
      { method: 'OPTIONS', path: '/cart', headers: { origin: CORS.origin } },
      'UNKNOWN_ENDPOINT',
    ],
    [
      'the request itself is none, whatever headers it has',
      { method: 'PUT', path: '/cart', headers: CORS },
      'NO_ALLOW_RULE',
    ],
    [
      'denies hold for preflights',
      { method: 'OPTIONS', path: '/cart/closed', headers: ASKING_ABOUT('GET') },
      'DENY_RULE',
    ],
  ])('%s', async (_because, { host = 'shop.example', method = 'GET', path, headers = {} }, reason) => {
    const said = await ask({ host, method, path, headers });
    expect([said, server.decisions.at(-1)!.reason]).toEqual([reason.startsWith('ALLOW') ? 'allow' : 'deny', reason]);
  });
});
