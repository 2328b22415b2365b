import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { dharma, folderWith, SHOP } from './program.js';

const shop = folderWith({ 'shop.yaml': SHOP });
const FAULTY = SHOP.replace('effect: allow', 'effect: alow').replace('domains: [shop]', 'domains: [shoop]');
const faulty = folderWith({ 'policies/shop.yaml': FAULTY });
const TEST = `apiVersion: dharma/v1
kind: Test
metadata: { name: cases, domain: shop }
spec:
  cases:
    - because: anyone may read
      request: { target: { host: localhost, method: GET, path: / } }
      expect: { decision: allow, rules: [shop/read] }
    - because: "writing <is> someone else's"
      request: { target: { host: localhost, method: POST, path: / } }
      expect: { decision: EXPECTED }
`;
const passing = folderWith({ 'shop.yaml': SHOP, 'cases.yaml': TEST.replace('EXPECTED', 'deny') });
const failing = folderWith({ 'shop.yaml': SHOP, 'cases.yaml': TEST.replace('EXPECTED', 'allow') });

describe('dharma init', () => {
  it('writes a folder that is valid, canonical and passes its own tests', async () => {
    const cwd = folderWith({});
    const { code, stdout, stderr } = await dharma(['init', 'policies'], { cwd });
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toEqual(['policies/shop.yaml', 'policies/shop.test.yaml']);
    expect(stderr).toContain('dharma test policies');
    expect(await dharma(['validate', '--strict', 'policies'], { cwd })).toMatchObject({ code: 0, stdout: '' });
    expect(await dharma(['fmt', '--check', 'policies'], { cwd })).toMatchObject({ code: 0, stdout: '' });
    expect(await dharma(['test', 'policies'], { cwd })).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('3 passed, 0 failed'),
    });
  });

  it('writes nothing into a folder that holds something', async () => {
    const cwd = folderWith({ 'policies/mine.yaml': SHOP });
    const { code, stdout, stderr } = await dharma(['init'], { cwd });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('`mine.yaml`');
    expect(readdirSync(join(cwd, 'policies'))).toEqual(['mine.yaml']);
  });
});

