/** What operators are not allowed to send, and nobody who seems to be one. */
import { BODY } from './messages.js';

const PLAN = { source: 'git', files: [{ file: 'a.yaml', text: '' }] };

interface Headers {
  readonly [name: string]: string;
}

/** With the token of an operator, unless it says otherwise. */
export const ADMIN: readonly (readonly [
  because: string,
  line: string,
  body?: string | Uint8Array,
  headers?: Headers,
])[] = [
  ['no token', 'GET /admin/v1/status', undefined, { authorization: '' }],
  ['a token of noise', 'GET /admin/v1/status', undefined, { authorization: 'Bearer \u00ff.\u00fe' }],
  ['a token that is long', 'GET /admin/v1/status', undefined, { authorization: `Bearer ${'a'.repeat(40_000)}` }],
  ['a password', 'GET /admin/v1/status', undefined, { authorization: 'Basic ====' }],
  ['a limit of less than nothing', 'GET /admin/v1/documents?limit=-1'],
  ['a limit beyond all numbers', 'GET /admin/v1/documents?limit=1e99'],
  ['two limits', 'GET /admin/v1/documents?limit=1&limit=2'],
  ['a cursor of noise', 'GET /admin/v1/documents?next=%ff%00'],
  ['a parameter that is none', 'GET /admin/v1/documents?unknown=1'],
  ['a parameter like a map', 'GET /admin/v1/documents?kind[a]=Policy'],
  ['a kind that is none', 'GET /admin/v1/documents/constructor/constructor'],
  ['a name with a zero', 'GET /admin/v1/documents/Policy/%00'],
  ['a name of bytes', 'GET /admin/v1/documents/Policy/%ff%fe'],
  ['a name of half an escape', 'GET /admin/v1/domains/%4'],
  ['a name of a language', 'GET /admin/v1/domains/__proto__'],
  ['a revision that is none', 'GET /admin/v1/revisions/NaN'],
  ['a revision before all others', 'GET /admin/v1/revisions/-1/documents'],
  ['a revision beyond all numbers', `GET /admin/v1/revisions/${'9'.repeat(400)}/diff?against=1`],
  ['a key with a path', 'DELETE /admin/v1/keys/..%2f..%2foperators'],
  ['nothing', 'POST /admin/v1/plan', ''],
  ['half an object', 'POST /admin/v1/plan', '{"source":'],
  ['null', 'POST /admin/v1/plan', 'null'],
  ['a list', 'POST /admin/v1/plan', '[]'],
  ['bytes', 'POST /admin/v1/plan', Buffer.from('7b22ff223a317d', 'hex')],
  ['lists without end', 'POST /admin/v1/plan', '['.repeat(1_000_000)],
  ['a member of a language', 'POST /admin/v1/plan', '{"__proto__":{"source":"git"}}'],
  ['files that are no list', 'POST /admin/v1/plan', JSON.stringify({ ...PLAN, files: 'a' })],
  ['a file that is none', 'POST /admin/v1/plan', JSON.stringify({ ...PLAN, files: [null] })],
  ['a file without a text', 'POST /admin/v1/plan', JSON.stringify({ ...PLAN, files: [{ file: 'a' }] })],
  ['one file twice', 'POST /admin/v1/plan', JSON.stringify({ ...PLAN, files: [...PLAN.files, ...PLAN.files] })],
  ['YAML of nothing but control characters', 'POST /admin/v1/plan', planOf('\u0000\u0001')],
  ['YAML that grows', 'POST /admin/v1/plan', planOf(`a: &a [x]\n${'b: &b [*a, *a]\n'.repeat(40)}`)],
  ['YAML that lies deep', 'POST /admin/v1/plan', planOf('['.repeat(20_000))],
  ['YAML of half characters', 'POST /admin/v1/plan', planOf('kind: "\ud800"')],
  ['a form', 'POST /admin/v1/plan', 'source=git', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['a publication of nothing', 'POST /admin/v1/revisions', '{}'],
  ['a publication on nothing', 'POST /admin/v1/revisions', JSON.stringify({ ...PLAN, base: 7, because: 1 })],
  ['an operator without a name', 'POST /admin/v1/operators', '{"name":null}'],
  ['another method', 'PATCH /admin/v1/status', '{}'],
  ['a route of the other listener', 'POST /v1/decide', BODY],
  ['a body that says it is packed', 'POST /admin/v1/plan', JSON.stringify(PLAN), { 'content-encoding': 'gzip' }],
  ['two texts', 'POST /admin/v1/plan', '{}{}'],
  ['a file whose name is a number', 'POST /admin/v1/plan', JSON.stringify({ ...PLAN, files: [{ file: 1, text: '' }] })],
  ['more than a request may hold', 'POST /admin/v1/operators', JSON.stringify({ name: 'a'.repeat(300 * 1024) })],
  ['a name of half a character', 'POST /admin/v1/operators', '{"name":"\\ud800"}'],
];

function planOf(text: string): string {
  return JSON.stringify({ ...PLAN, files: [{ file: 'a.yaml', text }] });
}
