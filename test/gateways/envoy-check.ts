import { jest } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { connect as dial, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEcho, type Echo } from '../support/echo.js';
import { GATEWAY_SHOP } from '../support/gateway-shop.js';
import { amended, startGateway } from '../support/gateway.js';
import { sendRaw, type HttpResponse } from '../support/http.js';
import { startTestServer, type TestServer } from '../support/server.js';
import type { Front } from './front.js';

jest.setTimeout(90_000);

const CLOSED = '                      failure_mode_allow: false\n';
const PREFIX = '                stat_prefix: ingress\n';
/** What a filter that sends bodies along does; the larger one is cut, or refused by Envoy itself. */
const BODY_BYTES = 64;

/** What Envoy's filter can do beyond asking: send bodies along, keep what we say of a decision, and bound what we change. */
export function describeEnvoyCheck(name: string, front: Front): void {
  describe(`the filter of ${name}`, () => {
    let dharma: TestServer;
    let service: Echo;

    beforeAll(async () => {
      dharma = await startTestServer(GATEWAY_SHOP);
      service = await startEcho();
    });
    afterAll(async () => {
      await service?.stop();
      await dharma?.stop();
    });

    const withEnvoy = async (
      lines: readonly (readonly [string, string])[],
      use: (send: (start: string, body?: string) => Promise<HttpResponse>, endpoint: NetConnectOpts) => Promise<void>,
    ): Promise<void> => {
      const neighbours = { dharma: dharma.addresses[front.asks], service: service.address };
      const envoy = await startGateway(amended(front.gateway, ...lines), neighbours);
      try {
        await use(
          (start, body = '') =>
            sendRaw(
              envoy.endpoint,
              [`${start} HTTP/1.1`, 'Host: shop.example', ...(body === '' ? [] : [`Content-Length: ${body.length}`])],
              body,
            ),
          envoy.endpoint,
        );
      } finally {
        await envoy.stop();
      }
    };

    it.each`
      because                                | partial  | bytes             | status
      ${'it fits'}                           | ${false} | ${BODY_BYTES / 2} | ${200}
      ${'it is cut, and nobody reads it'}    | ${true}  | ${BODY_BYTES * 2} | ${200}
      ${'Envoy refuses what it may not cut'} | ${false} | ${BODY_BYTES * 2} | ${413}
    `('lets a body come along, which changes nothing: $because', async ({ partial, bytes, status }) => {
      const body = `with_request_body: { max_request_bytes: ${BODY_BYTES}, allow_partial_message: ${partial} }`;
      await withEnvoy([[CLOSED, `${CLOSED}                      ${body}\n`]], async (send) => {
        const before = service.received.length;
        expect(await send('GET /public/list', 'x'.repeat(bytes))).toMatchObject({ status });
        const received = service.received.slice(before);
        expect(received.map(({ headers }) => headers['content-length'])).toEqual(status === 200 ? [`${bytes}`] : []);
        expect((await send('POST /public/list', 'x')).status).toBe(401);
        expect(service.received).toHaveLength(before + received.length);
      });
    });

    it('tells the log of Envoy the decision, by gRPC also why, and the client neither', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'dharma-envoy-log-'));
      const file = join(folder, 'access.log');
      // By HTTP there is no place for a reason that a client could not see.
      const members = front.asks === 'http' ? ['x-dharma-decision'] : ['decision', 'reason'];
      const said = members.map((member) => `%DYNAMIC_METADATA(envoy.filters.http.ext_authz:${member})%`);
      const log = `[{ name: file, typed_config: { "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: ${file}, log_format: { text_format_source: { inline_string: "${said.join(' ')}\\n" } } } }]`;
      let answers: readonly HttpResponse[] = [];
      await withEnvoy([[PREFIX, `${PREFIX}                access_log: ${log}\n`]], async (send) => {
        answers = [await send('GET /public/list'), await send('GET /admin/users'), await send('GET /frozen/list')];
      });
      const [, ...denials] = answers;
      const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
      await rm(folder, { recursive: true });
      const reasons =
        front.asks === 'http' ? [undefined, undefined, undefined] : ['ALLOW_SLOW', 'NO_ALLOW_RULE', 'DENY_RULE'];
      expect(lines.map((line) => line.split(' ')[1])).toEqual(reasons);
      expect(lines[0]!.split(' ')[0]).toBe(service.received.at(-1)!.headers['x-dharma-decision']);
      expect(lines.slice(1).map((line) => line.split(' ')[0])).toEqual(
        denials.map(({ body }) => (JSON.parse(body) as { decisionId: string }).decisionId),
      );
      for (const { body } of denials) expect(body).not.toMatch(/NO_ALLOW_RULE|DENY_RULE/);
    });

    if (front.asks === 'http') return;

    it('passes no bytes on that are no text, which HTTP/2 may carry: a service may drop them', async () => {
      await withEnvoy([], async (_, endpoint) => {
        const before = service.received.length;
        const statuses: unknown[] = [];
        for (const target of ['/public/list', '/prices/a?t\u00ffier=gold', '/public/list?a=\u00ff', '/public/\u00ff'])
          statuses.push(await overHttp2(endpoint, target));
        expect(statuses).toEqual([200, 403, 403, 403]);
        expect(service.received).toHaveLength(before + 1);
      });
    });

    it('passes nothing on that a rule would have sent elsewhere', async () => {
      const inForce = dharma.next('policy-in-force');
      await dharma.rewrite(GATEWAY_SHOP.replace('x-customer-tier', 'x-envoy-upstream-rq-timeout-ms'));
      await inForce;
      await withEnvoy([], async (send) => {
        const before = service.received.length;
        expect((await send('GET /public/list')).status).toBe(500);
        expect(service.received).toHaveLength(before);
      });
    });
  });
}

/** The status of a GET whose target is sent as bytes of Latin-1. */
async function overHttp2(endpoint: NetConnectOpts, path: string): Promise<number> {
  const session = connect('http://shop.example', { createConnection: () => dial(endpoint) });
  try {
    const request = session.request({ ':path': path, ':authority': 'shop.example' });
    const [headers] = (await once(request, 'response')) as [IncomingHttpHeaders];
    return Number(headers[':status']);
  } finally {
    session.destroy();
  }
}
