import { contentHashOf, type StoredDocument } from '#administration';
import { SHOP } from '../support/shop.js';
import { type MemoryAdmin, startMemoryAdmin } from './memory-admin.js';

let admin: MemoryAdmin;
beforeEach(async () => {
  admin = await startMemoryAdmin();
});
afterEach(() => admin.stop());

const because = 'a test says so';
const NEW = 'apiVersion: dharma/v1\nkind: Policy\nmetadata: { name: pause, domain: shop }\nspec: { rules: [] }\n';
const CLOSED = NEW.replace('rules: []', 'rules: [{ id: closed, effect: deny }]');
const PAUSE = '/admin/v1/documents/Policy/pause';

const put = (text: string, headers: Readonly<Record<string, string>>, more: object = {}, path = PAUSE) =>
  admin.ask('PUT', path, { body: { text, because, ...more }, headers });
const etagOf = async (path: string) => (await admin.ask('GET', path)).headers.get('etag')!;

describe('one document', () => {
  it('is created, changed and removed, each time as it was seen and as a revision', async () => {
    await admin.publish(SHOP);
    const created = await put(NEW, { 'if-none-match': '*' });
    expect(created).toMatchObject({
      status: 201,
      json: { revision: { number: 2, source: 'api', because, author: 'operator-token-file' } },
    });
    expect(created.headers.get('etag')).toBe(await etagOf(PAUSE));
    const changed = await put(CLOSED, { 'if-match': created.headers.get('etag')! });
    expect(changed).toMatchObject({ status: 201, json: { revision: { number: 3, base: 2 } } });
    expect((await admin.ask('GET', PAUSE)).text).toBe(CLOSED);
    const removed = await admin.ask('DELETE', `${PAUSE}?because=over`, {
      headers: { 'if-match': changed.headers.get('etag')! },
    });
    expect(removed).toMatchObject({ status: 201, json: { revision: { number: 4, because: 'over' } } });
    expect(await admin.ask('GET', PAUSE)).toMatchObject({ status: 404 });
  });

  it.each<[because: string, headers: (etag: string) => Readonly<Record<string, string>>, status: number, code: string]>(
    [
      ['nothing was said of what was seen', () => ({}), 428, 'precondition-required'],
      ['it was changed since', () => ({ 'if-match': '"x"' }), 412, 'precondition-failed'],
      ['a weak tag is not the same', (etag) => ({ 'if-match': `W/${etag}` }), 412, 'precondition-failed'],
      ['it is there already', () => ({ 'if-none-match': '*' }), 412, 'precondition-failed'],
    ],
  )('is not changed when %s', async (_because, headers, status, code) => {
    await admin.publish(SHOP);
    const etag = (await put(NEW, { 'if-none-match': '*' })).headers.get('etag')!;
    const answer = await put(CLOSED, headers(etag));
    expect(answer).toMatchObject({ status, json: { code } });
    if (code === 'precondition-failed') expect(answer.json.etag).toBe(etag);
    expect(await admin.ask('DELETE', `${PAUSE}?because=over`, { headers: headers(etag) })).toMatchObject({ status });
    expect((await admin.newest())!.number).toBe(2);
  });

  it('that is not there is not changed and not removed', async () => {
    await admin.publish(SHOP);
    expect(await put(NEW, { 'if-match': '*' })).toMatchObject({ status: 412, json: { etag: null } });
    const headers = { 'if-match': '*' };
    expect(await admin.ask('DELETE', `${PAUSE}?because=x`, { headers })).toMatchObject({ status: 404 });
  });

  it('is changed by one of two who saw the same', async () => {
    await admin.publish(SHOP);
    const etag = (await put(NEW, { 'if-none-match': '*' })).headers.get('etag')!;
    const texts = [CLOSED, NEW.replace('shop }', 'shop, description: b }')];
    const answers = await Promise.all(texts.map((text) => put(text, { 'if-match': etag })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 412]);
  });

  it('belongs to its source, and is changed by others only when they say so', async () => {
    await admin.publish(SHOP);
    const path = '/admin/v1/documents/Policy/shop';
    const text = 'apiVersion: dharma/v1\nkind: Policy\nmetadata: { name: shop, domain: shop }\nspec: { rules: [] }\n';
    const headers = { 'if-match': await etagOf(path) };
    expect(await put(text, headers, {}, path)).toMatchObject({
      status: 409,
      json: { code: 'documents-of-another-source', foreign: [{ kind: 'Policy', name: 'shop', source: 'git' }] },
    });
    expect(await admin.ask('DELETE', `${path}?because=x`, { headers })).toMatchObject({ status: 409 });
    expect(await put(text, headers, { source: 'git' }, path)).toMatchObject({
      status: 201,
      json: { revision: { source: 'git' } },
    });
  });

  it.each<[because: string, text: string, status: number, code: string]>([
    ['it is another one', NEW.replace('pause', 'other'), 400, 'request-invalid'],
    ['it is two', `${NEW}---\n${NEW.replace('pause', 'other')}`, 400, 'request-invalid'],
    ['it is nothing', '', 400, 'request-invalid'],
    ['it is a remark', '# closed for now\n---\n', 400, 'request-invalid'],
    ['it cannot be read', 'kind: Policy: x', 422, 'bundle-invalid'],
    ['the set is not valid with it', NEW.replace('domain: shop', 'domain: shopp'), 422, 'bundle-invalid'],
    ['it is larger than a megabyte', `${NEW}# ${'x'.repeat(1024 * 1024)}`, 422, 'bundle-invalid'],
  ])('is refused when %s', async (_because, text, status, code) => {
    await admin.publish(SHOP);
    expect(await put(text, { 'if-none-match': '*' })).toMatchObject({ status, json: { code } });
    expect((await admin.newest())!.number).toBe(1);
  });

  it('is written once when the request comes twice', async () => {
    await admin.publish(SHOP);
    const headers = { 'if-none-match': '*', 'idempotency-key': 'k1' };
    expect((await put(NEW, headers)).status).toBe(201);
    expect(await put(NEW, headers)).toMatchObject({ status: 200, json: { repeated: true, revision: { number: 2 } } });
    expect(await put(CLOSED, headers)).toMatchObject({ status: 409, json: { code: 'idempotency-key-reused' } });
  });

  it('is written once when the request comes twice at once', async () => {
    await admin.publish(SHOP);
    const headers = { 'if-none-match': '*', 'idempotency-key': 'k1' };
    const answers = await Promise.all([put(NEW, headers), put(NEW, headers)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 201]);
    expect((await admin.newest())!.number).toBe(2);
  });

  it('may be no suspension', async () => {
    await admin.publish(SHOP);
    const text = 'apiVersion: dharma/v1\nkind: Suspension\nmetadata: { name: shop }\nspec: {}\n';
    const path = '/admin/v1/documents/Suspension/shop';
    expect(await put(text, { 'if-none-match': '*' }, {}, path)).toMatchObject({ status: 422 });
    expect(await put(text, { 'if-none-match': '*' }, { source: 'suspension' }, path)).toMatchObject({ status: 400 });
  });
});

