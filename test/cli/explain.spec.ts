import { changedDocuments } from '../conformance/worked-examples.js';
import { dharma, folderWith, SHOP } from './program.js';

const shop = folderWith({ 'shop.yaml': SHOP });
const world = folderWith({
  'world.yaml': changedDocuments()
    .map((document) => JSON.stringify(document))
    .join('\n---\n'),
});

describe('dharma explain', () => {
  it('puts the verdict first, then every step, and last what would change it', async () => {
    const argv = ['explain', '--policies', '.', '--host', 'localhost', '--method', 'POST', '--path', '/orders'];
    const { code, stdout, stderr } = await dharma(argv, { cwd: shop });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`DENY NO_ALLOW_RULE at shop (may be kept 30 s)

target
  the target is orders/all
  judged as POST localhost /orders
  placed in shop

caller
  external: no service is proven

routes
  to shop, from *, across shop: failed: NO_ALLOW_RULE at shop
    boundary of shop, with anonymous: no allow matches
      - shop/read with anonymous: what.methods does not match  shop.yaml:14:17

nearest miss
  1. an allow of shop would let it across its boundary  shop.yaml:11:1
       - { id: allow-orders-all, effect: allow, who: { anonymous: true }, what: { endpoints: [orders/all], methods: [POST] } }

owner
  shop: nobody is named as its owner
`);
  });

  it('says who stands behind what conditions may read, and no value of it', async () => {
    const request = {
      target: { endpoint: 'orders/all', method: 'GET', path: '/orders' },
      attributes: { country: 'PT', region: 'south' },
      claimed: { admin: 'certainly' },
      headers: { 'Accept-Language': 'pt' },
    };
    const cwd = folderWith({ 'shop/shop.yaml': SHOP, 'request.json': JSON.stringify(request) });
    const { stdout } = await dharma(['explain', '--policies', 'shop', 'request.json'], { cwd });
    expect(stdout).toContain(`
what conditions may read
  attested: attributes.country, attributes.region
  claimed: claimed.admin, request.headers["accept-language"]
`);
    expect(stdout).not.toMatch(/PT|south|certainly/);
  });

  describe('under report mode', () => {
    const SECOND_RUN = 'again, reporting domains standing aside';
    const TILL = `apiVersion: dharma/v1
kind: Domain
metadata: { name: shop.till }
spec: { access: [anonymous], boundary: ["till/*"], mode: enforce }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: till }
spec: { domains: [shop.till], hosts: [till.example] }
`;
    const shopWithTill = (mode: string) =>
      folderWith({
        'shop.yaml': SHOP.replace('"orders/*"]', `"orders/*", "till/*"], mode: ${mode}`),
        'till.yaml': TILL,
      });

    it.each`
      because                                       | mode         | host              | method    | said
      ${'setting the shop aside lets it pass'}      | ${'report'}  | ${'localhost'}    | ${'POST'} | ${`  to shop, from *, across shop (${SECOND_RUN}): passed`}
      ${'the shop lets it pass, the till does not'} | ${'report'}  | ${'till.example'} | ${'GET'}  | ${`  ${SECOND_RUN}: the same`}
      ${'nobody reports, so nobody can stand by'}   | ${'enforce'} | ${'localhost'}    | ${'POST'} | ${undefined}
      ${'what passes strictly is not walked again'} | ${'report'}  | ${'localhost'}    | ${'GET'}  | ${undefined}
    `('says of the second run: $said, because $because', async ({ mode, host, method, said }) => {
      const argv = ['explain', '--policies', shopWithTill(mode), '--host', host, '--method', method];
      const { code, stdout } = await dharma(argv);
      expect(code).toBe(0);
      expect(stdout.split('\n').filter((line) => line.includes(SECOND_RUN))).toEqual(said === undefined ? [] : [said]);
    });
  });

  it.each`
    because                                      | argv                                                                                            | lines
    ${'the fast path has nothing to cross'}      | ${['--endpoint', 'flights/int', '--evidence', 'acme-spiffe=spiffe://acme.example/flight-rank']} | ${['ALLOW ALLOW_FAST', 'trust acme-spiffe spiffe://acme.example/flight-rank (service flight-rank): kept', 'nothing to cross']}
    ${'a scope is of every credential given'}    | ${['--endpoint', 'flights/pub', '--evidence', 'acme-oauth=u-1', '--scope', 'book:read']}        | ${['ALLOW ALLOW_SLOW', '+ acme-base/a1 with acme-oauth u-1: matched']}
    ${'a missing scope is the nearest miss'}     | ${['--endpoint', 'flights/pub', '--evidence', 'acme-oauth=u-1']}                                | ${['DENY NO_ALLOW_RULE at acme', 'who.scopes does not match', 'with the scope `book:read` would satisfy acme-base/a1']}
    ${'evidence of nobody is dropped'}           | ${['--endpoint', 'flights/int', '--evidence', 'nothing=x']}                                     | ${['DENY NOT_VISIBLE', 'access nothing x: dropped: no domain owns a mechanism of this name']}
    ${'a topic nobody answers is unknown'}       | ${['--topic', 'a.b', '--action', 'publish']}                                                    | ${['DENY UNKNOWN_ENDPOINT']}
    ${'what others wrote steers no terminal'}    | ${['--endpoint', 'flights/int', '--evidence', 'nothing=\u001B[2J\nALLOW\u202E']}                | ${['access nothing \uFFFD[2J ALLOW\uFFFD: dropped']}
    ${'an address is GET / unless it says more'} | ${['--host', 'reports.acme.example', '--time', '2026-12-24T12:00:00Z', '--header', 'a=b']}      | ${['judged as GET reports.acme.example /']}
  `('$because', async ({ argv, lines }: { argv: string[]; lines: string[] }) => {
    const { code, stdout } = await dharma(['explain', '--policies', world, ...argv]);
    expect(code).toBe(0);
    for (const line of lines) expect(stdout).toContain(line);
  });

  it('reads a request from a file or standard input, and gives JSON', async () => {
    const request =
      '{\n "target": {"endpoint": "orders/all", "method": "DELETE"},\n "credentials": {"authorization": "x"}\n}\n';
    const cwd = folderWith({ 'shop/shop.yaml': SHOP, 'request.json': request });
    const argv = ['explain', '--policies', 'shop', '--format', 'json'];
    const fromFile = await dharma([...argv, 'request.json'], { cwd });
    expect(fromFile).toMatchObject({ code: 0, stderr: expect.stringContaining('`credentials` are left out') });
    expect(await dharma([...argv, '-'], { cwd, stdin: request })).toEqual(fromFile);
    expect(JSON.parse(fromFile.stdout)).toMatchObject({
      outcome: { decision: 'deny', reason: 'NO_ALLOW_RULE' },
      nearestMiss: { changes: [{ kind: 'rule', domain: 'shop' }] },
      linesToAdd: [{ kind: 'rule', domain: 'shop', at: { file: 'shop/shop.yaml', line: 11 } }],
    });
  });

  it('gives lines that make the difference when they are added', async () => {
    const argv = ['explain', '--endpoint', 'orders/all', '--method', 'POST'];
    const { stdout } = await dharma([...argv, '--policies', shop, '--format', 'json']);
    const [{ yaml }] = JSON.parse(stdout).linesToAdd;
    const mended = folderWith({ 'shop.yaml': SHOP.replace('rules: [', `rules: [${yaml.slice('- '.length)}, `) });
    expect((await dharma([...argv, '--policies', mended])).stdout).toMatch(
      /^ALLOW ALLOW_SLOW, by shop\/allow-orders-all/,
    );
  });

  it.each`
    because                            | argv                                                   | message
    ${'there is no target'}            | ${[]}                                                  | ${'name the target by one of'}
    ${'there are two targets'}         | ${['--endpoint', 'orders/all', '--topic', 'x']}        | ${'name the target by one of'}
    ${'a topic needs an action'}       | ${['--topic', 'x']}                                    | ${'need an `--action`'}
    ${'evidence has no subject'}       | ${['--endpoint', 'orders/all', '--evidence', 'oauth']} | ${'`--evidence oauth` is not of the form `name=value`'}
    ${'a file and flags are too much'} | ${['-', '--endpoint', 'orders/all']}                   | ${'leave out the flags'}
    ${'the time is no instant'}        | ${['--endpoint', 'orders/all', '--time', 'yesterday']} | ${'`/time`'}
    ${'the file is not there'}         | ${['nowhere.json']}                                    | ${'there is no folder or file `nowhere.json`'}
    ${'the file is a folder'}          | ${['.']}                                               | ${'is a folder, not a request'}
  `('is used wrongly when $because', async ({ argv, message }: { argv: string[]; message: string }) => {
    const { code, stdout, stderr } = await dharma(['explain', '--policies', '.', ...argv], { cwd: shop });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});
