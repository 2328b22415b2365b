import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { ServerStatus } from '#admin-api';
import type { RevisionStore } from '#administration';
import type { SourceFile } from '#policy';
import { openDatabase, PostgresAuditLog, PostgresCredentialStore, PostgresFleet, PostgresRevisionStore } from '#store';
import { ScriptedServer, startTestAdmin, STATUS, type TestAdmin, TOKEN } from '../admin-api/admin-server.js';
import { startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { dharma, folderWith, type Ran, type RunOptions, SHOP } from './program.js';

/** Many steps a test, on a machine that may be busy. */
jest.setTimeout(60_000);

const EDGE = `---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: shop }
spec: { mayAssert: [] }
`;
const TEST = `---
apiVersion: dharma/v1
kind: Test
metadata: { name: cases, domain: shop }
spec:
  cases:
    - because: anyone may read
      request: { target: { host: localhost, method: GET, path: / } }
      expect: { decision: allow }
`;

/** Decides by whatever is newest, one look later. */
class FollowingServer extends ScriptedServer {
  override files: readonly SourceFile[] = [{ file: 'shop.yaml', text: SHOP }];
  #policy: ServerStatus['policy'] = null;

  constructor(private readonly store: RevisionStore) {
    super();
  }

  override async status(): Promise<ServerStatus> {
    const policy = this.#policy;
    const newest = await this.store.newest();
    this.#policy = newest && { ...newest, ageSeconds: 0 };
    return { ...STATUS, policy };
  }
}

let postgres: TestPostgres;
let url: string;
let admin: TestAdmin;
let dataSource: Awaited<ReturnType<typeof openDatabase>>;
let cwd: string;

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());

beforeEach(async () => {
  url = await postgres.migrated();
  dataSource = await openDatabase({ url });
  const store = openStore();
  const history = {
    store,
    credentials: new PostgresCredentialStore(dataSource),
    audit: new PostgresAuditLog(dataSource),
    fleet: new PostgresFleet(dataSource),
  };
  admin = await startTestAdmin({ history, server: new FollowingServer(store), clock: Date.now });
  cwd = folderWith({ 'policies/shop.yaml': SHOP + EDGE + TEST });
});
afterEach(async () => {
  await admin.stop();
  await dataSource.destroy();
});

const openStore = () => new PostgresRevisionStore({ dataSource, random: Math.random, wait: setTimeout });
const asked = (argv: readonly string[], options: RunOptions = {}): Promise<Ran> => {
  const { port } = admin.app.getHttpServer().address() as AddressInfo;
  const environment = { DHARMA_SERVER: `http://127.0.0.1:${port}`, DHARMA_TOKEN: TOKEN, ...options.environment };
  return dharma(argv, { cwd, now: new Date().toISOString(), ...options, environment });
};
const APPLY = ['apply', 'policies', '--because', 'a test says so'];
const write = (name: string, text: string) => writeFileSync(join(cwd, 'policies', name), text);

