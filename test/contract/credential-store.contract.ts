import { createHash } from 'node:crypto';
import {
  type CredentialStore,
  isActive,
  isSecretOf,
  type KeyedClient,
  MINTED_BY,
  type NewCredential,
  type OperatorTerms,
  PublicationRefused,
  splitToken,
} from '#administration';

const KEY: NewCredential = { kind: 'enforcement-point-key', name: 'edge', createdBy: 'ann' };
const CLIENT = {
  kind: 'client-key',
  name: 'partner-key',
  client: { subject: 'partner-1', scopes: ['read', 'a "b",{c}'], groups: [] },
  createdBy: 'ann',
} as const satisfies NewCredential;
const TOKEN: NewCredential = { kind: 'operator-token', name: 'bo', createdBy: 'ann' };
const SCOPED = {
  ...TOKEN,
  kind: 'operator-token',
  terms: {
    kind: 'scope',
    maker: 'op-1',
    grants: [
      { role: 'owner', domain: 'acme.pay' },
      { role: 'auditor', domain: '*' },
    ],
  },
} as const satisfies NewCredential;
const PERSON = {
  ...TOKEN,
  kind: 'operator-token',
  terms: { kind: 'person', maker: 'op-1', groups: ['leads', 'a "b",{c}'] },
} as const satisfies NewCredential;
const NOW = Date.now();

