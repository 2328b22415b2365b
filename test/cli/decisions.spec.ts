import { adminServer, PROBLEM, type Said } from './admin-server.js';
import { dharma, folderWith, SHOP } from './program.js';

const cwd = folderWith({ 'shop/shop.yaml': SHOP, 'ann.token': 'op-2.secret-of-bo\n' });
const ID = '63dc04ef-0b3c-4d55-9f6e-0a1b2c3d4e5f';
const RECORD = {
  id: ID,
  time: '2026-12-24T11:59:00.000Z',
  microseconds: 41.2,
  decision: 'deny',
  reason: 'DENY_RULE',
  deniedAt: 'shop',
  rules: ['shop/no', 'base/no'],
  endpoint: 'orders/all',
  domains: ['shop'],
  principals: ['user:ann'],
  revision: { epoch: 1, number: 42, contentHash: 'c'.repeat(64) },
  enforcementPoint: 'edge',
  dropped: [],
  request: null,
  masked: [],
};
const STRANGE = {
  ...RECORD,
  id: 'x',
  endpoint: null,
  deniedAt: null,
  rules: [],
  principals: [],
  revision: null,
  observed: true,
};

async function ran(argv: readonly string[], said: Said = { json: { items: [RECORD, STRANGE], next: null } }) {
  const server = await adminServer({ 'GET /admin/v1/decisions': said });
  return { ...(await dharma(['decisions', ...argv], { cwd, environment: server.environment })), asked: server.asked };
}

const queryOf = (path: string) => Object.fromEntries(new URL(path, 'http://x').searchParams);

