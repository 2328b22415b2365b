import fc from 'fast-check';
import type { PolicyDocument } from '#policy';
import {
  contentHashOf,
  documentChanges,
  newDocument,
  type NewDocument,
  type Publication,
  PublicationRefused,
  type PublishOutcome,
  type Revision,
  type RevisionStore,
  RevisionUnknown,
  type StoredDocument,
} from '#administration';
import {
  documentsOf,
  domainText,
  entitySetText,
  policyText,
  publicationOf,
  roleSetText,
} from '../support/revisions.js';

const BOTH = `${domainText('acme')}${policyText('base', 'acme', ['{ id: read, effect: allow }'])}`;
const FACTS = `${domainText('acme')}${roleSetText('staff', 'acme', [
  ['agent', 'user:bob'],
  ['agent', 'user:alice'],
  ['chief', 'group:leads'],
])}${entitySetText('records', 'acme', [
  '{ type: record, id: "2", attributes: { z: 1, a: [1.5, null, "x"], __proto__: { deep: true } } }',
  '{ type: record, id: "10" }',
])}`;

const words = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }).filter((text) => /^\P{Control}+$/u.test(text)),
  fc.constantFrom('__proto__', "'; drop table dharma.revision; --", '$1', '\\', '{}', 'null'),
);
const documents = fc.oneof(
  fc
    .record({ kind: fc.constant('Domain' as const), name: shortName(), metadata: words })
    .map(({ kind, name, metadata }) => newOf({ kind, name, metadata: { description: metadata }, spec: {} })),
  fc
    .record({ name: shortName(), holders: fc.array(fc.tuple(words, words), { maxLength: 4 }) })
    .map(({ name, holders }) =>
      newOf({
        kind: 'RoleSet',
        name,
        metadata: { domain: 'acme' },
        spec: { assignments: holders.map(([role, id]) => ({ role, principals: [`user:${id}`] })) },
      }),
    ),
  fc
    .record({ name: shortName(), entities: fc.dictionary(words, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }) })
    .map(({ name, entities }) =>
      newOf({
        kind: 'EntitySet',
        name,
        metadata: { domain: 'acme' },
        spec: {
          entities: Object.entries(entities).map(([id, value]) => ({ type: 'record', id, attributes: { value } })),
        },
      }),
    ),
);
/** What is put, and what of the rest is removed. */
const steps = fc
  .record({
    put: fc.uniqueArray(documents, { selector: ({ kind, name }) => `${kind}/${name}`, maxLength: 3 }),
    remove: fc.uniqueArray(fc.record({ kind: fc.constantFrom('Domain', 'RoleSet', 'EntitySet'), name: shortName() }), {
      selector: ({ kind, name }) => `${kind}/${name}`,
      maxLength: 2,
    }),
  })
  .map(({ put, remove }) => ({
    put,
    remove: remove.filter(
      ({ kind, name }) => !put.some((document) => document.kind === kind && document.name === name),
    ),
  }));

function shortName(): fc.Arbitrary<string> {
  return fc.constantFrom('a', 'b', 'c');
}

function newOf(given: { kind: string; name: string; metadata: object; spec: object }): NewDocument {
  const { kind, name, metadata, spec } = given;
  const document = { apiVersion: 'dharma/v1', kind, metadata: { name, ...metadata }, spec } as PolicyDocument;
  return newDocument(document, JSON.stringify(document), 'git');
}

