import { adminServer, PLAN, PROBLEM, REVISION, type Routes, type Said, STATUS } from './admin-server.js';
import { dharma, folderWith, type RunOptions, SHOP } from './program.js';

const cwd = folderWith({ 'policies/shop.yaml': SHOP });
const HASH = 'd1'.repeat(32);
const PROPOSAL = {
  number: 7,
  state: 'open',
  proposer: 'ann',
  proposedAt: '2026-12-24T11:00:00.000Z',
  expiresAt: '2026-12-31T11:00:00.000Z',
  base: { number: 41, contentHash: PLAN.base.contentHash },
  contentHash: HASH,
  source: 'policies',
  because: 'partners come\nfrom Monday',
  own: false,
};
const ENDED = { ...PROPOSAL, number: 6, state: 'rejected', end: { at: PROPOSAL.proposedAt, by: 'bo', because: 'no' } };
const WAITS = `proposal 7 waits until ${PROPOSAL.expiresAt} for somebody else: \`proposals approve 7\`\n`;
const PROPOSED: Said = { status: 201, json: PROPOSAL };
const SHOWN: Said = { json: { ...PROPOSAL, plan: { ...PLAN, fourEyes: ['shop'] } } };
const APPROVED: Said = { json: { revision: REVISION, proposal: { ...PROPOSAL, state: 'approved' } } };

async function ran(argv: readonly string[], routes: Routes, options: RunOptions = {}) {
  const server = await adminServer({ 'GET /admin/v1/status': { json: STATUS }, ...routes });
  return { ...(await dharma(argv, { cwd, environment: server.environment, ...options })), asked: server.asked };
}

