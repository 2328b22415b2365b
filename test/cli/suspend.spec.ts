import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adminServer, PROBLEM, REVISION, type Said, STATUS } from './admin-server.js';
import { dharma } from './program.js';

const SUSPENDED: Said = { status: 201, json: { revision: REVISION, domain: 'acme.pay', suspendedBy: ['acme.pay'] } };

async function ran(verb: 'suspend' | 'resume', said: Said, argv: readonly string[] = []) {
  const server = await adminServer({ [`POST /admin/v1/domains/acme.pay/${verb}`]: said });
  return { ...(await dharma([verb, 'acme.pay', ...argv], { environment: server.environment })), asked: server.asked };
}

describe('dharma suspend', () => {
  it('says why, and that it holds', async () => {
    const { code, stdout, asked } = await ran('suspend', SUSPENDED, ['--because', 'a key leaked']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '`acme.pay` is suspended; revision 42 published\n' });
    expect(asked).toMatchObject([{ body: { because: 'a key leaked' } }]);
    expect(asked[0]!.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each<[because: string, revision: number, code: number, message: string]>([
    ['every server decides by it', 42, 0, 'revision 42 is in force on 1 of the fleet'],
    ['one does not, in time', 41, 1, 'after 1 s not on `web-1`'],
  ])('waits, if it is told to, until %s', async (_because, revision, code, message) => {
    const at = { lastSeenAt: '2026-12-24T12:00:00Z', seenSecondsAgo: 1, silent: false };
    const of = { server: 'web-1', version: '1.0.0', address: '10.0.0.1:9191', startedAt: '2026-12-24T11:00:00Z' };
    const items = [{ ...of, ...at, revision, epoch: 1, ageSeconds: 1 }];
    const { environment } = await adminServer({
      'POST /admin/v1/domains/acme.pay/suspend': SUSPENDED,
      'GET /admin/v1/status': { json: STATUS },
      'GET /admin/v1/fleet': { json: { items, next: null } },
    });
    const argv = ['suspend', 'acme.pay', '--because', 'a key leaked', '--wait', '1'];
    const ran = await dharma(argv, { environment });
    expect(ran).toMatchObject({ code, stderr: expect.stringContaining(message) });
    expect(ran.stdout).toContain('`acme.pay` is suspended');
  });

  it('needs a reason', async () => {
    const { code, stderr, asked } = await ran('suspend', SUSPENDED);
    expect([code, asked]).toEqual([2, []]);
    expect(stderr).toContain('--because');
  });

  it('asks again, as the same request, when an answer is lost', async () => {
    let times = 0;
    const server = await adminServer({
      'POST /admin/v1/domains/acme.pay/suspend': () => {
        times += 1;
        return times === 1 ? 'cut' : SUSPENDED;
      },
    });
    const argv = ['suspend', 'acme.pay', '--because', 'a key leaked'];
    expect(await dharma(argv, { environment: server.environment })).toMatchObject({ code: 0 });
    expect(new Set(server.asked.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });
});

describe('dharma resume', () => {
  it.each<[because: string, json: object, stdout: string]>([
    [
      'it goes on',
      { revision: REVISION, domain: 'acme.pay', suspendedBy: [] },
      '`acme.pay` is not suspended by itself; revision 42 published\n',
    ],
    [
      'it was not suspended',
      { revision: REVISION, domain: 'acme.pay', suspendedBy: [], unchanged: true },
      '`acme.pay` is not suspended by itself; nothing changed\n',
    ],
    [
      'a domain around it still is',
      { revision: REVISION, domain: 'acme.pay', suspendedBy: ['acme'] },
      '`acme.pay` is not suspended by itself; it lies in `acme`, which is; revision 42 published\n',
    ],
  ])('says that %s', async (_because, json, stdout) => {
    expect(await ran('resume', { status: 201, json })).toMatchObject({ code: 0, stdout });
  });

  it('says it to programs', async () => {
    const { stdout } = await ran('resume', SUSPENDED, ['--format', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({ domain: 'acme.pay', suspendedBy: ['acme.pay'] });
  });

  it('fails when the server would not', async () => {
    expect(await ran('resume', PROBLEM.noHistory)).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('a suspension in a folder', () => {
  it('is refused by validate, as it is when it is published', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dharma-suspension-'));
    const kinds = [
      'kind: Domain\nmetadata: { name: acme }\nspec: {}\n',
      'kind: Suspension\nmetadata: { name: acme }\nspec: { because: a key leaked }\n',
    ];
    await writeFile(join(folder, 'a.yaml'), kinds.map((kind) => `apiVersion: dharma/v1\n${kind}`).join('---\n'));
    const { code, stdout } = await dharma(['validate', folder]);
    await rm(folder, { recursive: true });
    expect(code).toBe(1);
    expect(stdout).toContain('a.yaml:6:1: a bundle suspends nothing: run `dharma suspend acme`');
  });
});
