/** The working group's interop vectors, asked of a running server with the policy set that the repository ships for them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { startServerWith } from '../support/server.js';
import { post } from './calls.js';

/** A server starts and stops within it on a busy machine. */
jest.setTimeout(30_000);

interface Vector {
  readonly request: unknown;
  readonly expected: unknown;
}

type Vectors = { readonly [suite: string]: readonly Vector[] };

let server: Awaited<ReturnType<typeof startServerWith>>;
let asked = 0;

beforeAll(async () => {
  server = await startServerWith({ policies: join(import.meta.dirname, '../../policies/examples/authzen') });
});

afterAll(() => server.stop());

/** The answers to all requests, in their order. */
async function answers(
  path: string,
  vectors: readonly Vector[],
): Promise<readonly { readonly [member: string]: unknown }[]> {
  asked += vectors.length;
  return Promise.all(
    vectors.map(async ({ request }) => {
      const { status, json } = await post(server.addresses.http, path, request);
      expect(status).toBe(200);
      return json;
    }),
  );
}

async function vectorsIn(file: string): Promise<Vectors> {
  return JSON.parse(await readFile(join(import.meta.dirname, 'vectors', file), 'utf8')) as Vectors;
}

it.each(['todo-01.json', 'todo-02.json', 'gateway.json'])('decides every evaluation of %s', async (file) => {
  const { evaluation } = await vectorsIn(file);
  const said = await answers('/access/v1/evaluation', evaluation!);
  expect(said.map(({ decision }) => decision)).toEqual(evaluation!.map(({ expected }) => expected));
});

it('decides every batch of todo-02.json, and adds nothing to an item', async () => {
  const { evaluations } = await vectorsIn('todo-02.json');
  const said = await answers('/access/v1/evaluations', evaluations!);
  expect(said).toEqual(evaluations!.map(({ expected }) => ({ evaluations: expected })));
});

it.each`
  file                      | route         | member
  ${'search-subject.json'}  | ${'subject'}  | ${'evaluation'}
  ${'search-resource.json'} | ${'resource'} | ${'evaluation'}
  ${'search-action.json'}   | ${'action'}   | ${'evaluation'}
  ${'idp.json'}             | ${'resource'} | ${'search'}
`('finds exactly what $file expects, whatever the order', async ({ file, route, member }) => {
  const vectors = (await vectorsIn(file))[member]!;
  const said = await answers(`/access/v1/search/${route}`, vectors);
  const expected = vectors.map((vector) => (vector.expected as { results: readonly object[] }).results);
  expect(said.map((answer) => Object.keys(answer))).toEqual(vectors.map(() => ['results']));
  expect(said.map(({ results }) => inOrder(results))).toEqual(expected.map(inOrder));
});

it('leaves none out', () => {
  expect(asked).toBe(312);
});

function inOrder(results: unknown): readonly string[] {
  return (results as readonly object[]).map((result) => JSON.stringify(result)).sort();
}
