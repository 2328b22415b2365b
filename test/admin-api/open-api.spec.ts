import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CATALOGUE } from '#problem';
import { type Answer, startTestAdmin, ScriptedServer, type TestAdmin } from './admin-server.js';

/** Rewritten by `DHARMA_GOLDEN=write npm test -- test/admin-api/open-api.spec.ts`. */
const GOLDEN = fileURLToPath(new URL('../../docs/openapi.json', import.meta.url));

let admin: TestAdmin;
let description: Answer;
beforeAll(async () => {
  admin = await startTestAdmin({ history: null, server: new ScriptedServer(), clock: () => 0 });
  description = await admin.ask('GET', '/openapi.json', { token: null });
});
afterAll(() => admin.stop());

describe('the API description', () => {
  it('is what was reviewed', () => {
    if (process.env.DHARMA_GOLDEN === 'write') {
      writeFileSync(GOLDEN, `${JSON.stringify(description.json, null, 2)}\n`);
    }
    expect(description.json).toEqual(JSON.parse(readFileSync(GOLDEN, 'utf8')));
  });

  it('is OpenAPI 3.1, names every operation once, and says of each what it answers', () => {
    expect(description.json.openapi).toBe('3.1.0');
    const operations = Object.values(description.json.paths as Record<string, Record<string, Operation>>).flatMap(
      (path) => Object.values(path),
    );
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { operationId, summary, responses } of operations) {
      expect([operationId, summary]).toEqual([operationId, expect.stringMatching(/^[A-Z].*[^.]$/)]);
      for (const [status, { content, description: said }] of Object.entries(responses)) {
        expect([operationId, status, content !== undefined || said !== '']).toEqual([operationId, status, true]);
      }
    }
  });

  it('refers to shapes that are there, and to codes of the catalogue', () => {
    const { schemas } = description.json.components;
    for (const [, name] of description.text.matchAll(/#\/components\/schemas\/(\w+)/g))
      expect(schemas).toHaveProperty([name!]);
    for (const [, code] of description.text.matchAll(/`([a-z]+(?:-[a-z]+)+)`: [A-Z]/g))
      expect(CATALOGUE).toHaveProperty([code!]);
  });

  it('can be read in a browser without anything from elsewhere', async () => {
    const page = await admin.ask('GET', '/docs', { token: null });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const parts = [...page.text.matchAll(/(?:src|href)=['"]([^'"]+)['"]/g)].map(([, url]) => url!);
    expect(parts.length).toBeGreaterThan(3);
    for (const part of parts) {
      expect(part).toMatch(/^\.\//);
      expect(await admin.ask('GET', new URL(part, 'http://x/docs').pathname, { token: null })).toMatchObject({
        status: 200,
      });
    }
    const start = await admin.ask('GET', '/docs/swagger-ui-init.js', { token: null });
    expect(start.text).toContain('"validatorUrl": null');
  });

  it('is no way to files beside it', async () => {
    for (const path of ['/docs/../package.json', '/docs/%2e%2e/package.json', '/docs/..%2f..%2fpackage.json']) {
      expect((await admin.ask('GET', path, { token: null })).status).toBeGreaterThanOrEqual(400);
    }
  });
});

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly responses: Record<string, { readonly content?: unknown; readonly description: string }>;
}
