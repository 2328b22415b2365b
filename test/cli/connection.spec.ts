import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { adminServer, PROBLEM, STATUS, TOKEN } from './admin-server.js';
import { dharma, folderWith } from './program.js';

const ROUTES = { 'GET /admin/v1/status': { json: STATUS } };

describe('the operator token', () => {
  it.each`
    because                                        | argv                     | variables                                                  | sent
    ${'a flag names its file'}                     | ${['--token-file', 'a']} | ${{ DHARMA_TOKEN_FILE: 'b', DHARMA_TOKEN: 'in-variable' }} | ${'in-a'}
    ${'a variable names its file'}                 | ${[]}                    | ${{ DHARMA_TOKEN_FILE: 'b', DHARMA_TOKEN: 'in-variable' }} | ${'in-b'}
    ${'a variable holds it'}                       | ${[]}                    | ${{ DHARMA_TOKEN: 'in-variable' }}                         | ${'in-variable'}
    ${'the first start here left it'}              | ${[]}                    | ${{}}                                                      | ${'first'}
    ${'the first start left it in another folder'} | ${[]}                    | ${{ DHARMA_DATA_DIR: 'elsewhere' }}                        | ${'second'}
    ${'an empty variable is none'}                 | ${[]}                    | ${{ DHARMA_TOKEN_FILE: '', DHARMA_TOKEN: '' }}             | ${'first'}
  `('is sent as bearer when $because', async ({ argv, variables, sent }) => {
    const server = await adminServer(ROUTES);
    const cwd = folderWith({
      a: 'in-a\n',
      b: ' in-b \n',
      '.dharma/operator-token': 'first\n',
      'elsewhere/operator-token': 'second',
    });
    const environment = { DHARMA_SERVER: server.url, ...variables };
    expect(await dharma(['status', ...argv], { cwd, environment })).toMatchObject({ code: 0 });
    expect(server.asked[0]!.headers.authorization).toBe(`Bearer ${sent}`);
  });

  it.each`
    because                                 | argv                                                   | variables                           | message
    ${'there is none'}                      | ${[]}                                                  | ${{}}                               | ${'there is no operator token'}
    ${'its file is not there'}              | ${['--token-file', 'none']}                            | ${{}}                               | ${'cannot read `none`: ENOENT'}
    ${'its file holds something else'}      | ${['--token-file', 'text']}                            | ${{}}                               | ${'`text` holds no token'}
    ${'a header would break'}               | ${[]}                                                  | ${{ DHARMA_TOKEN: 'two\r\nlines' }} | ${'`DHARMA_TOKEN` holds no token'}
    ${'anyone on the way could read it'}    | ${['--server', 'http://203.0.113.9:8282']}             | ${{ DHARMA_TOKEN: TOKEN }}          | ${'could read the secret'}
    ${'the address is none'}                | ${['--server', '127.0.0.1:8282']}                      | ${{ DHARMA_TOKEN: TOKEN }}          | ${'is no server'}
    ${'the address holds a password'}       | ${['--server', 'https://a:b@127.0.0.1']}               | ${{ DHARMA_TOKEN: TOKEN }}          | ${'is no server'}
    ${'the address is of another protocol'} | ${['--server', 'ftp://127.0.0.1']}                     | ${{ DHARMA_TOKEN: TOKEN }}          | ${'is no server'}
    ${'a certificate stands without a key'} | ${['--server', 'https://127.0.0.1', '--cert', 'text']} | ${{ DHARMA_TOKEN: TOKEN }}          | ${'belong together'}
    ${'certificates are for TLS'}           | ${['--ca', 'text']}                                    | ${{ DHARMA_TOKEN: TOKEN }}          | ${'has no TLS'}
  `('is a usage fault when $because', async ({ argv, variables, message }) => {
    const cwd = folderWith({ text: 'no token at all' });
    const { code, stdout, stderr } = await dharma(['status', ...argv], { cwd, environment: variables });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('no token at all');
    expect(stderr).not.toContain(TOKEN);
  });

  it('of a server here does not go to one elsewhere, even with TLS', async () => {
    const cwd = folderWith({ '.dharma/operator-token': 'first' });
    const { code, stderr } = await dharma(['status', '--server', 'https://203.0.113.9:8282'], { cwd });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('there is no operator token') });
  });

  it('that is not known is named by where it came from, not by what it is', async () => {
    const { environment } = await adminServer({ 'GET /admin/v1/status': PROBLEM.stranger });
    const { code, stderr } = await dharma(['status'], { environment });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'dharma: the token is not known (what was sent is from `DHARMA_TOKEN`)\ndo something else\n',
    });
  });
});

describe('a server', () => {
  it.each`
    because                        | said                                       | message
    ${'it cannot answer now'}      | ${PROBLEM.away}                            | ${'cannot answer now: the database cannot be reached'}
    ${'it never answers'}          | ${'hang'}                                  | ${'no answer within 1 s'}
    ${'it closes the connection'}  | ${'cut'}                                   | ${'was closed before an answer'}
    ${'it is another program'}     | ${{ text: '<html>', type: 'text/html' }}   | ${'not as the listener of a Dharma server'}
    ${'it sends us elsewhere'}     | ${{ status: 302, type: 'text/html' }}      | ${'answers 302'}
    ${'it says no JSON'}           | ${{ text: '{', type: 'application/json' }} | ${'not as the listener of a Dharma server'}
    ${'it speaks of other things'} | ${{ json: { version: 1 } }}                | ${'in a way this version does not know (`/version`'}
    ${'its problem has no code'}   | ${{ status: 500, json: {} }}               | ${'without a reason that is known here'}
  `('counts as out of reach when $because', async ({ said, message }) => {
    const { environment } = await adminServer({ 'GET /admin/v1/status': said });
    const { code, stdout, stderr } = await dharma(['status', '--timeout', '1'], { environment });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('is out of reach when nothing listens, and the hint says what to look for', async () => {
    const gone = createServer();
    await new Promise<void>((listening) => gone.listen(0, '127.0.0.1', listening));
    const { port } = gone.address() as AddressInfo;
    await new Promise((closed) => gone.close(closed));
    const environment = { DHARMA_SERVER: `http://127.0.0.1:${port}`, DHARMA_TOKEN: TOKEN };
    const { code, stderr } = await dharma(['status'], { environment });
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('is `dharma serve` running?') });
  });

  it('may be a unix socket', async () => {
    const cwd = folderWith({});
    const path = join(cwd, 'admin');
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(STATUS));
    });
    await new Promise<void>((listening) => server.listen(path, listening));
    try {
      const environment = { DHARMA_SERVER: `unix:${path}`, DHARMA_TOKEN: TOKEN };
      expect(await dharma(['status'], { environment })).toMatchObject({ code: 0 });
    } finally {
      await new Promise((closed) => server.close(closed));
    }
  });

  it('may lie behind a path', async () => {
    const server = await adminServer({ 'GET /dharma/admin/v1/status': { json: STATUS } });
    const argv = ['status', '--server', `${server.url}/dharma/`];
    expect(await dharma(argv, { environment: server.environment })).toMatchObject({ code: 0 });
  });

  it('cannot write to the terminal of whoever asks', async () => {
    const because = 'red \u001B[31m, back \r, reversed \u202E, bell \u0007';
    const json = { ...STATUS, newest: { ...STATUS.newest, because } };
    const { environment } = await adminServer({ 'GET /admin/v1/status': { json } });
    const { stdout } = await dharma(['status'], { environment });
    expect(stdout).toContain('red \uFFFD[31m, back \uFFFD, reversed \uFFFD, bell \uFFFD');
  });
});