/** What every CredentialStore does. `open` gives an empty one. */
export function credentialStoreContract(open: () => Promise<CredentialStore>): void {
  let store: CredentialStore;
  beforeEach(async () => {
    store = await open();
  });

  it.each([KEY, CLIENT, TOKEN, SCOPED, PERSON, { ...KEY, expiresAt: Date.UTC(2030, 0, 1, 12, 0, 0, 123) }])(
    'keeps what was asked for, and of the secret its hash only: %j',
    async (asked) => {
      const { credential, token } = await store.create(asked);
      const { id, secret } = splitToken(token)!;
      expect(credential).toMatchObject({ id, ...asked });
      expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
      expect(credential.sha256).toBe(createHash('sha256').update(secret).digest('hex'));
      expect(isSecretOf(secret, credential.sha256)).toBe(true);
      expect(isSecretOf(`${secret}x`, credential.sha256)).toBe(false);
      expect(await store.find(id)).toEqual(credential);
      expect(JSON.stringify(await store.find(id))).not.toContain(secret);
    },
  );

  it('never makes the same twice', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => store.create(KEY)));
    expect(new Set(made.map(({ credential }) => credential.id)).size).toBe(20);
    expect(new Set(made.map(({ token }) => splitToken(token)!.secret)).size).toBe(20);
  });

  it('knows nothing that was not made', async () => {
    for (const id of ['', 'ep-none', '\0', "'; drop table dharma.credential; --", 'é'.repeat(9_000)]) {
      expect(await store.find(id)).toBeNull();
      expect(await store.revoke(['operator-token'], id, 'ann')).toBeNull();
    }
  });

  it('revokes once: who was first stands', async () => {
    const { credential } = await store.create(KEY);
    const revoked = await store.revoke([KEY.kind], credential.id, 'ann');
    expect(revoked).toMatchObject({ ...credential, revokedBy: 'ann', revokedAt: expect.any(Number) });
    expect(isActive(revoked!, 0)).toBe(false);
    expect(await store.revoke([KEY.kind], credential.id, 'bo')).toEqual(revoked);
    expect(await store.find(credential.id)).toEqual(revoked);
  });

  it('revokes by kind: a key is no token', async () => {
    const { credential } = await store.create(KEY);
    expect(await store.revoke(['operator-token'], credential.id, 'ann')).toBeNull();
    expect((await store.find(credential.id))!.revokedAt).toBeUndefined();
  });

  it('lists some kinds by id, by pages, revoked ones included', async () => {
    const keys = await Promise.all([KEY, CLIENT, KEY, CLIENT, KEY].map((asked) => store.create(asked)));
    await store.create(TOKEN);
    await store.revoke([KEY.kind], keys[0]!.credential.id, 'ann');
    const ids = keys.map(({ credential }) => credential.id).sort();
    const page = async (more: { after?: string; limit: number }) =>
      (await store.list(['client-key', 'enforcement-point-key'], more)).map(({ id }) => id);
    expect(await page({ limit: 500 })).toEqual(ids);
    expect(await page({ limit: 2 })).toEqual(ids.slice(0, 2));
    expect(await page({ after: ids[1]!, limit: 2 })).toEqual(ids.slice(2, 4));
    expect(await page({ after: ids[4]!, limit: 2 })).toEqual([]);
    expect(await store.list(['client-key'], { limit: 500 })).toHaveLength(2);
  });

  it('gives the threads that check keys those that count', async () => {
    const [kept, client, revoked, expiring] = [
      await store.create(KEY),
      await store.create(CLIENT),
      await store.create(KEY),
      await store.create({ ...KEY, name: 'other', expiresAt: 1_000 }),
    ];
    await store.create(TOKEN);
    await store.revoke([KEY.kind], revoked.credential.id, 'ann');
    const expected = [
      { id: kept.credential.id, enforcementPoint: 'edge', sha256: kept.credential.sha256, expiresAt: undefined },
      {
        id: client.credential.id,
        mechanism: 'partner-key',
        ...CLIENT.client,
        sha256: client.credential.sha256,
        expiresAt: undefined,
      },
      { id: expiring.credential.id, enforcementPoint: 'other', sha256: expiring.credential.sha256, expiresAt: 1_000 },
    ];
    expect(await store.activeKeys()).toEqual(expected.sort((left, right) => (left.id < right.id ? -1 : 1)));
  });

  it('has another version after each change, and the same one after none', async () => {
    const seen = [await store.version()];
    const { credential } = await store.create(KEY);
    seen.push(await store.version());
    await store.create(KEY);
    seen.push(await store.version());
    await store.revoke([KEY.kind], credential.id, 'ann');
    seen.push(await store.version());
    expect(new Set(seen).size).toBe(4);
    await store.revoke([KEY.kind], credential.id, 'ann');
    expect(await store.version()).toBe(seen.at(-1));
  });

  it('keeps when a credential was last used: the latest that anybody says', async () => {
    const [first, second, third] = [await store.create(KEY), await store.create(CLIENT), await store.create(KEY)];
    const [one, two, unused] = [first.credential.id, second.credential.id, third.credential.id];
    const before = await store.version();
    await store.noteUses(new Map([[one, NOW - 2_000]]));
    await store.noteUses(
      new Map([
        [two, NOW - 1_000],
        [one, NOW - 3_000],
      ]),
    );
    expect(await store.lastUses([two, one, unused, 'ep-none'])).toEqual(
      new Map([
        [one, NOW - 2_000],
        [two, NOW - 1_000],
      ]),
    );
    expect(await store.lastUses([two])).toEqual(new Map([[two, NOW - 1_000]]));
    expect(await store.lastUses([])).toEqual(new Map());
    // Nobody reads the keys anew for it.
    expect(await store.version()).toBe(before);
  });

  it('takes no use from the future, and none of what was never made', async () => {
    const { credential } = await store.create(KEY);
    await store.noteUses(
      new Map([
        [credential.id, NOW + 86_400_000],
        ['ep-none', NOW],
      ]),
    );
    const uses = await store.lastUses([credential.id, 'ep-none']);
    expect([...uses.keys()]).toEqual([credential.id]);
    expect(uses.get(credential.id)).toBeLessThan(NOW + 3_600_000);
  });

  it('takes uses of several servers at one time', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => store.create(KEY)));
    const ids = made.map(({ credential }) => credential.id);
    const said = Array.from({ length: 8 }, (_, server) => (server % 2 === 0 ? ids : ids.toReversed()));
    await Promise.all(
      said.map((order, server) => store.noteUses(new Map(order.map((id) => [id, NOW - 1_000 * server])))),
    );
    expect(new Set((await store.lastUses(ids)).values())).toEqual(new Set([NOW]));
  });

  it('mints the first operator once, whoever asks at the same time', async () => {
    const tokens = await Promise.all(Array.from({ length: 8 }, () => store.mintFirstOperator()));
    const minted = tokens.filter((token) => token !== null);
    expect(minted).toHaveLength(1);
    const { id, secret } = splitToken(minted[0]!)!;
    const operator = (await store.find(id))!;
    expect(operator).toMatchObject({
      kind: 'operator-token',
      createdBy: MINTED_BY.first,
      terms: { kind: 'root' },
    });
    expect(isSecretOf(secret, operator.sha256)).toBe(true);
    expect(await store.mintFirstOperator()).toBeNull();
  });

  it('mints no first operator beside another one, revoked or not', async () => {
    const { credential } = await store.create(TOKEN);
    expect(await store.mintFirstOperator()).toBeNull();
    await store.revoke([TOKEN.kind], credential.id, 'ann');
    expect(await store.mintFirstOperator()).toBeNull();
  });

  it('recovers: whoever has the database gets a token of any name, any number of times', async () => {
    const tokens = [await store.recoverOperator('ann'), await store.recoverOperator('ann')];
    const found = await Promise.all(tokens.map((token) => store.find(splitToken(token)!.id)));
    expect(found).toEqual([
      expect.objectContaining({ name: 'ann', createdBy: MINTED_BY.recovery, terms: { kind: 'root' } }),
      expect.objectContaining({ name: 'ann', createdBy: MINTED_BY.recovery, terms: { kind: 'root' } }),
    ]);
    expect(found[0]!.id).not.toBe(found[1]!.id);
  });

  it.each<[because: string, more: Partial<NewCredential>]>([
    ['a name says whose it is', { name: '' }],
    ['a name is no book', { name: 'x'.repeat(513) }],
    ['a name holds no U+0000', { name: 'a\0' }],
    ['a name holds no half characters', { createdBy: '\ud800' }],
    ['it ends at an instant', { expiresAt: Number.NaN }],
    ['no calendar goes that far', { expiresAt: Date.UTC(20_000, 0) }],
  ])('refuses a credential because %s', async (_because, more) => {
    await expect(store.create({ ...KEY, ...more } as NewCredential)).rejects.toThrow(PublicationRefused);
    expect(await store.activeKeys()).toEqual([]);
  });

  it.each<[because: string, terms: OperatorTerms]>([
    ['somebody made it', { ...SCOPED.terms, maker: '' }],
    ['a group has a name', { ...PERSON.terms, groups: [''] }],
    ['nobody is in so many groups', { ...PERSON.terms, groups: Array.from({ length: 101 }, (_, at) => `g${at}`) }],
    ['a domain has a name', { ...SCOPED.terms, grants: [{ role: 'owner', domain: '' }] }],
    ['no domain has a space', { ...SCOPED.terms, grants: [{ role: 'owner', domain: 'acme *' }] }],
    ['there is no such role', { ...SCOPED.terms, grants: [{ role: 'root' as 'owner', domain: 'acme' }] }],
  ])("refuses an operator's token because %s", async (_because, terms) => {
    await expect(store.create({ ...SCOPED, terms })).rejects.toThrow(PublicationRefused);
    expect(await store.list(['operator-token'], { limit: 5 })).toEqual([]);
  });

  it.each<[because: string, more: Partial<KeyedClient>]>([
    ['a key stands for somebody', { subject: '' }],
    ['a subject is no book', { subject: 'x'.repeat(513) }],
    ['a scope has a name', { scopes: ['read', ''] }],
    ['a group holds no U+0000', { groups: ['a\0'] }],
    ['nobody is in so many groups', { groups: Array.from({ length: 101 }, (_, index) => `g${index}`) }],
  ])("refuses a client's key because %s", async (_because, more) => {
    const client = { ...CLIENT.client, ...more };
    await expect(store.create({ ...CLIENT, client })).rejects.toThrow(PublicationRefused);
    expect(await store.activeKeys()).toEqual([]);
  });
}
