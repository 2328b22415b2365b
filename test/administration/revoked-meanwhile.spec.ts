import { MemoryAuditLog, MemoryCredentialStore, MemoryFleet, MemoryRevisionStore } from '#store';
import { ScriptedServer, startTestAdmin } from '../admin-api/admin-server.js';
import { SHOP } from '../support/shop.js';

/** Says what happens while a set is read. */
class SlowRevisionStore extends MemoryRevisionStore {
  meanwhile = async (): Promise<void> => {};

  override async newest() {
    await this.meanwhile();
    return super.newest();
  }
}

it('stores nothing for a token that was revoked while it was planned', async () => {
  const store = new SlowRevisionStore(Date.now);
  const credentials = new MemoryCredentialStore(Date.now);
  const admin = await startTestAdmin({
    history: { store, credentials, audit: new MemoryAuditLog(Date.now), fleet: new MemoryFleet(Date.now) },
    server: new ScriptedServer(),
    clock: Date.now,
  });
  try {
    const scope = { domain: '*', roles: ['owner'] };
    const make = async () => (await admin.ask('POST', '/admin/v1/operators', { body: { name: 'bo', scope } })).json;
    const body = { source: 'git', files: [{ file: 'shop.yaml', text: SHOP }], base: null, because: 'x' };
    const first = await make();
    store.meanwhile = async () => void (await credentials.revoke(['operator-token'], first.id, 'ann'));
    const late = await admin.ask('POST', '/admin/v1/revisions', { token: first.token, body });
    expect([late.status, late.json.code]).toEqual([401, 'operator-unknown']);
    expect(await store.list({ limit: 1 })).toEqual([]);
    // Its maker's fall is as good.
    store.meanwhile = async () => {};
    const maker = await make();
    const made = (await admin.ask('POST', '/admin/v1/operators', { token: maker.token, body: { name: 'cy', scope } }))
      .json;
    store.meanwhile = async () => void (await credentials.revoke(['operator-token'], maker.id, 'ann'));
    const refused = await admin.ask('POST', '/admin/v1/revisions', { token: made.token, body });
    expect([refused.status, refused.json.code]).toEqual([401, 'operator-unknown']);
    expect(await store.list({ limit: 1 })).toEqual([]);
  } finally {
    await admin.stop();
  }
});
