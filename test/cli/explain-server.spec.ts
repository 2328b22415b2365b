import { adminServer, type Said } from './admin-server.js';
import { dharma, folderWith, type RunOptions, SHOP } from './program.js';

const cwd = folderWith({
  'shop/shop.yaml': SHOP,
  'edge.key': 'ep-1.secret\n',
  'request.json': '{"target":{"endpoint":"orders/all","method":"POST"}}',
});
const POST = ['--host', 'localhost', '--method', 'POST', '--path', '/orders'];

/** What a server would say of the shop, by the explanation of the folder. */
const answerTo = async (argv: readonly string[]) => {
  const { stdout } = await dharma(['explain', '--policies', 'shop', '--format', 'json', ...argv], { cwd });
  const { linesToAdd: _, ...explanation } = JSON.parse(stdout);
  return { ...explanation.outcome, revision: 42, ageSeconds: 3, decisionId: 'd-1', explanation };
};

const explained = async (said: Said, argv: readonly string[], options: RunOptions = {}) => {
  const server = await adminServer({ 'POST /v1/explain': said });
  const ran = await dharma(['explain', '--server', server.url, ...argv], { cwd, ...options });
  return { ...ran, asked: server.asked };
};

describe('dharma explain --server', () => {
  it('says what the folder says, but for the places in files', async () => {
    const { code, stdout, stderr, asked } = await explained({ json: await answerTo(POST) }, POST);
    const offline = await dharma(['explain', '--policies', 'shop', ...POST], { cwd });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: offline.stdout.replaceAll(/ {2}shop\/shop\.yaml:\d+:\d+/g, ''),
    });
    expect(stderr).toMatch(/^http:\S+ answers by revision 42, confirmed 3 s ago, as decision d-1\n$/);
    expect(asked).toMatchObject([
      { method: 'POST', body: { target: { host: 'localhost', method: 'POST', path: '/orders' }, evidence: [] } },
    ]);
    expect(asked[0]!.headers).not.toHaveProperty('x-dharma-key');
  });

  it('proves itself by a key from a file', async () => {
    const { asked } = await explained({ json: await answerTo(POST) }, [...POST, '--key-file', 'edge.key']);
    expect(asked[0]!.headers['x-dharma-key']).toBe('ep-1.secret');
    expect(asked[0]!.headers).not.toHaveProperty('authorization');
  });

  it.each`
    because                        | argv                                             | evidence
    ${'access is the usual role'}  | ${['--evidence', 'oidc=ann', '--scope', 'read']} | ${[{ role: 'access', mechanism: 'oidc', subject: 'ann', scopes: ['read'], groups: [], claims: {} }]}
    ${'trust is said to be trust'} | ${['--trust', 'mesh=spiffe://acme/orders']}      | ${[{ role: 'trust', mechanism: 'mesh', subject: 'spiffe://acme/orders' }]}
  `('asserts evidence: $because', async ({ argv, evidence }) => {
    const { asked } = await explained({ json: await answerTo(POST) }, [...POST, ...argv]);
    expect(asked[0]!.body).toMatchObject({ evidence });
  });

  it('sends a request from a file as it is', async () => {
    const { asked } = await explained({ json: await answerTo(POST) }, ['request.json']);
    expect(asked[0]!.body).toEqual({ target: { endpoint: 'orders/all', method: 'POST' } });
  });

  it('gives programs what the server gave', async () => {
    const json = { ...(await answerTo(POST)), more: 'than we know' };
    expect(JSON.parse((await explained({ json }, [...POST, '--format', 'json'])).stdout)).toEqual(json);
  });

  it('says what was presented and does not count, which mostly is why', async () => {
    const dropped = [
      { mechanism: 'login', because: 'the token has expired' },
      { mechanism: null, because: 'there\nare two' },
    ];
    const { stdout } = await explained({ json: { ...(await answerTo(POST)), dropped } }, POST);
    expect(stdout).toContain('\npresented, and does not count\n  login: the token has expired\n  there are two\n\n');
  });

  it('gives the verdict alone where there is nothing to explain', async () => {
    const { explanation: _, ...answer } = await answerTo(POST);
    const json = { ...answer, reason: 'INVALID_REQUEST', detail: [{ pointer: '/headers/x', message: 'is no header' }] };
    expect(await explained({ json }, POST)).toMatchObject({
      code: 0,
      stdout: 'DENY INVALID_REQUEST\n  `/headers/x`: is no header\n',
    });
  });

  it.each`
    because                                  | said                                                                                                     | code | message
    ${'the caller may not see explanations'} | ${{ status: 403, json: { code: 'explain-not-permitted', detail: 'it may not', remedy: 'ask another' } }} | ${1} | ${'it may not\nask another'}
    ${'what came is no explanation'}         | ${{ json: { decision: 'allow', explanation: { outcome: {} } } }}                                         | ${3} | ${'in a way this version does not know'}
  `('says so when $because', async ({ said, code, message }) => {
    expect(await explained(said, POST)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
  });

  it.each`
    because                              | argv                                                                             | message
    ${'nobody is asked'}                 | ${POST}                                                                          | ${'say either `--policies DIR` or `--server [URL]`'}
    ${'two are asked'}                   | ${['--policies', 'shop', '--server', 'http://127.0.0.1:1', ...POST]}             | ${'say either `--policies DIR` or `--server [URL]`'}
    ${'a folder needs no key'}           | ${['--policies', 'shop', '--key-file', 'edge.key', ...POST]}                     | ${'are for `--server`'}
    ${'a server has its own clock'}      | ${['--server', 'http://127.0.0.1:1', '--time', '2026-01-01T00:00:00Z', ...POST]} | ${'a server has a clock of its own'}
    ${'there is no target'}              | ${['--server', 'http://127.0.0.1:1']}                                            | ${'name the target by one of'}
    ${'a request is taken for a server'} | ${['--server', 'request.json']}                                                  | ${'`request.json` is no server'}
    ${'anyone could read the key'}       | ${['--server', 'http://203.0.113.9', '--key-file', 'edge.key', ...POST]}         | ${'could read the secret'}
    ${'trust has no subject'}            | ${['--server', 'http://127.0.0.1:1', '--trust', 'mesh', ...POST]}                | ${'`--trust mesh` is not of the form'}
  `('is used wrongly when $because', async ({ argv, message }) => {
    const { code, stdout, stderr } = await dharma(['explain', ...argv], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});
