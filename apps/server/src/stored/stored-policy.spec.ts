import { newDocument, type NewCredential, type Revision, type RevisionStore } from '#administration';
import { LiveSnapshot, type PolicyInForce, type ServiceEvent } from '#decision';
import { KeyRing, readKey } from '#identity';
import { loadBundle } from '#policy';
import {
  MemoryAuditLog,
  MemoryCredentialStore,
  MemoryFleet,
  MemoryRevisionStore,
  type StoreConnection,
  StoreFault,
} from '#store';
import { StoredPolicy, type StoredPolicyParts } from './stored-policy.js';

const GONE = new StoreFault('unavailable', 'ECONNREFUSED', undefined, 'the database cannot be reached: nobody listens');

const EDGE: NewCredential = { kind: 'enforcement-point-key', name: 'edge', createdBy: 'ann' };
const PARTNER = {
  kind: 'client-key',
  name: 'partner-key',
  client: { subject: 'partner-1', scopes: ['read'], groups: [] },
  createdBy: 'ann',
} as const satisfies NewCredential;

async function publish(store: RevisionStore, name: string): Promise<Revision> {
  const text = `apiVersion: dharma/v1\nkind: Domain\nmetadata: { name: ${name} }\nspec: {}\n`;
  const { document } = loadBundle([{ file: 'set.yaml', text }]).documents[0]!;
  const outcome = await store.publish({
    base: await store.newest(),
    put: [newDocument(document, text, 'git')],
    remove: [],
    provenance: { author: 'ann', source: 'git', because: 'a test says so' },
  });
  if (outcome.kind !== 'published') throw new Error(outcome.kind);
  return outcome.revision;
}

/** Counts attempts to write uses, and fails them where a test says so. */
class CountingStore extends MemoryCredentialStore {
  statements = 0;
  fault: StoreFault | undefined;

  override async noteUses(uses: ReadonlyMap<string, number>): Promise<void> {
    this.statements += 1;
    if (this.fault !== undefined) throw this.fault;
    await super.noteUses(uses);
  }
}

/** A store that can be out of reach, and a server that follows it. Time passes when it is told to. */
function world(more: Partial<StoredPolicyParts> = {}) {
  const store = new MemoryRevisionStore(() => 0);
  const credentials = new CountingStore(() => 0);
  const fleet = new MemoryFleet(() => 0);
  const reach = { isThere: true };
  const live = new LiveSnapshot();
  const keys = new KeyRing();
  const events: ServiceEvent[] = [];
  const planned: { work: () => void; milliseconds: number }[] = [];
  const welcomed: StoreConnection[] = [];
  const take = ({ epoch, number, contentHash }: Revision) => {
    live.replace({ epoch, revision: number, contentHash, identity: { close() {} } } as unknown as PolicyInForce);
    return true;
  };
  let hint = () => {};
  const policy = new StoredPolicy({
    connect: async () => {
      if (!reach.isThere) throw GONE;
      return {
        store,
        credentials,
        audit: new MemoryAuditLog(() => 0),
        fleet,
        close: async () => {},
        listen: async (called) => {
          hint = called;
          return async () => {};
        },
      };
    },
    onConnected: async (connection) => void welcomed.push(connection),
    live,
    keys,
    keptKeys: undefined,
    putKeptInForce: async () => false,
    putInForce: async (revision) => take(revision),
    clock: () => 7,
    log: (event) => void events.push(event),
    timer: {
      after: (milliseconds, work) => {
        const entry = { milliseconds, work };
        planned.push(entry);
        return () => {
          const place = planned.indexOf(entry);
          if (place >= 0) planned.splice(place, 1);
        };
      },
    },
    random: () => 0.5,
    pollMilliseconds: 5_000,
    heartbeat: () => ({
      server: 'here',
      version: '0.0.0',
      address: '',
      startedAt: 0,
      policy:
        live.inForce === undefined ? null : { epoch: 1, number: live.inForce.revision, contentHash: '', ageSeconds: 0 },
    }),
    ...more,
  });
  /** Lets what waits run, and what follows from it. */
  const pass = async () => {
    for (const { work } of planned.splice(0)) work();
    for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setImmediate(done));
  };
  return {
    policy,
    store,
    credentials,
    fleet,
    reach,
    live,
    keys,
    events,
    welcomed,
    take,
    pass,
    planned,
    hint: () => hint(),
  };
}

