import { contentHashOf } from '#administration';
import { adminServer, STATUS } from './admin-server.js';
import { dharma, folderWith, SHOP } from './program.js';

const SET = `apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  mechanisms:
    - { name: spiffe, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example } }
    - { name: login, role: access, kind: jwt, jwt: { issuer: "https://login.acme.example/", audiences: [acme] } }
  trust: [spiffe]
  access: [login]
  boundary: [pay/refund]
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.payments }
spec: { boundary: ["pay/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: cart }
spec: { domains: [acme], identities: [{ mechanism: spiffe, subject: "spiffe://acme.example/cart" }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: basket }
spec: { domains: [acme], identities: [{ mechanism: spiffe, subject: "spiffe://acme.example/basket" }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: pay }
spec:
  domains: [acme.payments]
  identities: [{ mechanism: spiffe, subject: "spiffe://acme.example/pay" }]
  endpoints:
    - { name: ledger, hosts: [pay.example], operations: [{ methods: [GET, POST], path: /ledger }] }
    - { name: refund, hosts: [pay.example], operations: [{ methods: [POST], path: "/refund/{id}" }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: pay, domain: acme.payments }
spec:
  rules:
    - { id: clerks, effect: allow, who: { groups: [clerks] }, what: { endpoints: [pay/refund] } }
    - { id: audit, effect: allow, who: { groups: [audit] }, what: { endpoints: [pay/ledger] }, when: attributes.night == true }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: company, domain: acme }
spec: { rules: [{ id: people, effect: allow, who: { scopes: [pay] } }] }
`;

describe('dharma who-can', () => {
  const cwd = folderWith({ 'set/set.yaml': SET, 'shop/shop.yaml': SHOP });

  it.each`
    because                                             | argv                                              | stdout
    ${'several credentials may be needed to cross two'} | ${['POST', 'pay/refund', '--policies', 'set']}    | ${`certainly\n  a caller from outside with anybody of \`login\` (scope pay, group clerks)\n    from outside, across the boundary of acme, then of acme.payments, by company/people at set/set.yaml:48, then pay/clerks at set/set.yaml:42 (ALLOW_SLOW)\n  \`basket\` (and by \`cart\` like it) with anybody of \`login\` (group clerks)\n    inside acme, across the boundary of acme.payments, by pay/clerks at set/set.yaml:42 (ALLOW_SLOW)\n  \`pay\`\n    inside acme.payments, across no boundary, without a rule (ALLOW_FAST)\n`}
    ${'whoever is inside needs none'}                   | ${['GET', 'pay/ledger', '--policies', 'set']}     | ${'certainly\n  `pay`\n    inside acme.payments, across no boundary, without a rule (ALLOW_FAST)\nunder conditions\n  `basket` (and by `cart` like it) with anybody of `login` (group audit)\n    inside acme, across the boundary of acme.payments, by pay/audit at set/set.yaml:43 (ALLOW_SLOW)\n    hangs on pay/audit at set/set.yaml:43 (`attributes.night == true`)\n'}
    ${'callers without anything are callers'}           | ${['any', 'orders/all', '--policies', 'shop']}    | ${'certainly\n  a caller from outside without any credential\n    from outside, across the boundary of shop, by shop/read at shop/shop.yaml:14 (ALLOW_SLOW)\n'}
    ${'what nobody may do is done by nobody'}           | ${['DELETE', 'orders/all', '--policies', 'shop']} | ${'nobody\n'}
  `('names everybody: $because', async ({ argv, stdout }) => {
    const ran = await dharma(['who-can', ...(argv as string[])], { cwd });
    expect({ ...ran, code: 0 }).toEqual({ code: 0, stdout, stderr: '' });
    expect(ran.code).toBe(stdout === 'nobody\n' ? 1 : 0);
  });

  it('gives programs requests that get through', async () => {
    const { stdout } = await dharma(['who-can', 'POST', 'pay/refund', '--policies', 'set', '--format', 'json'], {
      cwd,
    });
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({
      endpoint: 'pay/refund',
      operation: 'POST',
      conditional: [],
      undecided: [],
      certain: [{ service: null }, { service: 'basket', alike: ['cart'] }, { service: 'pay', alike: [] }],
    });
    const requests = answer.certain.map(({ request }: { readonly request: object }) => `${JSON.stringify(request)}\n`);
    const decided = await dharma(['decide', '--policies', 'set'], { cwd, stdin: requests.join('') });
    expect(decided.stdout.match(/"decision":"allow"/g)).toHaveLength(3);
  });

  describe('of a server', () => {
    const items = SHOP.split('---\n').map((text, index) => ({
      kind: 'Policy' as const,
      name: `d${index}`,
      domain: 'shop',
      source: 'git',
      contentHash: 'c0',
      text,
    }));
    const policy = { ...STATUS.policy, contentHash: contentHashOf(items) };
    const deciding = (seen: readonly object[]) =>
      adminServer({
        'GET /admin/v1/status': { json: { ...STATUS, policy } },
        'GET /admin/v1/revisions/42/documents': { json: { items: seen, next: null } },
      });

    it('asks for what it decides by', async () => {
      const { environment, asked } = await deciding(items);
      expect(await dharma(['who-can', 'GET', 'orders/all'], { environment })).toEqual({
        code: 0,
        stdout:
          'certainly\n  a caller from outside without any credential\n    from outside, across the boundary of shop, by shop/read (ALLOW_SLOW)\n',
        stderr: '',
      });
      expect(asked.map(({ path }) => path)).toEqual(['/admin/v1/status', '/admin/v1/revisions/42/documents?limit=500']);
    });

    it.each`
      because                                     | seen
      ${'what is hidden may deny'}                | ${items.slice(0, 2)}
      ${'a set that makes no sense may be whole'} | ${items.slice(1)}
      ${'they may see nothing at all'}            | ${[]}
    `('answers nobody who sees a part: $because', async ({ seen }) => {
      const { environment } = await deciding(seen);
      const ran = await dharma(['who-can', 'GET', 'orders/all'], { environment });
      expect(ran).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('you see a part of revision 42'),
      });
      expect(ran.stderr).toContain('`--policies`');
    });
  });

  it.each`
    because                    | argv                                                                | message
    ${'the endpoint exists'}   | ${['GET', 'pay/legder', '--policies', 'set']}                       | ${'there is no endpoint `pay/legder`'}
    ${'it is one endpoint'}    | ${['GET', 'pay/*', '--policies', 'set']}                            | ${'there is no endpoint `pay/*`'}
    ${'it answers the method'} | ${['PUT', 'pay/ledger', '--policies', 'set']}                       | ${'`pay/ledger` answers no `PUT`'}
    ${'the time is one'}       | ${['GET', 'pay/ledger', '--policies', 'set', '--time', 'tomorrow']} | ${'`tomorrow` is no instant, like 2026-12-24T12:00:00Z'}
  `('is called wrongly unless $because', async ({ argv, message }) => {
    expect(await dharma(['who-can', ...(argv as string[])], { cwd })).toEqual({
      code: 2,
      stdout: '',
      stderr: `dharma: ${message}\n`,
    });
  });
});
