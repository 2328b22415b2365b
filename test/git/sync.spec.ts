/** What `dharma sync` reads of a repository, what it refuses to read, and what it tells a server of it. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
} from '../cli/admin-server.js';
import { dharma, type Ran, type RunOptions, SHOP } from '../cli/program.js';
import { copyOf, newFolder, type TestRepository, testRepository } from './repository.js';

const PUBLISHED: Said = { status: 201, json: { revision: REVISION } };
const FINE: Routes = { 'POST /admin/v1/plan': { json: PLAN }, 'POST /admin/v1/revisions': PUBLISHED };

interface Synced extends Ran {
  readonly server: AdminServer;
  readonly planned: AdminServer['asked'];
  readonly published: AdminServer['asked'];
}

async function synced(
  repo: string,
  argv: readonly string[] = [],
  routes: Routes = {},
  options: RunOptions = {},
): Promise<Synced> {
  const server = await adminServer({ ...FINE, ...routes });
  const environment = { ...server.environment, ...options.environment };
  const ran = await dharma(['sync', '--repo', repo, ...argv], { cwd: newFolder(), ...options, environment });
  return {
    ...ran,
    server,
    planned: server.asked.filter(({ path }) => path === '/admin/v1/plan'),
    published: server.asked.filter(({ path }) => path === '/admin/v1/revisions'),
  };
}

describe('dharma sync', () => {
  const repository = testRepository({
    'policies/shop.yaml': SHOP,
    'policies/teams/till.json': '{}',
    'policies/README.md': 'no document',
    'policies/.hidden/old.yaml': 'left out, as in a folder',
    'other/deny.yaml': 'not of the folder',
  });
  const head = repository.git('rev-parse', 'HEAD');

  it('publishes a folder as it stands in a commit, and says whose commit it is', async () => {
    repository.write('policies/shop.yaml', 'changed, and not committed');
    const ran = await synced(repository.folder, ['--path', 'policies', '--source', 'git']);
    expect(ran).toMatchObject({ code: 0, stdout: 'revision 42 published\n' });
    expect(ran.stderr).toContain(`commit ${head.slice(0, 12)} of HEAD by Ann Ash <ann@acme.example>: first\n`);
    expect(ran.published[0]!.body).toEqual({
      source: 'git',
      prune: true,
      files: [
        { file: 'policies/shop.yaml', text: SHOP },
        { file: 'policies/teams/till.json', text: '{}' },
      ],
      base: { number: 41, contentHash: PLAN.base.contentHash },
      because: `first\n\nRepository: ${repository.folder}\nRef: HEAD\nPath: policies`,
      gitCommit: head,
      gitAuthor: 'Ann Ash <ann@acme.example>',
    });
    repository.git('checkout', '--quiet', '--', '.');
  });

  it('sends one key for one commit on one base, and another for another', async () => {
    const keyOf = async (argv: readonly string[], plan: object = PLAN) => {
      const { published } = await synced(repository.folder, argv, { 'POST /admin/v1/plan': { json: plan } });
      return published[0]!.headers['idempotency-key'];
    };
    const first = await keyOf([]);
    expect(first).toMatch(new RegExp(`^sync-${head}-[0-9a-f]{32}$`));
    expect(await keyOf([])).toBe(first);
    expect(await keyOf(['--source', 'other'])).not.toBe(first);
    expect(await keyOf(['--no-prune'])).not.toBe(first);
    expect(await keyOf([], { ...PLAN, base: { ...PLAN.base, number: 40 } })).not.toBe(first);
  });

  it.each`
    because                           | argv              | pruned
    ${'a commit is the whole source'} | ${[]}             | ${true}
    ${'it may be said'}               | ${['--prune']}    | ${true}
    ${'others may stay'}              | ${['--no-prune']} | ${false}
  `('prunes: $because', async ({ argv, pruned }) => {
    const { planned, published } = await synced(repository.folder, argv);
    expect([planned[0]!.body!['prune'], published[0]!.body!['prune']]).toEqual([pruned, pruned]);
  });

  it('publishes nothing on a dry run', async () => {
    const ran = await synced(repository.folder, ['--dry-run']);
    expect(ran).toMatchObject({ code: 0, published: [], stdout: expect.stringContaining('+ partners: allow GET') });
  });

  const without = { ...PLAN, changes: [{ ...PLAN.changes[0], change: 'removed', kind: 'Policy', name: 'guard' }] };
  const losing = { ...without, summary: { ...PLAN.summary, documents: { added: 0, changed: 0, removed: 1 } } };

  it.each`
    because                              | argv             | plan                                                       | said                  | code | message
    ${'the set is not valid'}            | ${[]}            | ${INVALID}                                                 | ${PUBLISHED}          | ${1} | ${'the server would not take it'}
    ${'documents are of another source'} | ${[]}            | ${FOREIGN}                                                 | ${PUBLISHED}          | ${4} | ${'belongs to the source `git`'}
    ${'the same, on a dry run'}          | ${['--dry-run']} | ${FOREIGN}                                                 | ${PUBLISHED}          | ${4} | ${''}
    ${'what is refused changes nothing'} | ${['--dry-run']} | ${{ ...INVALID, changes: [], summary: NO_CHANGE.summary }} | ${PUBLISHED}          | ${1} | ${'nothing can be published on revision 41'}
    ${'someone was first'}               | ${[]}            | ${PLAN}                                                    | ${PROBLEM.superseded} | ${4} | ${'then sync again: it is planned anew'}
    ${'the store is away'}               | ${[]}            | ${PLAN}                                                    | ${PROBLEM.away}       | ${3} | ${'the same call again is safe'}
    ${'the server is asked too often'}   | ${[]}            | ${PLAN}                                                    | ${PROBLEM.busy}       | ${3} | ${''}
    ${'a lost file loses a deny'}        | ${[]}            | ${losing}                                                  | ${PUBLISHED}          | ${1} | ${'1 of 4 documents would be removed: Policy guard; if that is meant, say `--allow-prune`'}
  `('exits with $code when $because', async ({ argv, plan, said, code, message }) => {
    const routes = { 'POST /admin/v1/plan': { json: plan }, 'POST /admin/v1/revisions': said };
    expect(await synced(repository.folder, [...argv, '--path', 'policies'], routes)).toMatchObject({
      code,
      stderr: expect.stringContaining(message),
    });
  });

  it.each([
    [['--dry-run'], '1 of 4 documents would be removed: Policy guard; `sync` takes `--allow-prune` for that'],
    [['--dry-run', '--allow-prune'], undefined],
  ])('a dry run says what it takes to let documents go: %j', async (argv, said) => {
    const ran = await synced(repository.folder, argv, { 'POST /admin/v1/plan': { json: losing } });
    expect([ran.code, /^.*would be removed.*$/m.exec(ran.stderr)?.[0]]).toEqual([0, said]);
  });

  it('lets documents go when that is said to be meant', async () => {
    const routes = { 'POST /admin/v1/plan': { json: losing } };
    expect(await synced(repository.folder, ['--allow-prune'], routes)).toMatchObject({ code: 0 });
  });

  it('is done when the server holds that already', async () => {
    const routes = {
      'POST /admin/v1/plan': { json: NO_CHANGE },
      'POST /admin/v1/revisions': { json: { revision: REVISION, unchanged: true } },
    };
    expect(await synced(repository.folder, [], routes)).toMatchObject({ code: 0, stdout: 'revision 42 unchanged\n' });
  });

  describe('waits', () => {
    const seen = (server: string, revision: number | null, lastSeenAt = '2026-12-24T12:00:00Z') => ({
      server,
      version: '1.0.0',
      address: '10.0.0.1:9191',
      startedAt: '2026-12-24T11:00:00Z',
      revision,
      epoch: 1,
      ageSeconds: 1,
      lastSeenAt,
      seenSecondsAgo: 1,
      silent: false,
    });
    const status: Routes = { 'GET /admin/v1/status': { json: STATUS } };

    it.each`
      because                                   | items                                                     | code | message
      ${'every server has it'}                  | ${[seen('a', 42), seen('b', 43)]}                         | ${0} | ${'in force on 2 of the fleet'}
      ${'one lags behind'}                      | ${[seen('a', 42), seen('b', 41)]}                         | ${1} | ${'after 1 s not on `b`'}
      ${'one has no policy at all'}             | ${[seen('a', 42), seen('b', null)]}                       | ${1} | ${'after 1 s not on `b`'}
      ${'one that has gone is not waited for'}  | ${[seen('a', 42), seen('b', 41, '2026-12-24T11:58:00Z')]} | ${0} | ${'in force on 1 of the fleet'}
      ${'an instant that is none leaves it in'} | ${[seen('a', 42), seen('b', 41, 'once')]}                 | ${1} | ${'after 1 s not on `b`'}
    `('for the fleet, and exits with $code: $because', async ({ items, code, message }) => {
      const routes = { ...status, 'GET /admin/v1/fleet': { json: { items, next: null } } };
      const ran = await synced(repository.folder, ['--wait', '1'], routes);
      expect(ran).toMatchObject({ code, stdout: 'revision 42 published\n', stderr: expect.stringContaining(message) });
    });
  });

  it.each`
    because                             | ref                  | names
    ${'a branch'}                       | ${'next'}            | ${'second'}
    ${'a tag, to the commit behind it'} | ${'v1'}              | ${'first'}
    ${'a whole name'}                   | ${'refs/heads/next'} | ${'second'}
    ${'nothing said'}                   | ${'HEAD'}            | ${'first'}
    ${'the id of a commit'}             | ${''}                | ${'second'}
  `('reads $because', async ({ ref, names }) => {
    const other = testRepository({ 'a.yaml': SHOP });
    other.git('tag', '-a', 'v1', '-m', 'a tag');
    other.git('checkout', '--quiet', '-b', 'next');
    const id = other.commit('second');
    other.git('checkout', '--quiet', 'main');
    const { stderr } = await synced(other.folder, ['--ref', ref === '' ? id : ref]);
    expect(stderr).toContain(`: ${names}\n`);
  });

  it.each(['HEAD', 'main', 'refs/heads/main', 'the whole id'])(
    'reads a repository of the newer hash: %s',
    async (ref) => {
      const newer = testRepository();
      newer.git('init', '--quiet', '--initial-branch=main', '--object-format=sha256', 'inner');
      newer.write('inner/policies/shop.yaml', SHOP);
      newer.git('-C', 'inner', 'add', '--all');
      newer.git('-C', 'inner', 'commit', '--quiet', '-m', 'first');
      const id = newer.git('-C', 'inner', 'rev-parse', 'HEAD');
      const ran = await synced(join(newer.folder, 'inner'), ['--ref', ref === 'the whole id' ? id : ref]);
      expect(ran).toMatchObject({ code: 0, published: [{ body: { gitCommit: id } }] });
    },
  );

  it('takes no tag for the branch of its name', async () => {
    const other = testRepository({ 'a.yaml': SHOP });
    other.git('tag', 'main');
    expect(await synced(other.folder, ['--ref', 'main'])).toMatchObject({
      code: 1,
      planned: [],
      stderr: expect.stringContaining('`main` is a branch and a tag; say `--ref refs/heads/main`'),
    });
    expect(await synced(other.folder, ['--ref', 'refs/heads/main'])).toMatchObject({ code: 0 });
  });

  it.each`
    because                      | of
    ${'a tag may name a file'}   | ${'HEAD:a.yaml'}
    ${'a tag may name a folder'} | ${'HEAD:'}
  `('takes nothing else for a commit: $because', async ({ of }) => {
    const other = testRepository({ 'a.yaml': SHOP });
    other.git('tag', 'odd', other.git('rev-parse', of as string));
    const ran = await synced(other.folder, ['--ref', 'odd']);
    expect(ran).toMatchObject({ code: 1, planned: [], stderr: expect.stringContaining('`odd` leads to no commit') });
  });

  it.each([false, true])('stops a fetch that brings more than may be; from an old server: %s', async (isOld) => {
    const large = testRepository({ 'a.yaml': SHOP });
    const address = isOld ? `ssh://old.example${large.folder}` : large.folder;
    const limited = (mebibytes: string) => ({
      environment: { DHARMA_GIT_FETCH_MIB: mebibytes, ...(isOld && { GIT_SSH_COMMAND: oldServer() }) },
    });
    large.write('video.bin', randomBytes(3 * 1024 * 1024));
    large.commit('something that is no policy');
    const refused = await synced(address, [], {}, limited('2'));
    expect(refused).toMatchObject({ code: 1, planned: [] });
    expect(refused.stderr).toContain('is larger than 2 MiB at that commit; DHARMA_GIT_FETCH_MIB says');
    expect(await synced(address, [], {}, limited('8'))).toMatchObject({ code: 0 });
    expect(await synced(address, [], {}, limited('lots'))).toMatchObject({ code: 2 });
  });

  it('leaves nothing behind', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('dharma-git-'));
    await synced(repository.folder);
    await synced(repository.folder, ['--ref', 'nowhere']);
    const after = readdirSync(tmpdir()).filter((name) => name.startsWith('dharma-git-'));
    expect(after.filter((name) => !before.includes(name))).toEqual([]);
  });
});

/** In place of `ssh`: a server on this machine that speaks the first protocol alone, and sends all of a commit. */
function oldServer(): string {
  const program = join(newFolder(), 'ssh');
  const lines = ['#!/bin/sh', 'for command in "$@"; do :; done', 'unset GIT_PROTOCOL GIT_DIR'];
  writeFileSync(program, [...lines, 'exec sh -c "git -c uploadpack.allowFilter=false ${command#git-}"', ''].join('\n'));
  chmodSync(program, 0o755);
  return program;
}

