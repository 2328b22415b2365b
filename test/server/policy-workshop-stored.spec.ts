import { jest } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Revision } from '#administration';
import { type AccessRequest, decide } from '#engine';
import { connectLazily, type Stores } from '#store';
import { startWorkshop, stopWorkshops } from '../support/policy-workshop.js';
import { startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { entitySetText, publicationOf, roleSetText } from '../support/revisions.js';
import { CLOSED_SHOP, getFromShop, SHOP } from '../support/shop.js';
import { ensureThreadsBuilt, faultyThreads } from '../support/threads.js';

jest.setTimeout(60_000);

let postgres: TestPostgres;
let databaseUrl: string;
let stores: Stores;
let keptFolder: string;
beforeAll(async () => {
  await ensureThreadsBuilt();
  postgres = await startTestPostgres();
}, 300_000);
afterAll(() => postgres.stop());
beforeEach(async () => {
  databaseUrl = await postgres.migrated();
  stores = connectLazily({ url: databaseUrl, random: Math.random });
  keptFolder = await mkdtemp(join(tmpdir(), 'dharma-workshop-'));
});
afterEach(async () => {
  await stopWorkshops();
  await stores.close();
  await rm(keptFolder, { recursive: true, force: true });
});

async function published(base: Revision | null, text: string): Promise<Revision> {
  const outcome = await stores.store.publish(publicationOf(base, text));
  if (outcome.kind !== 'published') throw new Error(outcome.kind);
  return outcome.revision;
}

function markOf({ epoch, number, contentHash }: Revision) {
  return { epoch, revision: number, contentHash };
}

it('a stored revision is put in force, kept, and put in force again where there is no store', async () => {
  const revision = await published(null, SHOP);
  const first = startWorkshop({ databaseUrl, keptFolder });
  expect(await first.workshop.putInForce({ kind: 'revision', revision })).toBe(true);
  expect(first.live.inForce).toMatchObject(markOf(revision));
  await first.workshop.stop();
  const second = startWorkshop({ keptFolder, clock: () => 9_000 });
  expect(await second.workshop.putInForce({ kind: 'kept' })).toBe(true);
  expect(second.live.inForce).toMatchObject({ ...markOf(revision), confirmedAt: 1_000 });
  expect(decide(second.live.inForce!.snapshot, getFromShop('/public/a')).reason).toBe('ALLOW_SLOW');
  expect(second.events.map(({ kind }) => kind)).not.toContain('disk');
});

it('a stored revision is in force also where tests fail, which it was published with', async () => {
  const open = `${SHOP}---
apiVersion: dharma/v1
kind: Test
metadata: { name: cases, domain: shop }
spec:
  cases:
    - because: the shop is open
      request: { target: { host: shop.example, method: GET, path: /public/a } }
      expect: { decision: allow }
`;
  const before = await published(null, open);
  const bench = startWorkshop({ databaseUrl, keptFolder });
  const { workshop, live, events } = bench;
  await workshop.putInForce({ kind: 'revision', revision: before });
  const suspension =
    'apiVersion: dharma/v1\nkind: Suspension\nmetadata: { name: shop }\nspec: { because: a key leaked }\n';
  const revision = await published(before, suspension);
  expect(await workshop.putInForce({ kind: 'revision', revision })).toBe(true);
  expect(decide(live.inForce!.snapshot, getFromShop('/public/a')).reason).toBe('TARGET_DOMAIN_SUSPENDED');
  expect(await bench.said('policy-tests-fail')).toMatchObject({
    ...markOf(revision),
    failing: [expect.stringMatching(/^Test\/cases\.yaml:\d+:\d+: test fails: the shop is open$/)],
  });
  const told = events.filter(({ kind }) => kind === 'policy-in-force' || kind === 'policy-tests-fail');
  expect(told.map(({ kind }) => kind)).toEqual(['policy-in-force', 'policy-in-force', 'policy-tests-fail']);
});

it('where nothing is kept nothing is put in force, and that is no fault', async () => {
  const { workshop, live, events } = startWorkshop({ keptFolder });
  expect(await workshop.putInForce({ kind: 'kept' })).toBe(false);
  expect(live.inForce).toBeUndefined();
  expect(events).toEqual([]);
});

it('a damaged revision is told of, and the one before is put in force', async () => {
  const before = await published(null, SHOP);
  const revision = await published(before, CLOSED_SHOP);
  const first = startWorkshop({ databaseUrl, keptFolder });
  await first.workshop.putInForce({ kind: 'revision', revision: before });
  await first.workshop.putInForce({ kind: 'revision', revision });
  await first.workshop.stop();
  const [, digest] = /"digest":"([0-9a-f]+)"/.exec(await readFile(join(keptFolder, 'index'), 'utf8'))!;
  await writeFile(join(keptFolder, `${digest}.revision`), 'something else');
  const second = startWorkshop({ keptFolder });
  expect(await second.workshop.putInForce({ kind: 'kept' })).toBe(true);
  expect(second.live.inForce).toMatchObject(markOf(before));
  expect((await second.said('disk')).fault).toContain(`revision ${revision.number}`);
});

it('a revision that was put back is kept no more', async () => {
  const before = await published(null, SHOP);
  const revision = await published(before, CLOSED_SHOP);
  const threads = faultyThreads();
  const furtherCheck = { requests: 1e9, milliseconds: 60_000 };
  const first = startWorkshop({ databaseUrl, keptFolder, startThread: threads.start, furtherCheck });
  await first.workshop.putInForce({ kind: 'revision', revision: before });
  await first.workshop.putInForce({ kind: 'revision', revision });
  threads.lie();
  await first.said('policy-difference');
  await first.workshop.stop();
  const second = startWorkshop({ keptFolder });
  await second.workshop.putInForce({ kind: 'kept' });
  expect(second.live.inForce).toMatchObject(markOf(before));
});

it('a store that does not answer is a reason to try again, not to refuse', async () => {
  const revision = await published(null, SHOP);
  const { workshop, events } = startWorkshop({ databaseUrl: postgres.server.urlOf('nowhere'), keptFolder });
  await expect(workshop.putInForce({ kind: 'revision', revision })).rejects.toThrow('nowhere');
  expect(events).toEqual([]);
});

/** Its back office is for clerks. */
const STAFFED = `${SHOP.replace(
  'access: [anonymous]',
  'mechanisms: [{ name: login, role: access, kind: asserted }], access: [anonymous, login]',
)}---
apiVersion: dharma/v1
kind: Policy
metadata: { name: office, domain: shop }
spec: { rules: [{ id: clerks, effect: allow, who: { roles: [clerk] }, what: { endpoints: [orders/office] } }] }
`;

function clerks(...principals: readonly string[]): string {
  return (
    STAFFED +
    roleSetText(
      'staff',
      'shop',
      principals.map((principal) => ['clerk', principal] as const),
    )
  );
}

function inTheOffice(subject: string): AccessRequest {
  const { attributes, ...asked } = getFromShop('/admin/orders');
  const scopes: readonly string[] = [];
  const item = { role: 'access', mechanism: 'login', subject, verified: true } as const;
  return { ...asked, attributes, evidence: [{ ...item, scopes, groups: scopes, claims: attributes, attributes }] };
}

/** Both tries to make a set ready as a whole end the thread. */
const BOTH = 2;

async function following(before: string) {
  const threads = faultyThreads();
  // What is asked about a step is asked at once: nothing else looks for a difference meanwhile.
  const furtherCheck = { requests: 0, milliseconds: 0 };
  // However busy the machine is, the ten requests before a swap are asked.
  const patient = { checkMilliseconds: 10_000, furtherCheck };
  const started = startWorkshop({ databaseUrl, keptFolder, startThread: threads.start, ...patient });
  const first = await published(null, before);
  await started.workshop.putInForce({ kind: 'revision', revision: first });
  const follow = (revision: Revision) => started.workshop.putInForce({ kind: 'revision', revision });
  const reason = (subject: string) => decide(started.live.inForce!.snapshot, inTheOffice(subject)).reason;
  const { live, workshop, events } = started;
  return { live, workshop, events, threads, first, follow, reason };
}

describe('a revision in which only others hold a role', () => {
  it('is put in force by what differs, explained, kept, and followed by another one', async () => {
    const { threads, first, follow, reason, live, workshop } = await following(clerks('user:ann', 'user:bob'));
    threads.die(BOTH);
    const joined = await published(first, clerks('user:ann', 'user:bob', 'user:carl'));
    expect(await follow(joined)).toBe(true);
    expect(live.inForce).toMatchObject(markOf(joined));
    expect(['ann', 'bob', 'carl', 'dora'].map(reason)).toEqual([
      'ALLOW_SLOW',
      'ALLOW_SLOW',
      'ALLOW_SLOW',
      'NO_ALLOW_RULE',
    ]);
    const before = live.inForce!;
    const left = await published(joined, clerks('user:ann', 'user:carl'));
    expect(await follow(left)).toBe(true);
    expect(['ann', 'bob', 'carl'].map(reason)).toEqual(['ALLOW_SLOW', 'NO_ALLOW_RULE', 'ALLOW_SLOW']);
    // By the reasons of the revision that decided.
    const outcomes = [before, live.inForce!].map((policy) => workshop.explain(inTheOffice('bob'), policy));
    expect((await Promise.all(outcomes)).map(({ outcome }) => outcome.reason)).toEqual(['ALLOW_SLOW', 'NO_ALLOW_RULE']);
    await workshop.stop();
    const second = startWorkshop({ databaseUrl, keptFolder });
    await second.workshop.putInForce({ kind: 'kept' });
    expect(second.live.inForce).toMatchObject(markOf(left));
    // A rule that is new is more than who holds a role.
    const closed = await published(left, `${clerks('user:ann')}${CLOSED_SHOP.slice(SHOP.length)}`);
    expect(await second.workshop.putInForce({ kind: 'revision', revision: closed })).toBe(true);
    expect(decide(second.live.inForce!.snapshot, inTheOffice('ann')).reason).toBe('DENY_RULE');
  });

  it('is made ready as a whole where there is more to it, or anything does not fit', async () => {
    const { threads, first, follow, live } = await following(clerks('user:ann'));
    const joined = await published(first, clerks('user:ann', 'user:bob'));
    const served = await published(joined, clerks('user:ann', 'user:bob', 'service:web'));
    const others = [
      { because: 'what a service holds is elsewhere', revision: served },
      { because: 'the store has another content', revision: { ...joined, contentHash: 'f'.repeat(64) } },
      { because: 'it is of another epoch', revision: { ...joined, epoch: 2 } },
      { because: 'it does not follow', revision: { ...joined, number: first.number } },
    ];
    for (const { because, revision } of others) {
      threads.die(BOTH);
      expect({ because, isTaken: await follow(revision) }).toEqual({ because, isTaken: false });
      expect(live.inForce).toMatchObject(markOf(first));
    }
  });

  it('is not in force where the engines differ about those whom it concerns', async () => {
    const { threads, first, follow, live, events } = await following(clerks('user:ann'));
    threads.lie();
    const joined = await published(first, clerks('user:ann', 'user:bob'));
    expect(await follow(joined)).toBe(false);
    expect(live.inForce).toMatchObject(markOf(first));
    // Once as a step, and once more as a whole, which was asked about the same.
    const differences = events.filter((event) => event.kind === 'policy-difference' && !event.rolledBack);
    expect(differences).toMatchObject([{ revision: joined.number }, { revision: joined.number }]);
  });
});

describe('a revision in which only some rules are others', () => {
  function office(...roles: readonly string[]): string {
    const rules = roles.map(
      (role, index) =>
        `{ id: r${index}, effect: allow, who: { roles: [${role}] }, what: { endpoints: [orders/office] } }`,
    );
    const [clerk] = /spec: { rules: \[{ id: clerks.*\n/.exec(STAFFED)!;
    return (
      STAFFED.replace(clerk, `spec: { rules: [${rules.join(', ')}] }\n`) +
      roleSetText('staff', 'shop', [
        ['clerk', 'user:ann'],
        ['head', 'user:bob'],
      ])
    );
  }

  it('is put in force by what differs, explained, kept, and followed by another one', async () => {
    const { threads, first, follow, reason, live, workshop } = await following(office('clerk', 'head'));
    expect(['ann', 'bob'].map(reason)).toEqual(['ALLOW_SLOW', 'ALLOW_SLOW']);
    threads.die(BOTH);
    const narrowed = await published(first, office('head'));
    expect(await follow(narrowed)).toBe(true);
    expect(live.inForce).toMatchObject(markOf(narrowed));
    expect(['ann', 'bob'].map(reason)).toEqual(['NO_ALLOW_RULE', 'ALLOW_SLOW']);
    const before = live.inForce!;
    const turned = await published(narrowed, office('clerk'));
    expect(await follow(turned)).toBe(true);
    expect(['ann', 'bob'].map(reason)).toEqual(['ALLOW_SLOW', 'NO_ALLOW_RULE']);
    const outcomes = [before, live.inForce!].map((policy) => workshop.explain(inTheOffice('bob'), policy));
    expect((await Promise.all(outcomes)).map(({ outcome }) => outcome.reason)).toEqual(['ALLOW_SLOW', 'NO_ALLOW_RULE']);
    await workshop.stop();
    const second = startWorkshop({ keptFolder });
    await second.workshop.putInForce({ kind: 'kept' });
    expect(second.live.inForce).toMatchObject(markOf(turned));
  });

  it('is not in force where the engines differ about it', async () => {
    const { threads, first, follow, live } = await following(office('clerk', 'head'));
    threads.lie();
    expect(await follow(await published(first, office('head')))).toBe(false);
    expect(live.inForce).toMatchObject(markOf(first));
  });
});

describe('a revision in which only other things are stored of some', () => {
  /** The back office is for those with a level above one. */
  function levels(people: { readonly [id: string]: number }): string {
    const entities = Object.entries(people).map(
      ([id, level]) => `{ type: user, id: ${id}, attributes: { level: ${level} } }`,
    );
    const byLevel = STAFFED.replace('who: { roles: [clerk] }', 'when: "principal.attributes.level > 1"');
    return byLevel + entitySetText('people', 'shop', entities);
  }

  it('is put in force by what differs, explained, kept, and followed by another one', async () => {
    const { threads, first, follow, reason, live, workshop } = await following(levels({ ann: 2, bob: 1 }));
    expect(['ann', 'bob', 'carl'].map(reason)).toEqual(['ALLOW_SLOW', 'NO_ALLOW_RULE', 'NO_ALLOW_RULE']);
    threads.die(BOTH);
    const raised = await published(first, levels({ ann: 2, bob: 2, carl: 3 }));
    expect(await follow(raised)).toBe(true);
    expect(live.inForce).toMatchObject(markOf(raised));
    expect(['ann', 'bob', 'carl'].map(reason)).toEqual(['ALLOW_SLOW', 'ALLOW_SLOW', 'ALLOW_SLOW']);
    const before = live.inForce!;
    const left = await published(raised, levels({ ann: 0, carl: 3 }));
    expect(await follow(left)).toBe(true);
    expect(['ann', 'bob', 'carl'].map(reason)).toEqual(['NO_ALLOW_RULE', 'NO_ALLOW_RULE', 'ALLOW_SLOW']);
    // By the reasons of the revision that decided.
    const outcomes = [before, live.inForce!].map((policy) => workshop.explain(inTheOffice('bob'), policy));
    expect((await Promise.all(outcomes)).map(({ outcome }) => outcome.reason)).toEqual(['ALLOW_SLOW', 'NO_ALLOW_RULE']);
    await workshop.stop();
    const second = startWorkshop({ keptFolder });
    await second.workshop.putInForce({ kind: 'kept' });
    expect(second.live.inForce).toMatchObject(markOf(left));
    expect(decide(second.live.inForce!.snapshot, inTheOffice('bob')).reason).toBe('NO_ALLOW_RULE');
  });

  it('is not in force where the engines differ about those whom it concerns', async () => {
    const { threads, first, follow, live, events } = await following(levels({ ann: 2, bob: 1 }));
    threads.lie();
    const lowered = await published(first, levels({ ann: 0, bob: 1 }));
    expect(await follow(lowered)).toBe(false);
    expect(live.inForce).toMatchObject(markOf(first));
    const differences = events.filter((event) => event.kind === 'policy-difference' && !event.rolledBack);
    expect(differences).toMatchObject([{ revision: lowered.number }, { revision: lowered.number }]);
  });
});