describe('only what changes', () => {
  const changed = [{ file: 'pause.yaml', text: NEW }];
  /** The hash of the newest set with another document, as a client works it out from the list. */
  async function hashWith(more: readonly Pick<StoredDocument, 'kind' | 'name' | 'source' | 'contentHash'>[]) {
    const { items } = (await admin.ask('GET', '/admin/v1/documents?limit=500')).json;
    return contentHashOf([...items, ...more]);
  }
  const pause = async () => {
    const other = await startMemoryAdmin();
    await other.publish(SHOP);
    await other.ask('PUT', PAUSE, { body: { text: NEW, because }, headers: { 'if-none-match': '*' } });
    const { items } = (await other.ask('GET', '/admin/v1/documents?q=pause')).json;
    await other.stop();
    return { ...items[0], source: 'git' };
  };

  it('travels with the hash of the whole, and is refused when that would be another', async () => {
    await admin.publish(SHOP);
    const base = await admin.newest();
    const contentHash = await hashWith([await pause()]);
    const asked = { source: 'git', changed, contentHash };
    expect(await admin.ask('POST', '/admin/v1/plan', { body: asked })).toMatchObject({
      status: 200,
      json: { valid: true, summary: { documents: { added: 1, changed: 0, removed: 0 } } },
    });
    const wrong = { ...asked, contentHash: base!.contentHash };
    for (const [path, body] of [
      ['plan', wrong],
      ['revisions', { ...wrong, base, because }],
    ] as const) {
      expect(await admin.ask('POST', `/admin/v1/${path}`, { body })).toMatchObject({
        status: 409,
        json: { code: 'content-hash-differs' },
      });
    }
    const published = await admin.ask('POST', '/admin/v1/revisions', { body: { ...asked, base, because } });
    expect(published).toMatchObject({ status: 201, json: { revision: { number: 2, contentHash } } });
  });

  it('is held to the hash on its own base, also when others published meanwhile', async () => {
    await admin.publish(SHOP);
    const base = await admin.newest();
    const contentHash = await hashWith([await pause()]);
    await admin.publish('apiVersion: dharma/v1\nkind: Domain\nmetadata: { name: labs }\nspec: {}\n', 'labs');
    const body = { source: 'git', changed, contentHash, base, because };
    const newest = await admin.newest();
    const answer = await admin.ask('POST', '/admin/v1/revisions', { body });
    expect(answer).toMatchObject({ status: 201, json: { rebased: { from: base, on: newest } } });
    expect(answer.json.revision.contentHash).not.toBe(contentHash);
  });

  it('names what goes', async () => {
    await admin.publish(SHOP);
    const { items } = (await admin.ask('GET', '/admin/v1/documents')).json;
    const contentHash = contentHashOf(items.filter(({ kind }: StoredDocument) => kind !== 'Policy'));
    const removed = [{ kind: 'Policy', name: 'shop' }];
    const body = { source: 'git', changed: [], removed, contentHash, base: await admin.newest(), because };
    expect(await admin.ask('POST', '/admin/v1/revisions', { body })).toMatchObject({ status: 201 });
    expect(await admin.ask('GET', '/admin/v1/documents/Policy/shop')).toMatchObject({ status: 404 });
  });

  it.each<[because: string, body: object, pointer: string]>([
    ['it is one or the other', { files: [], changed: [], contentHash: 'a'.repeat(64) }, '/files'],
    ['the hash of the whole is missing', { changed: [] }, '/contentHash'],
    ['what goes is said beside a whole', { files: [], removed: [] }, '/removed'],
    ['a whole has its own hash', { files: [], contentHash: 'a'.repeat(64) }, '/contentHash'],
    ['nothing is pruned', { changed: [], contentHash: 'a'.repeat(64), prune: true }, '/prune'],
    ['there is neither', {}, '/files'],
    ['nobody publishes suspensions', { files: [], source: 'suspension' }, '/source'],
  ])('is refused because %s', async (_because, body, pointer) => {
    const { status, json } = await admin.ask('POST', '/admin/v1/plan', { body: { source: 'git', ...body } });
    expect([status, json.errors]).toEqual([400, expect.arrayContaining([expect.objectContaining({ pointer })])]);
  });
});

