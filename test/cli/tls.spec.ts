import { readFileSync } from 'node:fs';
import { type Authority, createAuthority, hasOpenssl, pemOf } from '../support/certificates.js';
import { adminServer, STATUS } from './admin-server.js';
import { dharma } from './program.js';

// Without openssl, jest names these as not run.
(hasOpenssl ? describe : describe.skip)('TLS to a server', () => {
  let ours: Authority;
  let files: { readonly [name: string]: string };
  beforeAll(() => {
    ours = createAuthority('ours');
    const client = ours.issue('client');
    files = { CA: ours.cert, CERT: client.cert, KEY: client.key };
  });
  afterAll(() => ours.remove());

  it.each`
    because                                   | wantsClient | argv                                                | code | message
    ${'its authority is not known'}           | ${false}    | ${[]}                                               | ${3} | ${'with `--ca FILE`'}
    ${'its authority is named'}               | ${false}    | ${['--ca', 'CA']}                                   | ${0} | ${''}
    ${'it wants a certificate and gets none'} | ${true}     | ${['--ca', 'CA']}                                   | ${3} | ${'could not be reached'}
    ${'it wants a certificate and gets one'}  | ${true}     | ${['--ca', 'CA', '--cert', 'CERT', '--key', 'KEY']} | ${0} | ${''}
  `('$because', async ({ wantsClient, argv, code, message }) => {
    const client = wantsClient ? { ca: readFileSync(ours.cert), requestCert: true, rejectUnauthorized: true } : {};
    const routes = { 'GET /admin/v1/status': { json: STATUS } };
    const { environment } = await adminServer(routes, { ...pemOf(ours.issue('server')), ...client });
    const ran = await dharma(['status', ...argv.map((word: string) => files[word] ?? word)], { environment });
    expect(ran).toMatchObject({ code, stderr: expect.stringContaining(message) });
  });

  it.each`
    because                              | from        | to          | message
    ${'TLS is spoken to a plain server'} | ${'http:'}  | ${'https:'} | ${'does not speak TLS; name it as `http://…`'}
    ${'a TLS server is asked in plain'}  | ${'https:'} | ${'http:'}  | ${'does the server speak TLS as the address says?'}
  `('hints at the address when $because', async ({ from, to, message }) => {
    const { url, environment } = await adminServer({}, from === 'https:' ? pemOf(ours.issue('server')) : undefined);
    const ran = await dharma(['status', '--server', url.replace(from, to)], { environment });
    expect(ran).toMatchObject({ code: 3, stderr: expect.stringContaining(message) });
  });

  it('is refused with the name of a file that holds no certificate', async () => {
    const { url, environment } = await adminServer({}, pemOf(ours.issue('server')));
    const argv = ['status', '--server', url, '--cert', import.meta.filename, '--key', import.meta.filename];
    const ran = await dharma(argv, { environment });
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('hold no certificate and key') });
  });
});
