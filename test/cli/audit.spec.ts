import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Act, actHash, type NewAct, type Revision } from '#administration';
import { MemoryAuditLog, MemoryCredentialStore, MemoryFleet, MemoryRevisionStore } from '#store';
import { ScriptedServer, startTestAdmin, type TestAdmin, TOKEN } from '../admin-api/admin-server.js';
import { domainText, publicationOf } from '../support/revisions.js';
import { adminServer } from './admin-server.js';
import { dharma, folderWith, type RunOptions } from './program.js';

const NOW = Date.parse('2026-12-24T12:00:00Z');
const REFRESH = { operator: 'ann', act: 'issuers.refresh', object: 'issuers' } as const satisfies NewAct;
/** A name that would clear a terminal, and read backwards. */
const NASTY = 'eve\u001b[2J\n\u202eeve';

/** What lies in the database may not be what was written to it. */
class TamperedLog extends MemoryAuditLog {
  tamper: (acts: readonly Act[]) => readonly Act[] = (acts) => acts;

  override async list(...[filter, { order, behind, limit }]: Parameters<MemoryAuditLog['list']>) {
    const all = this.tamper(await super.list(filter, { order: 'oldest', limit: 100_000 }));
    const sorted = all.toSorted((left, right) => (left.sequence - right.sequence) * (order === 'oldest' ? 1 : -1));
    return sorted
      .filter(({ sequence }) => behind === undefined || (order === 'oldest' ? sequence > behind : sequence < behind))
      .slice(0, limit);
  }
}

/** To which somebody may have written past the servers. */
class TamperedHistory extends MemoryRevisionStore {
  tamper: (revision: Revision) => Revision = (revision) => revision;

  override async list(page: Parameters<MemoryRevisionStore['list']>[0]) {
    return (await super.list(page)).map((revision) => this.tamper(revision));
  }
}