describe('what one person does not publish alone', () => {
  const TWO: Said = { json: { ...PLAN, fourEyes: ['shop', 'acme.pay'] } };

  it('is told by the plan, and nothing is sent', async () => {
    const { code, stderr, asked } = await ran(['apply', 'policies', '--because', 'x', '--yes'], {
      'POST /admin/v1/plan': TWO,
    });
    expect(code).toBe(1);
    expect(stderr).toContain('two people decide in `shop`, `acme.pay`: say `--propose`');
    expect(asked.map(({ path }) => path)).toEqual(['/admin/v1/plan']);
  });

  it('is told by a plan, which asks for nothing', async () => {
    const { code, stdout } = await ran(['plan', 'policies'], { 'POST /admin/v1/plan': TWO });
    expect([code, stdout]).toEqual([0, expect.stringContaining('two people decide in `acme.pay`, where this changes')]);
  });

  it('is proposed as it was planned', async () => {
    const { code, stdout, asked } = await ran(['apply', 'policies', '--because', 'x', '--yes', '--propose'], {
      'POST /admin/v1/plan': TWO,
      'POST /admin/v1/proposals': PROPOSED,
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: WAITS });
    expect(asked.at(-1)!.body).toEqual({
      bundle: { source: 'policies', files: [{ file: 'policies/shop.yaml', text: SHOP }], prune: true },
      base: { number: 41, contentHash: PLAN.base.contentHash },
      because: 'x',
    });
    expect(asked.at(-1)!.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is told to wait already', async () => {
    const { stdout } = await ran(['apply', 'policies', '--because', 'x', '--yes', '--propose'], {
      'POST /admin/v1/plan': TWO,
      'POST /admin/v1/proposals': { json: { ...PROPOSAL, repeated: true } },
    });
    expect(stdout).toBe(WAITS.replace('waits until', 'waits already, until'));
  });

  it.each`
    because                                         | argv                                                     | stdin
    ${'nobody waits for what somebody may approve'} | ${['apply', 'policies', '--yes', '--propose', '--wait']} | ${''}
    ${'nor for what they may sync'}                 | ${['sync', '--repo', '.', '--propose', '--wait']}        | ${''}
    ${'nor does anybody watch it'}                  | ${['sync', '--repo', '.', '--propose', '--watch']}       | ${''}
    ${'nor go back and wait'}                       | ${['restore', '41', '--yes', '--propose', '--wait']}     | ${''}
  `('is wrong usage where $because', async ({ argv }) => {
    const because = argv[0] === 'sync' ? [] : ['--because', 'x'];
    const { code, asked } = await ran([...argv, ...because], {});
    expect([code, asked]).toEqual([2, []]);
  });

  it('is resumed by two', async () => {
    const { stdout, asked } = await ran(['resume', 'acme.pay', '--propose'], { 'POST /admin/v1/proposals': PROPOSED });
    expect(stdout).toBe(WAITS);
    expect(asked[0]!.body).toEqual({ resume: 'acme.pay', because: 'it may go on' });
  });
});

describe('dharma four-eyes', () => {
  const ROUTE = '/admin/v1/domains/acme.pay/four-eyes';

  it.each`
    because                         | from        | stdout
    ${'one person decides'}         | ${[]}       | ${'one person decides in `acme.pay`\n'}
    ${'a domain around it says it'} | ${['acme']} | ${'two people decide, as `acme` says\n'}
  `('says whether $because', async ({ from, stdout }) => {
    const said = { json: { domain: 'acme.pay', from } };
    expect(await ran(['four-eyes', 'acme.pay'], { [`GET ${ROUTE}`]: said })).toMatchObject({ code: 0, stdout });
  });

  it('has two people decide, at once', async () => {
    const argv = ['four-eyes', 'acme.pay', 'on', '--because', 'money'];
    const said = { status: 201, json: { revision: REVISION, domain: 'acme.pay' } };
    const { stdout, asked } = await ran(argv, { [`PUT ${ROUTE}`]: said });
    expect(stdout).toBe('two people decide in `acme.pay`; revision 42 published\n');
    expect(asked[0]!.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('proposes that one does again', async () => {
    const argv = ['four-eyes', 'acme.pay', 'off', '--because', 'no money'];
    const { stdout, asked } = await ran(argv, { 'POST /admin/v1/proposals': PROPOSED });
    expect(stdout).toBe(WAITS);
    expect(asked[0]!.body).toEqual({ endFourEyes: 'acme.pay', because: 'no money' });
  });

  it('needs a reason, and nothing but on or off', async () => {
    for (const argv of [['on'], ['off'], ['maybe', '--because', 'x']]) {
      expect(await ran(['four-eyes', 'acme.pay', ...argv], {})).toMatchObject({ code: 2, asked: [] });
    }
  });
});

describe('dharma proposals', () => {
  const LIST: Routes = {
    'GET /admin/v1/proposals': { json: { items: [{ ...PROPOSAL, own: true }, ENDED], next: null } },
  };

  it('lists what waits, and by whom', async () => {
    const { stdout } = await ran(['proposals', 'list'], LIST);
    expect(stdout).toBe(
      [
        'NUMBER  STATE  BY         UNTIL                     SOURCE    BECAUSE',
        '7       open   ann (you)  2026-12-31T11:00:00.000Z  policies  partners come',
        '',
      ].join('\n'),
    );
    expect((await ran(['proposals', 'list', '--all', '--format', 'json'], LIST)).stdout).toContain('"number": 6');
  });

  it('shows what one would change, and its hash', async () => {
    const { stdout } = await ran(['proposals', 'show', '7'], { 'GET /admin/v1/proposals/7': SHOWN });
    expect(stdout).toContain(`changes ${HASH}\n    partners come\n    from Monday\n`);
    expect(stdout).toContain('+ partners: allow GET on orders/*');
  });

  it.each`
    because               | stdin    | code | sent
    ${'a yes is a yes'}   | ${'y\n'} | ${0} | ${1}
    ${'a return is a no'} | ${'\n'}  | ${1} | ${0}
  `('shows, asks, and approves what was shown: $because', async ({ stdin, code, sent }) => {
    const routes = { 'GET /admin/v1/proposals/7': SHOWN, 'POST /admin/v1/proposals/7/approve': APPROVED };
    const answer = await ran(['proposals', 'approve', '7'], routes, { isTerminal: true, stdin });
    expect(answer).toMatchObject({
      code,
      stderr: expect.stringMatching(/partners: allow GET[^]*publish to http:\S+\? /),
    });
    const approvals = answer.asked.filter(({ method }) => method === 'POST');
    expect(approvals.map(({ body }) => body)).toEqual(Array.from({ length: sent }, () => ({ contentHash: HASH })));
  });

  it('asks nobody where the hash says what was looked at, and needs it where nobody is', async () => {
    const routes = { 'POST /admin/v1/proposals/7/approve': APPROVED };
    const { code, stdout, asked } = await ran(['proposals', 'approve', '7', '--hash', HASH], routes);
    expect([code, stdout, asked[0]!.body]).toEqual([0, 'revision 42 published\n', { contentHash: HASH }]);
    expect(await ran(['proposals', 'approve', '7'], routes)).toMatchObject({ code: 2, asked: [] });
    expect(await ran(['proposals', 'approve', '7', '--hash', 'd1'], routes)).toMatchObject({ code: 2, asked: [] });
  });

  it('approves nothing that has ended, and says so', async () => {
    const routes = { 'GET /admin/v1/proposals/6': { json: { ...ENDED, plan: null } } };
    const answer = await ran(['proposals', 'approve', '6'], routes, { isTerminal: true, stdin: 'y\n' });
    expect(answer).toMatchObject({ code: 1, stderr: expect.stringContaining('proposal 6 is rejected') });
    expect(answer.asked).toHaveLength(1);
  });

  it('is a conflict where somebody was first', async () => {
    const routes = { 'POST /admin/v1/proposals/7/approve': PROBLEM.superseded };
    expect(await ran(['proposals', 'approve', '7', '--hash', HASH], routes)).toMatchObject({ code: 4 });
  });

  it('rejects with a reason', async () => {
    const routes = { 'POST /admin/v1/proposals/7/reject': { json: { ...PROPOSAL, state: 'rejected' } } };
    const { stdout, asked } = await ran(['proposals', 'reject', '7', '--because', 'not now'], routes);
    expect([stdout, asked[0]!.body]).toEqual(['proposal 7 is rejected\n', { because: 'not now' }]);
    expect(await ran(['proposals', 'reject', '7'], routes)).toMatchObject({ code: 2, asked: [] });
  });
});
