import { isReservedFile, plan, planRestore, type PlanRequest } from './plan.js';
import { newDocument, type StoredDocument } from './stored-document.js';
import { loadBundle } from '#policy';

const document = (kind: string, metadata: string, spec: string) =>
  `---\napiVersion: dharma/v1\nkind: ${kind}\nmetadata: { ${metadata} }\nspec: ${spec}\n`;
const DOMAIN = document('Domain', 'name: shop', '{ access: [anonymous], boundary: ["orders/*"] }');
const SERVICE = document('Service', 'name: orders', '{ domains: [shop], hosts: [shop.example] }');
const POLICY = document(
  'Policy',
  'name: shop, domain: shop',
  '{ rules: [{ id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET] } }] }',
);
const TEST = document(
  'Test',
  'name: reading, domain: shop',
  '{ cases: [{ because: anyone may read, request: { target: { host: shop.example, method: GET, path: / } }, expect: { decision: allow } }] }',
);
const SHOP = `${DOMAIN}${SERVICE}${POLICY}`;

function stored(text: string, source = 'git'): readonly StoredDocument[] {
  return loadBundle([{ file: 'stored.yaml', text }]).documents.map(({ document: read, text: own }) => {
    const { document: _meaning, ...kept } = newDocument(read, own, source);
    return kept;
  });
}

function planned(text: string, more: Partial<PlanRequest> = {}) {
  return plan({ base: [], source: 'git', files: [{ file: 'a.yaml', text }], prune: true, now: 0, ...more });
}
const told = ({ changes }: ReturnType<typeof plan>) =>
  changes.map(({ change, kind, name }) => `${change} ${kind}/${name}`);

describe('a plan', () => {
  it('tells what a first bundle brings', () => {
    const { valid, changes, summary, put, remove } = planned(SHOP);
    expect(valid).toBe(true);
    expect(changes).toEqual([
      expect.objectContaining({ change: 'added', kind: 'Domain', words: 'opens orders/*; accepts anonymous' }),
      expect.objectContaining({
        change: 'added',
        kind: 'Policy',
        domain: 'shop',
        words: '1 rule added',
        rules: [{ change: 'added', id: 'shop/read', words: 'allow GET for everyone, even without credential at shop' }],
      }),
      expect.objectContaining({ change: 'added', kind: 'Service', domain: null }),
    ]);
    expect(summary).toEqual({
      documents: { added: 3, changed: 0, removed: 0 },
      rules: { added: 1, changed: 0, removed: 0 },
    });
    expect([put.length, remove]).toEqual([3, []]);
  });

  it('says nothing of what stays', () => {
    const { valid, changes, put } = planned(SHOP, { base: stored(SHOP) });
    expect([valid, changes, put]).toEqual([true, [], []]);
  });

  it('prunes documents of its own source, and of no other', () => {
    const base = [...stored(SHOP), ...stored(TEST, 'console')];
    expect(told(planned(`${DOMAIN}${SERVICE}`, { base }))).toEqual(['removed Policy/shop']);
    expect(planned(`${DOMAIN}${SERVICE}`, { base }).tests.failed).toHaveLength(1);
  });

  it('removes nothing when it shall not prune, and is judged with what stays', () => {
    const base = stored(SHOP);
    const closed = document('Policy', 'name: closed, domain: shop', '{ rules: [{ id: all, effect: deny }] }');
    const { valid, remove, ...rest } = planned(closed, { base, prune: false });
    expect([valid, remove, told(rest as never)]).toEqual([true, [], ['added Policy/closed']]);
    expect(planned(closed, { base }).faults).not.toEqual([]);
  });

  it('is judged with documents of other sources: what they need may not go', () => {
    const base = [...stored(DOMAIN), ...stored(`${SERVICE}${POLICY}`, 'console')];
    const { valid, faults, changes, put } = planned(document('Domain', 'name: other', '{}'), { base });
    expect([valid, changes, put]).toEqual([false, [], []]);
    expect(faults.map(({ file }) => file)).toContain('stored:console/Service/orders');
  });

  it('says which documents belong to others, and takes none over', () => {
    const base = stored(SHOP, 'console');
    const { valid, foreign, faults } = planned(DOMAIN, { base });
    expect([valid, foreign, faults]).toEqual([false, [{ kind: 'Domain', name: 'shop', source: 'console' }], []]);
  });

  it('gives all faults at once, and no changes meanwhile', () => {
    const { valid, faults, changes } = planned(
      `${document('Domain', 'name: shop', '{ acess: [] }')}${document('Policy', 'name: p, domain: shopp', '{ rules: [] }')}`,
    );
    expect([valid, changes]).toEqual([false, []]);
    expect(faults.map(({ line, code }) => [line, code])).toEqual([
      [5, 'unknown-member'],
      [9, 'unknown-domain'],
    ]);
  });

  it('runs the tests, of other sources too', () => {
    const closed = `${DOMAIN}${SERVICE}${POLICY.replace('GET', 'PUT')}`;
    const { valid, tests, changes } = planned(closed, { base: stored(TEST, 'console') });
    expect([valid, changes.length]).toEqual([false, 3]);
    expect(tests).toEqual({
      passed: 0,
      failed: [
        {
          test: 'reading',
          because: 'anyone may read',
          file: 'stored:console/Test/reading',
          line: 4,
          column: 17,
          expected: { decision: 'allow' },
          got: { decision: 'deny' },
        },
      ],
    });
    expect(planned(SHOP, { base: stored(TEST, 'console') }).tests).toEqual({ passed: 1, failed: [] });
  });

  it('is kept back by an assertion about who gets through, with the caller that speaks against it', () => {
    const proof = document(
      'Test',
      'name: closed, domain: shop',
      '{ reach: [{ because: nobody reads, endpoints: [orders/all], none: { anonymous: true } }] }',
    );
    const { valid, tests } = planned(`${SHOP}${proof}`);
    expect(valid).toBe(false);
    expect(tests.failed).toEqual([
      {
        test: 'closed',
        file: 'a.yaml',
        line: 20,
        column: 17,
        because: 'nobody reads',
        expected: expect.objectContaining({ form: 'none', callers: { anonymous: true }, endpoints: ['orders/all'] }),
        got: {
          because: [expect.stringContaining('`orders/all` is reached by'), expect.any(String), expect.any(String)],
        },
      },
    ]);
    expect(planned(`${SHOP}${proof.replace('none: {', 'atLeast: {')}`).valid).toBe(true);
  });

  it('warns of its own files only', () => {
    const unused = document('Domain', 'name: x', '{ mechanisms: [{ name: m, role: access, kind: asserted }] }');
    expect(planned(unused).warnings.map(({ code }) => code)).toEqual(['unused-mechanism']);
    expect(planned(SHOP, { base: stored(unused, 'console') }).warnings).toEqual([]);
  });

  it('finds documents that no store can keep', () => {
    const { faults } = planned(document('Domain', 'name: shop, description: "a\\u0000b"', '{}'));
    expect(faults.map(({ code }) => code)).toEqual(['not-storable']);
  });

  it('keeps names of its own for stored documents', () => {
    expect(isReservedFile('stored:git/Policy/x')).toBe(true);
    expect(isReservedFile('policies/stored.yaml')).toBe(false);
  });
});

