/** What `dharma sync --watch` tells of a server that does not hold any more what was published. */
import { Readable } from 'node:stream';
import { Drift } from '../../apps/cli/src/drift.js';
import { ServerClient } from '../../apps/cli/src/server-client.js';
import { planShape } from '../../apps/cli/src/server-shapes.js';
import { terminalOf } from '../../apps/cli/src/terminal.js';
import { adminServer, INVALID, NO_CHANGE, PLAN, REVISION } from '../cli/admin-server.js';
import { collector, dharma, SHOP } from '../cli/program.js';
import { newFolder, testRepository } from './repository.js';

const { changes, summary } = PLAN;
const SUSPENDED = { ...INVALID.warnings[0]!, code: 'stays-suspended', message: '`shop` was suspended' };
const UNUSED = INVALID.warnings[0]!;

/** What a server is found to hold at one look: which revision is newest, and what syncing the commit again would do. */
interface Look {
  readonly newest: number;
  readonly plan?: object;
}

const at = (number: number) => ({ ...REVISION, number, author: 'cy', source: 'api' });

const COMMIT = { commit: '1f0c9a2b77de'.padEnd(40, '0'), bundle: { source: 'git', files: [] } };

/** Looks so often at a server after a publication, and tells what was said. */
async function looked(looks: readonly Look[], first: object = PLAN) {
  let current: Look = { newest: 42 };
  const server = await adminServer({
    'POST /admin/v1/plan': () => ({ json: { ...(current.plan ?? NO_CHANGE), base: at(current.newest) } }),
    'GET /admin/v1/revisions': () => ({ json: { items: [at(current.newest)], next: null } }),
  });
  const { stream, text } = collector();
  const streams = { stdin: Readable.from([]), stdout: stream, stderr: stream };
  const { environment } = server;
  const terminal = terminalOf({ ...streams, cwd: '/', environment, program: 'dharma', now: Date.now });
  const client = await ServerClient.of(terminal, { timeout: 10, allowPlaintext: false });
  const drift = new Drift(terminal, client);
  await drift.look();
  expect(server.asked).toEqual([]);
  drift.follow(COMMIT, planShape.parse(first), at(42));
  for (const look of looks) {
    current = look;
    await drift.look();
  }
  const plans = server.asked.filter(({ path }) => path === '/admin/v1/plan');
  expect(plans.every(({ body }) => body!['flips'] === false)).toBe(true);
  return { plans: plans.length, told: text(), drifts: text().match(/^drift: .*$/gm) ?? [] };
}

describe('drift', () => {
  it('is told once, with who published last, and its end is', async () => {
    const drifted = { ...NO_CHANGE, changes, summary };
    const { plans, drifts, told } = await looked([
      { newest: 42 },
      { newest: 43, plan: drifted },
      { newest: 43, plan: drifted },
      { newest: 44, plan: drifted },
      { newest: 45 },
      { newest: 46 },
    ]);
    expect(plans).toBe(4);
    expect(drifts).toEqual([
      'drift: the server does not hold what commit 1f0c9a2b77de holds; revision 43 is by cy, from api; to have it again would do this:',
    ]);
    expect(told).toContain('    + partners: allow GET on orders/*');
    expect(told).toContain('nothing is taken back until the ref moves');
    expect(told).toContain('`dharma export --canonical DIR --overwrite --source policies` in a clone');
    expect(told).toMatch(/\nthe server holds what commit 1f0c9a2b77de holds again\n$/);
  });

  it.each<[because: string, looks: readonly Look[], first: object, drifts: number, said: string]>([
    ['a suspension', [{ newest: 43, plan: { ...NO_CHANGE, warnings: [SUSPENDED] } }], PLAN, 1, 'was suspended'],
    [
      'no suspension that was told with the publication',
      [{ newest: 43, plan: { ...NO_CHANGE, warnings: [SUSPENDED] } }],
      { ...PLAN, warnings: [SUSPENDED] },
      0,
      '',
    ],
    ['no hint', [{ newest: 43, plan: { ...NO_CHANGE, warnings: [UNUSED] } }], PLAN, 0, ''],
    ['nothing of others', [{ newest: 43 }], PLAN, 0, ''],
    ['what could not be published again', [{ newest: 43, plan: INVALID }], PLAN, 1, '`shopp` does not exist'],
  ])('is %s', async (_because, looks, first, drifts, said) => {
    const ran = await looked(looks, first);
    expect({ ...ran, count: ran.drifts.length }).toMatchObject({ count: drifts, told: expect.stringContaining(said) });
  });

  it('is looked for while a ref rests, and before the next commit takes it back', async () => {
    const repository = testRepository({ 'shop.yaml': SHOP });
    const order: string[] = [];
    const server = await adminServer({
      'POST /admin/v1/plan': () => {
        order.push('plan');
        return { json: { ...(order.length === 2 ? NO_CHANGE : PLAN), base: at(40 + order.length) } };
      },
      'POST /admin/v1/revisions': () => {
        order.push('publish');
        // Ends behind what is under way.
        if (order.filter((one) => one === 'publish').length === 2) process.emit('SIGTERM');
        return { status: 201, json: { revision: at(40 + order.length) } };
      },
      'GET /admin/v1/revisions': () => {
        order.push('look');
        if (order.filter((one) => one === 'look').length === 1) repository.commit('another');
        return { json: { items: [at(50)], next: null } };
      },
    });
    const argv = ['sync', '--repo', repository.folder, '--watch', '--every', '1'];
    const ran = await dharma(argv, { cwd: newFolder(), environment: server.environment });
    expect(ran.code).toBe(0);
    expect(order).toEqual(['plan', 'publish', 'look', 'plan', 'look', 'plan', 'plan', 'publish']);
    expect(ran.stderr.match(/^drift: /gm)).toHaveLength(1);
  });

  it('a commit that is refused is planned again once somebody else has published, and then only', async () => {
    const repository = testRepository({ 'shop.yaml': SHOP });
    const order: string[] = [];
    let newest = 41;
    const server = await adminServer({
      'POST /admin/v1/plan': () => {
        order.push('plan');
        return { json: newest === 41 ? { ...INVALID, base: at(41) } : { ...PLAN, base: at(newest) } };
      },
      'POST /admin/v1/revisions': () => {
        order.push('publish');
        process.emit('SIGTERM');
        return { status: 201, json: { revision: at(43) } };
      },
      'GET /admin/v1/revisions': () => {
        order.push('look');
        if (order.filter((one) => one === 'look').length === 2) newest = 42;
        return { json: { items: [at(newest)], next: null } };
      },
    });
    const argv = ['sync', '--repo', repository.folder, '--watch', '--every', '1'];
    const ran = await dharma(argv, { cwd: newFolder(), environment: server.environment });
    expect({ code: ran.code, order }).toEqual({ code: 0, order: ['plan', 'look', 'look', 'plan', 'publish'] });
    expect(ran.stderr.match(/was not published/g)).toHaveLength(1);
  });
});