describe('a hostile repository', () => {
  const plain = testRepository({ 'policies/.keep': 'x', 'other.yaml': SHOP });

  it.each`
    because                                          | make                                                                                                        | message
    ${'a link may lead out of the tree'}             | ${link('policies/evil.yaml', '/etc/passwd')}                                                                | ${'`policies/evil.yaml` is a symbolic link, and none is followed'}
    ${'a link may lead to a file beside it'}         | ${link('policies/b.yaml', 'shop.yaml')}                                                                     | ${'`policies/b.yaml` is a symbolic link'}
    ${'a link may stand for a whole folder'}         | ${link('policies/teams', '../elsewhere')}                                                                   | ${'`policies/teams` is a symbolic link'}
    ${'a submodule belongs to another repository'}   | ${submodule}                                                                                                | ${'`policies/vendor` is a submodule'}
    ${'a new line in a name forges another line'}    | ${named('policies/a\nb.yaml')}                                                                              | ${'a file whose name cannot be read: "a\\nb.yaml"'}
    ${'a name that turns the line around misleads'}  | ${named('policies/a\u202Elmay.yaml')}                                                                       | ${'a file whose name cannot be read'}
    ${'a name that is not UTF-8 is no name'}         | ${named(Buffer.from([0x70, 0x6f, 0x6c, 0x69, 0x63, 0x69, 0x65, 0x73, 0x2f, 0xff, 0x2e, 0x79, 0x6d, 0x6c]))} | ${'a file whose name cannot be read'}
    ${'a file that is not UTF-8 reads in two ways'}  | ${file('policies/a.yaml', Buffer.from([0x61, 0xff, 0x0a]))}                                                 | ${'`policies/a.yaml` is not UTF-8'}
    ${'a file may be larger than any policy'}        | ${file('policies/a.yaml', Buffer.alloc(65 * 1024 * 1024, 0x23))}                                            | ${'`policies` holds more than 67108864 bytes'}
    ${'a folder may be a file'}                      | ${fileInsteadOfFolder}                                                                                      | ${'has no folder `policies`'}
    ${'a folder may be a link'}                      | ${linkInsteadOfFolder}                                                                                      | ${'has no folder `policies`'}
    ${'a tree may unfold to more than anyone reads'} | ${bomb}                                                                                                     | ${'`policies` holds too many files'}
    ${'a tree may climb out by its names'}           | ${climbing}                                                                                                 | ${'cannot read'}
    ${'there may be nothing'}                        | ${file('policies/README', 'empty')}                                                                         | ${'`policies` holds no policy documents'}
  `('is refused whole, since $because', async ({ make, message }) => {
    const repository = copyOf(plain);
    make(repository);
    const ran = await synced(repository.folder, ['--path', 'policies']);
    expect({ code: ran.code, stdout: ran.stdout, planned: ran.planned }).toEqual({ code: 1, stdout: '', planned: [] });
    expect(ran.stderr).toContain(message);
  });

  function file(name: string, bytes: string | Buffer) {
    return (repository: TestRepository) => {
      repository.write(name, bytes);
      repository.commit('a file');
    };
  }

  function link(name: string, target: string) {
    return (repository: TestRepository) => {
      repository.write('policies/shop.yaml', SHOP);
      symlinkSync(target, join(repository.folder, name));
      repository.commit('a link');
    };
  }

  function named(name: string | Buffer) {
    return (repository: TestRepository) => {
      const id = repository.gitReading(SHOP, 'hash-object', '-w', '--stdin');
      const entry = Buffer.concat([Buffer.from(`100644 ${id}\t`), Buffer.from(name as string), Buffer.from([0])]);
      repository.gitReading(entry, 'update-index', '-z', '--index-info');
      repository.git('commit', '--quiet', '-m', 'a name');
    };
  }

  function submodule(repository: TestRepository): void {
    const id = repository.git('rev-parse', 'HEAD');
    repository.git('update-index', '--add', '--cacheinfo', `160000,${id},policies/vendor`);
    repository.git('commit', '--quiet', '-m', 'a submodule');
  }

  function fileInsteadOfFolder(repository: TestRepository): void {
    repository.git('rm', '--quiet', '-r', 'policies');
    file('policies', SHOP)(repository);
  }

  function linkInsteadOfFolder(repository: TestRepository): void {
    repository.git('rm', '--quiet', '-r', 'policies');
    symlinkSync('.', join(repository.folder, 'policies'));
    repository.commit('a link');
  }

  /** Ten folders in one another of ten entries each, which are all the same. */
  function bomb(repository: TestRepository): void {
    const blob = repository.gitReading('#\n', 'hash-object', '-w', '--stdin');
    let entry = (name: number) => `100644 blob ${blob}\t${name}.yaml`;
    for (let level = 0; level < 10; level += 1) {
      const lines = Array.from({ length: 10 }, (_, name) => entry(name)).join('\n');
      const tree = repository.gitReading(`${lines}\n`, 'mktree');
      entry = (name) => `040000 tree ${tree}\t${name}`;
    }
    commitTree(repository, entry(0).split(' ')[2]!.split('\t')[0]!);
  }

  function climbing(repository: TestRepository): void {
    const blob = repository.gitReading(SHOP, 'hash-object', '-w', '--stdin');
    const tree = Buffer.concat([Buffer.from('100644 ../evil.yaml\0'), Buffer.from(blob, 'hex')]);
    commitTree(repository, repository.gitReading(tree, 'hash-object', '-t', 'tree', '-w', '--literally', '--stdin'));
  }

  function commitTree(repository: TestRepository, policies: string): void {
    const root = repository.gitReading(`040000 tree ${policies}\tpolicies\n`, 'mktree');
    const id = repository.git('commit-tree', '-m', 'a tree', root);
    repository.git('update-ref', 'refs/heads/main', id);
  }

  it('runs nothing of what it configures', async () => {
    const repository = testRepository({ 'shop.yaml': SHOP, '.gitattributes': '* filter=evil diff=evil\n' });
    const proof = join(newFolder(), 'ran');
    const program = join(newFolder(), 'evil');
    writeFileSync(program, `#!/bin/sh\ntouch '${proof}'\n`);
    chmodSync(program, 0o755);
    for (const setting of [
      'core.fsmonitor',
      'core.sshCommand',
      'core.gitProxy',
      'core.alternateRefsCommand',
      'core.pager',
      'core.editor',
      'core.askPass',
      'uploadpack.packObjectsHook',
      'filter.evil.smudge',
      'filter.evil.clean',
      'filter.evil.process',
      'diff.external',
      'diff.evil.textconv',
      'gpg.program',
      'gpg.ssh.program',
      'credential.helper',
      'remote.origin.uploadpack',
    ]) {
      repository.git('config', setting, program);
    }
    repository.git('config', 'log.showSignature', 'true');
    repository.git('config', 'core.repositoryFormatVersion', '1');
    repository.git('config', 'extensions.partialClone', 'origin');
    repository.git('config', 'remote.origin.promisor', 'true');
    repository.git('config', 'remote.origin.url', `ext::${program}`);
    repository.git('config', 'protocol.ext.allow', 'always');
    const hooks = join(repository.folder, '.git', 'hooks');
    mkdirSync(hooks, { recursive: true });
    for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change', 'pre-receive', 'update']) {
      writeFileSync(join(hooks, hook), `#!/bin/sh\ntouch '${proof}'\n`);
      chmodSync(join(hooks, hook), 0o755);
    }
    // A missing object would be fetched from where the repository says.
    const blob = repository.git('rev-parse', 'HEAD:.gitattributes');
    execFileSync('rm', ['-f', join(repository.folder, '.git/objects', blob.slice(0, 2), blob.slice(2))]);
    const ran = await synced(repository.folder);
    expect(ran.code).toBe(1);
    expect(existsSync(proof)).toBe(false);
    repository.gitReading('* filter=evil diff=evil\n', 'hash-object', '-w', '--no-filters', '--stdin');
    const again = await synced(repository.folder, ['--allowed-signers', program]);
    expect(again).toMatchObject({ code: 1, planned: [] });
    expect(await synced(repository.folder)).toMatchObject({ code: 0 });
    expect(existsSync(proof)).toBe(false);
    // The trap works: whoever reads the repository in its own place falls into it. Git looks into files that are newer
    // than it remembers.
    utimesSync(join(repository.folder, '.gitattributes'), 0, 0);
    expect(() => repository.git('status')).toThrow();
    expect(existsSync(proof)).toBe(true);
  });
});