describe('facts', () => {
  const SETS = `${SHOP}---
apiVersion: dharma/v1
kind: RoleSet
metadata: { name: staff, domain: shop }
spec: { roles: [{ name: clerk }], assignments: [{ role: clerk, principals: ["user:ann"] }] }
---
apiVersion: dharma/v1
kind: EntitySet
metadata: { name: records, domain: shop }
spec: { entities: [{ type: record, id: "1", attributes: { owner: ann } }] }
`;
  beforeEach(() => admin.publish(SETS, 'hr'));
  const assign = (more: object) =>
    admin.ask('POST', '/admin/v1/assignments', {
      body: { roleSet: 'staff', role: 'clerk', principals: ['user:bo'], because, source: 'hr', ...more },
    });
  const assignments = async (query = '') => (await admin.ask('GET', `/admin/v1/assignments?${query}`)).json;
  const principals = async (query = '') =>
    (await assignments(query)).items.map(({ principal }: { principal: string }) => principal);

  it('who joins is a small revision, and who leaves is another', async () => {
    expect(await assign({})).toMatchObject({ status: 201, json: { revision: { number: 2, source: 'hr', because } } });
    expect((await assignments()).items).toEqual(
      ['user:ann', 'user:bo'].map((principal) => ({
        roleSet: 'staff',
        domain: 'shop',
        source: 'hr',
        role: 'clerk',
        principal,
      })),
    );
    expect(await assign({})).toMatchObject({ status: 200, json: { unchanged: true } });
    const leaving = 'roleSet=staff&role=clerk&principal=user:ann&because=left&source=hr';
    expect(await admin.ask('DELETE', `/admin/v1/assignments?${leaving}`)).toMatchObject({ status: 201 });
    expect(await principals()).toEqual(['user:bo']);
    expect(await admin.ask('DELETE', `/admin/v1/assignments?${leaving}`)).toMatchObject({
      status: 200,
      json: { unchanged: true },
    });
  });

  it.each<[because: string, role: string, told: readonly unknown[] | undefined]>([
    ['the set declares it', 'clerk', undefined],
    [
      'nothing knows it',
      'clrk',
      [{ code: 'assigned-role-unknown', message: expect.stringMatching(/`clrk`.*`org.shop`/) }],
    ],
    ['it is declared above', 'lead', undefined],
    ['it is declared elsewhere', 'far-lead', [expect.anything()]],
    ['it is only assigned elsewhere in the chain', 'guest', [expect.anything()]],
    ['a rule below asks for it', 'tester', undefined],
    ['it inherits one that is declared', 'head', undefined],
  ])('a role is given, with a word about it or without: %s', async (_because, role, told) => {
    const domain = (name: string) =>
      `---\napiVersion: dharma/v1\nkind: Domain\nmetadata: { name: ${name} }\nspec: {}\n`;
    const set = (name: string, of: string, spec: string) =>
      `---\napiVersion: dharma/v1\nkind: RoleSet\nmetadata: { name: ${name}, domain: ${of} }\nspec: ${spec}\n`;
    const texts = [
      domain('org'),
      domain('org.shop'),
      domain('org.shop.lab'),
      domain('far'),
      set('org', 'org', '{ roles: [{ name: lead }], assignments: [{ role: guest, principals: ["user:x"] }] }'),
      set('deep', 'org.shop', '{ roles: [{ name: clerk }, { name: x, inherits: [head] }] }'),
      set('far', 'far', '{ roles: [{ name: far-lead }] }'),
      '---\napiVersion: dharma/v1\nkind: Policy\nmetadata: { name: lab, domain: org.shop.lab }\nspec: { rules: [{ id: x, effect: allow, who: { roles: [tester] } }] }\n',
    ];
    await admin.publish(texts.join(''), 'org');
    const answer = await assign({ roleSet: 'deep', role, source: 'org' });
    expect(answer).toMatchObject({ status: 201 });
    expect(answer.json.warnings).toEqual(told);
  });

  it('a whole role set is warned of, too', async () => {
    const text =
      'apiVersion: dharma/v1\nkind: RoleSet\nmetadata: { name: temps, domain: shop }\nspec: { assignments: [{ role: temp, principals: ["user:x"] }, { role: clerk, principals: ["user:x"] }] }\n';
    const headers = { 'if-none-match': '*' };
    const { status, json } = await admin.ask('PUT', '/admin/v1/documents/RoleSet/temps', {
      body: { text, because },
      headers,
    });
    expect({ status, warnings: json.warnings }).toEqual({
      status: 201,
      warnings: [{ code: 'assigned-role-unknown', message: expect.stringContaining('`temp`') }],
    });
  });

  it('are found by role, principal, domain and set, and by pages', async () => {
    await assign({ principals: ['user:ünal', 'user:bo', 'user:cy', `user:${'z'.repeat(2_000)}`] });
    await assign({ role: 'boss', principals: ['user:ann'] });
    expect(await principals('role=boss')).toEqual(['user:ann']);
    expect(await principals('principal=user:bo')).toEqual(['user:bo']);
    expect(await principals('domain=shop.lab')).toEqual([]);
    expect(await principals('roleSet=other')).toEqual([]);
    const seen: string[] = [];
    for (let next: string | null = ''; next !== null;) {
      const page = await assignments(`limit=1${next === '' ? '' : `&next=${next}`}`);
      seen.push(...page.items.map(({ role, principal }: { role: string; principal: string }) => role + principal));
      next = page.next;
    }
    expect(seen).toHaveLength(6);
    expect(new Set(seen).size).toBe(6);
  });

  it.each<[because: string, body: object, status: number, code: string]>([
    [
      'the set is of a repository, which would bring them back',
      { source: undefined },
      409,
      'documents-of-another-source',
    ],
    ['there is no such set', { roleSet: 'stuff' }, 404, 'document-unknown'],
    ['a principal has a type', { principals: ['ann'] }, 400, 'request-invalid'],
    ['there is at least one', { principals: [] }, 400, 'request-invalid'],
    ['a reason is said', { because: '' }, 400, 'request-invalid'],
  ])('are refused because %s', async (_because, body, status, code) => {
    expect(await assign(body)).toMatchObject({ status, json: { code } });
    expect(await principals()).toEqual(['user:ann']);
  });

  it('that many add at once are all there', async () => {
    const people = Array.from({ length: 10 }, (_, index) => `user:p${index}`);
    const answers = await Promise.all(people.map((principal) => assign({ principals: [principal] })));
    expect(answers.map(({ status }) => status)).toEqual(people.map(() => 201));
    expect(await principals('limit=500')).toEqual(['user:ann', ...people].sort());
  });

  it('of people and things are stored, replaced and forgotten', async () => {
    const store = (id: string, attributes: object) =>
      admin.ask('POST', '/admin/v1/entities', {
        body: { entitySet: 'records', type: 'record', id, attributes, because, source: 'hr' },
      });
    const entities = async (query = '') => (await admin.ask('GET', `/admin/v1/entities?${query}`)).json.items;
    expect(await store('2', { owner: 'bo', tags: ['x'] })).toMatchObject({ status: 201 });
    expect(await store('1', { department: 'Legal' })).toMatchObject({ status: 201 });
    const stored = { entitySet: 'records', domain: 'shop', source: 'hr', type: 'record' };
    expect(await entities()).toEqual([
      { ...stored, id: '1', attributes: { department: 'Legal' } },
      { ...stored, id: '2', attributes: { owner: 'bo', tags: ['x'] } },
    ]);
    expect(await entities('id=2&type=record')).toHaveLength(1);
    expect(await entities('domain=labs')).toEqual([]);
    const gone = 'entitySet=records&type=record&id=1&because=shredded&source=hr';
    expect(await admin.ask('DELETE', `/admin/v1/entities?${gone}`)).toMatchObject({ status: 201 });
    expect((await entities()).map(({ id }: { id: string }) => id)).toEqual(['2']);
    expect(await store('3', [] as unknown as object)).toMatchObject({ status: 400 });
  });
});

