import {
  type Act,
  actHash,
  type AuditLog,
  ChainReader,
  credentialHash,
  type CredentialStore,
  FIRST_OPERATOR,
  MINTED_BY,
  type NewAct,
  NO_LINK,
  type PublishOutcome,
  PublicationRefused,
  type RevisionStore,
} from '#administration';
import { domainText, publicationOf } from '../support/revisions.js';

/** Stores that write to one audit log. */
export interface AuditedStores {
  readonly audit: AuditLog;
  readonly store: RevisionStore;
  readonly credentials: CredentialStore;
}

const REFRESH = { operator: 'ann', act: 'issuers.refresh', object: 'issuers' } as const satisfies NewAct;
const KEY = { kind: 'enforcement-point-key', name: 'edge', createdBy: 'ann' } as const;
const ORIGIN = { credential: 'op-1', requestId: 'r-1', address: '192.0.2.7' } as const;

/** The whole chain, from its first link on; fails where it is broken. */
export async function wholeChain(audit: AuditLog): Promise<readonly Act[]> {
  const acts = await audit.list({}, { order: 'oldest', limit: 1_000 });
  const reader = new ChainReader();
  expect(acts.map((act) => reader.next(act))).toEqual(acts.map(() => undefined));
  return acts;
}

/** What every audit log does, and every store that writes to one. */
export function auditLogContract(open: () => Promise<AuditedStores>): void {
  let stores: AuditedStores;
  let audit: AuditLog;
  beforeEach(async () => {
    stores = await open();
    audit = stores.audit;
  });

  const last = async (): Promise<Act> => (await audit.list({}, { order: 'newest', limit: 1 }))[0]!;

  it('begins empty, and hangs each link on the one before', async () => {
    expect(await audit.list({}, { order: 'newest', limit: 10 })).toEqual([]);
    const first = await audit.append(REFRESH);
    const second = await audit.append({ ...REFRESH, operator: 'bo', ...ORIGIN });
    expect([first.sequence, first.previous]).toEqual([1, NO_LINK]);
    expect([second.sequence, second.previous]).toEqual([2, first.hash]);
    expect(await wholeChain(audit)).toEqual([first, second]);
    expect(second).toMatchObject({ operator: 'bo', credential: 'op-1', requestId: 'r-1', address: '192.0.2.7' });
  });

  it('hashes everything that it says, to the letter', async () => {
    const act = await audit.append({
      operator: 'Ännchen, 3:x, \n and 😀',
      act: 'revision.publish',
      object: 'source/-,',
      refused: 'bundle-invalid',
      before: 'a'.repeat(64),
      after: 'b'.repeat(64),
      revision: 7,
      ...ORIGIN,
    });
    const { hash, ...said } = act;
    expect(actHash(said)).toBe(hash);
    const [read] = await audit.list({}, { order: 'oldest', limit: 1 });
    expect(read).toEqual(act);
    for (const member of Object.keys(said) as (keyof typeof said)[]) {
      const other = typeof said[member] === 'number' ? (said[member] as number) + 1 : `${said[member]}x`;
      expect([member, actHash({ ...said, [member]: other })]).not.toEqual([member, hash]);
      expect([member, actHash({ ...said, [member]: null } as never)]).not.toEqual([member, hash]);
    }
  });

  it('is read from either end, in pages', async () => {
    for (let count = 0; count < 5; count += 1) await audit.append(REFRESH);
    const pages = async (order: 'newest' | 'oldest', behind?: number) =>
      (await audit.list({}, { order, behind, limit: 2 })).map(({ sequence }) => sequence);
    expect(await pages('newest')).toEqual([5, 4]);
    expect(await pages('newest', 4)).toEqual([3, 2]);
    expect(await pages('newest', 1)).toEqual([]);
    expect(await pages('oldest')).toEqual([1, 2]);
    expect(await pages('oldest', 4)).toEqual([5]);
  });

  it('is searched by who, what and when', async () => {
    const one = await audit.append({ ...REFRESH, credential: 'op-1' });
    const two = await audit.append({ operator: 'bo', act: 'revision.publish', object: 'source/git', revision: 7 });
    const found = async (filter: Parameters<AuditLog['list']>[0]) =>
      (await audit.list(filter, { order: 'oldest', limit: 10 })).map(({ sequence }) => sequence);
    expect(await found({ operator: 'ann' })).toEqual([1]);
    expect(await found({ operator: 'op-1' })).toEqual([1]);
    expect(await found({ act: 'revision.publish' })).toEqual([2]);
    expect(await found({ object: 'source/git' })).toEqual([2]);
    expect(await found({ revision: 7 })).toEqual([2]);
    expect(await found({ revision: 7, operator: 'ann' })).toEqual([]);
    expect(await found({ since: one.at, until: two.at + 1 })).toEqual([1, 2]);
    expect(await found({ until: one.at })).toEqual([]);
    expect(await found({ since: two.at + 1 })).toEqual([]);
    expect(await found({ operator: "x' or '1' = '1" })).toEqual([]);
  });

  it.each<[because: string, more: Partial<NewAct>]>([
    ['somebody acts', { operator: '' }],
    ['a name is no book', { operator: 'x'.repeat(1_101) }],
    ['an object holds no U+0000', { object: 'key/\0' }],
    ['an object holds no half characters', { object: 'key/\ud800' }],
  ])('takes no act that no store can keep: %s', async (_because, more) => {
    await expect(audit.append({ ...REFRESH, ...more })).rejects.toThrow(PublicationRefused);
    expect(await wholeChain(audit)).toEqual([]);
  });

  describe('takes an act of each step of a store', () => {
    it('a publication, with the content before and after it', async () => {
      const { store } = stores;
      const first = await published(store.publish(publicationOf(null, domainText('acme')), ORIGIN));
      expect(await last()).toMatchObject({
        ...ORIGIN,
        sequence: 1,
        operator: first.provenance.author,
        act: 'revision.publish',
        object: `source/${first.provenance.source}`,
        refused: null,
        before: null,
        after: first.contentHash,
        revision: 1,
      });
      const context = { act: 'revision.restore', object: 'revision/1' } as const;
      const second = await published(store.publish(publicationOf(first, domainText('labs')), context));
      expect(await last()).toMatchObject({
        ...context,
        sequence: 2,
        before: first.contentHash,
        after: second.contentHash,
        revision: 2,
        credential: null,
      });
    });

    it('none of a publication that stored nothing', async () => {
      const { store } = stores;
      const publication = publicationOf(null, domainText('acme'), { idempotencyKey: 'once' });
      const first = await published(store.publish(publication));
      await store.publish(publication);
      await store.publish(publicationOf(null, domainText('labs')));
      await store.publish(publicationOf(first, domainText('acme')));
      await store.publish(publicationOf(first, domainText('labs'), { idempotencyKey: 'once' }));
      expect(await wholeChain(audit)).toHaveLength(1);
    });

    it('an epoch', async () => {
      const { store } = stores;
      await published(store.publish(publicationOf(null, domainText('acme'))));
      const revision = await store.beginEpoch({ author: 'bo', source: 'epoch', because: 'a backup' }, 9, ORIGIN);
      expect(await last()).toMatchObject({
        ...ORIGIN,
        operator: 'bo',
        act: 'epoch.begin',
        object: 'epoch/2',
        before: revision.contentHash,
        after: revision.contentHash,
        revision: 10,
      });
    });

    it('a key and a token that is made or revoked, once', async () => {
      const { credentials } = stores;
      const { credential, token } = await credentials.create(KEY, ORIGIN);
      const hash = credentialHash(credential);
      expect(await last()).toMatchObject({
        ...ORIGIN,
        operator: 'ann',
        act: 'key.create',
        object: `key/${credential.id}`,
        before: null,
        after: hash,
      });
      for (const by of ['bo', 'eve']) await credentials.revoke([KEY.kind], credential.id, by, ORIGIN);
      await credentials.revoke(['operator-token'], credential.id, 'eve');
      await credentials.revoke([KEY.kind], 'ep-none', 'eve');
      expect(await last()).toMatchObject({ operator: 'bo', act: 'key.revoke', before: hash, after: null });
      await credentials.create({ kind: 'operator-token', name: 'cy', createdBy: 'bo' });
      expect(await last()).toMatchObject({ operator: 'bo', act: 'operator.create' });
      const chain = await wholeChain(audit);
      expect(chain.map(({ act }) => act)).toEqual(['key.create', 'key.revoke', 'operator.create']);
      expect(JSON.stringify(chain)).not.toContain(token.slice(token.indexOf('.') + 1));
    });

    it('tokens that no operator made', async () => {
      const { credentials } = stores;
      await Promise.all(Array.from({ length: 4 }, () => credentials.mintFirstOperator()));
      await credentials.recoverOperator('ann');
      expect(await wholeChain(audit)).toMatchObject([
        { act: 'operator.first', operator: MINTED_BY.first, object: expect.stringMatching(/^operator\/op-/) },
        { act: 'operator.recover', operator: MINTED_BY.recovery, object: expect.stringMatching(/^operator\/op-/) },
      ]);
      expect(FIRST_OPERATOR).not.toBe(MINTED_BY.first);
    });
  });
}

async function published(outcome: Promise<PublishOutcome>) {
  const { kind, revision } = (await outcome) as PublishOutcome & { kind: 'published' };
  expect(kind).toBe('published');
  return revision;
}