describe('what is named on the command line', () => {
  const repository = testRepository({ 'policies/shop.yaml': SHOP });
  const proof = join(newFolder(), 'ran');

  it.each`
    because                                        | argv                                                            | message
    ${'`ext::` runs a program'}                    | ${['--repo', `ext::sh -c touch% ${proof}`]}                     | ${'makes git run a program'}
    ${'any `NAME::` runs a program'}               | ${['--repo', 'fd::7']}                                          | ${'makes git run a program'}
    ${'an option is no repository'}                | ${[`--repo=--upload-pack=touch ${proof}`]}                      | ${'begins with `-`'}
    ${'an option is no host'}                      | ${['--repo', `ssh://-oProxyCommand=touch ${proof}/x`]}          | ${'repository'}
    ${'nor is one that is written in another way'} | ${['--repo', `ssh://%2doProxyCommand=x/y`]}                     | ${'repository'}
    ${'nothing is no repository'}                  | ${['--repo', '']}                                               | ${'it is empty'}
    ${'anyone can read what http carries'}         | ${['--repo', 'http://git.example/acme']}                        | ${'`http://` is not read'}
    ${'git:// proves nobody'}                      | ${['--repo', 'git://git.example/acme']}                         | ${'`git://` is not read'}
    ${'a password in a URL is seen by others'}     | ${['--repo', 'https://ann:sesame@git.example/acme']}            | ${'set `DHARMA_GIT_TOKEN`'}
    ${'so is a token in the place of a name'}      | ${['--repo', 'https://sesame@git.example/acme']}                | ${'set `DHARMA_GIT_TOKEN`'}
    ${'there is no such folder'}                   | ${['--repo', 'nowhere']}                                        | ${'there is no folder'}
    ${'an option is no ref'}                       | ${['--repo', repository.folder, '--ref=--upload-pack=x']}       | ${'`--ref` is'}
    ${'a colon would write to another ref'}        | ${['--repo', repository.folder, '--ref', 'main:refs/heads/x']}  | ${'`--ref` is'}
    ${'a plus would force it'}                     | ${['--repo', repository.folder, '--ref', '+main']}              | ${'`--ref` is'}
    ${'expressions are not refs'}                  | ${['--repo', repository.folder, '--ref', 'HEAD~1']}             | ${'`--ref` is'}
    ${'the start of an id is not an id'}           | ${['--repo', repository.folder, '--ref', 'main@{1}']}           | ${'`--ref` is'}
    ${'a path does not climb'}                     | ${['--repo', repository.folder, '--path', '../other']}          | ${'`--path` is'}
    ${'nor begin at the root'}                     | ${['--repo', repository.folder, '--path', '/etc']}              | ${'`--path` is'}
    ${'nor is it an option'}                       | ${['--repo', repository.folder, '--path=-x']}                   | ${'`--path` is'}
    ${'the signers are nowhere'}                   | ${['--repo', repository.folder, '--allowed-signers', 'nobody']} | ${'there is no file `nobody`'}
    ${'a watch that publishes nothing is none'}    | ${['--repo', repository.folder, '--watch', '--dry-run']}        | ${'say one of them'}
  `('is refused as a wrong call, since $because', async ({ argv, message }) => {
    const server = await adminServer(FINE);
    const ran = await dharma(['sync', ...argv], { cwd: newFolder(), environment: server.environment });
    expect(ran).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
    expect(ran.stderr).not.toContain('sesame');
    expect(server.asked).toEqual([]);
    expect(existsSync(proof)).toBe(false);
  });

  it.each`
    because                      | argv                                | message
    ${'there is no such ref'}    | ${['--ref', 'nowhere']}             | ${'has no `nowhere`'}
    ${'there is no such folder'} | ${['--path', 'nowhere']}            | ${'has no folder `nowhere`'}
    ${'it is a file'}            | ${['--path', 'policies/shop.yaml']} | ${'has no folder `policies/shop.yaml`'}
  `('is refused when $because', async ({ argv, message }) => {
    const ran = await synced(repository.folder, argv);
    expect(ran).toMatchObject({ code: 1, planned: [], stderr: expect.stringContaining(message) });
  });

  it('a folder without a repository is told as such', async () => {
    expect(await synced(newFolder())).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot read') });
  });

  it.each`
    because                              | said                                                           | message
    ${'ssh says what is wrong'}          | ${'Host key verification failed.'}                             | ${'Could not read from remote repository: Host key verification failed.'}
    ${'what the other end says is told'} | ${'remote:\nremote: ERROR: there is no such project\nremote:'} | ${'Could not read from remote repository: ERROR: there is no such project'}
    ${'nobody said anything'}            | ${''}                                                          | ${'Could not read from remote repository.\n'}
  `('of an ssh that fails the reason is told: $because', async ({ said, message }) => {
    const ssh = join(newFolder(), 'ssh');
    writeFileSync(ssh, `#!/bin/sh\ncat >&2 <<'END'\n${said as string}\nEND\nexit 255\n`, { mode: 0o700 });
    const ran = await synced('git@git.example:acme/policies.git', [], {}, { environment: { GIT_SSH_COMMAND: ssh } });
    expect(ran).toMatchObject({ code: 3, stderr: expect.stringContaining(message) });
  });

  it('a token goes to git, and into no message', async () => {
    const environment = { DHARMA_GIT_TOKEN: 'sesame-of-ann' };
    const ran = await synced('https://127.0.0.1:1/acme/policies.git', [], {}, { environment });
    expect(ran).toMatchObject({
      code: 3,
      planned: [],
      stderr: expect.stringContaining('cannot read `https://127.0.0.1:1'),
    });
    expect(ran.stderr).not.toContain('sesame');
  });
});

