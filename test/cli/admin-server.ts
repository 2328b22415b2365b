import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown> | undefined;
}

/** JSON, unless it says otherwise; `hang` never answers, `cut` closes the connection instead. */
export type Said =
  | { readonly status?: number; readonly type?: string; readonly json?: unknown; readonly text?: string }
  | 'hang'
  | 'cut';

export type Routes = { readonly [methodAndPath: string]: Said | ((asked: Asked) => Said) };

/** Something that speaks as an admin listener does, or fails as one might. */
export interface AdminServer {
  readonly url: string;
  readonly asked: readonly Asked[];
  readonly environment: { readonly DHARMA_SERVER: string; readonly DHARMA_TOKEN: string };
}

export const TOKEN = 'op-1.secret-of-ann';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});

/** @param routes  by `METHOD /path`, without the query */
export async function adminServer(routes: Routes, tls?: ServerOptions): Promise<AdminServer> {
  const asked: Asked[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const text = Buffer.concat(chunks).toString();
      const one = { method, path, headers, body: text === '' ? undefined : JSON.parse(text) };
      asked.push(one);
      const route = routes[`${method} ${path.split('?')[0]}`];
      const said = route === undefined ? PROBLEM.unknownRoute : typeof route === 'function' ? route(one) : route;
      if (said === 'hang') return;
      if (said === 'cut') {
        request.socket.destroy();
        return;
      }
      const { status = 200, json } = said;
      const type = said.type ?? (status < 400 ? 'application/json; charset=utf-8' : 'application/problem+json');
      response
        .writeHead(status, { 'content-type': type })
        .end(said.text ?? (json === undefined ? '' : JSON.stringify(json)));
    });
  };
  const server = tls === undefined ? createServer(answer) : createSecureServer(tls, answer);
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, environment: { DHARMA_SERVER: url, DHARMA_TOKEN: TOKEN } };
}

function problem(status: number, code: string, detail: string, members: object = {}): Said {
  const type = `urn:dharma:problem:${code}`;
  return { status, json: { type, title: 'A problem', status, code, detail, remedy: 'do something else', ...members } };
}

export const REVISION = {
  epoch: 1,
  number: 42,
  contentHash: 'c0ffee00'.repeat(8),
  base: 41,
  publishedAt: '2026-12-24T11:00:00Z',
  author: 'bob',
  source: 'git',
  because: 'orders opens to partners',
};

export const PROBLEM = {
  unknownRoute: problem(404, 'route-unknown', 'no route answers this'),
  stranger: problem(401, 'operator-unknown', 'the token is not known'),
  superseded: problem(409, 'revision-superseded', 'someone published first', { current: REVISION }),
  foreign: problem(409, 'documents-of-another-source', 'documents belong to other sources'),
  away: problem(503, 'store-unavailable', 'the database cannot be reached'),
  busy: problem(429, 'rate-exceeded', 'this operator asks too often'),
  noHistory: problem(409, 'no-history', 'this server decides by a folder'),
};

export const STATUS = {
  version: '0.1.0',
  mode: 'enforce',
  source: 'database',
  ready: { ready: true },
  policy: { epoch: 1, number: 42, contentHash: REVISION.contentHash, ageSeconds: 3 },
  feed: { state: 'current' },
  addresses: { grpc: '127.0.0.1:9191', http: '127.0.0.1:8181', admin: '127.0.0.1:8282' },
  uptimeSeconds: 93_784,
  newest: REVISION,
};

export const PLAN = {
  base: { epoch: 1, number: 41, contentHash: 'ab'.repeat(32) },
  source: 'policies',
  valid: true,
  faults: [],
  warnings: [],
  tests: { passed: 2, failed: [] },
  changes: [
    {
      change: 'changed',
      kind: 'Policy',
      name: 'shop',
      domain: 'shop',
      words: '',
      rules: [
        { change: 'added', id: 'partners', words: 'allow GET on orders/* for roles [partner] at shop' },
        { change: 'removed', id: 'old', words: 'deny everything' },
      ],
    },
    { change: 'added', kind: 'Domain', name: 'shop.till', domain: null, words: 'boundary open for till/*', rules: [] },
  ],
  foreign: [],
  refusals: [],
  summary: { documents: { added: 1, changed: 1, removed: 0 }, rules: { added: 1, changed: 0, removed: 1 } },
};

export const NO_CHANGE = {
  ...PLAN,
  changes: [],
  summary: { documents: { added: 0, changed: 0, removed: 0 }, rules: { added: 0, changed: 0, removed: 0 } },
};

const FAULT = {
  file: 'policies/shop.yaml',
  line: 3,
  column: 7,
  code: 'unknown-name',
  message: '`shopp` does not exist',
};
export const INVALID = {
  ...NO_CHANGE,
  valid: false,
  faults: [FAULT],
  warnings: [{ ...FAULT, line: 9, code: 'unused-mechanism', message: 'the mechanism is not used' }],
  tests: {
    passed: 1,
    failed: [
      { file: 'policies/shop.yaml', line: 20, column: 5, because: 'anyone may read', expected: 'allow', got: 'deny' },
    ],
  },
};
export const REFUSED = {
  ...NO_CHANGE,
  valid: false,
  refusals: [
    { change: 'changed', kind: 'Domain', name: 'shop', part: 'zeroTrust', needs: 'owner', over: 'shop' },
    { change: 'removed', kind: null, name: null, part: 'document', needs: 'owner', over: null },
    { change: 'added', kind: 'Test', name: 'all', part: 'document', needs: 'policy-admin', over: '*' },
  ],
};
export const FOREIGN = { ...NO_CHANGE, foreign: [{ kind: 'Domain', name: 'shop', source: 'git' }] };
