/** What a subtree may hold: counted where it lies, and limited by those above alone. */
import fc from 'fast-check';
import { plan, planRestore, quotaFile, type StoredDocument } from '#administration';
import { MemoryAuditLog, MemoryCredentialStore, MemoryFleet, MemoryRevisionStore } from '#store';
import { type Answer, ScriptedServer, startTestAdmin, type TestAdmin } from '../admin-api/admin-server.js';

const document = (kind: string, metadata: string, spec = '{}') =>
  `---\napiVersion: dharma/v1\nkind: ${kind}\nmetadata: { ${metadata} }\nspec: ${spec}\n`;
const rules = (count: number) =>
  `{ rules: [${Array.from({ length: count }, (_, index) => `{ id: r${index}, effect: allow }`).join(', ')}] }`;
const policy = (name: string, domain: string, count: number) =>
  document('Policy', `name: ${name}, domain: ${domain}`, rules(count));

const DOMAINS = [
  document('Domain', 'name: acme', '{ administrators: [{ role: owner, principals: ["group:acme"] }] }'),
  document('Domain', 'name: acme.a', '{ administrators: [{ role: owner, principals: ["group:a"] }] }'),
  document('Domain', 'name: acme.a.deep'),
  document('Domain', 'name: acme.b', '{ administrators: [{ role: owner, principals: ["group:b"] }] }'),
].join('');

/** What is stored when a text is published as the first one. */
function stored(text: string, more: readonly StoredDocument[] = []): readonly StoredDocument[] {
  const { faults, put } = planned(text, 'git', more);
  expect(faults).toEqual([]);
  return [...more, ...put.map(({ document: _meaning, ...kept }) => kept)];
}

function planned(text: string, source: string, base: readonly StoredDocument[]) {
  return plan({ base, source, files: [{ file: 'a.yaml', text }], prune: false, now: 0 });
}

/** A set in which one domain is limited. */
function limited(text: string, domain: string, limits: object): readonly StoredDocument[] {
  return stored(text, [...limit(stored(DOMAINS), domain, limits)]);
}

function limit(base: readonly StoredDocument[], domain: string, limits: object): readonly StoredDocument[] {
  const { valid, put } = plan({ base, source: 'quota', files: [quotaFile(domain, limits)], prune: false, now: 0 });
  expect(valid).toBe(true);
  return [...base, ...put.map(({ document: _meaning, ...kept }) => kept)];
}

const service = (name: string, spec: string) => document('Service', `name: ${name}`, spec);
const holding = (kind: string, spec: string) => document(kind, 'name: x, domain: acme.a', spec);
/** A service of two domains, which accept that. */
const SHARED = [
  document('Domain', 'name: acme.a', '{ overlaps: [acme.b] }'),
  document('Domain', 'name: acme.b', '{ overlaps: [acme.a] }'),
  service('s', '{ domains: [acme.b, acme.a], hosts: [s.example] }'),
].join('');
/** A case, a matrix of two by two, and an assertion about one endpoint. */
const TESTED = `{
  cases: [{ because: b, request: { target: { endpoint: s/all } }, expect: { decision: deny } }],
  matrices: [{
    because: b, subjects: { a: {}, b: {} }, targets: { x: { endpoint: s/all }, y: { endpoint: s/all } },
    expect: { a: { x: deny, y: deny }, b: { x: deny, y: deny } } }],
  reach: [{ because: b, endpoints: [s/all], none: { anonymous: true } }] }`;
const POLICIES = policy('p', 'acme.a', 1);