describe('a plan to go back', () => {
  it('puts and removes what the past set needs, each document under its source', () => {
    const past = [...stored(SHOP), ...stored(TEST, 'console')];
    const base = [...stored(DOMAIN, 'console'), ...stored(SERVICE), ...stored(document('Domain', 'name: new', '{}'))];
    const { valid, put, remove, ...rest } = planRestore(base, past, 0);
    expect(valid).toBe(true);
    expect(put.map(({ kind, source }) => [kind, source])).toEqual([
      ['Test', 'console'],
      ['Domain', 'git'],
      ['Policy', 'git'],
    ]);
    expect(remove).toEqual([{ kind: 'Domain', name: 'new' }]);
    expect(told(rest as never)).toEqual([
      'removed Domain/new',
      'changed Domain/shop',
      'added Policy/shop',
      'added Test/reading',
    ]);
    expect(rest.changes[1]!.words).toContain('passes from console to git');
  });

  it('tells what hardly anybody means of documents that come back, and of no other', () => {
    const unused = (name: string) =>
      stored(
        document('Domain', `name: ${name}`, `{ mechanisms: [{ name: m-${name}, role: access, kind: asserted }] }`),
      );
    const base = [...unused('stays'), ...stored(document('Suspension', 'name: shop', '{ because: x }'), 'suspension')];
    const { warnings } = planRestore(base, [...unused('stays'), ...unused('back'), ...stored(SHOP)], 0);
    expect(warnings.map(({ code, file }) => [code, file.replace(/^.*\//, '')])).toEqual([
      ['unused-mechanism', 'back'],
      ['stays-suspended', 'shop'],
    ]);
  });

  it('tells which guardrails it touches', () => {
    const closed = stored(document('Policy', 'name: closed, domain: shop', '{ rules: [{ id: x, effect: deny }] }'));
    const told = planRestore([...stored(SHOP), ...closed], stored(SHOP), 0).guardrails();
    expect(told.map(({ change, kind }) => [change, kind])).toEqual([['removed', 'deny']]);
  });

  it('judges it like any other set', () => {
    const { valid, faults } = planRestore([], stored(POLICY), 0);
    expect([valid, faults.length > 0]).toEqual([false, true]);
  });
});
