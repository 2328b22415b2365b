import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { adminServer, PROBLEM, type Routes } from './admin-server.js';
import { dharma, folderWith, type RunOptions } from './program.js';

const MADE = { id: 'ep-1', createdAt: '2026-12-24T12:00:00Z', createdBy: 'ann' };
const KEY = { ...MADE, enforcementPoint: 'edge', key: 'ep-1.secret' };
const OPERATOR = { ...MADE, id: 'op-2', name: 'bob', token: 'op-2.secret' };
const CREATING: Routes = {
  'POST /admin/v1/keys': { status: 201, json: KEY },
  'POST /admin/v1/operators': { status: 201, json: OPERATOR },
};

const ran = async (routes: Routes, argv: readonly string[], options: RunOptions = {}) => {
  const server = await adminServer(routes);
  const cwd = options.cwd ?? folderWith({ taken: 'something' });
  const result = await dharma(argv, { environment: server.environment, ...options, cwd });
  return { ...result, asked: server.asked, cwd };
};

describe.each`
  verb           | name      | id        | secret           | path                     | body
  ${'keys'}      | ${'edge'} | ${'ep-1'} | ${'ep-1.secret'} | ${'/admin/v1/keys'}      | ${{ enforcementPoint: 'edge' }}
  ${'operators'} | ${'bob'}  | ${'op-2'} | ${'op-2.secret'} | ${'/admin/v1/operators'} | ${{ name: 'bob' }}
`('dharma $verb create', ({ verb, name, id, secret, path, body }) => {
  it('shows the secret on a terminal, once', async () => {
    const { code, stdout, stderr, asked } = await ran(CREATING, [verb, 'create', name], { isTerminal: true });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${secret}\n` });
    expect(stderr).not.toContain('.secret');
    expect(asked).toMatchObject([{ method: 'POST', path, body }]);
  });

  it('writes it into a new file that nobody else may read, and says which it is', async () => {
    const { code, stdout, stderr, cwd } = await ran(CREATING, [verb, 'create', name, '--out', 'new']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${id}\n` });
    expect(stderr).toContain('in `new` and nowhere else; it does not expire');
    expect(readFileSync(join(cwd, 'new'), 'utf8')).toBe(`${secret}\n`);
    expect(statSync(join(cwd, 'new')).mode & 0o777).toBe(0o600);
  });

  it.each`
    because                            | argv                    | code | asks | message
    ${'a pipe may lead anywhere'}      | ${[]}                   | ${2} | ${0} | ${'shown on a terminal only'}
    ${'a file is never overwritten'}   | ${['--out', 'taken']}   | ${2} | ${0} | ${'`taken` exists'}
    ${'the folder of it is not there'} | ${['--out', 'no/file']} | ${2} | ${0} | ${'cannot write `no/file`: ENOENT'}
    ${'a pipe may be meant'}           | ${['--out', '-']}       | ${0} | ${1} | ${'is shown this once'}
  `('makes no secret that cannot be kept: $because', async ({ argv, code, asks, message }) => {
    const result = await ran(CREATING, [verb, 'create', name, ...argv]);
    expect(result).toMatchObject({ code, stderr: expect.stringContaining(message) });
    expect(result.asked).toHaveLength(asks);
  });

  it('leaves no file behind when the server refuses', async () => {
    const result = await ran({ [`POST ${path}`]: PROBLEM.noHistory }, [verb, 'create', name, '--out', 'new']);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(existsSync(join(result.cwd, 'new'))).toBe(false);
  });

  it.each`
    because                   | expires                        | sent
    ${'days are counted'}     | ${'90d'}                       | ${'2027-03-24T12:00:00.000Z'}
    ${'hours are counted'}    | ${'12h'}                       | ${'2026-12-25T00:00:00.000Z'}
    ${'an instant is itself'} | ${'2027-01-31T00:00:00+01:00'} | ${'2027-01-30T23:00:00.000Z'}
  `('may expire: $because', async ({ expires, sent }) => {
    const { asked, stderr } = await ran(CREATING, [verb, 'create', name, '--out', '-', '--expires', expires]);
    expect(asked[0]!.body).toEqual({ ...body, expiresAt: sent });
    expect(stderr).toContain(`it expires ${sent}`);
  });

  it.each(['soon', '90', '0d', '2027-01-31', '2027-02-30T99:00:00Z', '2020-01-01T00:00:00Z'])(
    'takes no %s for an instant to come',
    async (expires) => {
      const result = await ran(CREATING, [verb, 'create', name, '--out', '-', '--expires', expires]);
      expect(result).toMatchObject({ code: 2, asked: [], stderr: expect.stringContaining(`\`--expires ${expires}\``) });
    },
  );
});

