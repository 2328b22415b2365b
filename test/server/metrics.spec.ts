import { grpcClient } from '../support/check-client.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { SHOP } from '../support/shop.js';

/** In every place of a request where a secret may be. */
const SECRET = 'Sesame-5b1f';
const ALLOWED = { host: 'shop.example', method: 'GET', path: '/public/list' };
const DENIED = { host: 'shop.example', method: 'GET', path: `/admin/list?token=${SECRET}` };

/** Starting takes its time on a busy machine. */
const PATIENCE_MILLISECONDS = 60_000;

let server: TestServer;

async function decide(
  target: object,
  headers: { readonly [name: string]: string } = {},
): Promise<{ decisionId: string }> {
  const answer = await fetch(`http://${server.addresses.http}/v1/decide`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ target, attributes: { note: SECRET }, headers: { cookie: SECRET } }),
  });
  return (await answer.json()) as { decisionId: string };
}

/** The value of one sample of the metrics. */
async function sample(name: string, address = server.addresses.admin): Promise<number | undefined> {
  const text = await (await fetch(`http://${address}/metrics`)).text();
  const line = text.split('\n').find((found) => found.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

describe('telemetry of a server', () => {
  beforeAll(async () => {
    server = await startTestServer(SHOP, {
      'probe-address': '127.0.0.1:0',
      'log-allow-share': '1',
      'log-level': 'trace',
    });
  }, PATIENCE_MILLISECONDS);

  afterAll(() => server.stop(), PATIENCE_MILLISECONDS);

  it('counts what it decides, and hands it to operators and to probes', async () => {
    for (const target of [ALLOWED, ALLOWED, DENIED]) await decide(target);
    for (const address of [server.addresses.admin, server.addresses.probe!]) {
      const allow = 'dharma_decisions_total{decision="allow",reason="ALLOW_SLOW",domain=""}';
      expect(await sample(allow, address)).toBe(2);
      expect(await sample('dharma_decision_duration_seconds_count', address)).toBe(3);
      expect(await sample('dharma_policy_revision', address)).toBe(1);
      expect((await fetch(`http://${address}/readyz`)).status).toBe(200);
    }
    expect((await fetch(`http://${server.addresses.probe!}/v1/decide`)).status).toBe(404);
  });

  it('logs every deny with the id of its answer, and allows by share', async () => {
    const { decisionId } = await decide(DENIED);
    const allowed = await decide(ALLOWED);
    const lines = server.lines.map((line) => JSON.parse(line) as { msg: string });
    expect(lines).toContainEqual(
      expect.objectContaining({
        msg: 'deny',
        decisionId,
        deniedAt: 'shop',
        endpoint: 'orders/office',
        enforcementPoint: 'local',
      }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'allow', decisionId: allowed.decisionId }));
  });

  it('says nowhere what is secret', async () => {
    const secrets = {
      authorization: `Bearer ${SECRET}`,
      cookie: `session=${SECRET}`,
      'x-api-key': SECRET,
      traceparent: SECRET,
    };
    await decide(DENIED, secrets);
    await decide(ALLOWED, secrets);
    await decide(ALLOWED, { 'x-dharma-key': `edge.${SECRET}` });
    await decide({ ...DENIED, method: SECRET });
    await fetch(`http://${server.addresses.http}/v1/decide`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"${SECRET}`,
    });
    for (const path of ['/admin', '/public/list']) {
      await fetch(`http://${server.addresses.http}/forward-auth/nginx`, {
        headers: {
          'x-original-method': 'GET',
          'x-original-host': 'shop.example',
          'x-original-uri': `${path}?key=${SECRET}`,
          ...secrets,
        },
      });
    }
    await fetch(`http://${server.addresses.admin}/admin/v1/revisions?token=${SECRET}`, { headers: secrets });
    const gateway = grpcClient(server.addresses.grpc);
    for (const { method, host, path } of [ALLOWED, DENIED]) {
      await gateway.check({ method, host, path, headers: { ':path': path, ...secrets } });
    }
    gateway.close();
    const metrics = await (await fetch(`http://${server.addresses.admin}/metrics`)).text();
    expect(server.lines.length).toBeGreaterThan(5);
    expect([...server.lines, ...server.complaints, metrics].join('\n')).not.toContain(SECRET);
  });
});

describe('a server that only observes', () => {
  beforeAll(async () => {
    server = await startTestServer(SHOP, { mode: 'observe' });
  }, PATIENCE_MILLISECONDS);

  afterAll(() => server.stop(), PATIENCE_MILLISECONDS);

  it('says so wherever somebody looks', async () => {
    expect(await decide(DENIED)).toMatchObject({ decision: 'allow' });
    expect(await sample('dharma_observe_mode')).toBe(1);
    expect(await sample('dharma_would_deny_total{by="server",reason="NO_ALLOW_RULE",domain="shop"}')).toBe(1);
    expect(await (await fetch(`http://${server.addresses.admin}/readyz`)).json()).toMatchObject({ mode: 'observe' });
    const lines = server.lines.map((line) => JSON.parse(line) as object);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 40, msg: 'this server only observes: every request is allowed' }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ decision: 'allow', observed: { reason: 'NO_ALLOW_RULE', deniedAt: 'shop' } }),
    );
  });
});
