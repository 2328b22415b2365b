import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { CATALOGUE } from '#problem';
import { type MemoryAdmin, startMemoryAdmin } from '../sources/memory-admin.js';
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
    const operations = Object.values(description.json.paths as Paths).flatMap((path) => Object.values(path));
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

  it('declares each parameter of each path, and no other', () => {
    for (const [path, operations] of Object.entries(description.json.paths as Paths))
      for (const { operationId, parameters = [] } of Object.values(operations)) {
        const declared = parameters.filter((one) => one.in === 'path' && one.required).map(({ name }) => name);
        const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        expect({ operationId, named: named.sort() }).toEqual({ operationId, named: declared.sort() });
        expect(operationId).toMatch(/^[a-z]\w*$/);
      }
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

describe('its schemas and examples', () => {
  let memory: MemoryAdmin;
  beforeAll(async () => {
    memory = await startMemoryAdmin();
  });
  afterAll(() => memory.stop());

  // Strict: a keyword of OpenAPI 3.0 that means nothing in 3.1, such as `nullable`, is a fault.
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    formats: { 'date-time': true },
  });
  ajv.addVocabulary(['example', 'components']);
  const ROOT = 'https://dharma.example/openapi.json';
  const faultsOf = (pointer: string, value: unknown): unknown => {
    if (ajv.getSchema(ROOT) === undefined) ajv.addSchema({ $id: ROOT, components: description.json.components });
    const validate = ajv.compile({ $ref: `${ROOT}#${pointer}` });
    return validate(value) ? [] : validate.errors;
  };

  it('members are as their own examples show', () => {
    const shown = examplesIn(description.json.components, '/components');
    expect(shown.length).toBeGreaterThan(50);
    for (const { pointer, example } of shown)
      expect({ pointer, faults: faultsOf(pointer, example) }).toEqual({ pointer, faults: [] });
  });

  it('every body has whole examples, which its schema and the API take', async () => {
    let bodies = 0;
    for (const [path, operations] of Object.entries(description.json.paths as Paths))
      for (const [method, { operationId, requestBody }] of Object.entries(operations)) {
        if (requestBody === undefined) continue;
        const { schema, examples = {} } = requestBody.content['application/json'];
        bodies += 1;
        expect({ operationId, has: Object.keys(examples).length > 0 }).toEqual({ operationId, has: true });
        for (const [name, { value }] of Object.entries(examples)) {
          const faults = faultsOf(schema.$ref.slice(1), value);
          expect({ operationId, name, faults }).toEqual({ operationId, name, faults: [] });
          const filled = path
            .replace('{kind}', 'Policy')
            .replace('{name}', 'shop')
            .replace(/\{\w+\}/g, '1');
          const headers = { 'if-none-match': '*' };
          const { status, json } = await memory.ask(method.toUpperCase(), filled, { body: value, headers });
          // There need not be what an example names.
          expect({ operationId, name, json, isFine: status < 500 && json.code !== 'request-invalid' }).toMatchObject({
            isFine: true,
          });
        }
      }
    expect(bodies).toBeGreaterThanOrEqual(16);
  });

  it('a bundle of the examples would be published', async () => {
    const { value } =
      description.json.paths['/admin/v1/plan'].post.requestBody.content['application/json'].examples.bundle;
    const empty = await startMemoryAdmin();
    const { json } = await empty.ask('POST', '/admin/v1/plan', { body: value });
    await empty.stop();
    expect(json).toMatchObject({ valid: true, faults: [], warnings: [] });
  });
});

/** Examples within schemas, by where the schema stands that has one. */
function examplesIn(
  schema: unknown,
  pointer: string,
): readonly { readonly pointer: string; readonly example: unknown }[] {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return [];
  const below = Object.entries(schema).flatMap(([name, member]) => examplesIn(member, `${pointer}/${name}`));
  return 'example' in schema && !pointer.endsWith('/properties')
    ? [{ pointer, example: schema.example }, ...below]
    : below;
}

type Paths = Record<string, Record<string, Operation>>;

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly required?: boolean }[];
  readonly requestBody?: {
    readonly content: {
      readonly 'application/json': {
        readonly schema: { readonly $ref: string };
        readonly examples?: Record<string, { readonly value: unknown }>;
      };
    };
  };
  readonly responses: Record<string, { readonly content?: unknown; readonly description: string }>;
}
