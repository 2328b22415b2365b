/**
 * What the working group's certification scenario asks of a decision point, level by level, at a running server with the
 * policy set that the repository ships for it. Errors, headers and metadata are in `http.spec.ts`.
 */
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { startServerWith } from '../support/server.js';
import { post } from './calls.js';

/** A server starts and stops within it on a busy machine. */
jest.setTimeout(30_000);

const ALICE = { type: 'user', id: 'alice' };
const BOB = { type: 'user', id: 'bob' };
const ADMIN = { ...BOB, properties: { role: 'admin' } };
const ACTIVE = { type: 'record', id: 'record-1' };
const ARCHIVED = { type: 'record', id: 'record-2', properties: { status: 'archived' } };
const READ = { name: 'read' };
const WRITE = { name: 'write' };
const DELETE = (soft: boolean) => ({ name: 'delete', properties: { soft } });
const TIME = { time: '2026-06-27T18:03-07:00' };

let server: Awaited<ReturnType<typeof startServerWith>>;

beforeAll(async () => {
  const policies = join(import.meta.dirname, '../../policies/examples/authzen-certification');
  server = await startServerWith({ policies });
});

afterAll(() => server.stop());

async function ask(path: string, body: object): Promise<{ readonly [member: string]: unknown }> {
  const { status, json } = await post(server.addresses.http, `/access/v1/${path}`, body);
  expect(status).toBe(200);
  return json;
}

it.each`
  because                             | subject  | action           | resource    | decision
  ${'alice reads'}                    | ${ALICE} | ${READ}          | ${ACTIVE}   | ${true}
  ${'alice writes'}                   | ${ALICE} | ${WRITE}         | ${ACTIVE}   | ${true}
  ${'bob reads'}                      | ${BOB}   | ${READ}          | ${ACTIVE}   | ${true}
  ${'bob does not write'}             | ${BOB}   | ${WRITE}         | ${ACTIVE}   | ${false}
  ${'nobody writes what is archived'} | ${ALICE} | ${WRITE}         | ${ARCHIVED} | ${false}
  ${'but an admin'}                   | ${ADMIN} | ${WRITE}         | ${ARCHIVED} | ${true}
  ${'alice deletes softly'}           | ${ALICE} | ${DELETE(true)}  | ${ACTIVE}   | ${true}
  ${'and not for good'}               | ${ALICE} | ${DELETE(false)} | ${ACTIVE}   | ${false}
`('basic: $because', async ({ decision, subject, action, resource }) => {
  const asked = { subject, action, resource };
  for (const more of [{}, { context: TIME }, { foo: 'bar', futureField: { nested: true } }]) {
    expect((await ask('evaluation', { ...asked, ...more }))['decision']).toBe(decision);
    expect((await ask('evaluations', { ...asked, ...more }))['decision']).toBe(decision);
    expect((await ask('evaluations', { ...asked, ...more, evaluations: [] }))['decision']).toBe(decision);
  }
});

it('basic: properties that no rule reads change nothing', async () => {
  const asked = {
    subject: { ...ALICE, properties: { department: 'Sales', role: 'manager' } },
    action: { ...READ, properties: { method: 'GET' } },
    resource: { ...ACTIVE, properties: { status: 'active', owner: 'bob' } },
  };
  expect(await ask('evaluation', asked)).toEqual({ decision: true });
});