describe('what is counted', () => {
  it.each`
    because                                        | limits                        | text                                                                                                                      | exceeded
    ${'a document lies in its domain'}             | ${{ documents: 3 }}           | ${POLICIES + policy('q', 'acme.a', 0)}                                                                                    | ${['documents 4 of 3']}
    ${'and in those around it'}                    | ${{ rules: 2 }}               | ${policy('q', 'acme.a.deep', 3)}                                                                                          | ${['rules 3 of 2']}
    ${'not in the one beside it'}                  | ${{ rules: 2 }}               | ${policy('q', 'acme.b', 3)}                                                                                               | ${[]}
    ${'nor in one that it lies around'}            | ${{ rules: 2 }}               | ${policy('q', 'acme', 3)}                                                                                                 | ${[]}
    ${'as many as the limit are not too many'}     | ${{ rules: 2 }}               | ${policy('q', 'acme.a', 2)}                                                                                               | ${[]}
    ${'nothing at all may be the limit'}           | ${{ rules: 0 }}               | ${POLICIES}                                                                                                               | ${['rules 1 of 0']}
    ${'a domain is a document'}                    | ${{ documents: 2 }}           | ${document('Domain', 'name: acme.a.new')}                                                                                 | ${['documents 3 of 2']}
    ${'each principal of a role is an assignment'} | ${{ assignments: 2 }}         | ${holding('RoleSet', '{ roles: [{ name: r }], assignments: [{ role: r, principals: ["user:a", "user:b", "user:c"] }] }')} | ${['assignments 3 of 2']}
    ${'entities are counted one by one'}           | ${{ entities: 1 }}            | ${holding('EntitySet', '{ entities: [{ type: t, id: a }, { type: t, id: b }] }')}                                         | ${['entities 2 of 1']}
    ${'a service without endpoints has one'}       | ${{ endpoints: 0 }}           | ${service('s', '{ domains: [acme.a], hosts: [s.example] }')}                                                              | ${['endpoints 1 of 0']}
    ${'a service of two domains counts in each'}   | ${{ documents: 2 }}           | ${SHARED}                                                                                                                 | ${['documents 3 of 2']}
    ${'a test is as many cases as it asks'}        | ${{ cases: 5 }}               | ${service('s', '{ domains: [acme.a], hosts: [s.example] }') + holding('Test', TESTED)}                                    | ${['cases 6 of 5']}
    ${'every limit that is exceeded is told'}      | ${{ documents: 2, rules: 0 }} | ${POLICIES}                                                                                                               | ${['documents 3 of 2', 'rules 1 of 0']}
  `('$because', ({ limits, text, exceeded }) => {
    const base = limit(stored(DOMAINS), 'acme.a', limits);
    const found = planned(text, 'git', base);
    expect(found.faults).toEqual([]);
    expect(found.exceeded.map(({ measure, count, limit: most }) => `${measure} ${count} of ${most}`)).toEqual(exceeded);
    expect(found.valid).toBe(exceeded.length === 0);
  });

  it('is what every step together leaves, however it came there', () => {
    const step = fc.record({
      name: fc.constantFrom('p', 'q', 'r'),
      domain: fc.constantFrom('acme', 'acme.a', 'acme.a.deep', 'acme.b'),
      count: fc.nat(4),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), fc.nat(6), (steps, most) => {
        let base = limit(stored(DOMAINS), 'acme.a', { rules: most });
        const inside = new Map<string, number>();
        for (const { name, domain, count } of steps) {
          const before = [...inside.values()].reduce((sum, one) => sum + one, 0);
          const after = before - (inside.get(name) ?? 0) + (domain.startsWith('acme.a') ? count : 0);
          const { valid, put } = planned(policy(name, domain, count), 'git', base);
          expect(valid).toBe(after <= most || after <= before);
          if (!valid) continue;
          const names = new Set(put.map((one) => one.name));
          base = [...base.filter((one) => !names.has(one.name)), ...put.map(({ document: _meaning, ...kept }) => kept)];
          inside.set(name, domain.startsWith('acme.a') ? count : 0);
        }
      }),
      { numRuns: process.env['DHARMA_LONG'] === '1' ? 500 : 30 },
    );
  });
});

describe('a limit that came later than what it limits', () => {
  const full = limited(policy('q', 'acme.a', 5), 'acme.a', {});
  const low = limit(
    full.filter(({ kind }) => kind !== 'Quota'),
    'acme.a',
    { rules: 2 },
  );

  it.each`
    because                      | count | valid
    ${'may be come down to'}     | ${3}  | ${true}
    ${'may be stayed above'}     | ${5}  | ${true}
    ${'may not be left further'} | ${6}  | ${false}
  `('$because', ({ count, valid }) => {
    expect(planned(policy('q', 'acme.a', count), 'git', low).valid).toBe(valid);
  });

  it('stays when the set goes back, and going back may be too much', () => {
    const none = limit(stored(DOMAINS), 'acme.a', { rules: 2 });
    const { valid, exceeded, remove } = planRestore(none, stored(DOMAINS + policy('q', 'acme.a', 5)), 0);
    expect([valid, exceeded.length, remove]).toEqual([false, 1, []]);
  });
});

