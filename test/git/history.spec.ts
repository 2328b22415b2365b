/** A history of a repository, synced commit by commit with a real server on a real PostgreSQL. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyText, newDocument } from '#administration';
import { loadBundle, type SourceFile } from '#policy';
import { dharma, type Ran, type RunOptions } from '../cli/program.js';
import { startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { startServerWith, type TestServer } from '../support/server.js';
import { newFolder, type TestRepository, testRepository } from './repository.js';

const SOURCE = 'git';
const WAIT_SECONDS = '30';

let postgres: TestPostgres;
let server: Omit<TestServer, 'rewrite'>;
let environment: { readonly [name: string]: string };

beforeAll(async () => {
  postgres = await startTestPostgres();
  const folder = newFolder();
  mkdirSync(join(folder, 'policies'));
  server = await startServerWith({
    'database-url': await postgres.migrated(),
    'data-dir': join(folder, 'data'),
  });
  environment = {
    DHARMA_SERVER: `http://${server.addresses.admin}`,
    DHARMA_TOKEN: readFileSync(server.operatorTokenFile!, 'utf8').trim(),
  };
}, 120_000);
afterAll(async () => {
  await server.stop();
  await postgres.stop();
}, 120_000);

const run = (argv: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  dharma(argv, { environment, cwd: newFolder(), now: new Date().toISOString(), ...options });

// oxlint-disable-next-line typescript/no-explicit-any -- JSON of any shape, which the test compares
async function read(path: string): Promise<any> {
  const headers = { authorization: `Bearer ${environment['DHARMA_TOKEN']}` };
  const response = await fetch(`${environment['DHARMA_SERVER']}/admin/v1${path}`, { headers });
  expect(response.status).toBe(200);
  return response.json();
}

const newest = async () => (await read('/revisions?limit=1')).items[0];
const inForce = async (): Promise<number | undefined> => (await read('/status')).policy?.number;

/** Of one source, by key: what a revision holds. */
async function documentsOf(number: number, source = SOURCE): Promise<{ readonly [key: string]: string }> {
  const { items } = await read(`/revisions/${number}/documents?limit=500`);
  const own = (items as { kind: string; name: string; source: string; text: string }[]).filter(
    (one) => one.source === source,
  );
  return Object.fromEntries(own.map((document) => [keyText(document), document.text]));
}

/** What the folder in the work tree holds: read from disk, not by git. */
function documentsIn(folder: string): { readonly [key: string]: string } {
  const documents = loadBundle(filesBelow(folder)).documents.map(({ document, text }) =>
    newDocument(document, text, SOURCE),
  );
  return Object.fromEntries(documents.map((document) => [keyText(document), document.text]));
}

function filesBelow(folder: string): readonly SourceFile[] {
  return readdirSync(folder).flatMap((name) => {
    const full = join(folder, name);
    return statSync(full).isDirectory() ? filesBelow(full) : [{ file: full, text: readFileSync(full, 'utf8') }];
  });
}

const head = (kind: string, metadata: string): string =>
  `apiVersion: dharma/v1\nkind: ${kind}\nmetadata: { ${metadata} }\n`;
const domain = (name: string, spec = '{}'): string => `${head('Domain', `name: ${name}`)}spec: ${spec}\n`;
const service = (name: string, member: string): string =>
  `${head('Service', `name: ${name}`)}spec: { domains: [${member}], hosts: [${name}.example] }\n`;
const policy = (name: string, owner: string, ...rules: readonly string[]): string =>
  `${head('Policy', `name: ${name}, domain: ${owner}`)}spec:\n  rules:\n${rules.map((rule) => `    - ${rule}\n`).join('')}`;
const roles = (name: string, owner: string, ...people: readonly string[]): string =>
  `${head('RoleSet', `name: ${name}, domain: ${owner}`)}spec: { roles: [{ name: clerk }], assignments: [{ role: clerk, principals: ${JSON.stringify(people)} }] }\n`;