describe('dharma keys create for a client', () => {
  const routes: Routes = {
    'POST /admin/v1/keys': { status: 201, json: { ...MADE, id: 'ck-1', key: 'ck-1.secret' } },
  };
  const CLIENT = ['--mechanism', 'partner-key', '--subject', 'partner 1'];

  it.each`
    because                      | argv                                                                  | scopes               | groups
    ${'it may have none'}        | ${[]}                                                                 | ${[]}                | ${[]}
    ${'each option is one more'} | ${['--scope', 'a', '--group', 'g', '--scope', 'b', '--scope', 'c d']} | ${['a', 'b', 'c d']} | ${['g']}
  `('sends scopes and groups: $because', async ({ argv, scopes, groups }) => {
    const { code, stdout, stderr, asked } = await ran(routes, ['keys', 'create', ...CLIENT, ...argv, '--out', 'new']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ck-1\n' });
    expect(stderr).toContain('the key `ck-1` of `partner 1` is in `new`');
    expect(asked[0]!.body).toEqual({ mechanism: 'partner-key', subject: 'partner 1', scopes, groups });
  });

  it.each`
    because                                   | argv                              | message
    ${'somebody holds it'}                    | ${[]}                             | ${'name an enforcement point, or a client'}
    ${'a client is a subject'}                | ${['--mechanism', 'partner-key']} | ${'`--subject`'}
    ${'a subject is known to a mechanism'}    | ${['--subject', 'a']}             | ${'name an enforcement point, or a client'}
    ${'an enforcement point has no subject'}  | ${['edge', '--subject', 'a']}     | ${'go with `--mechanism`'}
    ${'an enforcement point has no scopes'}   | ${['edge', '--scope', 'a']}       | ${'go with `--mechanism`'}
    ${'an enforcement point is in no groups'} | ${['edge', '--group', 'a']}       | ${'go with `--mechanism`'}
    ${'nobody is both'}                       | ${['edge', ...CLIENT]}            | ${'not both'}
  `('is refused because $because', async ({ argv, message }) => {
    const result = await ran(routes, ['keys', 'create', ...argv, '--out', '-']);
    expect(result).toMatchObject({ code: 2, asked: [], stderr: expect.stringContaining(message) });
  });
});

describe('dharma operators create', () => {
  it.each`
    because                           | argv                                                              | rights
    ${'documents say what it may'}    | ${[]}                                                             | ${{}}
    ${'documents name its groups'}    | ${['--group', 'a', '--group', 'b']}                               | ${{ groups: ['a', 'b'] }}
    ${'it may one thing in a domain'} | ${['--over', 'acme', '--role', 'auditor']}                        | ${{ scope: { domain: 'acme', roles: ['auditor'] } }}
    ${'it may two things everywhere'} | ${['--over', '*', '--role', 'auditor', '--role', 'policy-admin']} | ${{ scope: { domain: '*', roles: ['auditor', 'policy-admin'] } }}
  `('says what the token may: $because', async ({ argv, rights }) => {
    const { code, asked } = await ran(CREATING, ['operators', 'create', 'bob', ...argv, '--out', '-']);
    expect({ code, body: asked[0]!.body }).toEqual({ code: 0, body: { name: 'bob', ...rights } });
  });

  it('warns of a scope that lies nowhere yet, beside the token', async () => {
    const warnings = [{ code: 'domain-not-there', message: 'there is no domain `acme`' }];
    const made = { status: 201, json: { ...MADE, id: 'op-2', name: 'bob', token: 'op-2.secret', warnings } };
    const argv = ['operators', 'create', 'bob', '--over', 'acme', '--role', 'auditor', '--out', '-'];
    const { code, stdout, stderr } = await ran({ 'POST /admin/v1/operators': made }, argv);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'op-2.secret\n' });
    expect(stderr).toMatch(/^warning: there is no domain `acme`$/m);
  });

  it.each`
    because                          | argv                                                     | message
    ${'a role is held somewhere'}    | ${['--role', 'owner']}                                   | ${'go together'}
    ${'somewhere something is held'} | ${['--over', 'acme']}                                    | ${'go together'}
    ${'a scope has nothing to add'}  | ${['--over', 'acme', '--role', 'owner', '--group', 'a']} | ${'its groups'}
  `('is refused because $because', async ({ argv, message }) => {
    const result = await ran(CREATING, ['operators', 'create', 'bob', ...argv, '--out', '-']);
    expect(result).toMatchObject({ code: 2, asked: [], stderr: expect.stringContaining(message) });
  });
});