describe('--allowed-signers', () => {
  const keys = newFolder();
  for (const name of ['ann', 'mallory']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(keys, name)]);
  }
  const allowed = join(keys, 'allowed');
  const publicKey = (name: string) =>
    execFileSync('cat', [join(keys, `${name}.pub`)])
      .toString()
      .split(' ')
      .slice(0, 2)
      .join(' ');
  writeFileSync(allowed, `ann@acme.example namespaces="git" ${publicKey('ann')}\n`);

  const signedBy = (name: string | undefined): TestRepository => {
    const repository = testRepository();
    repository.write('shop.yaml', SHOP);
    if (name !== undefined) {
      repository.git('config', 'gpg.format', 'ssh');
      repository.git('config', 'user.signingKey', join(keys, name));
      repository.git('config', 'commit.gpgSign', 'true');
    }
    repository.commit('signed, or not');
    return repository;
  };

  it('takes a commit that one of them signed, and names whom', async () => {
    const ran = await synced(signedBy('ann').folder, ['--allowed-signers', allowed]);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining(', signed by ann@acme.example: signed') });
  });

  it.each`
    because                               | repository
    ${'nobody signed it'}                 | ${signedBy(undefined)}
    ${'another one signed it'}            | ${signedBy('mallory')}
    ${'the signature is of another text'} | ${forged()}
  `('refuses a commit when $because', async ({ repository }) => {
    const ran = await synced((repository as TestRepository).folder, ['--allowed-signers', allowed]);
    expect(ran).toMatchObject({ code: 1, planned: [], stderr: expect.stringContaining('carries no good signature') });
  });

  /** Ann's signature under something that she did not sign. */
  function forged(): TestRepository {
    const repository = signedBy('ann');
    const commit = repository.git('cat-file', 'commit', 'HEAD');
    const other = `${commit.replace('signed, or not', 'opens everything')}\n`;
    const id = repository.gitReading(other, 'hash-object', '-t', 'commit', '-w', '--stdin');
    repository.git('update-ref', 'refs/heads/main', id);
    return repository;
  }
});
