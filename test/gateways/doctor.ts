import { jest } from '@jest/globals';
import { dharma as run, type Ran } from '../cli/program.js';
import { GATEWAY_SHOP } from '../support/gateway-shop.js';
import { freePort, startGateway, type Gateway, type GatewayProgram } from '../support/gateway.js';
import { startTestServer, type TestServer } from '../support/server.js';
import type { Front } from './front.js';

jest.setTimeout(90_000);

/** Has the doctor look at a gateway in front of the shop. */
export async function examine(dharma: TestServer, front: Front, ...flags: readonly string[]): Promise<Ran> {
  return examineGateway(dharma, front.gateway, front.asks, flags);
}

async function examineGateway(
  dharma: TestServer,
  program: GatewayProgram,
  asks: Front['asks'],
  flags: readonly string[],
): Promise<Ran> {
  const echo = `127.0.0.1:${await freePort()}`;
  const gateway: Gateway = await startGateway(program, { dharma: dharma.addresses[asks], service: echo });
  const { port } = gateway.endpoint as { readonly port: number };
  const argv = ['doctor', 'gateway', `http://127.0.0.1:${port}/public/list`, '--host', 'shop.example'];
  const own = ['--own-header', 'X-Customer-Tier', '--own-header', 'X-Auth-Request-User'];
  try {
    return await run([...argv, '--upstream-echo', echo, ...own, ...flags]);
  } finally {
    await gateway.stop();
  }
}

/**
 * What the doctor finds in a gateway with the configuration that we ship: nothing.
 *
 * @param http2  whether that configuration lets clients speak it in the clear
 */
export function describeDoctor(name: string, front: Front, http2: 'tried' | 'not spoken'): void {
  describe(`dharma doctor at ${name}`, () => {
    let dharma: TestServer;

    beforeAll(async () => {
      dharma = await startTestServer(GATEWAY_SHOP);
    });
    afterAll(() => dharma?.stop());

    it.each`
      because                                         | flags
      ${'all that arrives is read the same'}          | ${() => []}
      ${'a server says the same of all that arrives'} | ${() => ['--server', `http://${dharma.addresses.http}`]}
    `('finds nothing: $because', async ({ flags }: { flags: () => string[] }) => {
      const { code, stdout, stderr } = await examine(dharma, front, '--format', 'json', ...flags());
      const report = JSON.parse(stdout || '{}') as {
        http2?: string;
        counts?: object;
        results?: { verdict: string }[];
      };
      const differing = report.results?.filter(({ verdict }) => verdict === 'differs');
      expect({ stderr, differing, http2: report.http2 }).toEqual({
        http2,
        stderr: expect.stringContaining('(100 %)'),
        differing: [],
      });
      expect(report.counts).toMatchObject({ differs: 0, same: expect.any(Number), refused: expect.any(Number) });
      expect(code).toBe(0);
    });
  });
}
