import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endpointOf, sendRaw } from '../../../test/support/http.js';
import { printListenAddress } from './listen-address.js';
import { startProbeListener, type ProbeListener } from './probe-listener.js';
import type { StandingReport } from './standing.js';

const FREE = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;

let report: StandingReport = { ready: true, revision: 7 };
let probes: ProbeListener;

function ask(request: string, ...headers: readonly string[]) {
  return sendRaw(endpointOf(printListenAddress(probes.address)), [`${request} HTTP/1.1`, 'Host: a', ...headers]);
}

describe('the probe listener', () => {
  beforeEach(async () => {
    probes = await startProbeListener(FREE, {
      readiness: () => report,
      metrics: async () => 'dharma_policy_revision 7\n',
    });
  });

  afterEach(() => probes.close());

  it('says that the process is alive', async () => {
    expect(await ask('GET /healthz')).toMatchObject({ status: 200, body: '{"status":"alive"}' });
  });

  it('says whether it is ready, and what is wrong', async () => {
    report = { ready: true, revision: 7, mode: 'observe', degraded: ['the store is not followed: unreachable'] };
    const ready = await ask('GET /readyz');
    expect([ready.status, JSON.parse(ready.body)]).toEqual([200, report]);
    report = { ready: false, because: 'shutting down' };
    const leaving = await ask('GET /readyz?verbose');
    expect([leaving.status, JSON.parse(leaving.body)]).toEqual([503, report]);
  });

  it('hands out metrics', async () => {
    const { status, headers, body } = await ask('GET /metrics');
    expect({ status, body }).toEqual({ status: 200, body: 'dharma_policy_revision 7\n' });
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  it.each`
    because                     | request                      | status
    ${'it decides nothing'}     | ${'POST /v1/decide'}         | ${405}
    ${'it administers nothing'} | ${'GET /admin/v1/revisions'} | ${404}
    ${'it has no root'}         | ${'GET /'}                   | ${404}
    ${'it is no proxy'}         | ${'GET http://a/healthz'}    | ${404}
    ${'it changes nothing'}     | ${'DELETE /healthz'}         | ${405}
  `('answers nothing else: $because', async ({ request, status }) => {
    expect((await ask(request)).status).toBe(status);
  });

  it('reads little', async () => {
    expect((await ask('GET /healthz', `X-Long: ${'x'.repeat(9000)}`)).status).toBe(431);
  });

  it('answers HEAD without a body', async () => {
    expect(await ask('HEAD /metrics')).toMatchObject({ status: 200, body: '' });
  });

  it('says so when metrics fail, and not why', async () => {
    const failing = await startProbeListener(FREE, {
      readiness: () => report,
      metrics: () => Promise.reject(new Error('Sesame')),
    });
    const { status, body } = await sendRaw(endpointOf(printListenAddress(failing.address)), [
      'GET /metrics HTTP/1.1',
      'Host: a',
    ]);
    expect({ status, body }).toEqual({ status: 500, body: 'internal fault' });
    await failing.close();
  });

  it('names its setting when it cannot listen', async () => {
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
    const { port } = taken.address() as AddressInfo;
    await expect(
      startProbeListener({ ...FREE, port }, { readiness: () => report, metrics: async () => '' }),
    ).rejects.toMatchObject({
      code: 'address-unavailable',
      message: expect.stringContaining('`DHARMA_PROBE_ADDRESS`: cannot listen on'),
    });
    taken.close();
  });

  it('listens on a unix socket for its owner and group', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dharma-probe-'));
    const path = join(folder, 'probe.sock');
    const local = await startProbeListener(
      { kind: 'unix', path },
      { readiness: () => report, metrics: async () => '' },
    );
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect((await sendRaw({ path }, ['GET /healthz HTTP/1.1', 'Host: a'])).status).toBe(200);
    await local.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