describe('dharma validate', () => {
  it('is silent about a valid set, beside a summary', async () => {
    expect(await dharma(['validate', shop])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('valid (3 documents, 0 errors, 0 warnings)'),
    });
  });

  it('names every fault at its place, as it can be opened from here', async () => {
    const { code, stdout } = await dharma(['validate', 'policies'], { cwd: faulty });
    expect(code).toBe(1);
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^policies\/shop\.yaml:9:19: .*`shoop`.*Did you mean `shop`\?$/),
      expect.stringMatching(/^policies\/shop\.yaml:14:37: .*`alow`.*Did you mean `allow`\?$/),
    ]);
  });

  it('does not call a folder valid that holds no policies', async () => {
    const cwd = folderWith({ 'README.md': '# nothing here' });
    expect(await dharma(['validate', '.'], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('holds no policy documents'),
    });
  });

  it('reads a single file too, and several folders as sets of their own', async () => {
    expect(await dharma(['validate', join(shop, 'shop.yaml'), shop])).toMatchObject({ code: 0 });
    expect(await dharma(['validate', shop, faulty])).toMatchObject({ code: 1 });
  });

  it('writes JSON, GitHub annotations and JUnit', async () => {
    const cwd = faulty;
    const json = JSON.parse((await dharma(['validate', 'policies', '--format', 'json'], { cwd })).stdout);
    expect(json).toMatchObject({
      valid: false,
      faults: [{ file: 'policies/shop.yaml', line: 9, severity: 'error' }, { line: 14 }],
    });
    const github = (await dharma(['validate', 'policies', '--format', 'github'], { cwd })).stdout;
    expect(github).toMatch(/^::error file=policies\/shop\.yaml,line=9,col=19,title=[a-z-]+::.*shoop/);
    const junit = (await dharma(['validate', 'policies', '--format', 'junit'], { cwd })).stdout;
    expect(junit).toContain('<testsuites tests="2" failures="2"');
  });

  it('lets warnings fail only when asked to', async () => {
    const unused = 'mechanisms: [{ name: card, role: access, kind: asserted }], access';
    const warned = folderWith({ 'shop.yaml': SHOP.replace('access', unused) });
    const lenient = await dharma(['validate', warned]);
    expect(lenient).toMatchObject({ code: 0, stdout: expect.stringMatching(/:\d+:\d+: warning: /) });
    expect(await dharma(['validate', '--strict', warned])).toMatchObject({ code: 1 });
  });

  it.each`
    because                                         | text                                             | code | said
    ${'what it names may be in another repository'} | ${SHOP.split('---\n').slice(1).join('---\n')}    | ${0} | ${'not judged: whether there is domain shop; warnings, tests, and all'}
    ${'what is wrong by itself is wrong anywhere'}  | ${SHOP.replace('effect: allow', 'effect: alow')} | ${1} | ${'not valid (3 documents, 1 errors, 0 warnings)\nnot judged: warnings, tests, and all'}
  `('judges a part of a set: $because', async ({ text, code, said }) => {
    const cwd = folderWith({ 'part/shop.yaml': text });
    const ran = await dharma(['validate', '--part', 'part'], { cwd });
    expect(ran).toMatchObject({ code, stderr: expect.stringContaining(said) });
    expect(await dharma(['validate', 'part'], { cwd })).toMatchObject({ code: 1 });
  });

  it.each`
    because                         | argv                                       | message
    ${'warnings of a part'}         | ${['validate', '--part', '--strict', '.']} | ${'cannot be used with option'}
    ${'a folder that is not there'} | ${['validate', 'nowhere']}                 | ${'there is no folder or file `nowhere`'}
    ${'no folder at all'}           | ${['validate']}                            | ${'missing required argument `dir`'}
    ${'a format that is none'}      | ${['validate', '--format', 'xml', '.']}    | ${'`xml` is invalid'}
  `('is used wrongly with $because', async ({ argv, message }: { argv: string[]; message: string }) => {
    const { code, stdout, stderr } = await dharma(argv, { cwd: shop });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('dharma fmt', () => {
  const UNTIDY = `kind:   Domain
apiVersion: dharma/v1 # the only one
spec: {egress: open,    zeroTrust: true}
metadata: {name: shop}
`;

  it('rewrites what is not canonical, keeps comments, and then has nothing left to do', async () => {
    const cwd = folderWith({ 'a.yaml': UNTIDY, 'b/shop.yaml': SHOP });
    expect(await dharma(['fmt', '.'], { cwd })).toMatchObject({ code: 0, stdout: expect.stringContaining('a.yaml\n') });
    const written = readFileSync(join(cwd, 'a.yaml'), 'utf8');
    expect(written).toMatch(/^apiVersion: dharma\/v1 # the only one\nkind: Domain\n/);
    const { mtimeMs } = statSync(join(cwd, 'a.yaml'));
    expect(await dharma(['fmt', 'a.yaml', 'b'], { cwd })).toMatchObject({ code: 0, stdout: '' });
    expect(statSync(join(cwd, 'a.yaml')).mtimeMs).toBe(mtimeMs);
    expect(readdirSync(cwd).toSorted()).toEqual(['a.yaml', 'b']);
  });

  it('checks without writing', async () => {
    const cwd = folderWith({ 'a.yaml': UNTIDY });
    expect(await dharma(['fmt', '--check', '.'], { cwd })).toMatchObject({ code: 1, stdout: 'a.yaml\n' });
    expect(readFileSync(join(cwd, 'a.yaml'), 'utf8')).toBe(UNTIDY);
  });

  it('is a filter with `-`', async () => {
    const { code, stdout } = await dharma(['fmt', '-'], { stdin: UNTIDY });
    expect(code).toBe(0);
    expect(await dharma(['fmt', '-'], { stdin: stdout })).toMatchObject({ code: 0, stdout });
    expect(await dharma(['fmt', '-', 'more'])).toMatchObject({ code: 2 });
  });

  it('leaves a file alone that it cannot read, and does the others', async () => {
    const cwd = folderWith({ 'a.yaml': 'kind: [', 'b.yaml': UNTIDY });
    const { code, stdout, stderr } = await dharma(['fmt', '.'], { cwd });
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'b.yaml\n' });
    expect(stderr).toMatch(/a\.yaml:1:\d+: /);
    expect(stderr).toContain('1 of 2 files rewritten, 1 not readable and left alone\n');
    expect(readFileSync(join(cwd, 'a.yaml'), 'utf8')).toBe('kind: [');
  });
});

describe('dharma test', () => {
  it.each(['fast', 'specification', 'casbin'])('passes with engine %s', async (engine) => {
    expect(await dharma(['test', passing, '--engine', engine])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('2 passed, 0 failed'),
    });
  });

  it('says once what both runs of report mode find', async () => {
    const closed = SHOP.replace('boundary: ["orders/*"]', 'boundary: []');
    const test =
      'apiVersion: dharma/v1\nkind: Test\nmetadata: { name: t }\nspec: { cases: [{ because: anyone reads, request: { target: { endpoint: orders/all, method: GET } }, expect: { decision: allow } }] }';
    const { stdout } = await dharma(['test', '.'], { cwd: folderWith({ 'shop.yaml': closed, 't.yaml': test }) });
    expect(stdout.match(/no route: the endpoint is interior to shop/g)).toHaveLength(1);
  });

  it('says where a case failed, what differs and why', async () => {
    const { code, stdout, stderr } = await dharma(['test', '.'], { cwd: failing });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^cases\.yaml:9:7: failed: writing <is> someone else's\n {2}`decision` is `deny`, expected `allow`\n/,
    );
    expect(stdout).toContain('shop/read');
    expect(stderr).toContain('1 passed, 1 failed');
  });

  it('writes JSON, GitHub annotations and JUnit', async () => {
    const cwd = failing;
    const json = JSON.parse((await dharma(['test', '.', '--format', 'json'], { cwd })).stdout);
    expect(json).toMatchObject({
      passed: false,
      cases: [{ passed: true }, { passed: false, file: 'cases.yaml', line: 9, actual: { reason: 'NO_ALLOW_RULE' } }],
    });
    expect((await dharma(['test', '.', '--format', 'github'], { cwd })).stdout).toMatch(
      /^::error file=cases\.yaml,line=9,col=7,title=cases::/,
    );
    const junit = (await dharma(['test', '.', '--format', 'junit'], { cwd })).stdout;
    expect(junit).toContain('<testsuites tests="2" failures="1"');
    expect(junit).toContain('name="writing &lt;is&gt; someone else\'s"');
  });

  const FORGED = String.raw`"\e[2J\x01 a\u202Eb\nshop: 12 passed, 0 failed"`;
  const forging = TEST.replace('anyone may read', 'it holds').replace(`"writing <is> someone else's"`, FORGED);

  it.each`
    because                                     | format      | written
    ${'nobody reads a line that is not ours'}   | ${'text'}   | ${'cases.yaml:9:7: failed: \uFFFD[2J\uFFFD a\uFFFDb shop: 12 passed, 0 failed\n'}
    ${'a log shows what marks a line as it is'} | ${'github'} | ${'title=cases::\uFFFD[2J\uFFFD a\uFFFDb shop: 12 passed, 0 failed%0A'}
    ${'programs read what stands in the file'}  | ${'json'}   | ${String.raw`"because": "\u001b[2J\u0001 a\u202eb\nshop: 12 passed, 0 failed"`}
  `('shows no trick of a document in $format: $because', async ({ format, written }) => {
    const cwd = folderWith({ 'shop.yaml': SHOP, 'cases.yaml': forging.replace('EXPECTED', 'allow') });
    const { stdout } = await dharma(['test', '.', '--format', format], { cwd });
    expect(stdout).toContain(written);
    // oxlint-disable-next-line no-control-regex -- these are what must not reach a terminal
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u202E]/);
  });

  it('does not call a folder without cases tested', async () => {
    expect(await dharma(['test', shop])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no Test document'),
    });
  });
});

describe('dharma schema', () => {
  it('prints one kind, or writes a file for each', async () => {
    const one = JSON.parse((await dharma(['schema', 'Policy'])).stdout);
    expect(one).toMatchObject({ type: 'object', properties: { kind: { const: 'Policy' } } });
    const cwd = folderWith({});
    const { code, stdout } = await dharma(['schema', '--out', 'schemas'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('schemas/Domain.schema.json\n');
    expect(JSON.parse(readFileSync(join(cwd, 'schemas/Policy.schema.json'), 'utf8'))).toEqual(one);
    expect(Object.keys(JSON.parse((await dharma(['schema'])).stdout))).toContain('Test');
  });

  it('knows what was meant', async () => {
    expect(await dharma(['schema', 'policy'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean `Policy`?'),
    });
    expect(await dharma(['schema', 'Thing'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Domain, Service'),
    });
  });
});