it.each`
  because                            | body                                                                                                                                        | decisions
  ${'a resource an item'}            | ${{ subject: ALICE, action: READ, evaluations: [{ resource: ACTIVE }, { resource: ARCHIVED }] }}                                            | ${[true, true]}
  ${'an action an item, in order'}   | ${{ subject: BOB, resource: ACTIVE, evaluations: [{ action: READ }, { action: WRITE }] }}                                                   | ${[true, false]}
  ${'a subject an item'}             | ${{ action: WRITE, resource: ARCHIVED, evaluations: [{ subject: ALICE }, { subject: ADMIN }] }}                                             | ${[false, true]}
  ${'no defaults'}                   | ${{ evaluations: [{ subject: ALICE, action: READ, resource: ACTIVE }, { subject: BOB, action: WRITE, resource: ACTIVE }] }}                 | ${[true, false]}
  ${'a context for all, or its own'} | ${{ subject: ALICE, action: READ, context: TIME, evaluations: [{ resource: ACTIVE }, { resource: ACTIVE, context: {} }] }}                  | ${[true, true]}
  ${'a type for all, an id an item'} | ${{ subject: ALICE, action: WRITE, resource: { type: 'record' }, evaluations: [{ resource: { id: 'record-1' } }, { resource: ARCHIVED }] }} | ${[true, false]}
`('batch: $because', async ({ body, decisions }) => {
  expect(await ask('evaluations', body)).toEqual({
    evaluations: decisions.map((decision: boolean) => ({ decision })),
  });
});

it('batch: an item that cannot be read is denied in its place', async () => {
  const body = { subject: ALICE, action: READ, evaluations: [{ resource: ACTIVE }, {}, { resource: ACTIVE }] };
  expect(await ask('evaluations', body)).toEqual({
    evaluations: [
      { decision: true },
      { decision: false, context: { error: { status: 400, message: expect.stringContaining('resource') } } },
      { decision: true },
    ],
  });
});

it.each`
  semantic                    | asked
  ${'execute_all'}            | ${[true, false, true]}
  ${'deny_on_first_deny'}     | ${[true, false]}
  ${'permit_on_first_permit'} | ${[true]}
`('batch: $semantic', async ({ semantic, asked }) => {
  const evaluations = [{ action: READ }, { action: DELETE(false) }, { action: WRITE }];
  const body = { subject: ALICE, resource: ACTIVE, evaluations, options: { evaluations_semantic: semantic } };
  const said = (await ask('evaluations', body))['evaluations'] as readonly { readonly decision: boolean }[];
  expect(said.map(({ decision }) => decision)).toEqual(asked);
});

it.each`
  because                                  | sought        | body                                                                | results
  ${'who reads'}                           | ${'subject'}  | ${{ subject: { type: 'user' }, action: READ, resource: ACTIVE }}    | ${[ALICE, BOB]}
  ${'who mends the archive'}               | ${'subject'}  | ${{ subject: { type: 'user' }, action: WRITE, resource: ARCHIVED }} | ${[BOB]}
  ${'what alice reads'}                    | ${'resource'} | ${{ subject: ALICE, action: READ, resource: { type: 'record' } }}   | ${[ACTIVE, { type: 'record', id: 'record-2' }]}
  ${'what an admin writes'}                | ${'resource'} | ${{ subject: ADMIN, action: WRITE, resource: { type: 'record' } }}  | ${[{ type: 'record', id: 'record-2' }]}
  ${'what alice may do'}                   | ${'action'}   | ${{ subject: ALICE, resource: ACTIVE }}                             | ${[READ, WRITE]}
  ${'what an admin may do to the archive'} | ${'action'}   | ${{ subject: ADMIN, resource: ARCHIVED }}                           | ${[READ, WRITE]}
`('search: $because', async ({ sought, body, results }) => {
  for (const more of [{}, { context: TIME }])
    expect(await ask(`search/${sought}`, { ...body, ...more })).toEqual({ results });
});

it('search: pages follow one another by their token alone, to an empty one', async () => {
  const body = { subject: { type: 'user' }, action: READ, resource: ACTIVE };
  const first = await ask('search/subject', { ...body, page: { limit: 1 } });
  expect(first).toEqual({ page: { next_token: expect.stringMatching(/./), count: 1 }, results: [ALICE] });
  const token = (first['page'] as { readonly next_token: string }).next_token;
  const second = await ask('search/subject', { ...body, page: { token } });
  expect(second).toEqual({ page: { next_token: '', count: 1 }, results: [BOB] });
});
