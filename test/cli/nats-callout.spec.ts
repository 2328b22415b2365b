/** What `dharma nats-callout` is told wrong; what it does when it is told right, test/gateways/nats.spec.ts sees with NATS. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAccount, createCurve, createUser } from '@nats-io/nkeys';
import { freePort } from '../support/gateway.js';
import { dharma } from './program.js';

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'dharma-callout-'));
  const files: { readonly [name: string]: string | Uint8Array } = {
    password: 'secret-of-the-callout',
    'issuer.seed': createAccount().getSeed(),
    'user.seed': createUser().getSeed(),
    'curve.seed': createCurve().getSeed(),
    'no.seed': 'SA-nothing',
    'subjects.txt': 'publish orders.created\n',
    'wrong.txt': 'publish orders.*\nlisten orders\n',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(cwd, name), content);
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const RIGHT = {
  account: 'APP',
  subjects: 'subjects.txt',
  'password-file': 'password',
  'seed-file': 'issuer.seed',
  nats: 'nats://127.0.0.1:1',
};
const run = (flags: { readonly [flag: string]: string }) =>
  dharma(['nats-callout', ...Object.entries({ ...RIGHT, ...flags }).flatMap(([flag, value]) => [`--${flag}`, value])], {
    cwd,
  });

it.each`
  because                               | flags                                                               | says
  ${'a subject is many'}                | ${{ subjects: 'wrong.txt' }}                                        | ${'wrong.txt:1: `orders.*` is more than one subject'}
  ${'a file is not there'}              | ${{ 'seed-file': 'none' }}                                          | ${'cannot read `none`: ENOENT'}
  ${'a seed is none'}                   | ${{ 'seed-file': 'no.seed' }}                                       | ${'`no.seed` holds no seed of an account key'}
  ${'a user may issue nothing'}         | ${{ 'seed-file': 'user.seed' }}                                     | ${'`user.seed` holds no seed of an account key'}
  ${'an account key seals nothing'}     | ${{ 'xkey-file': 'issuer.seed' }}                                   | ${'`issuer.seed` holds no seed of a curve key'}
  ${'NATS is not asked over HTTP'}      | ${{ nats: 'http://127.0.0.1:4222' }}                                | ${'`http://127.0.0.1:4222` is no NATS server'}
  ${'a password must not be overheard'} | ${{ nats: 'nats://nats.example:4222' }}                             | ${'could read the password'}
  ${'nor may the credentials'}          | ${{ server: 'http://dharma.example:8181' }}                         | ${'could read the secret'}
  ${'nor the key'}                      | ${{ server: 'http://dharma.example:8181', 'key-file': 'password' }} | ${'could read the secret'}
  ${'nothing lasts for ever'}           | ${{ lifetime: '0' }}                                                | ${'from 1 to 86400'}
`('is a wrong call: $because', async ({ flags, says }) => {
  const { code, stdout, stderr } = await run(flags);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(says);
  expect(stderr).not.toContain('secret-of-the-callout');
});

it('says no password to a server that has no TLS where TLS is asked for', async () => {
  let heard = '';
  const impostor = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => (heard += String(chunk)));
    socket.write('INFO {"server_id":"x","version":"2.15.1","proto":1,"headers":true,"max_payload":1048576}\r\n');
  }).listen(0, '127.0.0.1');
  await once(impostor, 'listening');
  const { port } = impostor.address() as AddressInfo;
  const { code } = await run({ nats: `tls://127.0.0.1:${port}` });
  impostor.close();
  expect(code).toBe(3);
  expect(heard).not.toContain('secret-of-the-callout');
});

it('says that NATS is not there', async () => {
  const { code, stderr } = await run({ nats: `nats://127.0.0.1:${await freePort()}`, 'xkey-file': 'curve.seed' });
  expect([code, stderr]).toEqual([3, expect.stringContaining('cannot be reached, or does not let us in')]);
});
