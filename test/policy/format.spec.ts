import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Document, parse, parseAllDocuments, parseDocument, isMap, isSeq, isScalar, visit } from 'yaml';
import { format } from '#policy';
import { writtenDocument } from './written-documents.js';

const WORLD = readFileSync(new URL('../vectors/worked-examples/world.yaml', import.meta.url), 'utf8');

function formatted(text: string, file = 'x.yaml'): string {
  const result = format({ file, text });
  if ('faults' in result) throw new Error(result.faults.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  return result.text;
}

/** Values of every document, by an independent reader. */
function valuesOf(text: string): unknown {
  return parseAllDocuments(text)
    .map((document) => (document as Document).toJS() as unknown)
    .filter((value) => value !== null);
}

/** Whether the library reads its own print back: where it does not, the text is no test of ours. */
function isFaithful(text: string): boolean {
  return 'text' in format({ file: 'x.yaml', text });
}

const RUNS = Number(process.env['DHARMA_TEST_RUNS'] ?? 120);

describe('the canonical print', () => {
  it('is a fixed point and changes no value', () =>
    fc.assert(
      fc.property(fc.array(writtenDocument, { minLength: 1, maxLength: 2 }), (documents) => {
        const text = documents.join('---\n');
        fc.pre(isFaithful(text));
        const once = formatted(text);
        expect(formatted(once)).toBe(once);
        expect(canonical(valuesOf(once))).toEqual(canonical(valuesOf(text)));
      }),
      { numRuns: RUNS },
    ));

  it('keeps every remark', () =>
    fc.assert(
      fc.property(writtenDocument, (text) => {
        fc.pre(isFaithful(text));
        expect(remarksIn(formatted(text))).toEqual(remarksIn(text));
      }),
      { numRuns: RUNS },
    ));

  it('of the worked examples is a fixed point with the same meaning', () => {
    const once = formatted(WORLD);
    expect(formatted(once)).toBe(once);
    expect(valuesOf(once)).toEqual(valuesOf(WORLD));
    expect(once).toMatch(/^# The world of the worked examples/);
  });

  it('orders members as documented, at two spaces, and keeps short braces', () => {
    const text = `---
spec: {rules: [
  {effect: 'allow', id: "a"}, # why
  ]}
kind: Policy
metadata:
    domain: acme
    name: p
apiVersion: dharma/v1
...
`;
    expect(formatted(text)).toBe(`apiVersion: dharma/v1
kind: Policy
metadata:
  name: p
  domain: acme
spec:
  rules: [{ id: a, effect: allow }] # why
`);
  });

  it.each`
    because                                   | written                                                                | printed
    ${'a request begins with its target'}     | ${'{ time: T, evidence: [], target: { endpoint: a/b } }'}              | ${'{ target: { endpoint: a/b }, evidence: [], time: T }'}
    ${'an endpoint comes before its method'}  | ${'{ target: { method: GET, path: /, endpoint: a/b } }'}               | ${'{ target: { endpoint: a/b, method: GET, path: / } }'}
    ${'so does the host of an address'}       | ${'{ target: { path: /, method: GET, host: a } }'}                     | ${'{ target: { host: a, method: GET, path: / } }'}
    ${'a host stands behind an RPC'}          | ${'{ target: { host: a, rpc: /a.B/C } }'}                              | ${'{ target: { rpc: /a.B/C, host: a } }'}
    ${'resources have maps inside'}           | ${'{ target: { action: { name: a }, resource: { id: b, type: c } } }'} | ${'{ target: { resource: { type: c, id: b }, action: { name: a } } }'}
    ${'evidence says first what it is'}       | ${'{ evidence: [{ subject: a, mechanism: b, role: trust }] }'}         | ${'{ evidence: [{ role: trust, mechanism: b, subject: a }] }'}
    ${'what is in attributes has no order'}   | ${'{ attributes: { b: 1, a: 2 } }'}                                    | ${'{ attributes: { b: 1, a: 2 } }'}
    ${'a target of two kinds stays as it is'} | ${'{ target: { topic: a, endpoint: b } }'}                             | ${'{ target: { topic: a, endpoint: b } }'}
  `('orders what a test asks: $because', ({ written, printed }) => {
    const around = (request: string): string => `kind: Test
spec:
  cases:
    - request: ${request}
      expect: { decision: allow, reason: ALLOW_SLOW }
`;
    const text = around(written).replace(
      '{ decision: allow, reason: ALLOW_SLOW }',
      '{ reason: ALLOW_SLOW, decision: allow }',
    );
    expect(formatted(text)).toBe(around(printed));
    const asJson = (request: string, indent: number): string =>
      JSON.stringify({ kind: 'Test', spec: { cases: [{ request: parse(request) as unknown }] } }, null, indent);
    expect(formatted(asJson(written, 0), 'x.json')).toBe(`${asJson(printed, 2)}\n`);
  });

  it('opens braces that reach beyond 120 columns', () => {
    const list = Array.from({ length: 12 }, (_, index) => `service-${index}/endpoint`);
    const text = formatted(`kind: Domain\nspec: { boundary: [${list.join(', ')}] }\n`);
    expect(text).toBe(`kind: Domain\nspec:\n  boundary:\n${list.map((item) => `    - ${item}\n`).join('')}`);
  });

  it('leaves JSON files JSON', () => {
    expect(formatted('{"spec":{},"kind":"Domain"}', 'x.json')).toBe('{\n  "kind": "Domain",\n  "spec": {}\n}\n');
  });

  it('of what cannot be read is a list of faults', () => {
    expect(format({ file: 'x.yaml', text: 'a: 1\n---\na: &a 1\n---\na: [\n' })).toMatchObject({
      faults: [
        { file: 'x.yaml', line: 3, column: 4, code: 'yaml-anchor' },
        { file: 'x.yaml', code: 'yaml-syntax' },
      ],
    });
  });
});

/** Members in one order; -0 is 0 to JSON. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .sort()
        .map(([name, member]) => [name, canonical(member)]),
    );
  return value;
}

function remarksIn(text: string): readonly string[] {
  const document = parseDocument(text);
  const found: string[] = [];
  const take = (remark: string | null | undefined): void => {
    for (const line of (remark ?? '').split('\n')) if (line.trim() !== '') found.push(line.trim());
  };
  take(document.commentBefore);
  take(document.comment);
  visit(document, (_, node) => {
    if (isMap(node) || isSeq(node) || isScalar(node)) {
      take(node.commentBefore);
      take(node.comment);
    }
  });
  return found.sort();
}