const reading = (...methods: readonly string[]): string =>
  `{ id: read, effect: allow, who: { anonymous: true }, what: { methods: [${methods.join(', ')}] } }`;

interface Step {
  readonly because: string;
  readonly change: (repository: TestRepository) => void;
  /** Flags beside those of every step. */
  readonly argv?: readonly string[];
  /** Absent: 0. What is not taken leaves the revision before in force. */
  readonly code?: number;
  /** Nothing of the policies changes, so that there is no new revision. */
  readonly isSame?: boolean;
}

const gone = ['--allow-prune'];
const remove = (file: string) => (repository: TestRepository) => rmSync(join(repository.folder, 'policies', file));
const move = (from: string, to: string) => (repository: TestRepository) => {
  mkdirSync(join(repository.folder, 'policies', to, '..'), { recursive: true });
  repository.git('mv', `policies/${from}`, `policies/${to}`);
};
const write =
  (...files: readonly (readonly [file: string, text: string])[]) =>
  (repository: TestRepository) => {
    for (const [file, text] of files) repository.write(`policies/${file}`, text);
  };

const SHOP = domain('shop', '{ access: [anonymous], boundary: ["orders/*"] }');

/** Each is one commit. */
const STEPS: readonly Step[] = [
  { because: 'a first set', change: write(['shop.yaml', `${SHOP}---\n${service('orders', 'shop')}`]) },
  { because: 'rules come', change: write(['rules.yaml', policy('shop', 'shop', reading('GET'))]) },
  { because: 'nothing of the policies', change: (repository) => repository.write('README.md', 'words'), isSame: true },
  { because: 'a rule is widened', change: write(['rules.yaml', policy('shop', 'shop', reading('GET', 'HEAD'))]) },
  {
    because: 'a remark alone is a change',
    change: write(['shop.yaml', `# ours\n${SHOP}---\n${service('orders', 'shop')}`]),
  },
  { because: 'a file is renamed', change: move('rules.yaml', 'shop-rules.yaml'), isSame: true },
  { because: 'a file moves', change: move('shop-rules.yaml', 'shop/rules.yaml'), isSame: true },
  {
    because: 'a file is split',
    change: write(['shop.yaml', SHOP], ['shop/orders.yaml', service('orders', 'shop')]),
  },
  { because: 'people come', change: write(['shop/roles.yaml', roles('shop', 'shop', 'user:ann', 'group:counter')]) },
  {
    because: 'the same people in another order',
    change: write(['shop/roles.yaml', roles('shop', 'shop', 'group:counter', 'user:ann')]),
    isSame: true,
  },
  { because: 'a domain below', change: write(['till/till.yaml', domain('shop.till')]) },
  {
    because: 'a service in it',
    change: write([
      'till/till.json',
      JSON.stringify({
        apiVersion: 'dharma/v1',
        kind: 'Service',
        metadata: { name: 'till' },
        spec: { domains: ['shop.till'], hosts: ['till.example'] },
      }),
    ]),
  },
  {
    because: 'bad: it does not parse',
    change: write(['till/till.yaml', 'kind: [Domain\n']),
    code: 1,
  },
  {
    because: 'bad on bad: a rule of a domain that is not there',
    change: write(['till/till.yaml', domain('shop.till')], ['bad.yaml', policy('bad', 'shopp', reading('GET'))]),
    code: 1,
  },
  {
    because: 'the revert of both',
    change: (repository) => repository.git('revert', '--no-commit', 'HEAD~2..HEAD'),
    isSame: true,
  },
  {
    because: 'a document is renamed',
    change: write([
      'till/till.json',
      JSON.stringify({
        apiVersion: 'dharma/v1',
        kind: 'Service',
        metadata: { name: 'tills' },
        spec: { domains: ['shop.till'], hosts: ['till.example'] },
      }),
    ]),
    argv: gone,
  },
  {
    because: 'a document moves to another domain',
    change: write(['shop/roles.yaml', roles('shop', 'shop.till', 'user:ann')]),
  },
  { because: 'more than a tenth goes, and nobody said so', change: remove('till/till.json'), code: 1 },
  { because: 'it comes again', change: (repository) => repository.git('revert', '--no-commit', 'HEAD'), isSame: true },
  { because: 'it goes, and that is meant', change: remove('till/till.json'), argv: gone },
  {
    because: 'a branch is merged, with a conflict that someone solved',
    change: (repository) => {
      repository.git('checkout', '--quiet', '-b', 'branch');
      write(['shop/rules.yaml', policy('shop', 'shop', reading('GET', 'POST'))])(repository);
      repository.commit('on the branch');
      repository.git('checkout', '--quiet', 'main');
      write(['shop/rules.yaml', policy('shop', 'shop', reading('PUT'))])(repository);
      repository.commit('on main');
      expect(() => repository.git('merge', '--no-commit', 'branch')).toThrow();
      write(['shop/rules.yaml', policy('shop', 'shop', reading('POST', 'PUT'))])(repository);
    },
  },
  {
    because: 'a conflict that nobody solved',
    change: write([
      'shop/rules.yaml',
      `<<<<<<< main\n${policy('shop', 'shop', reading('PUT'))}=======\n>>>>>>> branch\n`,
    ]),
    code: 1,
  },
  { because: 'somebody solves it', change: write(['shop/rules.yaml', policy('shop', 'shop', reading('POST'))]) },
  {
    because: 'a test that fails',
    change: write([
      'cases.yaml',
      `${head('Test', 'name: cases, domain: shop')}spec: { cases: [{ because: reading is closed, request: { target: { host: orders.example, method: GET, path: / } }, expect: { decision: allow } }] }\n`,
    ]),
    code: 1,
  },
  {
    because: 'a test that passes',
    change: write([
      'cases.yaml',
      `${head('Test', 'name: cases, domain: shop')}spec: { cases: [{ because: reading is closed, request: { target: { host: orders.example, method: GET, path: / } }, expect: { decision: deny } }] }\n`,
    ]),
  },
  {
    because: 'a document that is of another source',
    change: write(['guard.yaml', policy('guard', 'guard', '{ id: no, effect: deny }')]),
    code: 4,
  },
  { because: 'it was a mistake', change: remove('guard.yaml'), isSame: true },
  {
    because: 'a deny comes',
    change: write(['deny.yaml', policy('closed', 'shop', '{ id: no, effect: deny, what: { methods: [POST] } }')]),
  },
  {
    because: 'the revert of that',
    change: (repository) => repository.git('revert', '--no-commit', 'HEAD'),
    argv: gone,
  },
  {
    because: 'all in one file',
    change: (repository) => {
      const files = filesBelow(join(repository.folder, 'policies')).filter(({ file }) => !file.endsWith('.json'));
      rmSync(join(repository.folder, 'policies'), { recursive: true });
      repository.write('policies/all.yml', files.map(({ text }) => text.replace(/^# ours\n/, '')).join('---\n'));
    },
    isSame: true,
  },
];

const repository = testRepository();

it('has thirty commits', () => {
  expect(STEPS).toHaveLength(30);
});

it('holds what each commit holds, and keeps what it holds where a commit is refused', async () => {
  const policies = join(repository.folder, 'policies');
  mkdirSync(policies);
  // Another source, which no sync touches.
  const others = newFolder();
  writeFileSync(
    join(others, 'guard.yaml'),
    `${domain('guard')}---\n${policy('guard', 'guard', '{ id: no, effect: deny }')}`,
  );
  const apply = ['apply', others, '--source', 'other', '--because', 'a guard', '--yes'];
  const applied = await run([...apply, '--wait', WAIT_SECONDS]);
  expect(applied).toMatchObject({ code: 0 });
  const guard = await documentsOf(1, 'other');
  let taken: { readonly [key: string]: string } = {};
  let number = 1;
  for (const { because, change, argv = [], code = 0, isSame = false } of STEPS) {
    change(repository);
    const id = repository.commit(because);
    const sync = ['sync', '--repo', repository.folder, '--ref', id, '--path', 'policies', '--source', SOURCE];
    const ran = await run([...sync, '--wait', WAIT_SECONDS, ...argv]);
    expect({ because, code: ran.code, told: ran.code === code ? '' : ran.stderr }).toEqual({ because, code, told: '' });
    const revision = await newest();
    if (code === 0 && !isSame) {
      number += 1;
      taken = documentsIn(policies);
      const trailers = `Repository: ${repository.folder}\nRef: ${id}\nPath: policies`;
      expect(revision).toMatchObject({ gitCommit: id, gitAuthor: 'Ann Ash <ann@acme.example>', source: SOURCE });
      expect(revision.because).toBe(`${because}\n\n${trailers}`);
    }
    if (code === 0) expect({ because, documents: documentsIn(policies) }).toEqual({ because, documents: taken });
    expect({ because, number: revision.number, inForce: await inForce() }).toEqual({
      because,
      number,
      inForce: number,
    });
    expect({ because, documents: await documentsOf(number) }).toEqual({ because, documents: taken });
    expect(await documentsOf(number, 'other')).toEqual(guard);
  }
}, 240_000);

describe('after that history', () => {
  const SYNC = ['sync', '--repo', repository.folder, '--path', 'policies', '--source', SOURCE];

  it('the log names every commit that was taken, newest first', async () => {
    const { code, stdout } = await run(['log', '--limit', '3']);
    expect(code).toBe(0);
    const [first = '', second = ''] = stdout.split('\n\nrevision ');
    expect(first).toMatch(
      /^revision \d+ {2}\S+ {2}first-operator from git\n {4}commit [0-9a-f]{40} by Ann Ash <ann@acme\.example>\n {4}the revert of that\n\n {4}Repository: /,
    );
    expect(second).toContain('    a deny comes\n');
    expect(stdout.match(/^revision /gm)).toHaveLength(3);
  });

  it('the log of one document leaves out what did not change it', async () => {
    const { stdout } = await run(['log', '--document', 'Policy/shop', '--format', 'json']);
    const subjects = (JSON.parse(stdout) as { because: string }[]).map(({ because }) => because.split('\n')[0]);
    expect(subjects).toEqual([
      'somebody solves it',
      'a branch is merged, with a conflict that someone solved',
      'a rule is widened',
      'rules come',
    ]);
    expect(await run(['log', '--document', 'Policy/nowhere'])).toMatchObject({ code: 0, stdout: '' });
    expect(await run(['log', '--document', 'shop'])).toMatchObject({ code: 2 });
  });

  it('there is no difference, and a change is told in words', async () => {
    const asked = ['diff', '--repo', repository.folder, '--path', 'policies', '--source', SOURCE];
    expect(await run(asked)).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('no difference') });
    const folder = newFolder();
    const text = readFileSync(join(repository.folder, 'policies', 'all.yml'), 'utf8');
    writeFileSync(join(folder, 'all.yaml'), text.replace('methods: [POST]', 'methods: [POST, "DELETE"]'));
    const told = await run(['diff', folder, '--source', SOURCE]);
    expect(told).toMatchObject({ code: 1, stdout: expect.stringContaining('~ Policy shop of shop') });
    expect(told.stdout).toMatch(/^ {4}~ shop\/read: .*DELETE/m);
    const { stdout } = await run(['diff', folder, '--source', SOURCE, '--format', 'markdown']);
    expect(stdout).toMatch(/^\| changed \| `Policy shop` \| .*DELETE/m);
    const foreign = await run(['diff', folder, '--source', 'other']);
    expect(foreign).toMatchObject({ code: 1, stdout: expect.stringContaining('belongs to the source `git`') });
    writeFileSync(join(folder, 'all.yaml'), text.replace('domain: shop }', 'domainn: shop }'));
    expect(await run(['diff', folder, '--source', SOURCE])).toMatchObject({ code: 2, stdout: '' });
    const nobody = { environment: { ...environment, DHARMA_TOKEN: 'op-1.nobodys' } };
    expect(await run(['diff', folder, '--source', SOURCE], nobody)).toMatchObject({ code: 2, stdout: '' });
    const since = await run(['diff', '--against', '1']);
    expect(since).toMatchObject({ code: 1, stdout: expect.stringContaining('+ Domain shop') });
  });

  it('an export is a fixed point: it is valid and canonical, and once it is published it says nothing new', async () => {
    const several = await run(['export', '--canonical', 'out']);
    expect(several).toMatchObject({ code: 2, stderr: expect.stringContaining('`git`, `other`') });
    const out = join(newFolder(), 'out');
    const exported = ['export', '--canonical', out, '--source', SOURCE];
    expect(await run(exported)).toMatchObject({ code: 0, stdout: expect.stringContaining('policies/shop.yaml\n') });
    const before = filesBelow(out);
    expect(await run(['validate', out])).toMatchObject({ code: 0 });
    expect(await run(['fmt', '--check', out])).toMatchObject({ code: 0, stdout: '' });
    expect(await run(exported)).toMatchObject({ code: 1, stderr: expect.stringContaining('is not empty') });
    rmSync(join(repository.folder, 'policies'), { recursive: true });
    for (const { file, text } of before) repository.write(`policies/${file.slice(out.length + 1)}`, text);
    repository.commit('as it is exported');
    expect(await run([...SYNC, '--wait', WAIT_SECONDS])).toMatchObject({ code: 0 });
    writeFileSync(join(out, 'policies', 'stale.yaml'), '# gone by then\n');
    expect(await run([...exported, '--overwrite'])).toMatchObject({ code: 0 });
    expect(filesBelow(out)).toEqual(before);
    expect(await run(SYNC)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^revision \d+ unchanged\n$/) });
    writeFileSync(join(out, 'mine.yaml'), SHOP);
    const twice = await run([...exported, '--overwrite']);
    expect(twice).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('twice; move it out of the way, then export again'),
    });
  });

  it('what is imported is a fixed point too', async () => {
    const imports = testRepository({
      'model.conf': `[request_definition]
r = sub, dom, obj, act
[policy_definition]
p = sub, dom, obj, act
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act
`,
      'policy.csv': 'p, clerk, north, data1, read\np, ann, south, data1, write\ng, ben, clerk, north\n',
      'api.yaml': 'openapi: 3.1.0\ninfo: { title: Pets }\npaths: { "/pets/{id}": { get: {}, delete: {} } }\n',
      'manifests.yaml': `apiVersion: v1
kind: Service
metadata: { name: api, namespace: east }
spec: { selector: { app: api }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: api, namespace: east }
spec: { template: { metadata: { labels: { app: api } }, spec: { serviceAccountName: api } } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: api, namespace: east }
spec: { podSelector: { matchLabels: { app: api } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: api } } }] }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: api, namespace: east }
spec: { hostnames: [api.example], rules: [{ matches: [{ path: { type: PathPrefix, value: /v1 } }], backendRefs: [{ name: api, port: 80 }] }] }
`,
    });
    const cwd = imports.folder;
    const fine = async (argv: readonly string[], stdout: unknown = expect.any(String)): Promise<void> =>
      expect(await run(argv, { cwd })).toMatchObject({ code: 0, stdout });
    await fine(['import', 'casbin', '--model', 'model.conf', '--policy', 'policy.csv', '--out', 'set/casbin']);
    await fine(['import', 'openapi', 'api.yaml', '--domain', 'pets', '--host', 'pets.example', '--out', 'set/pets']);
    await fine(['import', 'kubernetes', 'manifests.yaml', '--mechanism', 'east-mesh', '--out', 'set/east']);
    await fine(['validate', 'set']);
    imports.commit('imported');
    const sync = ['sync', '--repo', '.', '--path', 'set', '--source', 'imported'];
    await fine(sync, expect.stringContaining(' published'));
    await fine(['export', '--canonical', 'out', '--source', 'imported']);
    await fine(['validate', 'out']);
    const texts = (folder: string) =>
      filesBelow(join(cwd, folder))
        .map(({ text }) => text)
        .sort();
    expect(texts('out')).toEqual(texts('set'));
    await fine(sync, expect.stringContaining(' unchanged'));
    imports.git('rm', '--quiet', '-r', 'set');
    imports.git('add', 'out');
    imports.commit('as it is exported');
    await fine(['sync', '--repo', '.', '--path', 'out', '--source', 'imported'], expect.stringContaining(' unchanged'));
  });

  it('a restore is planned and asked about, and is a new revision that holds the old one', async () => {
    const { number } = await newest();
    const argv = ['restore', '3', '--because', 'a test says so'];
    expect(await run(argv)).toMatchObject({ code: 2, stderr: expect.stringContaining('say `--yes`') });
    const asked = await run(argv, { isTerminal: true, stdin: 'n\n' });
    expect(asked).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Domain shop.till') });
    expect(asked.stderr).toContain(`back from revision ${number} to 3: documents`);
    expect((await newest()).number).toBe(number);
    const restored = await run([...argv, '--yes', '--wait', WAIT_SECONDS]);
    expect(restored).toMatchObject({ code: 0, stdout: `revision ${number + 1} published\n` });
    expect(await documentsOf(number + 1)).toEqual(await documentsOf(3));
    expect(await inForce()).toBe(number + 1);
    expect(await run([...argv, '--yes'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('nothing changes'),
    });
    expect(await run(['restore', '999', '--because', 'x', '--yes'])).toMatchObject({ code: 1 });
    expect(await run(['restore', '0', '--because', 'x', '--yes'])).toMatchObject({ code: 2 });
  });

  it('whoever sees a part of the set compares their part', async () => {
    const repository = testRepository({ 'pay/pay.yaml': `${domain('acme.pay')}---\n${service('pay', 'acme.pay')}` });
    const top = newFolder();
    writeFileSync(join(top, 'acme.yaml'), domain('acme'));
    expect(await run(['apply', top, '--source', 'acme', '--because', 'a top', '--yes'])).toMatchObject({ code: 0 });
    const token = join(newFolder(), 'pat.token');
    const made = ['operators', 'create', 'pat', '--over', 'acme.pay', '--role', 'owner', '--out', token];
    expect(await run(made)).toMatchObject({ code: 0 });
    const { DHARMA_TOKEN: _root, ...others } = environment;
    const asPat = { environment: { ...others, DHARMA_TOKEN_FILE: token }, cwd: repository.folder };
    const way = ['--repo', '.', '--path', 'pay', '--source', 'pay'];
    const first = await run(['sync', '--repo', repository.folder, ...way.slice(2)]);
    expect(first).toMatchObject({ code: 0 });
    expect(await run(['sync', ...way], asPat)).toMatchObject({ code: 0, stdout: expect.stringContaining('unchanged') });
    expect(await run(['diff', ...way], asPat)).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('no difference'),
    });
    const told = await run(['log', '--limit', '2'], asPat);
    // Theirs was published by somebody else, and is theirs to read; what lies above is not.
    expect(told.stdout).toMatch(/ first-operator from pay\n[^]* somebody from …\n {4}…\n$/);
    writeFileSync(join(repository.folder, 'pay', 'more.yaml'), policy('pay', 'acme.pay', reading('GET')));
    const { code, stdout, stderr } = await run(['diff', 'pay', '--source', 'pay'], asPat);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/^\+ Policy pay of acme\.pay/) });
    const hint =
      /`dharma (apply pay --source pay --because) '…'`.*`dharma (export --canonical pay --overwrite --source pay)`/;
    expect(stderr).toMatch(hint);
  });
});
