import { dharma, folderWith } from './program.js';

const SET = `apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec:
  mechanisms: [{ name: spiffe, role: trust, kind: spiffe, spiffe: { trustDomain: x.example } }]
  trust: [spiffe]
  access: [anonymous]
  boundary: [orders/read, orders/write]
  egress: closed
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec:
  domains: [shop]
  hosts: [localhost]
  identities: [{ mechanism: spiffe, subject: "spiffe://x.example/orders" }]
  endpoints:
    - { name: read, operations: [{ methods: [GET], path: "/orders/**" }] }
    - { name: write, operations: [{ methods: [POST], path: "/orders/**" }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: mailer }
spec: { kind: external, hosts: [mailer.example] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec:
  rules:
    - { id: read, effect: allow, who: { anonymous: true }, what: { endpoints: [orders/read] } }
    - { id: write, effect: allow, who: { anonymous: true }, what: { endpoints: [orders/write] } }
    - { id: mail, effect: allow, direction: out, what: { services: [mailer] } }
    - { id: never, effect: deny, what: { paths: [/orders/secret] } }
    - { id: noted, effect: deny, mode: report, what: { paths: ["/orders/**"] } }
`;
const TEST = (spec: string): string => `apiVersion: dharma/v1
kind: Test
metadata: { name: cases }
spec: { ${spec} }
`;
const READ = 'request: { target: { host: localhost, method: GET, path: /orders/1 } }, expect: { decision: allow }';
const SECRET =
  'request: { target: { host: localhost, method: GET, path: /orders/secret } }, expect: { decision: deny }';
const ROUGH = TEST(`cases: [{ because: all read, ${READ} }]`);
const FULL = TEST(
  `cases: [{ because: all read, ${READ} }, { because: not all, ${SECRET} }], reach: [{ because: all write, endpoints: [orders/write], atLeast: { anonymous: true } }, { because: mail goes out, endpoints: [mailer/all], exactly: { services: [orders] } }]`,
);

const covered = (test: string, argv: readonly string[]) =>
  dharma(['test', '.', ...argv], { cwd: folderWith({ 'set.yaml': SET, 'cases.yaml': test }) });

describe('coverage of policies by their tests', () => {
  it('lists what decided nothing, with its place', async () => {
    expect(await covered(ROUGH, ['--coverage'])).toEqual({
      code: 0,
      stdout: [
        'set.yaml:8:27: nobody was let across or kept out at the boundary of shop for orders/write',
        'set.yaml:9:11: nobody was let out or kept in at the exit of shop',
        'set.yaml:33:7: the rule shop/write never decided',
        'set.yaml:34:7: the rule shop/mail never decided',
        'set.yaml:35:7: the rule shop/never never decided',
        '',
      ].join('\n'),
      stderr: '.: 1 passed, 0 failed\ncoverage 28 %: 2 of 7 rules, boundaries and exits decided something\n',
    });
  });

  it('counts denies, and callers that assertions find to get through', async () => {
    expect(await covered(FULL, ['--min', '100'])).toEqual({
      code: 0,
      stdout: '',
      stderr: '.: 4 passed, 0 failed\ncoverage 100 %: 7 of 7 rules, boundaries and exits decided something\n',
    });
  });

  it('fails below what is asked for, in every form', async () => {
    const text = await covered(ROUGH, ['--min', '29']);
    expect(text).toMatchObject({ code: 1, stderr: expect.stringContaining('and 29 % are asked for') });
    expect((await covered(ROUGH, ['--min', '28'])).code).toBe(0);
    const json = await covered(ROUGH, ['--coverage', '--format', 'json']);
    expect(JSON.parse(json.stdout).coverage).toMatchObject({
      decided: 2,
      total: 7,
      percent: 28,
      missed: expect.arrayContaining([{ kind: 'rule', name: 'shop/never', file: 'set.yaml', line: 35, column: 7 }]),
    });
    const junit = await covered(ROUGH, ['--min', '50', '--format', 'junit']);
    expect(junit.stdout).toContain('<testcase classname="coverage" name="at least 50 % decided something"><failure');
    const github = await covered(ROUGH, ['--coverage', '--format', 'github']);
    expect(github.stdout).toContain('::warning file=set.yaml,line=35,col=7,title=never decided::');
  });

  it('says nothing of itself unless it is asked', async () => {
    const { stdout, stderr } = await covered(ROUGH, ['--format', 'json']);
    expect(JSON.parse(stdout)).not.toHaveProperty('coverage');
    expect(stderr).toBe('.: 1 passed, 0 failed\n');
  });

  it('shows failing assertions in every form', async () => {
    const failing = TEST('reach: [{ because: nobody writes, endpoints: [orders/write], none: { anonymous: true } }]');
    const { code, stdout } = await covered(failing, ['--format', 'json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout).cases).toMatchObject([
      {
        because: 'nobody writes',
        passed: false,
        expected: { form: 'none', callers: { anonymous: true }, endpoints: ['orders/write'] },
        differences: [
          '`orders/write` is reached by a caller from outside without any credential',
          'way: from outside, across the boundary of shop, by shop/write at set.yaml:33 (ALLOW_SLOW)',
          expect.stringMatching(/^request: \{/),
        ],
      },
    ]);
    expect((await covered(failing, ['--format', 'junit'])).stdout).toContain(
      '<testcase classname="cases" name="nobody writes"><failure',
    );
    expect((await covered(failing, ['--format', 'github'])).stdout).toMatch(/^::error file=cases.yaml,line=4,/);
  });
});