const fleet = new MemoryFleet(() => NOW);
let audit: TamperedLog;
let store: TamperedHistory;
let admin: TestAdmin;
let cwd: string;
beforeAll(async () => {
  audit = new TamperedLog(() => NOW);
  store = new TamperedHistory(() => NOW, audit);
  const history = {
    store,
    credentials: new MemoryCredentialStore(() => NOW, audit),
    audit,
    fleet,
  };
  admin = await startTestAdmin({ history, server: new ScriptedServer(), clock: () => NOW });
  await audit.append({ ...REFRESH, credential: 'op-1', address: '192.0.2.7', requestId: 'r-1' });
  await audit.append({ operator: NASTY, act: 'key.revoke', object: 'key/ep-0', refused: 'credential-unknown' });
  for (let count = 0; count < 1_200; count += 1) await audit.append(REFRESH);
  cwd = folderWith({});
  for (const name of ['auditor', 'other']) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(join(cwd, `${name}.key`), privateKey.export({ format: 'pem', type: 'pkcs8' }));
    writeFileSync(join(cwd, `${name}.pub`), publicKey.export({ format: 'pem', type: 'spki' }));
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(join(cwd, 'ec.key'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
});
afterEach(() => {
  audit.tamper = (acts) => acts;
  store.tamper = (revision) => revision;
});
afterAll(() => admin.stop());

const asked = (argv: readonly string[], options: RunOptions = {}) => {
  const { port } = admin.app.getHttpServer().address() as AddressInfo;
  return dharma(argv, {
    cwd,
    environment: { DHARMA_SERVER: `http://127.0.0.1:${port}`, DHARMA_TOKEN: TOKEN },
    ...options,
  });
};
const changed = (sequence: number, more: Partial<Act>) => (acts: readonly Act[]) =>
  acts.map((act) => (act.sequence === sequence ? { ...act, ...more } : act));
/** The chain as somebody would write it who can compute hashes. */
const rewritten = (acts: readonly Act[], from: number) => {
  let previous = '';
  return acts.map((act): Act => {
    const said = act.sequence < from ? act : { ...act, operator: 'eve', previous: previous || act.previous };
    const hash = actHash(said);
    previous = hash;
    return { ...said, hash };
  });
};

/** The chain of these acts alone, as if there had been no others. */
const rechained = (acts: readonly Act[]) => {
  let previous = acts[0]!.previous;
  return acts.map((act, index): Act => {
    const said = { ...act, sequence: index + 1, previous };
    previous = actHash(said);
    return { ...said, hash: previous };
  });
};

describe('dharma audit list', () => {
  it('shows what was done, the newest first, and lets nobody steer the terminal', async () => {
    const { code, stdout, stderr } = await asked(['audit', 'list', '--limit', '2000']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(1_203);
    expect(lines[0]).toMatch(/^ROW +AT +OPERATOR +ACT +OBJECT +OUTCOME +REVISION +TOKEN +FROM +HASH$/);
    expect(lines[1]).toMatch(/^1202 +2026-12-24T12:00:00\.000Z +ann +issuers\.refresh +issuers +done +[0-9a-f]{12}$/);
    expect(lines.at(-2)).toContain('eve\uFFFD[2J \uFFFDeve');
    expect(lines.at(-2)).toContain('credential-unknown');
    expect(lines.at(-1)).toMatch(/ op-1 +192\.0\.2\.7 +[0-9a-f]{12}$/);
  });

  it('narrows, and gives programs what was hashed', async () => {
    const { stdout } = await asked(['audit', 'list', '--act', 'key.revoke', '--format', 'json']);
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(stdout).not.toMatch(/[\u001b\u202e]/);
    const [act] = JSON.parse(stdout);
    expect(act).toMatchObject({ sequence: 2, operator: NASTY });
    expect(actHash({ ...act, at: Date.parse(act.at) })).toBe(act.hash);
    const flags = [
      '--operator',
      'op-1',
      '--object',
      'issuers',
      '--since',
      '2026-12-24T12:00:00Z',
      '--until',
      '2026-12-24T12:00:01Z',
    ];
    const narrow = await asked(['audit', 'list', ...flags, '--format', 'json']);
    expect(JSON.parse(narrow.stdout)).toMatchObject([{ sequence: 1 }]);
  });

  it('takes spans before now, and says that nothing is like that', async () => {
    const lately = await asked(['audit', 'list', '--since', '1h', '--limit', '2000', '--format', 'json']);
    expect(JSON.parse(lately.stdout)).toHaveLength(1_202);
    const { code, stdout, stderr } = await asked(['audit', 'list', '--until', '90d']);
    expect([code, stdout.trimEnd().split('\n').length, stderr]).toEqual([0, 1, 'no act is like that\n']);
  });

  it('says where there are older acts', async () => {
    const { stdout, stderr } = await asked(['audit', 'list', '--limit', '5', '--format', 'json']);
    expect(JSON.parse(stdout)).toHaveLength(5);
    expect(stderr).toBe('the newest 5; `--limit` and `--until` show more\n');
  });

  it('takes no `--since yesterday`', async () => {
    const { code, stdout, stderr } = await asked(['audit', 'list', '--since', 'yesterday']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('`--since`: `yesterday` is no instant');
  });
});

describe('dharma audit verify', () => {
  it('reads the whole chain, and says how far it is', async () => {
    const { code, stdout, stderr } = await asked(['audit', 'verify']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^1202 acts, unbroken, up to [0-9a-f]{64}\n$/),
    });
    expect(stderr).toContain('verifying: 1,000 of 1,202');
  });

  it.each<[because: string, tamper: (acts: readonly Act[]) => readonly Act[], line: string]>([
    ['a row was changed', changed(600, { operator: 'eve' }), 'row 600: it was changed'],
    ['a row is gone', (acts) => acts.filter(({ sequence }) => sequence !== 501), 'row 501: it is missing; row 502'],
    ['the first is gone', (acts) => acts.slice(1), 'row 1: it is missing; row 2'],
    [
      'rows changed places',
      (acts) => acts.map((act) => ({ ...act, sequence: { 7: 9, 9: 7 }[act.sequence] ?? act.sequence })),
      'row 7: it was changed',
    ],
    ['two say they are one', (acts) => [...acts, { ...acts[3]! }], 'row 5: it is missing; row 4'],
    [
      'one was changed with its hash',
      (acts) =>
        acts.map((act) =>
          act.sequence === 5 ? { ...act, hash: actHash({ ...act, operator: 'eve' }), operator: 'eve' } : act,
        ),
      'row 6: it does not follow',
    ],
  ])('names the first row that is not what was written: %s', async (_because, tamper, line) => {
    audit.tamper = tamper;
    const { code, stdout } = await asked(['audit', 'verify']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining(line) });
    const { broken } = JSON.parse((await asked(['audit', 'verify', '--format', 'json'])).stdout);
    expect(line).toContain(`row ${broken.sequence}:`);
  });

  it('says so when there is nothing to read', async () => {
    audit.tamper = () => [];
    expect(await asked(['audit', 'verify'])).toMatchObject({
      code: 0,
      stdout: `0 acts, unbroken, up to ${'0'.repeat(64)}\n`,
    });
    expect(await asked(['audit', 'head'])).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('a signed head', () => {
  const VERIFY = ['audit', 'verify', '--head', 'head.json', '--signer', 'auditor.pub'];
  beforeAll(async () => {
    const signing = ['audit', 'head', '--sign', 'auditor.key', '--to', 'head.json'];
    expect(await asked(signing)).toEqual({ code: 0, stdout: '', stderr: '' });
    await audit.append(REFRESH);
  });

  it('is a row that the chain still has', async () => {
    const { code, stdout } = await asked(VERIFY);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^1203 acts, unbroken, up to .*; row 1202 is the one that was signed\n$/),
    });
  });

  it.each<[because: string, tamper: (acts: readonly Act[]) => readonly Act[], line: string]>([
    ['was cut', (acts) => acts.slice(0, 1_000), 'row 1001: it is missing; a head was signed that has 1202 rows'],
    ['was emptied', () => [], 'row 1: it is missing'],
    ['was written anew', (acts) => rewritten(acts, 900), 'row 1202: it is not the row whose hash was signed'],
  ])('shows a chain that holds in itself and %s', async (_because, tamper, line) => {
    audit.tamper = tamper;
    expect(await asked(['audit', 'verify'])).toMatchObject({ code: 0 });
    const { code, stdout } = await asked(VERIFY);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining(line) });
  });

  it.each<[because: string, more: object | string, code: number, message: string]>([
    ['another hash', { hash: 'a'.repeat(64) }, 1, 'is not signed by the key'],
    ['another row', { sequence: 7 }, 1, 'is not signed by the key'],
    ['no signature', { signature: undefined }, 1, 'is not signed by the key'],
    ['another form', { form: 'dharma-audit-head-2' }, 2, 'is no head'],
    ['no JSON', 'not JSON', 2, 'is no head'],
  ])('counts for nothing with %s', async (_because, more, code, message) => {
    const head = JSON.parse(readFileSync(join(cwd, 'head.json'), 'utf8'));
    writeFileSync(join(cwd, 'forged.json'), typeof more === 'string' ? more : JSON.stringify({ ...head, ...more }));
    const ran = await asked(['audit', 'verify', '--head', 'forged.json', '--signer', 'auditor.pub']);
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
  });

  it.each<[because: string, argv: readonly string[], code: number, message: string]>([
    ['another key signed', ['verify', '--head', 'head.json', '--signer', 'other.pub'], 1, 'is not signed by the key'],
    ['no key is named', ['verify', '--head', 'head.json'], 2, 'belong together'],
    ['no head is named', ['verify', '--signer', 'auditor.pub'], 2, 'belong together'],
    [
      'the head is not there',
      ['verify', '--head', 'x.json', '--signer', 'auditor.pub'],
      2,
      'cannot read `x.json`: ENOENT',
    ],
    ['the key is of another kind', ['head', '--sign', 'ec.key'], 2, 'holds no Ed25519 key'],
    ['a public key signs nothing', ['head', '--sign', 'auditor.pub'], 2, 'holds no Ed25519 key'],
    ['there is no such folder', ['head', '--to', 'no/where.json'], 2, 'cannot write `no/where.json`: ENOENT'],
  ])('says what is wrong when %s', async (_because, argv, code, message) => {
    const ran = await asked(['audit', ...argv]);
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
    expect(ran.stderr).not.toContain('PRIVATE');
  });

  it('is not made of a row that was changed', async () => {
    audit.tamper = changed(1_203, { operator: 'eve' });
    const ran = await asked(['audit', 'head', '--sign', 'auditor.key']);
    expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('row 1203 was changed') });
  });
});

