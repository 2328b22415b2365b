import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grpcClient } from '../support/check-client.js';
import { sendRaw } from '../support/http.js';
import { startProgram, stopPrograms } from '../support/program.js';
import { startTestServer } from '../support/server.js';
import { BROKEN_SHOP, SHOP } from '../support/shop.js';

const QUESTION = JSON.stringify({ target: { host: 'shop.example', method: 'GET', path: '/public/list' } });
const CHECK = { method: 'GET', path: '/public/list', host: 'shop.example' };
/** A program may have to be built before it starts, on a machine that does other things too. */
const PROGRAM_MILLISECONDS = 60_000;
const FREE_PORTS = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'];

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dharma-life-'));
});

afterEach(async () => {
  await stopPrograms();
  await rm(folder, { recursive: true, force: true });
});

describe('a server that stops', () => {
  it('is not ready while it drains, goes on answering, and is gone afterwards', async () => {
    // Longer than a busy machine takes for the questions below.
    const server = await startTestServer(SHOP, { 'drain-milliseconds': '3000' });
    const gateway = grpcClient(server.addresses.grpc);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await ask(agent, server.addresses.http)).toMatchObject({ reason: 'ALLOW_SLOW' });
    expect(await gateway.health('')).toEqual({ status: 'SERVING' });

    const stopped = server.stop();
    expect((await fetch(`http://${server.addresses.admin}/readyz`)).status).toBe(503);
    expect(await gateway.health('')).toEqual({ status: 'NOT_SERVING' });
    expect(await ask(agent, server.addresses.http)).toMatchObject({ reason: 'ALLOW_SLOW' });
    await stopped;

    for (const address of [server.addresses.http, server.addresses.admin]) {
      await expect(fetch(`http://${address}/healthz`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    }
    await expect(gateway.check(CHECK)).rejects.toMatchObject({ code: 14 });
    gateway.close();
    agent.destroy();
  });
});

describe('unix sockets', () => {
  it('serve callers of this machine, and only their owner and group may open them', async () => {
    const [http, grpc] = [join(folder, 'http.sock'), join(folder, 'grpc.sock')];
    const server = await startTestServer(SHOP, { 'http-address': `unix:${http}`, 'grpc-address': `unix:${grpc}` });
    expect(server.addresses).toMatchObject({ http: `unix:${http}`, grpc: `unix:${grpc}` });
    for (const path of [http, grpc]) expect((await stat(path)).mode & 0o777).toBe(0o660);

    const lines = ['X-Original-Method: GET', 'X-Original-Host: shop.example', 'X-Original-URI: /public/list'];
    expect((await sendRaw({ path: http }, ['GET /forward-auth/nginx HTTP/1.1', 'Host: dharma', ...lines])).status).toBe(
      200,
    );
    const gateway = grpcClient(`unix:${grpc}`);
    expect((await gateway.check(CHECK)).status.code).toBe(0);
    gateway.close();

    await expect(startTestServer(SHOP, { 'http-address': `unix:${http}` })).rejects.toMatchObject({
      code: 'address-unavailable',
      message: expect.stringContaining('another process listens there'),
    });
    await server.stop();
  });

  it('are not put in the place of anything else', async () => {
    const path = join(folder, 'precious');
    await writeFile(path, 'text');
    await expect(startTestServer(SHOP, { 'http-address': `unix:${path}` })).rejects.toMatchObject({
      code: 'address-unavailable',
    });
    expect(await readFile(path, 'utf8')).toBe('text');
  });
});

describe('the program', () => {
  it(
    'tells its addresses, logs denies without their request, and ends with 0 on SIGTERM',
    async () => {
      await writeFile(join(folder, 'shop.yaml'), SHOP);
      const readyFile = join(folder, 'ready.json');
      const program = startProgram(['--policies', folder, ...FREE_PORTS], { DHARMA_READY_FILE: readyFile });
      await program.says('until Ctrl-C');
      const ready = JSON.parse(await readFile(readyFile, 'utf8'));
      expect(ready).toEqual({
        grpc: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        http: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        admin: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        pid: program.process.pid,
      });
      const agent = new Agent();
      const denied = JSON.stringify({ target: { host: 'shop.example', method: 'GET', path: '/admin?secret=1' } });
      const { decisionId } = await ask(agent, ready.http, denied);

      program.process.kill('SIGTERM');
      expect(await program.ended).toBe(0);
      const lines = program.output.error
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines.filter(({ msg }) => msg === 'deny')).toEqual([
        expect.objectContaining({
          decisionId,
          reason: 'NO_ALLOW_RULE',
          deniedAt: 'shop',
          rules: [],
        }),
      ]);
      expect(program.output.error).not.toContain('secret');
      await expect(stat(readyFile)).rejects.toMatchObject({ code: 'ENOENT' });
    },
    PROGRAM_MILLISECONDS,
  );

  it(
    'warns of variables that it does not know instead of passing them over in silence',
    async () => {
      await writeFile(join(folder, 'shop.yaml'), SHOP);
      const program = startProgram(['--policies', folder, ...FREE_PORTS], { DHARMA_MOOD: 'observe' });
      await program.says('until Ctrl-C');
      program.process.kill('SIGINT');
      expect(await program.ended).toBe(0);
      const warnings = program.output.error.split('\n').filter((line) => line.includes('"level":40'));
      expect(warnings.map((line) => JSON.parse(line))).toMatchObject([{ variables: ['DHARMA_MOOD'] }]);
    },
    PROGRAM_MILLISECONDS,
  );

  it.each`
    because                    | documents      | flags                              | code | message
    ${'the set is not valid'}  | ${BROKEN_SHOP} | ${[]}                              | ${1} | ${/shop\.yaml:\d+:\d+: /}
    ${'a setting is wrong'}    | ${SHOP}        | ${['--log-level', 'loud']}         | ${2} | ${/DHARMA_LOG_LEVEL/}
    ${'it would be reachable'} | ${SHOP}        | ${['--http-address', '0.0.0.0:0']} | ${2} | ${/DHARMA_ALLOW_PLAINTEXT/}
  `(
    'does not start when $because',
    async ({ documents, flags, code, message }) => {
      await writeFile(join(folder, 'shop.yaml'), documents);
      const program = startProgram(['--policies', folder, ...FREE_PORTS, ...flags]);
      expect(await program.ended).toBe(code);
      expect(program.output.error).toMatch(message);
      expect(program.output.error).not.toMatch(/^ +at /m);
    },
    PROGRAM_MILLISECONDS,
  );

  it(
    'does not start when an address is taken, and names it',
    async () => {
      await writeFile(join(folder, 'shop.yaml'), SHOP);
      const taken = createServer();
      const port = await new Promise<number>((listening) => {
        taken.listen(0, '127.0.0.1', () => listening((taken.address() as { port: number }).port));
      });
      const address = `127.0.0.1:${port}`;
      const said = (setting: string): string =>
        `\`DHARMA_${setting}_ADDRESS\`: cannot listen on \`${address}\`: listen EADDRINUSE`;
      const program = startProgram(['--policies', folder, ...FREE_PORTS, '--grpc-address', address]);
      expect(await program.ended).toBe(1);
      expect(program.output.error).toContain(`dharma: ${said('GRPC')}`);
      expect(program.output.error).not.toContain('No address added');
      // A server within this process says what the program prints.
      await expect(startTestServer(SHOP, { 'http-address': address })).rejects.toThrow(said('HTTP'));
      await expect(startTestServer(SHOP, { 'admin-address': address })).rejects.toThrow(said('ADMIN'));
      taken.close();
    },
    PROGRAM_MILLISECONDS,
  );
});

function ask(agent: Agent, address: string, body = QUESTION): Promise<{ decisionId: string; reason: string }> {
  const colon = address.lastIndexOf(':');
  return new Promise((done, failed) => {
    const asking = request(
      {
        agent,
        host: address.slice(0, colon),
        port: Number(address.slice(colon + 1)),
        method: 'POST',
        path: '/v1/decide',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('end', () => done(JSON.parse(text)));
      },
    );
    asking.once('error', failed);
    asking.end(body);
  });
}