describe('what all tests of a set ask', () => {
  const tested = (name: string, domain: string | null, count: number) => {
    const one = '{ because: b, request: { target: { endpoint: s/all } }, expect: { decision: allow } }';
    const where = domain === null ? '' : `, domain: ${domain}`;
    return document('Test', `name: ${name}${where}`, `{ cases: [${Array.from({ length: count }, () => one).join()}] }`);
  };
  const SERVED = DOMAINS + service('s', '{ domains: [acme.a], hosts: [s.example] }');
  const asked = (text: string, base: readonly StoredDocument[], mostCases: number) =>
    plan({ base, source: 'git', files: [{ file: 'a.yaml', text }], prune: false, now: 0, mostCases });

  it.each`
    because                                              | texts                                                  | most | exceeded
    ${'as many as may'}                                  | ${[tested('t', 'acme.a', 3)]}                          | ${3} | ${[]}
    ${'one more'}                                        | ${[tested('t', 'acme.a', 4)]}                          | ${3} | ${[4]}
    ${'of several tests, wherever they lie, or nowhere'} | ${[tested('t', 'acme.a', 2), tested('u', null, 2)]}    | ${3} | ${[4]}
    ${'cells and assertions count as in quotas'}         | ${[document('Test', 'name: t, domain: acme', TESTED)]} | ${5} | ${[6]}
    ${'none where none may be'}                          | ${[tested('t', 'acme.b', 1)]}                          | ${0} | ${[1]}
  `('is bounded: $because', ({ texts, most, exceeded }) => {
    const found = asked(SERVED + texts.join(''), [], most);
    expect(found.exceeded).toEqual(
      exceeded.map((count: number) => ({ domain: '*', measure: 'cases', limit: most, count })),
    );
    // All of these fail where they are asked.
    const isAsked = found.tests.passed + found.tests.failed.length > 0;
    expect([found.valid, isAsked]).toEqual([false, exceeded.length === 0]);
  });

  it('may be come down from, and stayed at, and a set of the past be too much', () => {
    const request = '{ target: { endpoint: s/all } }';
    const passing = (count: number) => {
      const one = `{ because: b, request: ${request}, expect: { decision: deny } }`;
      return document(
        'Test',
        'name: t, domain: acme.a',
        `{ cases: [${Array.from({ length: count }, () => one).join()}] }`,
      );
    };
    const full = stored(SERVED + passing(4));
    const valid = (text: string) => asked(text, full, 2).valid;
    expect([valid(passing(3)), valid(policy('p', 'acme.a', 1)), valid(passing(5))]).toEqual([true, true, false]);
    const without = stored(SERVED);
    expect(planRestore(without, full, 0, 2)).toMatchObject({ valid: false, exceeded: [{ count: 4, limit: 2 }] });
    expect(planRestore(full, without, 0, 2).valid).toBe(true);
  });
});

it('is nothing that a bundle sets for itself', () => {
  const base = limit(stored(DOMAINS), 'acme.a', { rules: 2 });
  const { faults } = planned(document('Quota', 'name: acme.a', '{ rules: 9 }'), 'git', base);
  expect(faults.map(({ code }) => code)).toEqual(['quota-in-bundle']);
});