describe('dharma keys list', () => {
  const items = [
    { ...MADE, id: 'ck-1', mechanism: 'partner-key', subject: 'partner-1', lastUsedAt: '2026-12-24T11:00:00Z' },
    { ...MADE, enforcementPoint: 'edge' },
    { ...MADE, id: 'ep-22', enforcementPoint: 'inner-edge', expiresAt: '2026-12-24T11:59:59Z' },
    { ...MADE, id: 'ep-3', enforcementPoint: 'edge', expiresAt: null, revokedAt: '2026-12-24T12:00:00Z' },
  ];

  it('is a table', async () => {
    const { code, stdout } = await ran({ 'GET /admin/v1/keys': { json: { items, next: null } } }, ['keys', 'list']);
    expect(code).toBe(0);
    expect(stdout)
      .toBe(`ID     HOLDER                   STATE    CREATED               BY   EXPIRES               LAST USED
ck-1   partner-1 (partner-key)  active   2026-12-24T12:00:00Z  ann  never                 2026-12-24T11:00:00Z
ep-1   edge                     active   2026-12-24T12:00:00Z  ann  never                 never
ep-22  inner-edge               expired  2026-12-24T12:00:00Z  ann  2026-12-24T11:59:59Z  never
ep-3   edge                     revoked  2026-12-24T12:00:00Z  ann  never                 never
`);
  });

  it('is every page', async () => {
    const routes: Routes = {
      'GET /admin/v1/keys': ({ path }) => ({
        json: path.includes('next=') ? { items: [items[1]], next: null } : { items: [items[0]], next: 'a b&c' },
      }),
    };
    const { stdout, asked } = await ran(routes, ['keys', 'list', '--format', 'json']);
    expect(JSON.parse(stdout)).toEqual(items.slice(0, 2));
    expect(asked.map(({ path }) => path)).toEqual([
      '/admin/v1/keys?limit=500',
      '/admin/v1/keys?limit=500&next=a%20b%26c',
    ]);
  });

  it('of operators names them, and says what they may', async () => {
    const items = [
      { ...MADE, name: 'bob', root: true },
      { ...MADE, name: 'cy', scope: { domain: 'acme', roles: ['auditor', 'owner'] } },
      { ...MADE, name: 'dee', groups: ['leads'] },
      { ...MADE, name: 'old' },
    ];
    const { stdout } = await ran({ 'GET /admin/v1/operators': { json: { items, next: null } } }, ['operators', 'list']);
    expect(stdout).toMatch(/^ID +OPERATOR +MAY +STATE .*\nep-1 +bob +everything +active /);
    expect(stdout).toMatch(/\nep-1 +cy +auditor, owner over acme +active /);
    expect(stdout).toMatch(/\nep-1 +dee +what is granted to it, leads +active /);
    expect(stdout).toMatch(/\nep-1 +old +nothing +active /);
  });
});

describe('dharma keys revoke', () => {
  it('makes a key useless', async () => {
    const { code, stderr, asked } = await ran({ 'DELETE /admin/v1/keys/ep-1': { status: 204 } }, [
      'keys',
      'revoke',
      'ep-1',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'the key `ep-1` is revoked\n' });
    expect(asked).toHaveLength(1);
  });

  it('says when there is none, and cannot be led elsewhere by an id', async () => {
    const { code, stderr, asked } = await ran({}, ['keys', 'revoke', '../operators/op-1']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('no route answers this') });
    expect(asked[0]!.path).toBe('/admin/v1/keys/..%2Foperators%2Fop-1');
  });
});
