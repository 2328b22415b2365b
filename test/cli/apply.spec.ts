import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import {
  type AdminServer,
  adminServer,
  FOREIGN,
  INVALID,
  NO_CHANGE,
  PLAN,
  PROBLEM,
  REVISION,
  type Routes,
  type Said,
  STATUS,
} from './admin-server.js';
import { dharma, folderWith, type RunOptions, SHOP } from './program.js';

/** Many steps a test, on a machine that may be busy. */
jest.setTimeout(60_000);

const cwd = folderWith({ 'policies/shop.yaml': SHOP });
const APPLY = ['apply', 'policies', '--because', 'partners come'];
const PUBLISHED: Said = { status: 201, json: { revision: REVISION } };

const applied = async (routes: Routes, argv: readonly string[] = ['--yes'], options: RunOptions = {}) => {
  const server = await adminServer({ 'POST /admin/v1/plan': { json: PLAN }, ...routes });
  const ran = await dharma([...APPLY, ...argv], { cwd, environment: server.environment, ...options });
  return { ...ran, published: publicationsOf(server), planned: plansOf(server) };
};

const plansOf = ({ asked }: AdminServer) => asked.filter(({ path }) => path === '/admin/v1/plan');
const publicationsOf = ({ asked }: AdminServer) => asked.filter(({ path }) => path === '/admin/v1/revisions');