describe('a history with its acts', () => {
  const publish = async (name: string) => store.publish(publicationOf(await store.newest(), domainText(name)));
  beforeAll(async () => {
    for (const name of ['one', 'two', 'three']) await publish(name);
  });

  it('has one for each revision', async () => {
    expect(await asked(['audit', 'verify'])).toMatchObject({ code: 0 });
  });

  it.each<[because: string, tamper: (revision: Revision) => Revision, numbers: readonly number[]]>([
    ['one is of other content', (one) => (one.number === 2 ? { ...one, contentHash: 'a'.repeat(64) } : one), [2]],
    ['one took the place of another', (one) => (one.number === 3 ? { ...one, number: 4 } : one), [4]],
    ['all are', (one) => ({ ...one, contentHash: 'a'.repeat(64) }), [1, 2, 3]],
  ])('is missed where revisions were published past the servers: %s', async (_because, tamper, numbers) => {
    store.tamper = tamper;
    const { code, stdout } = await asked(['audit', 'verify']);
    const lines = numbers.map(
      (number) => `revision ${number}: no act has made it, so it was published past the servers`,
    );
    expect({ code, lines: stdout.trimEnd().split('\n').slice(0, -1) }).toEqual({ code: 1, lines });
    const { broken, unrecorded } = JSON.parse((await asked(['audit', 'verify', '--format', 'json'])).stdout);
    expect({ broken, unrecorded }).toEqual({ broken: null, unrecorded: numbers });
  });

  it.each<[because: string, tamper: (acts: readonly Act[]) => readonly Act[], rows: number]>([
    ['it was emptied', () => [], 0],
    ['it was cut before the first act of one', (acts) => acts.slice(0, 1_203), 1_203],
  ])('is not called older than a record that knows none of it: %s', async (_because, tamper, rows) => {
    audit.tamper = tamper;
    const { code, stdout } = await asked(['audit', 'verify']);
    expect({ code, lines: stdout.split('\n') }).toEqual({
      code: 1,
      lines: [
        'no act has made any of the 3 revisions up to 3: the record was emptied, or all of them are older than it, which only you can know and `--older 3` says',
        expect.stringMatching(new RegExp(`^${rows} acts, unbroken, up to `)),
        '',
      ],
    });
    const { unrecorded } = JSON.parse((await asked(['audit', 'verify', '--format', 'json'])).stdout);
    expect(unrecorded).toEqual([1, 2, 3]);
  });

  it.each<[because: string, older: number, code: number, unrecorded: readonly number[]]>([
    ['all are, as an operator knows', 3, 0, []],
    ['not the last one', 2, 1, [3]],
    ['a history began with its record', 0, 1, [1, 2, 3]],
  ])('is older than the record as far as is said: %s', async (_because, older, code, unrecorded) => {
    audit.tamper = () => [];
    const argv = ['audit', 'verify', '--older', `${older}`];
    const { stdout, ...ran } = await asked([...argv, '--format', 'json']);
    expect({ code: ran.code, unrecorded: JSON.parse(stdout).unrecorded }).toEqual({ code, unrecorded });
    expect((await asked(argv)).stdout.match(/published past the servers/g) ?? []).toHaveLength(unrecorded.length);
  });

  it.each<[because: string, publishedAt: number, unrecorded: readonly number[]]>([
    ['the record was there already', NOW, [1]],
    ['the record was not there yet, and that is told', NOW - 1, []],
  ])('begins where the record began: %s', async (_because, publishedAt, unrecorded) => {
    // Another act of the same chain made the second revision: the first has none.
    audit.tamper = (acts) => rechained(acts.filter(({ revision }) => revision !== 1));
    store.tamper = (one) => (one.number === 1 ? { ...one, publishedAt } : one);
    const { code, stdout } = await asked(['audit', 'verify', '--format', 'json']);
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({
      code: unrecorded.length,
      broken: null,
      unrecorded,
      older: 1 - unrecorded.length,
    });
  });
});