describe('a suspension', () => {
  const TREE = `${SHOP}---\napiVersion: dharma/v1\nkind: Domain\nmetadata: { name: shop.till }\nspec: { suspended: true }\n`;
  beforeEach(() => admin.publish(TREE));
  const set = (domain: string, verb: string, more: object = {}) =>
    admin.ask('POST', `/admin/v1/domains/${domain}/${verb}`, { body: { because, ...more } });
  const isSuspended = async (domain: string) => (await admin.ask('GET', `/admin/v1/domains/${domain}`)).json.suspended;

  it('holds until it is resumed, whatever the repository says meanwhile', async () => {
    expect(await set('shop', 'suspend')).toMatchObject({
      status: 201,
      json: { domain: 'shop', suspendedBy: ['shop'], revision: { number: 2, source: 'suspension', because } },
    });
    expect(await set('shop', 'suspend', { because: 'again' })).toMatchObject({
      status: 200,
      json: { unchanged: true, revision: { number: 2 } },
    });
    const { json } = await admin.ask('POST', '/admin/v1/plan', {
      body: { source: 'git', files: [{ file: 'shop.yaml', text: TREE.replace('[GET]', '[GET, PUT]') }] },
    });
    expect(json).toMatchObject({ valid: true, changes: [{ kind: 'Policy' }] });
    expect(json.warnings).toContainEqual(expect.objectContaining({ file: 'shop.yaml', code: 'stays-suspended' }));
    await admin.publish(TREE.replace('[GET]', '[GET, PUT]'));
    expect(await isSuspended('shop')).toEqual({ value: true, from: 'shop', inherited: false });
    expect(await set('shop', 'resume')).toMatchObject({ status: 201, json: { suspendedBy: [] } });
    expect((await isSuspended('shop')).value).toBe(false);
    expect(await set('shop', 'resume')).toMatchObject({ status: 200, json: { unchanged: true } });
  });

  it.each<[because: string, domain: string, verb: string, status: number, code: string]>([
    ['there is no such domain', 'shopp', 'suspend', 404, 'domain-unknown'],
    ['there is none to resume', 'shopp', 'resume', 404, 'domain-unknown'],
    ['its own document suspends it', 'shop.till', 'resume', 409, 'suspended-by-document'],
  ])('is refused because %s', async (_because, domain, verb, status, code) => {
    expect(await set(domain, verb)).toMatchObject({ status, json: { code } });
  });

  it('says what else suspends the domain', async () => {
    await set('shop.till', 'suspend');
    await set('shop', 'suspend');
    expect((await set('shop.till', 'resume')).json.suspendedBy).toEqual(['shop.till', 'shop']);
  });

  it('wants a reason', async () => {
    expect(await set('shop', 'suspend', { because: '' })).toMatchObject({ status: 400 });
  });

  it('keeps its domain from going unseen', async () => {
    await set('shop.till', 'suspend');
    const body = { source: 'git', files: [{ file: 'a.yaml', text: SHOP }], base: await admin.newest(), because };
    expect(await admin.ask('POST', '/admin/v1/revisions', { body })).toMatchObject({
      status: 409,
      json: {
        code: 'documents-still-referenced',
        missed: [{ kind: 'Domain', name: 'shop.till', what: 'domain shop.till', by: { kind: 'Suspension' } }],
      },
    });
  });
});