describe('dharma apply', () => {
  it('publishes what was planned, on what was planned', async () => {
    const { code, stdout, stderr, published } = await applied({ 'POST /admin/v1/revisions': PUBLISHED });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'revision 42 published\n' });
    expect(stderr).toContain('    + partners: allow GET on orders/*');
    expect(stderr).toContain('on revision 41, as source `policies`: documents 1 added, 1 changed, 0 removed');
    expect(published).toHaveLength(1);
    expect(published[0]!.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    expect(published[0]!.body).toEqual({
      source: 'policies',
      prune: true,
      files: [{ file: 'policies/shop.yaml', text: SHOP }],
      base: { number: 41, contentHash: PLAN.base.contentHash },
      because: 'partners come',
    });
  });

  it('lets documents stay that the folder does not hold, where it is told to, in the plan as in the publication', async () => {
    const ran = await applied({ 'POST /admin/v1/revisions': PUBLISHED }, ['--yes', '--no-prune']);
    expect(ran.planned.map(({ body }) => body!['prune'])).toEqual([false]);
    expect(ran.published.map(({ body }) => body!['prune'])).toEqual([false]);
  });

  it('publishes a first revision on nothing', async () => {
    const { published } = await applied({
      'POST /admin/v1/plan': { json: { ...PLAN, base: null } },
      'POST /admin/v1/revisions': PUBLISHED,
    });
    expect(published[0]!.body!['base']).toBeNull();
  });

  it.each`
    because                        | json                                       | stdout
    ${'nothing changed'}           | ${{ revision: REVISION, unchanged: true }} | ${'revision 42 unchanged\n'}
    ${'nothing was ever there'}    | ${{ revision: null, unchanged: true }}     | ${'unchanged\n'}
    ${'the same call came before'} | ${{ revision: REVISION, repeated: true }}  | ${'revision 42 published before\n'}
  `('is done when $because', async ({ json, stdout }) => {
    expect(await applied({ 'POST /admin/v1/revisions': { json } })).toMatchObject({ code: 0, stdout });
  });

  it('gives JSON to programs', async () => {
    const { stdout } = await applied({ 'POST /admin/v1/revisions': PUBLISHED }, ['--yes', '--format', 'json']);
    expect(JSON.parse(stdout)).toEqual({ revision: REVISION });
  });

  it.each`
    because                               | plan       | said                  | code | message
    ${'the set is not valid'}             | ${INVALID} | ${PUBLISHED}          | ${1} | ${'`shopp` does not exist'}
    ${'documents are of another source'}  | ${FOREIGN} | ${PUBLISHED}          | ${4} | ${'belongs to the source `git`'}
    ${'someone was first'}                | ${PLAN}    | ${PROBLEM.superseded} | ${4} | ${'`bob` published revision 42 from `git` first, at 2026-12-24T11:00:00Z: orders opens to partners\nlook at what changed'}
    ${'others took a document meanwhile'} | ${PLAN}    | ${PROBLEM.foreign}    | ${4} | ${'documents belong to other sources\ndo something else'}
    ${'the server decides by a folder'}   | ${PLAN}    | ${PROBLEM.noHistory}  | ${1} | ${'this server decides by a folder'}
    ${'the store is away'}                | ${PLAN}    | ${PROBLEM.away}       | ${3} | ${'whether it was published is not known'}
  `('publishes nothing and exits with $code when $because', async ({ plan, said, code, message }) => {
    const ran = await applied({ 'POST /admin/v1/plan': { json: plan }, 'POST /admin/v1/revisions': said });
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
    expect(ran.published.length > 0).toBe(plan === PLAN);
  });

  it('says which documents others changed are in the way', async () => {
    const conflicts = [
      { kind: 'Domain', name: 'shop', source: 'git', because: 'changed', revision: REVISION },
      { kind: 'Service', name: 'orders', source: 'git', because: 'referenced' },
    ];
    const said = PROBLEM.superseded as { readonly json: object };
    const { code, stderr } = await applied({
      'POST /admin/v1/revisions': { status: 409, json: { ...said.json, conflicts } },
    });
    expect(code).toBe(4);
    expect(stderr).toContain('Domain shop was changed by `bob` in revision 42, and is in this folder or of its source');
    expect(stderr).toContain('Service orders was changed, and has to do with what changes here');
  });

  it('says that it was planned again on what others published', async () => {
    const rebased = { from: { number: 40 }, on: { number: 41 } };
    const { stdout } = await applied({
      'POST /admin/v1/revisions': { status: 201, json: { revision: REVISION, rebased } },
    });
    expect(stdout).toBe('revision 42 published, planned again on revision 41, which has nothing to do with it\n');
  });

  it('publishes nothing that others would miss', async () => {
    const by = { kind: 'Policy', name: 'caller', source: 'labs' };
    const missed = [{ kind: 'Service', name: 'till', what: 'endpoint till/list', by }];
    const plan = { ...PLAN, valid: false, missed };
    const { code, stderr, published } = await applied({ 'POST /admin/v1/plan': { json: plan } });
    expect([code, published]).toEqual([4, []]);
    expect(stderr).toContain(
      'endpoint till/list of Service till would go, and Policy caller of the source `labs` uses it',
    );
  });

  it('sends the same publication again when an answer is lost', async () => {
    let times = 0;
    const { code, published } = await applied({
      'POST /admin/v1/revisions': () => {
        times += 1;
        return times === 1 ? 'cut' : times === 2 ? PROBLEM.away : { json: { revision: REVISION, repeated: true } };
      },
    });
    expect({ code, times: published.length }).toEqual({ code: 0, times: 3 });
    expect(new Set(published.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(published[2]!.body).toEqual(published[0]!.body);
  });

  describe('asks', () => {
    it.each`
      because                         | stdin        | code | times
      ${'a yes is a yes'}             | ${'y\n'}     | ${0} | ${1}
      ${'a whole word will do'}       | ${' Yes \n'} | ${0} | ${1}
      ${'a return is a no'}           | ${'\n'}      | ${1} | ${0}
      ${'anything else is a no'}      | ${'yesno\n'} | ${1} | ${0}
      ${'the end of input is a no'}   | ${''}        | ${1} | ${0}
      ${'only the first line counts'} | ${'n\ny\n'}  | ${1} | ${0}
    `('on a terminal: $because', async ({ stdin, code, times }) => {
      const ran = await applied({ 'POST /admin/v1/revisions': PUBLISHED }, [], { isTerminal: true, stdin });
      expect(ran).toMatchObject({ code, stderr: expect.stringMatching(/publish to http:\S+\? \[y\/N\] /) });
      expect(ran.published).toHaveLength(times);
    });

    it('nobody when nothing would change', async () => {
      const routes = {
        'POST /admin/v1/plan': { json: NO_CHANGE },
        'POST /admin/v1/revisions': { json: { revision: REVISION, unchanged: true } },
      };
      expect(await applied(routes, [], { isTerminal: true })).toMatchObject({ code: 0 });
    });

    it('nobody where nobody is, and then needs to be told', async () => {
      const ran = await applied({ 'POST /admin/v1/revisions': PUBLISHED }, []);
      expect(ran).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('say `--yes`'), published: [] });
    });
  });

  describe('on deletions', () => {
    // The folder holds three documents.
    const removing = (removed: number, added = 0) => ({
      ...PLAN,
      summary: { ...PLAN.summary, documents: { added, changed: 0, removed } },
    });

    it.each`
      because                               | plan              | argv                              | code
      ${'one of four is more than a tenth'} | ${removing(1)}    | ${['--yes']}                      | ${1}
      ${'it was said to be meant'}          | ${removing(1)}    | ${['--yes', '--allow-deletions']} | ${0}
      ${'nothing is removed'}               | ${removing(0, 3)} | ${['--yes']}                      | ${0}
    `('exits with $code: $because', async ({ plan, argv, code }) => {
      const routes = { 'POST /admin/v1/plan': { json: plan }, 'POST /admin/v1/revisions': PUBLISHED };
      expect(await applied(routes, argv)).toMatchObject({ code });
    });

    it('counts against what was there before', async () => {
      const routes = { 'POST /admin/v1/plan': { json: removing(5, 1) }, 'POST /admin/v1/revisions': PUBLISHED };
      expect((await applied(routes)).stderr).toContain('5 of 7 documents would be removed');
    });

    it('lets a tenth go', async () => {
      const many = folderWith({ 'policies/shop.yaml': [SHOP, ...Array.from({ length: 6 }, domain)].join('---\n') });
      const routes = { 'POST /admin/v1/plan': { json: removing(1) }, 'POST /admin/v1/revisions': PUBLISHED };
      expect(await applied(routes, ['--yes'], { cwd: many })).toMatchObject({ code: 0 });
    });

    function domain(_: unknown, index: number): string {
      return `apiVersion: dharma/v1\nkind: Domain\nmetadata: { name: d${index} }\nspec: {}\n`;
    }
  });

  describe('waits', () => {
    it('until the server decides by it', async () => {
      let looks = 0;
      const routes: Routes = {
        'POST /admin/v1/revisions': PUBLISHED,
        'GET /admin/v1/status': () => {
          looks += 1;
          return { json: looks < 3 ? { ...STATUS, policy: { ...STATUS.policy, number: 41 } } : STATUS };
        },
      };
      const ran = await applied(routes, ['--yes', '--wait']);
      expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('revision 42 is in force\n') });
      expect(looks).toBe(3);
    });

    it.each`
      because                           | policy                                        | code
      ${'a later one is as good'}       | ${{ ...STATUS.policy, number: 43 }}           | ${0}
      ${'a later epoch is as good'}     | ${{ ...STATUS.policy, epoch: 2, number: 1 }}  | ${0}
      ${'an earlier epoch does not do'} | ${{ ...STATUS.policy, epoch: 0, number: 99 }} | ${1}
      ${'no policy does not do'}        | ${null}                                       | ${1}
    `('and exits with $code: $because', async ({ policy, code }) => {
      const routes: Routes = {
        'POST /admin/v1/revisions': PUBLISHED,
        'GET /admin/v1/status': { json: { ...STATUS, policy } },
      };
      const ran = await applied(routes, ['--yes', '--wait', '1']);
      expect(ran).toMatchObject({ code, stdout: 'revision 42 published\n' });
      if (code === 1) expect(ran.stderr).toContain('revision 42 is stored and after 1 s not in force');
    });
  });

  describe('in a git work tree', () => {
    const repository = (): string => {
      const folder = folderWith({ 'policies/shop.yaml': SHOP, '.gitignore': 'ignored.yaml\n', other: 'a' });
      const git = (...argv: string[]) => execFileSync('git', argv, { cwd: folder, stdio: 'pipe' }).toString().trim();
      git('init', '-q');
      git('add', '.');
      git('-c', 'user.name=Ann Ash', '-c', 'user.email=ann@acme.example', 'commit', '-qm', 'first');
      return folder;
    };
    const head = (folder: string) => execFileSync('git', ['rev-parse', 'HEAD'], { cwd: folder }).toString().trim();

    it('names the commit and its author', async () => {
      const folder = repository();
      writeFileSync(join(folder, 'other'), 'changed, and no matter');
      const { published } = await applied({ 'POST /admin/v1/revisions': PUBLISHED }, ['--yes'], { cwd: folder });
      expect(published[0]!.body).toMatchObject({ gitCommit: head(folder), gitAuthor: 'Ann Ash <ann@acme.example>' });
    });

    it.each`
      because                        | file
      ${'a document changed'}        | ${'policies/shop.yaml'}
      ${'a document was never kept'} | ${'policies/new.yaml'}
      ${'a document is ignored'}     | ${'policies/ignored.yaml'}
    `('names no commit that does not hold what is published: $because', async ({ file }) => {
      const folder = repository();
      writeFileSync(join(folder, file), `${SHOP}# more\n`);
      const ran = await applied({ 'POST /admin/v1/revisions': PUBLISHED }, ['--yes'], { cwd: folder });
      expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('changes that are not committed') });
      expect(ran.published[0]!.body).not.toHaveProperty('gitCommit');
    });
  });
});