describe('dharma status --fleet', () => {
  it('shows who decides by what, and who was not heard of', async () => {
    const policy = { epoch: 1, number: 7, contentHash: 'a'.repeat(64), ageSeconds: 3 };
    const here = { server: 'pod-1', version: '1.0.0', address: '127.0.0.1:8282', startedAt: NOW, policy };
    await fleet.beat(here);
    await fleet.beat({ ...here, server: 'pod-2', policy: null });
    expect(await asked(['status', '--fleet'])).toEqual({
      code: 0,
      stderr: '',
      stdout: `SERVER  VERSION  ADMIN           STARTED                   REVISION     AGE  SEEN
pod-1   1.0.0    127.0.0.1:8282  2026-12-24T12:00:00.000Z  7 (epoch 1)  3 s  0 s ago
pod-2   1.0.0    127.0.0.1:8282  2026-12-24T12:00:00.000Z  none              0 s ago
`,
    });
    const { stdout } = await asked(['status', '--fleet', '--format', 'json']);
    expect(JSON.parse(stdout)).toMatchObject([
      { server: 'pod-1', revision: 7 },
      { server: 'pod-2', revision: null },
    ]);
  });
});

describe('a server that is asked too often', () => {
  const TOO_OFTEN = {
    status: 429,
    json: { code: 'rate-exceeded', detail: 'this operator asks too often', remedy: 'wait', retryAfterSeconds: 0 },
  };

  it('is asked again when it says', async () => {
    let left = 2;
    const { environment } = await adminServer({
      'GET /admin/v1/fleet': () => ((left -= 1) >= 0 ? TOO_OFTEN : { json: { items: [], behind: null } }),
    });
    expect(await asked(['status', '--fleet', '--format', 'json'], { environment })).toMatchObject({
      code: 0,
      stdout: '[]\n',
    });
    expect(left).toBe(-1);
  });

  it('is not waited for for long', async () => {
    const { environment } = await adminServer({
      'GET /admin/v1/fleet': { ...TOO_OFTEN, json: { ...TOO_OFTEN.json, retryAfterSeconds: 3_600 } },
    });
    expect(await asked(['status', '--fleet'], { environment })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('this operator asks too often'),
    });
  });
});
