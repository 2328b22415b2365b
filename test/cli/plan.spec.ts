import { FIRST_SOURCE } from '../../apps/server/src/stored/first-policies.js';
import { adminServer, FOREIGN, INVALID, NO_CHANGE, REFUSED, PLAN, PROBLEM } from './admin-server.js';
import { dharma, folderWith, SHOP } from './program.js';

const cwd = folderWith({ 'policies/shop.yaml': SHOP, 'empty/readme.txt': '' });

const planned = async (json: object, argv: readonly string[] = [], more: { readonly isTerminal?: boolean } = {}) => {
  const server = await adminServer({ 'POST /admin/v1/plan': { json } });
  const ran = await dharma(['plan', 'policies', ...argv], { cwd, environment: server.environment, ...more });
  return { ...ran, asked: server.asked };
};

describe('dharma plan', () => {
  it('shows what would change, in words', async () => {
    const { code, stdout, stderr, asked } = await planned(PLAN);
    expect(code).toBe(0);
    expect(stdout).toBe(`~ Policy shop of shop
    + partners: allow GET on orders/* for roles [partner] at shop
    - old: deny everything
+ Domain shop.till: boundary open for till/*
`);
    expect(stderr).toBe(
      'policies: valid, on revision 41, as source `policies`: documents 1 added, 1 changed, 0 removed; rules 1 added, 0 changed, 1 removed; 2 tests pass\n',
    );
    expect(asked[0]!.body).toEqual({
      source: 'policies',
      prune: true,
      files: [{ file: 'policies/shop.yaml', text: SHOP }],
    });
  });

  it.each`
    because                                     | json                         | argv                 | code
    ${'the server would take it'}               | ${PLAN}                      | ${[]}                | ${0}
    ${'changes count where they are asked for'} | ${PLAN}                      | ${['--exit-code']}   | ${1}
    ${'nothing changes'}                        | ${NO_CHANGE}                 | ${['--exit-code']}   | ${0}
    ${'there are faults and failing tests'}     | ${INVALID}                   | ${[]}                | ${1}
    ${'documents are of another source'}        | ${FOREIGN}                   | ${[]}                | ${1}
    ${'it is not theirs to change'}             | ${REFUSED}                   | ${[]}                | ${1}
    ${'a server that says no needs no reason'}  | ${{ ...PLAN, valid: false }} | ${[]}                | ${1}
    ${'JSON says no too'}                       | ${INVALID}                   | ${['--format=json']} | ${1}
  `('exits with $code: $because', async ({ json, argv, code }) => {
    expect(await planned(json, argv)).toMatchObject({ code });
  });

  it('says which recorded decisions come out otherwise, and which it could not decide again', async () => {
    const seen = { firstSeen: '2026-11-26T10:00:00.000Z', lastSeen: '2026-11-26T11:00:00.000Z', sample: 'd-9' };
    const flips = [
      {
        endpoint: 'orders/all',
        before: { decision: 'allow', reason: 'ALLOW_FAST' },
        after: { decision: 'deny', reason: 'DENY_RULE' },
        rule: 'shop/closed',
        count: 3,
        ...seen,
      },
      {
        endpoint: null,
        before: { decision: 'deny', reason: 'UNKNOWN_ENDPOINT' },
        after: { decision: 'allow', reason: 'ALLOW_EGRESS' },
        rule: null,
        count: 1,
        ...seen,
        firstSeen: seen.lastSeen,
      },
    ];
    const replay = {
      decided: 9,
      flipped: 4,
      overtaken: 5,
      masked: 2,
      notJudged: 0,
      untold: 1,
      unrecorded: ['claimed.x'],
      more: true,
      flips,
    };
    const { code, stdout, asked } = await planned({ ...NO_CHANGE, replay }, ['--replay', '12']);
    expect(code).toBe(0);
    expect(asked[0]!.body).toMatchObject({ replay: { last: 12 } });
    expect(stdout)
      .toBe(`orders/all: allow (ALLOW_FAST) → deny (DENY_RULE) by shop/closed, 3 times from ${seen.firstSeen} to ${seen.lastSeen}, such as d-9
no endpoint: deny (UNKNOWN_ENDPOINT) → allow (ALLOW_EGRESS), once at ${seen.lastSeen}, such as d-9
replay: records need not hold what the plan reads anew, and it was decided as absent: claimed.x
replay: 4 of 9 recorded decisions come out otherwise; 5 came out otherwise when they were recorded, which is not the plan's doing; 2 left out: they hold not all that rules read; 1 left out: they are not all yours to read; there are older ones
`);
  });

  it.each`
    because            | when                      | since
    ${'a span'}        | ${'2h'}                   | ${'2026-12-24T10:00:00.000Z'}
    ${'or an instant'} | ${'2026-12-01T00:00:00Z'} | ${'2026-12-01T00:00:00.000Z'}
  `('takes $because back to which decisions are decided again', async ({ when, since }) => {
    const { asked } = await planned(NO_CHANGE, ['--replay-since', when]);
    expect(asked[0]!.body).toMatchObject({ replay: { since } });
  });

  it.each`
    because                    | argv                                         | message
    ${'both are said'}         | ${['--replay', '5', '--replay-since', '2h']} | ${'not both'}
    ${'it is neither of them'} | ${['--replay-since', 'yesterday']}           | ${'`yesterday` is no instant'}
  `('asks nobody when $because', async ({ argv, message }) => {
    const { code, stderr, asked } = await planned(NO_CHANGE, argv);
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(stderr).toContain(message);
  });

  it('says which guardrails it touches, and warns of those that let more through', async () => {
    const guardrails = {
      items: [
        {
          kind: 'deny',
          change: 'weakened',
          domain: '*',
          name: 'base/d1',
          words: 'deny base/d1 no longer covers DELETE',
        },
        { kind: 'egress', change: 'added', domain: 'shop', name: 'shop', words: 'shop closes its egress' },
      ],
      more: 3,
    };
    expect((await planned({ ...NO_CHANGE, guardrails })).stdout)
      .toBe(`guardrail weakened (deny of everything): deny base/d1 no longer covers DELETE
guardrail added (egress of shop): shop closes its egress
… and 3 more guardrails
`);
    const { stdout } = await planned({ ...NO_CHANGE, guardrails }, ['--format', 'github']);
    expect(stdout.match(/^::warning.*$/gm)).toEqual([
      '::warning title=guardrail weakened::deny base/d1 no longer covers DELETE',
    ]);
  });

  const FLIPS = {
    points: 40,
    decided: 40,
    coverage: 1,
    conditional: 0,
    toAllow: 2,
    toDeny: 0,
    groups: [
      {
        domain: 'shop',
        endpoint: 'orders/all',
        from: 'deny',
        to: 'allow',
        points: 2,
        conditional: false,
        sample: { target: { endpoint: 'orders/all' } },
        before: { reason: 'NO_ALLOW_RULE', deniedAt: 'shop', rules: [] },
        after: { reason: 'ALLOW_SLOW', deniedAt: null, rules: ['shop/read'] },
      },
    ],
    conditionals: [],
    more: 0,
  };

  it('says what would be decided otherwise, with a request to paste', async () => {
    const { code, stdout } = await planned({ ...NO_CHANGE, flips: FLIPS });
    expect(code).toBe(0);
    expect(stdout)
      .toBe(`orders/all of shop: 2 points come to be allowed: NO_ALLOW_RULE at shop → ALLOW_SLOW by shop/read
    such as {"target":{"endpoint":"orders/all"}}
flips: of 40 points that the change can reach 2 come to be allowed, 0 denied
`);
  });

  it.each`
    because                                   | flips                                                                                                                                     | last
    ${'the plan has faults'}                  | ${null}                                                                                                                                   | ${['flips: nothing was decided, for the plan has faults or is not yours']}
    ${'the change reaches nothing'}           | ${{ ...FLIPS, points: 0, decided: 0, toAllow: 0, groups: [] }}                                                                            | ${['flips: the change reaches nothing that you see']}
    ${'nothing flips'}                        | ${{ ...FLIPS, toAllow: 0, groups: [] }}                                                                                                   | ${['flips: of 40 points that the change can reach none comes out otherwise for sure']}
    ${'others were not looked at'}            | ${{ ...FLIPS, toAllow: 0, groups: [], coverage: null }}                                                                                   | ${['flips: of 40 points that you see and the change can reach none comes out otherwise for sure; endpoints and callers of others were not looked at']}
    ${'not even one of them is seen'}         | ${{ ...FLIPS, points: 0, decided: 0, toAllow: 0, groups: [], coverage: null }}                                                            | ${['flips: the change reaches nothing that you see; endpoints and callers of others were not looked at']}
    ${'not all was decided'}                  | ${{ ...FLIPS, groups: [], decided: 39_999, points: 40_000, coverage: 39_999 / 40_000 }}                                                   | ${['flips: of 40000 points that the change can reach 2 come to be allowed, 0 denied; only 99.9 % of them were decided']}
    ${'some hang on conditions'}              | ${{ ...FLIPS, groups: [], conditional: 3, conditionals: [{ domain: 'shop', endpoint: 'orders/all', points: 3, rules: ['shop/night'] }] }} | ${['flips: 3 points hang on conditions that nobody can know beforehand: shop/night', 'flips: of 40 points that the change can reach 2 come to be allowed, 0 denied']}
    ${'there are more groups than are shown'} | ${{ ...FLIPS, groups: Array.from({ length: 12 }, () => FLIPS.groups[0]), more: 5 }}                                                       | ${['and 7 more, --format json has all', 'flips: of 40 points that the change can reach 2 come to be allowed, 0 denied']}
  `('says so where $because', async ({ flips, last }) => {
    const changes = PLAN.changes.slice(0, 1).map((change) => ({ ...change, rules: [] }));
    const { stdout } = await planned({ ...NO_CHANGE, changes, flips });
    const lines = stdout.split('\n').slice(0, -1);
    expect(lines.slice(-last.length)).toEqual(last);
    expect(lines.length).toBeLessThanOrEqual(23);
  });

  it('puts faults first, each where it can be opened', async () => {
    expect((await planned({ ...INVALID, foreign: FOREIGN.foreign })).stdout)
      .toBe(`policies/shop.yaml:3:7: \`shopp\` does not exist
policies/shop.yaml:9:7: warning: the mechanism is not used
policies/shop.yaml:20:5: failed: anyone may read
  expected allow
  got      deny
Domain shop belongs to the source \`git\`; change it there, or leave it out here
`);
  });

  it.each`
    because                                       | format      | line
    ${'nobody reads a line that is not ours'}     | ${'text'}   | ${'policies/shop.yaml:20:5: failed: it holds policies: valid, nothing changes'}
    ${'a line in a log may be one to the runner'} | ${'github'} | ${'::error title=document of another source::Domain shop belongs to the source `git%0A::stop-commands::x`; change it there, or leave it out here'}
  `('breaks no line where others did in $format: $because', async ({ format, line }) => {
    const failed = [{ ...INVALID.tests.failed[0], because: 'it holds\npolicies: valid, nothing changes' }];
    const foreign = [{ ...FOREIGN.foreign[0], source: 'git\n::stop-commands::x' }];
    const { stdout } = await planned({ ...INVALID, tests: { passed: 0, failed }, foreign }, ['--format', format]);
    expect(stdout.split('\n')).toContain(line);
  });

  it('says of an assertion what speaks against it', async () => {
    const [failed] = INVALID.tests.failed;
    const got = { because: ['`orders/all` is reached by `cart`', 'way: inside acme'] };
    const tests = { passed: 0, failed: [{ ...failed, expected: { form: 'none' }, got }] };
    const { stdout } = await planned({ ...INVALID, faults: [], warnings: [], tests });
    expect(stdout).toBe(
      'policies/shop.yaml:20:5: failed: anyone may read\n  `orders/all` is reached by `cart`\n  way: inside acme\n',
    );
  });

  it('says what its operator may not do, and what it would take', async () => {
    expect((await planned(REFUSED)).stdout)
      .toBe(`not yours: Domain shop would change, zeroTrust; it needs owner over shop
not yours: documents that you may not see would be removed; it needs owner over a domain that you may not see
not yours: Test all would be added; it needs policy-admin over everything
`);
    expect((await planned(REFUSED, ['--format', 'github'])).stdout).toContain(
      '::error title=forbidden change::not yours',
    );
  });

  it('takes the source of the first start by itself', async () => {
    const { asked } = await planned(PLAN);
    expect(asked[0]!.body).toMatchObject({ source: FIRST_SOURCE });
  });

  it.each`
    because                      | argv              | prune
    ${'what is not there goes'}  | ${[]}             | ${true}
    ${'it may be said'}          | ${['--prune']}    | ${true}
    ${'what is not there stays'} | ${['--no-prune']} | ${false}
  `('is of what `apply` would do: $because', async ({ argv, prune }) => {
    const { asked } = await planned(PLAN, argv);
    expect(asked[0]!.body).toMatchObject({ prune });
  });

  it('says which documents `apply` would not remove without being told', async () => {
    const changes = [{ ...PLAN.changes[0]!, change: 'removed', rules: [] }];
    const summary = { ...PLAN.summary, documents: { added: 0, changed: 0, removed: 1 } };
    const { code, stderr } = await planned({ ...PLAN, changes, summary });
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /\n1 of \d+ documents would be removed: Policy shop; `apply` takes `--allow-deletions` for that/,
    );
  });

  it('names its source', async () => {
    const { asked, stderr } = await planned({ ...NO_CHANGE, source: 'git' }, ['--source', 'git']);
    expect(asked[0]!.body).toMatchObject({ source: 'git' });
    expect(stderr).toBe('policies: valid, nothing changes on revision 41, as source `git`\n');
  });

  it('is coloured on a terminal only', async () => {
    expect((await planned(PLAN, [], { isTerminal: true })).stdout).toContain('\u001B[32m+\u001B[39m');
    expect((await planned(PLAN)).stdout).not.toContain('\u001B');
  });

  it('gives JSON to programs', async () => {
    expect(JSON.parse((await planned(PLAN, ['--format', 'json'])).stdout)).toEqual(PLAN);
  });

  it('marks places in pull requests', async () => {
    const { stdout } = await planned(INVALID, ['--format', 'github']);
    expect(stdout.split('\n')).toEqual([
      '::error file=policies/shop.yaml,line=3,col=7,title=unknown-name::`shopp` does not exist',
      '::warning file=policies/shop.yaml,line=9,col=7,title=unused-mechanism::the mechanism is not used',
      '::error file=policies/shop.yaml,line=20,col=5,title=test failed::anyone may read%0A  expected allow%0A  got      deny',
      '::notice title=dharma plan::nothing can be published on revision 41, as source `policies`',
      '',
    ]);
  });

  it.each`
    because                        | json       | counts
    ${'it passes'}                 | ${PLAN}    | ${'tests="1" failures="0"'}
    ${'it has faults'}             | ${INVALID} | ${'tests="3" failures="2"'}
    ${'documents are not its own'} | ${FOREIGN} | ${'tests="1" failures="1"'}
    ${'it is not theirs'}          | ${REFUSED} | ${'tests="3" failures="3"'}
  `('is a test report: $because', async ({ json, counts }) => {
    expect((await planned(json, ['--format', 'junit'])).stdout).toContain(counts);
  });

  it.each`
    because                        | argv                    | said                 | code | message
    ${'the folder is not there'}   | ${['plan', 'nowhere']}  | ${{ json: PLAN }}    | ${2} | ${'there is no folder or file `nowhere`'}
    ${'the folder holds nothing'}  | ${['plan', 'empty']}    | ${{ json: PLAN }}    | ${1} | ${'holds no policy documents'}
    ${'the server has no history'} | ${['plan', 'policies']} | ${PROBLEM.noHistory} | ${1} | ${'this server decides by a folder\ndo something else'}
    ${'the store is away'}         | ${['plan', 'policies']} | ${PROBLEM.away}      | ${3} | ${'cannot answer now'}
  `('says what is wrong when $because', async ({ argv, said, code, message }) => {
    const { environment } = await adminServer({ 'POST /admin/v1/plan': said });
    const ran = await dharma(argv, { cwd, environment });
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
  });
});
