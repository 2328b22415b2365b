import { adminServer, PLAN, REVISION } from './admin-server.js';
import { dharma } from './program.js';

const POLICY = PLAN.changes[0]!;
const SUSPENSION = {
  change: 'removed',
  kind: 'Suspension',
  name: 'acme.pay',
  domain: 'acme.pay',
  words: 'lets it go on',
  rules: [],
};
const QUOTA = { change: 'added', kind: 'Quota', name: 'acme', domain: 'acme', words: 'may hold 2 rules', rules: [] };

/** Back to revision 41, from which the newest one differs by `changes`. */
async function restored(changes: readonly object[]) {
  const server = await adminServer({
    'GET /admin/v1/revisions': { json: { items: [REVISION], next: null } },
    'GET /admin/v1/revisions/41/diff': { json: { from: 42, to: 41, changes, summary: PLAN.summary } },
    'POST /admin/v1/revisions/41/restore': { status: 201, json: { revision: { ...REVISION, number: 43 } } },
  });
  return dharma(['restore', '41', '--because', 'partners complained', '--yes'], { environment: server.environment });
}

describe('dharma restore', () => {
  it('shows what goes back, and not what stays as it is: suspensions and limits', async () => {
    const { code, stderr, stdout } = await restored([POLICY, SUSPENSION, QUOTA]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'revision 43 published\n' });
    expect(stderr).toContain('~ Policy shop of shop');
    expect(stderr).not.toMatch(/Suspension|Quota/);
    expect(stderr).toContain(
      'back from revision 42 to 41: documents 0 added, 1 changed, 0 removed; rules 1 added, 0 changed, 1 removed',
    );
  });

  it('changes nothing where only such things differ', async () => {
    const { stderr } = await restored([SUSPENSION]);
    expect(stderr).toContain('nothing changes: revision 42 holds what revision 41 held');
  });
});