/** What every RevisionStore does. `open` gives an empty one. */
export function revisionStoreContract(open: () => Promise<RevisionStore>): void {
  let store: RevisionStore;
  beforeEach(async () => {
    store = await open();
  });

  async function publish(base: Revision | null, text: string, more?: Partial<Publication>): Promise<Revision> {
    const outcome = await store.publish(publicationOf(base, text, more));
    expect(outcome.kind).toBe('published');
    return (outcome as PublishOutcome & { kind: 'published' }).revision;
  }
  const names = (documents: readonly StoredDocument[]) => documents.map(({ kind, name }) => `${kind}/${name}`);

  it('begins with nothing', async () => {
    expect(await store.newest()).toBeNull();
    expect(await store.list({ limit: 10 })).toEqual([]);
    expect(await store.documents(0)).toEqual([]);
  });

  it('keeps who published, from where and why', async () => {
    const provenance = { author: 'ann', source: 'git', because: 'go-live', gitCommit: 'abc', gitAuthor: 'Bo <bo@x>' };
    const revision = await publish(null, BOTH, { provenance });
    expect(revision).toMatchObject({ epoch: 1, number: 1, base: null, provenance });
    expect(revision.contentHash).toMatch(/^[0-9a-f]{64}$/);
    expect(await store.newest()).toEqual(revision);
    expect(await store.revision(1)).toEqual(revision);
  });

  it('reads any past revision back exactly', async () => {
    const first = await publish(null, BOTH);
    const second = await publish(first, domainText('acme', 'another'), {
      remove: [{ kind: 'Policy', name: 'base' }],
    });
    const third = await publish(
      second,
      `${domainText('labs')}${policyText('base', 'labs', ['{ id: x, effect: deny }'])}`,
    );
    expect(await store.documents(first.number)).toEqual(stored(documentsOf(BOTH)));
    expect(await store.documents(second.number)).toEqual(stored(documentsOf(domainText('acme', 'another'))));
    expect(names(await store.documents(third.number))).toEqual(['Domain/acme', 'Domain/labs', 'Policy/base']);
  });

  it('keeps remarks and spelling of what people wrote', async () => {
    const written = policyText('base', 'acme', ['{ id:   read,   effect: "allow" } # on purpose']);
    const { number } = await publish(null, written);
    expect((await store.documents(number)).map(({ text }) => text)).toEqual([written.replace('---\n', '')]);
  });

  it('keeps assignments and entities as facts: sorted, each once, values to the letter', async () => {
    const { number } = await publish(null, FACTS);
    const [, entities, roles] = await store.documents(number);
    expect(JSON.parse(entities!.text).spec.entities.map(({ id }: { id: string }) => id)).toEqual(['10', '2']);
    expect(entities!.text).toContain('{"z":1,"a":[1.5,null,"x"],"__proto__":{"deep":true}}');
    expect(JSON.parse(roles!.text).spec.assignments).toEqual([
      { role: 'agent', principals: ['user:alice', 'user:bob'] },
      { role: 'chief', principals: ['group:leads'] },
    ]);
  });

  it('takes what it gave: publishing a past revision again changes nothing but the number', async () => {
    const first = await publish(null, FACTS);
    const second = await publish(first, roleSetText('staff', 'acme', [['chief', 'user:alice']]));
    const put = (await store.documents(first.number)).flatMap(({ text }) => documentsOf(text));
    const third = await publish(second, '', { put });
    expect(third.contentHash).toBe(first.contentHash);
    expect(await store.documents(third.number)).toEqual(await store.documents(first.number));
  });

  it('reads every revision of any history back, and the same changes between any two', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 6 }), async (history) => {
        store = await open();
        const texts = new Map<string, string>();
        const published: { revision: Revision; texts: ReadonlyMap<string, string> }[] = [];
        for (const { put, remove } of history) {
          const base = await store.newest();
          const outcome = await store.publish({ ...publicationOf(base, ''), put, remove });
          for (const key of remove) texts.delete(`${key.kind}/${key.name}`);
          for (const { kind, name, text } of put) texts.set(`${kind}/${name}`, text);
          if (outcome.kind === 'published') published.push({ revision: outcome.revision, texts: new Map(texts) });
          else expect(outcome.kind).toBe('unchanged');
        }
        for (const { revision, texts: expected } of published) {
          const documents = await store.documents(revision.number);
          expect(new Map(documents.map((document) => [names([document])[0]!, document.text]))).toEqual(expected);
          expect(contentHashOf(documents)).toBe(revision.contentHash);
          const last = await store.documents(published.at(-1)!.revision.number);
          const changes = await store.changes(revision.number, published.at(-1)!.revision.number);
          expect(changes).toEqual(documentChanges(documents, last));
        }
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  it('lets one of two publications on one base win, and says by whom', async () => {
    const base = await publish(null, BOTH);
    const by = (author: string) => ({ provenance: { author, source: 'git', because: 'a race' } });
    const outcomes = await Promise.all([
      store.publish(publicationOf(base, domainText('red'), by('ann'))),
      store.publish(publicationOf(base, domainText('blue'), by('bo'))),
    ]);
    const won = outcomes.find(({ kind }) => kind === 'published') as PublishOutcome & { kind: 'published' };
    const lost = outcomes.find(({ kind }) => kind === 'superseded') as PublishOutcome & { kind: 'superseded' };
    expect(lost.current).toEqual(won.revision);
    expect(await store.newest()).toEqual(won.revision);
  });

  it.each<[because: string, base: Publication['base']]>([
    ['nothing was known of what is there', null],
    ['a number alone is no base', { number: 1, contentHash: 'f'.repeat(64) }],
    ['the base is not the newest', { number: 7, contentHash: 'f'.repeat(64) }],
  ])('refuses a base when %s', async (_because, base) => {
    const newest = await publish(null, BOTH);
    const outcome = await store.publish({ ...publicationOf(newest, domainText('red')), base });
    expect(outcome).toEqual({ kind: 'superseded', current: newest });
    expect(await store.list({ limit: 10 })).toHaveLength(1);
  });

  it('stores nothing when nothing changes', async () => {
    const base = await publish(null, BOTH);
    const outcome = await store.publish(publicationOf(base, BOTH, { remove: [{ kind: 'Domain', name: 'nowhere' }] }));
    expect(outcome).toEqual({ kind: 'unchanged', revision: base });
  });

  it('counts a document that changes hands as changed', async () => {
    const base = await publish(null, BOTH);
    const provenance = { author: 'ann', source: 'console', because: 'taken over' };
    const next = await publish(base, domainText('acme'), { provenance });
    expect(next.contentHash).not.toBe(base.contentHash);
    expect((await store.documents(next.number)).map(({ source }) => source)).toEqual(['console', 'git']);
  });

  it('answers a repeated publication with the revision it made', async () => {
    const asked = publicationOf(null, BOTH, { idempotencyKey: 'k1' });
    const first = await store.publish(asked);
    const later = await publish(first.kind === 'published' ? first.revision : null, domainText('red'));
    expect(await store.publish(asked)).toEqual({ ...first, kind: 'repeated' });
    expect(await store.newest()).toEqual(later);
    expect(await store.publish({ ...asked, remove: [{ kind: 'Domain', name: 'x' }] })).toMatchObject({
      kind: 'key-reused',
    });
  });

  it('finds what was published with a key, and what was asked for then', async () => {
    const asked = { ...publicationOf(null, BOTH, { idempotencyKey: 'k1' }), requestHash: 'ab'.repeat(32) };
    expect(await store.publishedWith('k1')).toBeNull();
    const first = await store.publish(asked);
    expect(first.kind).toBe('published');
    expect(await store.publishedWith('k1')).toEqual({
      revision: await store.newest(),
      requestHash: asked.requestHash,
    });
    const elsewhere = publicationOf(await store.newest(), domainText('red'), { idempotencyKey: 'k1' });
    // Another publication, and the same request: planned again on another base.
    expect(await store.publish({ ...elsewhere, requestHash: asked.requestHash })).toMatchObject({ kind: 'repeated' });
    expect(await store.publish(elsewhere)).toMatchObject({ kind: 'key-reused' });
  });

  it('lists from the newest down, by pages', async () => {
    let base: Revision | null = null;
    for (const name of ['a', 'b', 'c']) base = await publish(base, domainText(name));
    const numbers = async (page: { below?: number; limit: number }) =>
      (await store.list(page)).map(({ number }) => number);
    expect(await numbers({ limit: 2 })).toEqual([3, 2]);
    expect(await numbers({ below: 2, limit: 2 })).toEqual([1]);
  });

  it('says what changed between two revisions, both ways', async () => {
    const first = await publish(null, `${BOTH}${domainText('kept')}`);
    const second = await publish(first, `${domainText('acme', 'another')}${domainText('labs')}`, {
      remove: [{ kind: 'Policy', name: 'base' }],
    });
    const said = async (since: number, until: number) =>
      (await store.changes(since, until)).map((change) => {
        const { kind, name } = change.kind === 'removed' ? change.before : change.after;
        return `${change.kind} ${kind}/${name}`;
      });
    expect(await said(first.number, second.number)).toEqual([
      'changed Domain/acme',
      'added Domain/labs',
      'removed Policy/base',
    ]);
    expect(await said(second.number, first.number)).toEqual([
      'changed Domain/acme',
      'removed Domain/labs',
      'added Policy/base',
    ]);
    expect(await said(0, first.number)).toEqual(['added Domain/acme', 'added Domain/kept', 'added Policy/base']);
  });

  it('begins an epoch with the same content above every number that was seen', async () => {
    const before = await publish(null, BOTH);
    const begun = await store.beginEpoch({ author: 'op', source: 'operator', because: 'restored' }, 41);
    expect(begun).toMatchObject({ epoch: 2, number: 42, base: 1, contentHash: before.contentHash });
    expect(await store.documents(42)).toEqual(await store.documents(1));
    const next = await publish(begun, domainText('red'));
    expect(next).toMatchObject({ epoch: 2, number: 43, base: 42 });
  });

  it('begins no epoch of nothing', async () => {
    await expect(store.beginEpoch({ author: 'op', source: 'operator', because: 'x' }, 0)).rejects.toThrow(
      RevisionUnknown,
    );
  });

  it('says what was touched, also where it came back', async () => {
    const first = await publish(null, BOTH);
    const gone = { put: [], remove: [{ kind: 'Policy', name: 'base' }] };
    const second = await publish(first, '', gone);
    const third = await publish(second, BOTH);
    expect(await store.changes(1, 3)).toEqual([]);
    const keys = [
      { kind: 'Policy', name: 'base' },
      { kind: 'Domain', name: 'acme' },
      { kind: 'Domain', name: 'base' },
    ];
    const touched = async (since: number) => (await store.touchedSince(since, keys)).map(({ kind }) => kind).sort();
    expect(await touched(0)).toEqual(['Domain', 'Policy']);
    expect([await touched(1), await touched(2), await touched(3)]).toEqual([['Policy'], ['Policy'], []]);
    expect(await store.touchedSince(0, [])).toEqual([]);
    expect(third.number).toBe(3);
  });

  it('knows no revision that was not published', async () => {
    await publish(null, BOTH);
    for (const number of [2, -1, 1.5, Number.NaN, 2 ** 60]) {
      expect(await store.revision(number)).toBeNull();
      await expect(store.documents(number)).rejects.toThrow(RevisionUnknown);
      await expect(store.changes(1, number)).rejects.toThrow(RevisionUnknown);
    }
  });

  it.each<[because: string, more: Partial<Publication>]>([
    ['an author says who', { provenance: { author: '', source: 'git', because: 'x' } }],
    ['a reason is no book', { provenance: { author: 'a', source: 'git', because: 'x'.repeat(4_097) } }],
    ['a text holds no U+0000', { provenance: { author: 'a\0', source: 'git', because: 'x' } }],
    ['a text holds no half characters', { provenance: { author: 'a', source: 'git', because: '\ud800' } }],
    ['a key is short', { idempotencyKey: 'k'.repeat(201) }],
    ['a document is put once', { put: [...documentsOf(BOTH), ...documentsOf(BOTH)] }],
    ['a document is put or removed', { remove: [{ kind: 'Domain', name: 'acme' }] }],
  ])('refuses a publication because %s', async (_because, more) => {
    await expect(store.publish(publicationOf(null, BOTH, more))).rejects.toThrow(PublicationRefused);
    expect(await store.newest()).toBeNull();
  });
}

function stored(documents: readonly (StoredDocument & { document?: unknown })[]): readonly StoredDocument[] {
  return documents.map(({ document: _meaning, ...rest }) => rest);
}