describe('the command line and the admin API', () => {
  it('plan, publish, wait, and plan nothing more', async () => {
    const planned = await asked(['plan', 'policies']);
    expect(planned).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\+ EnforcementPoint edge/m) });
    expect(planned.stdout).toMatch(/^ {4}\+ shop\/read: allow GET .*$/m);
    expect(planned.stderr).toContain('documents 5 added, 0 changed, 0 removed; rules 1 added, 0 changed, 0 removed');
    const applied = await asked([...APPLY, '--yes', '--wait', '30']);
    expect(applied).toMatchObject({ code: 0, stdout: 'revision 1 published\n' });
    expect(applied.stderr).toContain('revision 1 is in force\n');
    expect(await asked(['plan', 'policies', '--exit-code'])).toMatchObject({ code: 0, stdout: '' });
    expect(await asked([...APPLY, '--yes'])).toMatchObject({ code: 0, stdout: 'revision 1 unchanged\n' });
    const { code, stdout } = await asked(['status']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^in force {2}revision 1 \(epoch 1, [0-9a-f]{12}\)/m);
    expect(stdout).toMatch(/^newest {4}revision 1, published \d+ s ago by \S+ from policies: a test says so$/m);
  });

  it('a change is shown rule by rule, and a lost file needs to be meant', async () => {
    await asked([...APPLY, '--yes']);
    write('shop.yaml', SHOP.replace('methods: [GET]', 'methods: [GET, HEAD]') + EDGE);
    const planned = await asked(['plan', 'policies', '--exit-code']);
    expect(planned).toMatchObject({ code: 1, stderr: expect.stringContaining('rules 0 added, 1 changed, 0 removed') });
    expect(planned.stdout).toMatch(/^- Test cases/m);
    const refused = await asked([...APPLY, '--yes']);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('1 of 5 documents would be removed') });
    const applied = await asked([...APPLY, '--yes', '--allow-deletions']);
    expect(applied).toMatchObject({ code: 0, stdout: 'revision 2 published\n' });
  });

  it('faults and failing tests name the line in the folder', async () => {
    write('shop.yaml', (SHOP + EDGE).replace('domain: shop }', 'domain: shopp }'));
    const invalid = await asked(['plan', 'policies']);
    expect(invalid).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^policies\/shop\.yaml:13:\d+: the domain `shopp`/),
    });
    write('shop.yaml', SHOP + TEST.replace('decision: allow', 'decision: deny'));
    const failing = await asked([...APPLY, '--yes']);
    expect(failing).toMatchObject({ code: 1, stdout: '' });
    expect(failing.stderr).toMatch(
      /^policies\/shop\.yaml:\d+:\d+: failed: anyone may read\n {2}expected .*deny.*\n {2}got .*allow/m,
    );
  });

  it('whoever publishes second on one base is told who was first', async () => {
    const answers = async function* () {
      // The question is asked by now, and the plan made.
      await asked([...APPLY, '--yes']);
      yield 'y\n';
    };
    const { code, stdout, stderr } = await asked(APPLY, { isTerminal: true, stdin: answers() as never });
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toMatch(
      /`operator-token-file` published revision 1 from `policies` first, at \S+: a test says so$/m,
    );
    expect(await asked([...APPLY, '--yes'])).toMatchObject({ code: 0, stdout: 'revision 1 unchanged\n' });
  });

  it('documents of another source are a conflict', async () => {
    await asked([...APPLY, '--yes']);
    const planned = await asked(['plan', 'policies', '--source', 'git']);
    expect(planned).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('Domain shop belongs to the source `policies`'),
    });
    expect(await asked([...APPLY, '--yes', '--source', 'git'])).toMatchObject({ code: 4, stdout: '' });
  });

  it('a key is made for an enforcement point that exists, listed, and revoked', async () => {
    const early = await asked(['keys', 'create', 'edge', '--out', 'edge.key']);
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('no EnforcementPoint `edge`') });
    await asked([...APPLY, '--yes']);
    const made = await asked(['keys', 'create', 'edge', '--out', 'edge.key', '--expires', '90d']);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ep-\S+\n$/) });
    const id = made.stdout.trim();
    const key = readFileSync(join(cwd, 'edge.key'), 'utf8').trim();
    expect(key.startsWith(`${id}.`)).toBe(true);
    const listed = await asked(['keys', 'list']);
    expect(listed.stdout).toMatch(new RegExp(`^${id} +edge +active `, 'm'));
    expect(listed.stdout).not.toContain(key.slice(id.length + 1));
    expect(await asked(['keys', 'revoke', id])).toMatchObject({ code: 0 });
    expect((await asked(['keys', 'list'])).stdout).toMatch(new RegExp(`^${id} +edge +revoked `, 'm'));
    expect(await asked(['keys', 'revoke', 'ep-0'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('`ep-0`'),
    });
  });

  it('a token opens the API until it is revoked', async () => {
    const made = await asked(['operators', 'create', 'ann ash', '--out', 'ann.token']);
    const argv = ['status', '--token-file', 'ann.token'];
    expect(await asked(argv)).toMatchObject({ code: 0 });
    await asked(['operators', 'revoke', made.stdout.trim()]);
    const refused = await asked(argv);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('(what was sent is from `ann.token`)') });
  });

  it('a token that was recovered opens the API', async () => {
    const argv = ['operators', 'recover', '--name', 'ann', '--out', 'ann.token'];
    expect(await dharma(argv, { cwd, environment: { DHARMA_DATABASE_URL: url } })).toMatchObject({ code: 0 });
    expect(await asked(['operators', 'list', '--token-file', 'ann.token'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ ann +everything +active /),
    });
  });

  it('a server that decides by a folder plans and takes nothing', async () => {
    await admin.stop();
    const store = openStore();
    admin = await startTestAdmin({ history: null, server: new FollowingServer(store), clock: Date.now });
    const planned = await asked(['plan', 'policies']);
    expect(planned).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\+ EnforcementPoint edge/m) });
    const refused = await asked([...APPLY, '--yes']);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('this server decides by a folder') });
  });
});