describe('on the admin API', () => {
  let admin: TestAdmin;
  const tokens: { [group: string]: string } = {};
  beforeAll(async () => {
    const clock = () => Date.parse('2026-11-27T12:00:00Z');
    const audit = new MemoryAuditLog(clock);
    const store = new MemoryRevisionStore(clock, audit);
    const credentials = new MemoryCredentialStore(clock, audit);
    const fleet = new MemoryFleet(clock);
    admin = await startTestAdmin({
      history: { store, credentials, audit, fleet },
      server: new ScriptedServer(),
      clock,
      testCases: 3,
    });
    const body = { source: 'git', files: [{ file: 'a.yaml', text: DOMAINS }], base: null, because: 'a world' };
    expect((await admin.ask('POST', '/admin/v1/revisions', { body })).status).toBe(201);
    for (const group of ['acme', 'a', 'b']) {
      const made = await admin.ask('POST', '/admin/v1/operators', { body: { name: `of-${group}`, groups: [group] } });
      tokens[group] = made.json.token;
    }
  });
  afterAll(() => admin.stop());

  const set = (domain: string, limits: object, by: string): Promise<Answer> =>
    admin.ask('PUT', `/admin/v1/domains/${domain}/quota`, { body: { limits, because: 'x' }, token: tokens[by]! });
  const lift = (domain: string, by: string): Promise<Answer> =>
    admin.ask('DELETE', `/admin/v1/domains/${domain}/quota?because=x`, { token: tokens[by]! });
  const put = (name: string, text: string, by: string): Promise<Answer> =>
    admin.ask('PUT', `/admin/v1/documents/Policy/${name}`, {
      body: { text, because: 'x' },
      headers: { 'if-none-match': '*' },
      token: tokens[by]!,
    });

  it('says how many test cases there would be to whoever sees everything', async () => {
    const one = '{ because: b, request: { target: { endpoint: s/all } }, expect: { decision: deny } }';
    const text = document('Test', 'name: t, domain: acme.a', `{ cases: [${[one, one, one, one].join()}] }`);
    const asked = (token?: string) =>
      admin.ask('PUT', '/admin/v1/documents/Test/t', {
        body: { text, because: 'x' },
        headers: { 'if-none-match': '*' },
        ...(token !== undefined && { token }),
      });
    for (const [answer, words] of [
      [await asked(), 'would have 4 cases together, and may have 3'],
      [await asked(tokens['a']), 'would have … cases together, and may have …'],
    ] as const) {
      expect(answer).toMatchObject({ status: 422, json: { code: 'test-cases-too-many' } });
      expect(answer.json.detail).toContain(words);
      expect(answer.json.remedy).toContain('DHARMA_ADMIN_TEST_CASES');
    }
  });

  it('is set by who owns the domain above, and by nobody below or beside', async () => {
    const tried = [
      await set('acme.a', { rules: 2 }, 'a'),
      await set('acme.a', { rules: 2 }, 'b'),
      await set('acme', { rules: 2 }, 'acme'),
      await set('acme.nowhere', { rules: 2 }, 'acme'),
      await set('acme.a', { rules: 2 }, 'acme'),
    ];
    expect(tried.map(({ status }) => status)).toEqual([403, 404, 403, 404, 201]);
    expect(tried[0]!.json.refusals).toMatchObject([{ kind: 'Quota', name: 'acme.a', needs: 'owner', over: 'acme' }]);
  });

  it('is told to who is limited, and cannot be lifted by them', async () => {
    const { json } = await admin.ask('GET', '/admin/v1/domains/acme.a/quota', { token: tokens['a']! });
    expect(json).toMatchObject({ limits: { rules: 2 }, held: { documents: 2, rules: 0 } });
    expect((await lift('acme.a', 'a')).status).toBe(403);
    expect((await set('acme.a', { rules: 99 }, 'a')).status).toBe(403);
    const away = await admin.ask('DELETE', '/admin/v1/documents/Quota/acme.a?because=x&source=quota', {
      headers: { 'if-match': '*' },
      token: tokens['a']!,
    });
    expect([away.status, away.json.code]).toEqual([400, 'request-invalid']);
  });

  it('refuses what is too much, by its own name', async () => {
    const { status, json } = await put('p', policy('p', 'acme.a', 3), 'a');
    expect([status, json]).toMatchObject([
      422,
      { code: 'quota-exceeded', exceeded: [{ domain: 'acme.a', measure: 'rules', limit: 2, count: 3 }] },
    ]);
    expect((await put('p', policy('p', 'acme.a', 2), 'a')).status).toBe(201);
  });

  it('does not tell who is limited together with others how much those have', async () => {
    const whole = await admin.ask('PUT', '/admin/v1/domains/acme/quota', {
      body: { limits: { rules: 4 }, because: 'x' },
    });
    expect(whole.status).toBe(201);
    const { json } = await put('q', policy('q', 'acme.b', 3), 'b');
    expect(json).toMatchObject({
      code: 'quota-exceeded',
      detail: expect.stringContaining('`acme` and everything below may hold … rules, and would hold …'),
      exceeded: [{ domain: 'acme', measure: 'rules', limit: null, count: null }],
    });
  });

  it('ends when it is lifted', async () => {
    expect((await lift('acme', 'acme')).status).toBe(403);
    expect((await admin.ask('DELETE', '/admin/v1/domains/acme/quota?because=x')).status).toBe(201);
    expect((await put('q', policy('q', 'acme.b', 3), 'b')).status).toBe(201);
    expect((await admin.ask('DELETE', '/admin/v1/domains/acme/quota?because=x')).json.unchanged).toBe(true);
  });

  it.each`
    because                           | limits
    ${'a limit is no part of a rule'} | ${{ rules: 1.5 }}
    ${'fewer than none is nothing'}   | ${{ rules: -1 }}
    ${'nothing else can be limited'}  | ${{ readers: 1 }}
    ${'no limit is no quota'}         | ${{}}
  `('is refused when $because', async ({ limits }) => {
    const { status, json } = await set('acme.a', limits, 'acme');
    expect([status, json.code]).toEqual([400, 'request-invalid']);
  });
});