describe('a server and its store', () => {
  it('puts the newest revision in force at the start, and each that follows', async () => {
    const { policy, store, fleet, live, pass, hint } = world();
    await publish(store, 'one');
    await policy.start();
    expect(live.inForce).toMatchObject({ epoch: 1, revision: 1, confirmedAt: 7 });
    await publish(store, 'two');
    hint();
    await pass();
    expect(live.inForce?.revision).toBe(2);
    expect(await fleet.list()).toMatchObject([{ server: 'here', policy: { number: 2 } }]);
    expect(policy.state.state).toBe('current');
    await policy.stop();
  });

  it('starts without its store, tries again ever more slowly, and says both once', async () => {
    const { policy, store, reach, live, events, welcomed, pass, planned } = world();
    await publish(store, 'one');
    reach.isThere = false;
    await policy.start();
    expect(live.inForce).toBeUndefined();
    expect(policy.state).toEqual({ state: 'connecting', detail: GONE.message });
    const waits: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      waits.push(planned[0]!.milliseconds);
      await pass();
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 4_000, 4_000]);
    reach.isThere = true;
    await pass();
    expect(live.inForce?.revision).toBe(1);
    expect(welcomed).toHaveLength(1);
    expect(events).toEqual([
      { kind: 'feed', alarm: 'unreachable', detail: GONE.message },
      { kind: 'feed', alarm: null, detail: '' },
    ]);
    await policy.stop();
  });

  it('goes on from what was kept, and never back', async () => {
    const other = world();
    const kept = await publish(other.store, 'one');
    const ahead = { ...kept, number: 3 };
    const { policy, store, live, take, events } = world({ putKeptInForce: async () => take(ahead) && true });
    live.replace({ epoch: 1, revision: 3, contentHash: kept.contentHash, identity: { close() {} } } as never);
    await publish(store, 'one');
    await policy.start();
    expect(live.inForce?.revision).toBe(3);
    expect(events).toMatchObject([{ kind: 'feed', alarm: 'went-back' }]);
    await policy.stop();
  });

  it('does not start on a database that will not do, and says so later', async () => {
    const refused = new StoreFault('refused', '42501', undefined, 'the database answered 42501: permission denied');
    let fault: Error = refused;
    const { policy } = world({ connect: () => Promise.reject(fault) });
    await expect(policy.start()).rejects.toBe(refused);

    fault = GONE;
    const later = world({ connect: () => Promise.reject(fault) });
    await later.policy.start();
    fault = refused;
    await later.pass();
    expect(later.events.at(-1)).toEqual({ kind: 'feed', alarm: 'refused', detail: refused.message });
    expect(later.planned).toEqual([]);
  });

  it('knows the keys that were minted, forgets those that were revoked', async () => {
    const { policy, store, credentials, keys, pass, hint } = world();
    await publish(store, 'one');
    const [edge, partner] = [await credentials.create(EDGE), await credentials.create(PARTNER)];
    await policy.start();
    expect(keys.find(readKey(edge.token)!)).toMatchObject({ enforcementPoint: 'edge' });
    expect(keys.find(readKey(partner.token)!)).toMatchObject({ mechanism: 'partner-key', ...PARTNER.client });
    for (const { credential } of [edge, partner]) await credentials.revoke([credential.kind], credential.id, 'ann');
    hint();
    await pass();
    expect(keys.find(readKey(edge.token)!)).toBeUndefined();
    expect(keys.find(readKey(partner.token)!)).toBeUndefined();
    await policy.stop();
  });

  describe('writes down when keys were used', () => {
    const used = async () => {
      const server = world();
      const { credential } = await server.credentials.create(PARTNER);
      const { id } = credential;
      await server.policy.start();
      const lastUse = async () => (await server.credentials.lastUses([id])).get(id);
      return { ...server, id, lastUse };
    };

    it('once a minute in one statement, and what is left when it ends', async () => {
      const { policy, credentials, keys, id, lastUse, pass, planned } = await used();
      expect(planned.map(({ milliseconds }) => milliseconds)).toContain(60_000);
      await pass();
      expect(credentials.statements).toBe(0);
      for (const now of [-3, -2, -1]) keys.noteUse(id, now);
      await pass();
      expect(credentials.statements).toBe(1);
      expect(await lastUse()).toBe(-1);
      keys.noteUse(id, 0);
      await policy.stop();
      expect(credentials.statements).toBe(2);
      expect(await lastUse()).toBe(0);
      expect(planned).toEqual([]);
    });

    it('later, when the store cannot be reached', async () => {
      const { policy, credentials, keys, id, lastUse, pass } = await used();
      credentials.fault = GONE;
      keys.noteUse(id, -2);
      await pass();
      expect(await lastUse()).toBeUndefined();
      credentials.fault = undefined;
      await pass();
      expect(await lastUse()).toBe(-2);
      await policy.stop();
    });

    it('never, where its role may not: that is no fault', async () => {
      const { policy, credentials, keys, id, events, pass } = await used();
      credentials.fault = new StoreFault('refused', '42501', undefined, 'permission denied');
      keys.noteUse(id, -2);
      await pass();
      await pass();
      expect(credentials.statements).toBe(1);
      expect(events).toEqual([]);
      expect(policy.state.state).toBe('empty');
      await policy.stop();
    });
  });
});
