/** Which guardrails a plan touches is told to whoever sees them. */
import { MemoryAuditLog, MemoryCredentialStore, MemoryFleet, MemoryRevisionStore } from '#store';
import { ScriptedServer, startTestAdmin, type TestAdmin } from '../admin-api/admin-server.js';

const document = (kind: string, metadata: string, spec = '{}') =>
  `---\napiVersion: dharma/v1\nkind: ${kind}\nmetadata: { ${metadata} }\nspec: ${spec}\n`;
const domain = (name: string, more = '') =>
  document('Domain', `name: ${name}`, `{ administrators: [{ role: owner, principals: ["group:${name}"] }]${more} }`);
const deny = (name: string, of: string, methods: string) =>
  document(
    'Policy',
    `name: ${name}, domain: "${of}"`,
    `{ rules: [{ id: d, effect: deny, what: { methods: [${methods}] } }] }`,
  );
const BEFORE = [
  domain('acme'),
  domain('acme.a', ', zeroTrust: true'),
  domain('acme.b', ', egress: closed'),
  deny('everywhere', '*', 'PUT, TRACE'),
  deny('of-acme', 'acme', 'PUT, DELETE'),
  deny('of-a', 'acme.a', 'PUT'),
].join('');
const after = (everywhere: string, acme: string, a: string, open = '', b = '') =>
  [
    domain('acme'),
    domain('acme.a', open),
    domain('acme.b', b),
    deny('everywhere', '*', everywhere),
    deny('of-acme', 'acme', acme),
    deny('of-a', 'acme.a', a),
  ].join('');
const AFTER = after('TRACE', 'PUT', 'PUT, PATCH');
/** What each may publish of it. */
const AFTER_ACME = after('PUT, TRACE', 'PUT', 'PUT, PATCH');
const AFTER_A = after('PUT, TRACE', 'PUT, DELETE', 'PUT, PATCH', '', ', egress: closed');
const AFTER_B = after('PUT, TRACE', 'PUT, DELETE', 'PUT', ', zeroTrust: true');

describe('guardrails of a plan', () => {
  let admin: TestAdmin;
  const tokens: { [group: string]: string } = {};
  beforeAll(async () => {
    const clock = () => Date.parse('2026-11-27T12:00:00Z');
    const audit = new MemoryAuditLog(clock);
    const store = new MemoryRevisionStore(clock, audit);
    const credentials = new MemoryCredentialStore(clock, audit);
    admin = await startTestAdmin({
      history: { store, credentials, audit, fleet: new MemoryFleet(clock) },
      server: new ScriptedServer(),
      clock,
    });
    const body = { source: 'git', files: [{ file: 'a.yaml', text: BEFORE }], base: null, because: 'a world' };
    expect((await admin.ask('POST', '/admin/v1/revisions', { body })).status).toBe(201);
    for (const group of ['acme', 'acme.a', 'acme.b']) {
      const made = await admin.ask('POST', '/admin/v1/operators', { body: { name: `of-${group}`, groups: [group] } });
      tokens[group] = made.json.token;
    }
  });
  afterAll(() => admin.stop());

  const planned = async (text: string, by?: string) => {
    const body = { source: 'git', files: [{ file: 'a.yaml', text }] };
    const { json } = await admin.ask('POST', '/admin/v1/plan', { body, ...(by && { token: tokens[by]! }) });
    return json;
  };
  const OF_A = [
    'removed acme.a: acme.a needs no rule inside any more',
    'strengthened acme.a: deny of-a/d also covers PATCH',
  ];
  const OF_B = ['removed acme.b: acme.b opens its egress'];
  const OF_ACME = ['weakened acme: deny of-acme/d no longer covers DELETE'];
  const OF_ALL = ['weakened *: deny everywhere/d no longer covers PUT'];

  it.each`
    because                                                | text          | by           | told
    ${'who may everything sees all'}                       | ${AFTER}      | ${undefined} | ${[...OF_ALL, ...OF_ACME, OF_A[0], ...OF_B, OF_A[1]]}
    ${'an owner sees what is below'}                       | ${AFTER_ACME} | ${'acme'}    | ${[...OF_ACME, OF_A[0], ...OF_B, OF_A[1]]}
    ${'and others their own'}                              | ${AFTER_A}    | ${'acme.a'}  | ${OF_A}
    ${'whoever they are'}                                  | ${AFTER_B}    | ${'acme.b'}  | ${OF_B}
    ${'of what they may not do nothing is told'}           | ${AFTER}      | ${'acme.b'}  | ${[]}
    ${'not even what of it is below, where a part is not'} | ${AFTER}      | ${'acme'}    | ${[]}
  `('$because', async ({ text, by, told }) => {
    const { guardrails } = await planned(text, by);
    const words = guardrails.items.map(
      (one: Record<string, string>) => `${one['change']} ${one['domain']}: ${one['words']}`,
    );
    expect([words, guardrails.more]).toEqual([told, 0]);
  });

  it('have a kind and a name, and nothing that is ours', async () => {
    const { guardrails } = await planned(AFTER_B, 'acme.b');
    expect(guardrails.items).toEqual([
      { kind: 'egress', change: 'removed', domain: 'acme.b', name: 'acme.b', words: 'acme.b opens its egress' },
    ]);
  });

  it('are a thousand at most, and the rest is counted', async () => {
    const rules = Array.from({ length: 1_005 }, (_, index) => `{ id: r${index}, effect: deny }`).join(', ');
    const { guardrails } = await planned(
      `${BEFORE}${document('Policy', 'name: many, domain: acme', `{ rules: [${rules}] }`)}`,
    );
    expect([guardrails.items.length, guardrails.more]).toEqual([1_000, 5]);
  });

  it('are none while there are faults', async () => {
    const { guardrails, faults } = await planned(`${AFTER}${document('Domain', 'name: x', '{ acess: [] }')}`);
    expect([faults.length > 0, guardrails]).toEqual([true, { items: [], more: 0 }]);
  });
});
