/** A repository behind HTTPS: whom the token goes to, and whom not. */
import { execFileSync, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { adminServer, PLAN, REVISION } from '../cli/admin-server.js';
import { dharma, type Ran, SHOP } from '../cli/program.js';
import { type Authority, createAuthority, hasOpenssl, pemOf } from '../support/certificates.js';
import { newFolder, testRepository } from './repository.js';

const TOKEN = 'sesame-of-a-pipeline';
const repository = testRepository({ 'shop.yaml': SHOP });

let authority: Authority;
let home: Server;
let elsewhere: Server;
/** What the other server was told by whoever came. */
let told: (string | undefined)[] = [];

const urlOf = (server: Server, path: string): string =>
  `https://localhost:${(server.address() as AddressInfo).port}${path}`;

/** Git's own server, behind a name and a password. */
function serveGit(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url!, 'https://localhost');
  if (pathname.startsWith('/moved/')) {
    response.writeHead(302, { location: urlOf(elsewhere, `/.git${pathname.slice('/moved'.length)}${search}`) }).end();
    return;
  }
  const expected = `Basic ${Buffer.from(`ci:${TOKEN}`).toString('base64')}`;
  if (request.headers.authorization !== expected) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    return;
  }
  const backend = spawn(`${execFileSync('git', ['--exec-path']).toString().trim()}/git-http-backend`, [], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: repository.folder,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method!,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.once('close', () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    const headers = answer.subarray(0, end).toString('latin1').split('\r\n');
    for (const header of headers) response.setHeader(header.split(': ')[0]!, header.split(': ')[1]!);
    response.end(answer.subarray(end + 4));
  });
}

beforeAll(async () => {
  if (!hasOpenssl) return;
  authority = createAuthority('authority');
  const server = authority.issue('git');
  home = createServer(pemOf(server), serveGit);
  elsewhere = createServer(pemOf(server), (request, response) => {
    told.push(request.headers.authorization);
    response.writeHead(404).end();
  });
  for (const one of [home, elsewhere]) await new Promise<void>((up) => one.listen(0, '127.0.0.1', up));
});
afterAll(async () => {
  authority?.remove();
  for (const one of [home, elsewhere]) {
    one?.closeAllConnections();
    await new Promise<void>((down) => (one === undefined ? down() : one.close(() => down())));
  }
});
beforeEach(() => {
  told = [];
});

async function synced(path: string, environment: { readonly [name: string]: string }): Promise<Ran> {
  const server = await adminServer({
    'POST /admin/v1/plan': { json: PLAN },
    'POST /admin/v1/revisions': { status: 201, json: { revision: REVISION } },
  });
  return dharma(['sync', '--repo', urlOf(home, path)], {
    cwd: newFolder(),
    environment: { ...server.environment, GIT_SSL_CAINFO: authority.cert, ...environment },
  });
}

(hasOpenssl ? describe : describe.skip)('a repository behind HTTPS', () => {
  const credential = { DHARMA_GIT_TOKEN: TOKEN, DHARMA_GIT_USER: 'ci' };

  it('is read with the token of the environment', async () => {
    expect(await synced('/.git', credential)).toMatchObject({ code: 0, stdout: 'revision 42 published\n' });
  });

  it.each`
    because                             | path        | environment
    ${'there is no token'}              | ${'/.git'}  | ${{}}
    ${'it is another one'}              | ${'/.git'}  | ${{ ...credential, DHARMA_GIT_TOKEN: 'sesame-of-another' }}
    ${'nobody vouches for the server'}  | ${'/.git'}  | ${{ ...credential, GIT_SSL_CAINFO: '/dev/null' }}
    ${'it has moved to another server'} | ${'/moved'} | ${credential}
  `('is not read, and nobody else learns the token: $because', async ({ path, environment }) => {
    const { code, stdout, stderr } = await synced(path, environment);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('cannot read `https://localhost');
    expect(stderr).not.toContain('sesame');
    expect(told).toEqual([]);
  });
});