describe('a conflict', () => {
  it('names the documents in the way and who changed them', async () => {
    await admin.publish(SHOP);
    const base = await admin.newest();
    const scope = { domain: '*', roles: ['owner'] };
    const { json: bo } = await admin.ask('POST', '/admin/v1/operators', { body: { name: 'bo', scope } });
    const changing = {
      text: SHOP.split('---\n')[0]!.replace('access: [anonymous]', 'zeroTrust: true, access: [anonymous]'),
    };
    const etag = await etagOf('/admin/v1/documents/Domain/shop');
    const changed = await admin.ask('PUT', '/admin/v1/documents/Domain/shop', {
      body: { ...changing, because: 'stricter', source: 'git' },
      headers: { 'if-match': etag },
      token: bo.token,
    });
    expect(changed.status).toBe(201);
    await admin.publish('apiVersion: dharma/v1\nkind: Domain\nmetadata: { name: labs }\nspec: {}\n', 'labs');
    const files = [{ file: 'p.yaml', text: NEW }];
    const body = { source: 'other', files, base, because };
    const answer = await admin.ask('POST', '/admin/v1/revisions', { body });
    expect(answer).toMatchObject({
      status: 409,
      json: {
        code: 'revision-superseded',
        current: { number: 3, source: 'labs' },
        conflicts: [
          {
            kind: 'Domain',
            name: 'shop',
            source: 'git',
            because: 'referenced',
            revision: { number: 2, author: 'bo', because: 'stricter' },
          },
        ],
      },
    });
    expect(answer.json.detail).toContain('`Domain/shop`');
    expect(answer.json.detail).toContain('by `bo` in revision 2');
  });

  it('is one as well where somebody published the same first', async () => {
    await admin.publish(SHOP);
    const base = await admin.newest();
    const asked = { source: 'labs', files: [{ file: 'p.yaml', text: NEW }], base, because };
    expect(await admin.ask('POST', '/admin/v1/revisions', { body: asked })).toMatchObject({ status: 201 });
    expect(await admin.ask('POST', '/admin/v1/revisions', { body: asked })).toMatchObject({
      status: 409,
      json: { code: 'revision-superseded', conflicts: [{ name: 'pause', because: 'changed' }] },
    });
  });
});
