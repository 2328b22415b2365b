import { adminServer, REVISION, type Said } from './admin-server.js';
import { dharma } from './program.js';

const ROUTE = '/admin/v1/domains/acme.pay/quota';
const HELD = { documents: 12, rules: 40, assignments: 0, entities: 7, endpoints: 3, cases: 5 };
const CHANGED: Said = { status: 201, json: { revision: REVISION, domain: 'acme.pay' } };

async function ran(route: string, said: Said, argv: readonly string[]) {
  const server = await adminServer({ [route]: said });
  return {
    ...(await dharma(['quota', 'acme.pay', ...argv], { environment: server.environment })),
    asked: server.asked,
  };
}

describe('dharma quota', () => {
  it('says what a subtree holds, and of what it may hold how much', async () => {
    const said: Said = { status: 200, json: { domain: 'acme.pay', limits: { rules: 50 }, held: HELD } };
    const { code, stdout } = await ran(`GET ${ROUTE}`, said, []);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'documents    12',
      'rules        40 of 50',
      'assignments  0',
      'entities     7',
      'endpoints    3',
      'cases        5',
      '',
    ]);
  });

  it('limits it, once', async () => {
    const argv = ['--rules', '50', '--endpoints', '0', '--because', 'room for a year'];
    const { code, stdout, asked } = await ran(`PUT ${ROUTE}`, CHANGED, argv);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '`acme.pay` is limited; revision 42 published\n' });
    expect(asked).toMatchObject([{ body: { limits: { rules: 50, endpoints: 0 }, because: 'room for a year' } }]);
    expect(asked[0]!.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('lifts what limits it', async () => {
    const argv = ['--lift', '--because', 'more room'];
    const { stdout, asked } = await ran(`DELETE ${ROUTE}`, CHANGED, argv);
    expect(stdout).toBe('`acme.pay` is not limited by itself; revision 42 published\n');
    expect(asked.map(({ path }) => path)).toEqual([`${ROUTE}?because=more+room`]);
  });

  it.each`
    because                               | argv
    ${'nobody would know why'}            | ${['--rules', '5']}
    ${'nobody would know why it is gone'} | ${['--lift']}
    ${'both at once mean nothing'}        | ${['--lift', '--rules', '5', '--because', 'x']}
    ${'a limit is a whole number'}        | ${['--rules', '1.5', '--because', 'x']}
  `('is wrong usage where $because', async ({ argv }) => {
    const { code, asked } = await ran(`GET ${ROUTE}`, CHANGED, argv);
    expect([code, asked]).toEqual([2, []]);
  });
});