describe('dharma decisions', () => {
  it('lists what was decided', async () => {
    const { code, stdout, asked } = await ran([]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [
        'TIME                      VERDICT          REASON     AT    ENDPOINT    PRINCIPALS  RULES       REVISION  ID',
        `2026-12-24T11:59:00.000Z  deny             DENY_RULE  shop  orders/all  user:ann    shop/no +1  42        ${ID}`,
        '2026-12-24T11:59:00.000Z  deny (observed)  DENY_RULE  -     -           -           -           -         x',
        '',
      ].join('\n'),
    });
    expect(queryOf(asked[0]!.path)).toEqual({ limit: '50' });
  });

  it('says of what a reporting domain let pass why it would have been denied', async () => {
    const reported = {
      ...RECORD,
      decision: 'allow',
      reason: 'ALLOW_SLOW',
      deniedAt: null,
      wouldDeny: { reason: 'NO_ALLOW_RULE', deniedAt: 'acme.pay' },
    };
    const { stdout } = await ran([], { json: { items: [reported], next: null } });
    expect(stdout).toContain('  allow (would deny)  NO_ALLOW_RULE  acme.pay  orders/all  ');
  });

  it('names of several rules one that is told', async () => {
    const json = { items: [{ ...RECORD, rules: ['…', 'shop/no', 'shop/never'] }], next: null };
    expect((await ran([], { json })).stdout).toContain('  shop/no +2  ');
  });

  it('gives programs whole records, one a line', async () => {
    const { stdout } = await ran(['--format', 'json']);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([RECORD, STRANGE]);
  });

  it.each`
    because                         | argv                                                                                                               | query
    ${'a span is one before now'}   | ${['--from', '2h', '--to', '30min']}                                                                               | ${{ from: '2026-12-24T10:00:00.000Z', to: '2026-12-24T11:30:00.000Z' }}
    ${'an instant may have a zone'} | ${['--from', '2026-12-24T10:00:00+01:00']}                                                                         | ${{ from: '2026-12-24T09:00:00.000Z' }}
    ${'denials alone'}              | ${['--deny']}                                                                                                      | ${{ decision: 'deny' }}
    ${'allows alone'}               | ${['--allow']}                                                                                                     | ${{ decision: 'allow' }}
    ${'what was only reported'}     | ${['--would-deny']}                                                                                                | ${{ decision: 'would-deny' }}
    ${'filters go as they are'}     | ${['--domain', 'a.b', '--principal', 'user:a&b=c', '--rule', 'p/r', '--reason', 'DENY_RULE', '--endpoint', 's/e']} | ${{ domain: 'a.b', principal: 'user:a&b=c', rule: 'p/r', reason: 'DENY_RULE', endpoint: 's/e' }}
  `('asks for what is looked for: $because', async ({ argv, query }) => {
    const { asked } = await ran(argv);
    expect(queryOf(asked[0]!.path)).toEqual({ limit: '50', ...query });
  });

  it('goes on until it has as many as it was asked for, and says that there may be more', async () => {
    let page = 0;
    const server = await adminServer({
      'GET /admin/v1/decisions': ({ path }) => {
        page += 1;
        const limit = Number(queryOf(path)['limit']);
        return { json: { items: Array.from({ length: limit }, () => RECORD), next: `page-${page}` } };
      },
    });
    const { code, stdout, stderr } = await dharma(['decisions', '--limit', '600', '--format', 'json'], {
      cwd,
      environment: server.environment,
    });
    expect([code, stdout.trimEnd().split('\n').length]).toEqual([0, 600]);
    expect(stderr).toContain('the newest 600');
    expect(server.asked.map(({ path }) => queryOf(path))).toEqual([{ limit: '500' }, { limit: '100', next: 'page-1' }]);
  });

  it.each`
    because                     | argv                                                                  | said
    ${'one is not the other'}   | ${['--would-deny', '--deny']}                                         | ${'exclude each other'}
    ${'both are neither'}       | ${['--allow', '--deny']}                                              | ${'exclude each other'}
    ${'an instant is one'}      | ${['--from', 'yesterday']}                                            | ${'`--from`: `yesterday` is no instant'}
    ${'nothing lies between'}   | ${['--from', '1h', '--to', '2h']}                                     | ${'nothing lies between `--from 1h` and `--to 2h`: `--from` is the earlier one'}
    ${'an instant is no span'}  | ${['--from', '2026-12-24T10:00:00Z', '--to', '2026-12-24T10:00:00Z']} | ${'nothing lies between'}
    ${'a limit has its limits'} | ${['--limit', '0']}                                                   | ${'1 to 100000'}
    ${'it is one endpoint'}     | ${['--endpoint', 'orders/*']}                                         | ${'`--endpoint orders/*` is not one endpoint, like `orders/list`'}
    ${'a rule is of a policy'}  | ${['--rule', 'shop']}                                                 | ${'`--rule shop` is not a policy and the id'}
    ${'somebody has a type'}    | ${['--principal', 'user']}                                            | ${'`--principal user` is not a type and an id'}
    ${'nothing has no name'}    | ${['--domain', 'acme.']}                                              | ${'`--domain acme.` is not a domain'}
    ${'reasons are known'}      | ${['--reason', 'DENY_RULES']}                                         | ${'`--reason DENY_RULES` is no reason of a decision. Did you mean `DENY_RULE`?'}
  `('does not ask: $because', async ({ argv, said }) => {
    const { code, stderr, asked } = await ran(argv);
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(stderr).toContain(said);
  });

  it('says that nothing is like that', async () => {
    const { code, stdout, stderr } = await ran(['--domain', 'acme.nope'], { json: { items: [], next: null } });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toBe('nothing that is recorded, and yours to read, is like that\n');
  });

  it('says that none are kept there', async () => {
    const { code, stderr } = await ran([], PROBLEM.noHistory);
    expect(code).toBe(1);
    expect(stderr).toContain('this server decides by a folder');
  });
});

describe('dharma explain ID', () => {
  const explained = async (argv: readonly string[], record: object = RECORD) => {
    const { stdout } = await dharma(
      [
        'explain',
        '--policies',
        'shop',
        '--host',
        'localhost',
        '--method',
        'POST',
        '--path',
        '/orders',
        '--format',
        'json',
      ],
      { cwd },
    );
    const { linesToAdd: _, ...explanation } = JSON.parse(stdout);
    const server = await adminServer({
      [`GET /admin/v1/decisions/${ID}/explain`]: { json: { decision: record, explanation } },
    });
    const result = await dharma(['explain', ID, ...argv], { cwd, environment: server.environment });
    return { ...result, asked: server.asked, url: server.url };
  };

  it('asks the admin listener why it was decided so', async () => {
    const { code, stdout, stderr, asked } = await explained([]);
    expect([code, asked[0]!.headers.authorization]).toEqual([0, 'Bearer op-1.secret-of-ann']);
    expect(stdout).toMatch(/^DENY /);
    expect(stderr).toBe('decided at 2026-12-24T11:59:00.000Z by revision 42, asked by edge\n');
  });

  it('says what did not count then, and what conditions could read', async () => {
    const item = { role: 'access', mechanism: 'login', subject: 'ann', scopes: ['read'], groups: [] };
    const { stdout } = await explained([], {
      ...RECORD,
      dropped: [{ mechanism: 'partner-key', because: 'the key is unknown' }],
      request: {
        target: { kind: 'endpoint', endpoint: 'orders/all' },
        evidence: [{ ...item, claims: { tier: 'gold' }, attributes: {} }],
        unverified: [],
        headers: { 'x-team': 'red' },
        attributes: {},
        claimed: {},
        context: { amount: 7 },
        askedFrom: '*',
      },
    });
    expect(stdout).toContain('\npresented, and does not count\n  partner-key: the key is unknown\n\n');
    expect(stdout).toContain(
      [
        '\nrecorded of the request',
        '  request.headers: {"x-team":"red"}',
        '  context: {"amount":7}',
        '  access login ann: {"scopes":["read"],"claims":{"tier":"gold"}}\n\n',
      ].join('\n'),
    );
  });

  it('takes the token from a file, and gives programs what the server gave', async () => {
    const { stdout, asked } = await explained(['--token-file', 'ann.token', '--format', 'json']);
    expect(asked[0]!.headers.authorization).toBe('Bearer op-2.secret-of-bo');
    expect(JSON.parse(stdout)).toMatchObject({ decision: RECORD, explanation: { outcome: { decision: 'deny' } } });
  });

  it.each`
    because                              | argv                                                        | said
    ${'a folder has no records'}         | ${[ID, '--policies', 'shop']}                               | ${'is a recorded decision'}
    ${'the request is recorded'}         | ${[ID, '--host', 'localhost']}                              | ${'is a recorded decision'}
    ${'a key opens no admin listener'}   | ${[ID, '--key-file', 'x']}                                  | ${'is a recorded decision'}
    ${'a token opens no check listener'} | ${['--server', '--token-file', 'ann.token', '--host', 'x']} | ${'goes with the id'}
  `('does not ask: $because', async ({ argv, said }) => {
    const { code, stderr } = await dharma(['explain', ...argv], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(said);
  });
});
