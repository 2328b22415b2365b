import { adminServer, INVALID, NO_CHANGE, PLAN, PROBLEM, REFUSED, REVISION, type Said } from './admin-server.js';
import { dharma, type RunOptions } from './program.js';

const BACK = { ...PLAN, base: { ...PLAN.base, number: 42 }, source: 'restore' };
const REASON = ['--because', 'partners complained'];

/** Back to revision 41, which is planned as it says. */
async function restored(
  planned: object,
  argv: readonly string[] = [...REASON, '--yes'],
  options: RunOptions = {},
  said: Said = { status: 201, json: { revision: { ...REVISION, number: 43 } } },
) {
  const server = await adminServer({
    'POST /admin/v1/revisions/41/plan': { json: planned },
    'POST /admin/v1/revisions/41/restore': said,
    'POST /admin/v1/proposals': { status: 201, json: { ...PROPOSAL } },
  });
  const ran = await dharma(['restore', '41', ...argv], { environment: server.environment, ...options });
  const sent = server.asked.filter(({ path }) => !path.endsWith('/plan'));
  return { ...ran, sent: sent.map(({ path, body }) => ({ path, body })) };
}

const PROPOSAL = {
  number: 7,
  state: 'open',
  proposer: 'ann',
  proposedAt: '2026-12-24T11:00:00.000Z',
  expiresAt: '2026-12-31T11:00:00.000Z',
  contentHash: 'ab'.repeat(32),
  source: 'restore',
  because: 'partners complained',
  own: true,
};

describe('dharma restore', () => {
  it('plans, shows the plan, and publishes on what it was planned on', async () => {
    const guardrails = {
      items: [{ kind: 'deny', change: 'removed', domain: '*', name: 'base/d1', words: 'deny base/d1 goes' }],
      more: 0,
    };
    const warnings = [{ ...INVALID.warnings[0]!, file: 'stored:git/Domain/shop' }];
    const { code, stderr, stdout, sent } = await restored({ ...BACK, guardrails, warnings });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'revision 43 published\n' });
    expect(stderr).toContain('~ Policy shop of shop');
    expect(stderr).toContain('guardrail removed (deny of everything): deny base/d1 goes');
    expect(stderr).toContain('stored:git/Domain/shop:9:7: warning: the mechanism is not used');
    expect(stderr).toContain(
      'back from revision 42 to 41: documents 1 added, 1 changed, 0 removed; rules 1 added, 0 changed, 1 removed; 2 tests pass',
    );
    const base = { number: 42, contentHash: BACK.base.contentHash };
    expect(sent).toEqual([{ path: '/admin/v1/revisions/41/restore', body: { base, because: 'partners complained' } }]);
  });

  it('says that nothing changes', async () => {
    const { stderr } = await restored({ ...NO_CHANGE, base: BACK.base });
    expect(stderr).toContain('nothing changes: revision 42 holds what revision 41 held');
  });

  it.each`
    because                              | planned                            | argv                                  | code | said
    ${'it is not valid any more'}        | ${INVALID}                         | ${[...REASON, '--yes']}               | ${1} | ${'`shopp` does not exist'}
    ${'a test would fail'}               | ${{ ...INVALID, faults: [] }}      | ${[...REASON, '--yes']}               | ${1} | ${'failed: anyone may read'}
    ${'it is not theirs'}                | ${REFUSED}                         | ${[...REASON, '--yes']}               | ${1} | ${'not yours: Domain shop'}
    ${'two people decide there'}         | ${{ ...BACK, fourEyes: ['shop'] }} | ${[...REASON, '--yes']}               | ${1} | ${'say `--propose`'}
    ${'nobody says why'}                 | ${BACK}                            | ${['--yes']}                          | ${2} | ${'--because'}
    ${'nobody is there to be asked'}     | ${BACK}                            | ${REASON}                             | ${2} | ${'say `--yes`'}
    ${'what is proposed waits'}          | ${BACK}                            | ${[...REASON, '--propose', '--wait']} | ${2} | ${'does not go with'}
    ${'it is only shown'}                | ${BACK}                            | ${['--dry-run']}                      | ${0} | ${'back from revision 42 to 41'}
    ${'it is only shown, and not valid'} | ${INVALID}                         | ${['--dry-run']}                      | ${1} | ${'back from'}
  `('sends nothing where $because', async ({ planned, argv, code, said }) => {
    const ran = await restored(planned, argv);
    expect(ran).toMatchObject({ code, stderr: expect.stringContaining(said), sent: [] });
  });

  it('asks on a terminal, and takes no for an answer', async () => {
    const asked = await restored(BACK, REASON, { isTerminal: true, stdin: 'n\n' });
    expect(asked).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/publish to http:\S+\? \[y\/N\] /),
      sent: [],
    });
    expect((await restored(BACK, REASON, { isTerminal: true, stdin: 'y\n' })).sent).toHaveLength(1);
  });

  it('gives the plan itself to programs', async () => {
    const { stdout } = await restored(BACK, ['--dry-run', '--format', 'json']);
    expect(JSON.parse(stdout)).toEqual(BACK);
  });

  it('has somebody else decide where two do', async () => {
    const { code, sent } = await restored({ ...BACK, fourEyes: ['shop'] }, [...REASON, '--yes', '--propose']);
    expect(code).toBe(0);
    expect(sent).toEqual([
      {
        path: '/admin/v1/proposals',
        body: { restore: 41, base: { number: 42, contentHash: BACK.base.contentHash }, because: 'partners complained' },
      },
    ]);
  });

  it('is told who was first', async () => {
    expect(await restored(BACK, [...REASON, '--yes'], {}, PROBLEM.superseded)).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringContaining('then restore again'),
    });
  });
});
