import * as fc from 'fast-check';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { canonicalHost, canonicalPath, foldedHeaderName } from '#engine';
import { STRIPPED_HEADERS } from '#protocols';
import { judged } from '../../apps/cli/src/doctor/suite.js';
import { tricksOf } from '../../apps/cli/src/doctor/tricks.js';
import { toldHeaders } from '../../libs/protocols/src/told-headers.js';
import { allowedAnswer } from '../support/answers.js';
import { type Authority, createAuthority, hasOpenssl } from '../support/certificates.js';
import { type Behaviour, startFakeGateway, type FakeGateway, type Head } from '../support/fake-gateway.js';
import { freePort } from '../support/gateway.js';
import { dharma, folderWith, type Ran } from './program.js';

/** Where a gateway does not do what it should; absent members are right. */
interface Flaws {
  /** What it tells Dharma instead of the raw target. */
  readonly tells?: (target: string) => string;
  /** What it sends on instead of the path that was judged. */
  readonly forwards?: (target: string) => string;
  /** It does not pass on what Dharma judged. */
  readonly isSilent?: boolean;
  /** It asks nobody about requests whose line or fields say this. */
  readonly exempts?: RegExp;
  /** Fields that it leaves in, by their folded names. */
  readonly keeps?: RegExp;
  /** It takes the host of the target, or the last of several. */
  readonly takesAnyHost?: boolean;
  /** It lets requests pass by a decision that it has kept. */
  readonly keepsAnswers?: boolean;
  /** It takes out what the client names in Connection, after it was set. */
  readonly dropsListed?: boolean;
  /** Makes something else of all that it would send on. */
  readonly amends?: (head: Head) => Head;
}

const STRIPPED =
  /^(?:x-dharma-.*|x-original-.*|x-forwarded-.*|forwarded|x-http-method.*|x-method-override|x-rewrite-url|x-tier)$/;
const HOP_BY_HOP = /^(?:connection|upgrade|http2-settings|content-length|transfer-encoding)$/;

/** A gateway with a stand-in for Dharma that allows GET for one host, below any path that can be read in one way. */
function gatewayWith(flaws: Flaws = {}): Behaviour {
  let decisions = 0;
  return ([line = '', ...fields]) => {
    const [, method = '', typed = ''] = /^(\S+) (.*) HTTP\/1\.[01]$/s.exec(line) ?? [];
    const target = flaws.takesAnyHost === true ? typed.replace(/^http:\/\/[^/?]+/, '') : typed;
    const pairs = fields.map((field): [string, string] => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon), field.slice(colon + 1).trim()];
    });
    const isExempt = flaws.exempts?.test([line, ...fields].join('\r\n')) === true;
    const told = canonicalPath((flaws.tells ?? String)(target));
    const hosts = pairs.filter(([name]) => name.toLowerCase() === 'host').map(([, value]) => value);
    const isKnown = flaws.takesAnyHost === true || (hosts.length === 1 && canonicalHost(hosts[0]!) === 'shop.example');
    const isOdd = pairs.some(([name, value]) => !/^[\w.-]+$/.test(name) || /[^\x20-\x7e]/.test(value));
    if (!isExempt && (method !== 'GET' || told === undefined || !/^[!-~]+$/.test(target) || !isKnown || isOdd)) {
      return { status: 403 };
    }
    const credentials = pairs.filter(([name]) => name.toLowerCase() === 'authorization');
    if (credentials.length > 1 && flaws.keeps?.test('authorization') !== true) return { status: 400 };
    const kept = pairs.filter(([name]) => {
      const fold = foldedHeaderName(name);
      if (fold === 'host') return false;
      return flaws.keeps?.test(fold) === true || !(STRIPPED.test(fold) || HOP_BY_HOP.test(fold));
    });
    decisions += 1;
    const ours = [
      ['X-Dharma-Decision', flaws.keepsAnswers === true ? 'd-0' : `d-${decisions}`],
      ...(flaws.isSilent === true ? [] : [['X-Dharma-Path', told?.path ?? '']]),
      ['X-Tier', 'standard'],
    ];
    const query = told?.query === undefined ? '' : `?${told.query}`;
    const forwarded = flaws.forwards?.(target) ?? `${told?.path ?? target}${query}`;
    const head = [
      `${method} ${forwarded} HTTP/1.1`,
      ...[
        ['Host', flaws.takesAnyHost === true ? (hosts.at(-1) ?? 'none') : 'shop.example'],
        ...kept,
        ...(isExempt ? [] : ours),
      ].map(([name, value]) => `${name}: ${value}`),
    ];
    const connection = pairs.find(([name]) => name.toLowerCase() === 'connection')?.[1].toLowerCase() ?? '';
    const left = flaws.dropsListed === true ? head.filter((each) => !listed(connection).includes(nameIn(each))) : head;
    return flaws.amends?.(left) ?? left;
  };
}

const listed = (connection: string): readonly string[] => connection.split(',').map((name) => name.trim());
const nameIn = (field: string): string => field.slice(0, Math.max(0, field.indexOf(':'))).toLowerCase();

/** As a server resolves dots before it looks for a file. */
function resolved(target: string): string {
  const url = `http://shop.example${target}`;
  return URL.canParse(url) ? new URL(url).pathname : target;
}

function decoded(target: string): string {
  return target.replaceAll(/%2f/gi, '/');
}

interface Found {
  readonly counts: { readonly same: number; readonly refused: number; readonly differs: number };
  readonly gateway: string | null;
  readonly results: readonly {
    readonly name: string;
    readonly verdict: string;
    readonly findings: readonly { readonly concern: string; readonly what: string; readonly remedies: object }[];
  }[];
}

describe('dharma doctor gateway', () => {
  const gateways: FakeGateway[] = [];
  afterEach(async () => {
    await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  });

  const examined = async (behaviour: Behaviour, server?: string, ...flags: readonly string[]): Promise<Ran> => {
    const echo = `127.0.0.1:${await freePort()}`;
    const gateway = await startFakeGateway(echo, behaviour, { server });
    gateways.push(gateway);
    const argv = ['doctor', 'gateway', `http://127.0.0.1:${gateway.port}/orders`, '--host', 'shop.example'];
    return dharma([...argv, '--upstream-echo', echo, '--own-header', 'x-tier', '--patience', '1', ...flags]);
  };

  const found = async (flaws: Flaws): Promise<readonly string[]> => {
    const { code, stdout } = await examined(gatewayWith(flaws), undefined, '--format', 'json');
    const { results, counts } = JSON.parse(stdout) as Found;
    expect(code).toBe(counts.differs > 0 ? 1 : 0);
    return results.flatMap(({ name, verdict, findings }) =>
      verdict === 'differs' ? findings.map(({ concern }) => `${concern}: ${name}`) : [],
    );
  };

  it('finds nothing where everybody reads the same', async () => {
    const { code, stdout, stderr } = await examined(gatewayWith(), 'nginx/1.22.1');
    expect({ code, differing: stdout.split('\n').filter((line) => line.startsWith('differs')) }).toEqual({
      code: 0,
      differing: [],
    });
    expect(stdout).toMatch(/\nrefused {2}empty segment: 403\nrefused /);
    expect(stdout).toMatch(/\nsame {5}escaped letter\n/);
    expect(stdout).toMatch(
      /\nHTTP\/2 was not tried: the gateway does not speak it there\nnginx at http:\S+: \d+ requests, \d+ refused, \d+ the same to everybody, 0 differ\n$/,
    );
    expect(stderr).toContain('(100 %)');
  });

  it.each`
    because                                      | flaws                                                                                               | finding
    ${'Dharma is told a normal form'}            | ${{ tells: resolved, forwards: String }}                                                            | ${'path: dot segments to the open path'}
    ${'and the service is told it too'}          | ${{ tells: resolved, forwards: String }}                                                            | ${'path: escaped dot segments'}
    ${'nobody says what Dharma was told'}        | ${{ tells: resolved, isSilent: true }}                                                              | ${'path: backslash'}
    ${'the service gets another path'}           | ${{ forwards: () => '/other' }}                                                                     | ${'path: plain request'}
    ${'the query is lost'}                       | ${{ forwards: (target: string) => target.split('?')[0]! }}                                          | ${'path: dots in the query'}
    ${'the path is folded on its way'}           | ${{ forwards: (target: string) => target.toLowerCase() }}                                           | ${'path: other case'}
    ${'an escaped slash is decoded for Dharma'}  | ${{ tells: decoded, forwards: String, isSilent: true }}                                             | ${'path: escaped slash'}
    ${'any host is taken'}                       | ${{ takesAnyHost: true }}                                                                           | ${'host: foreign host'}
    ${'the last of two hosts is taken'}          | ${{ takesAnyHost: true }}                                                                           | ${'host: two hosts'}
    ${'the host of a target is dropped'}         | ${{ takesAnyHost: true }}                                                                           | ${'host: target with the host, Host foreign'}
    ${'a preflight is not asked about'}          | ${{ exempts: /^OPTIONS/ }}                                                                          | ${'asked: preflight'}
    ${'HEAD is sent on as GET'}                  | ${{ exempts: /^HEAD/, amends: ([line, ...rest]: Head) => [line!.replace('HEAD', 'GET'), ...rest] }} | ${'method: HEAD'}
    ${'nobody is asked about anything'}          | ${{ exempts: /^/ }}                                                                                 | ${'asked: plain request'}
    ${'a client speaks as Dharma'}               | ${{ keeps: /^x-dharma-/ }}                                                                          | ${'ours: header X-Dharma-Principal'}
    ${'a decision is told twice'}                | ${{ keeps: /^x-dharma-decision$/ }}                                                                 | ${'ours: header X-Dharma-Decision'}
    ${'a method is overridden'}                  | ${{ keeps: /^x-http-method-override$/ }}                                                            | ${'override: header X-HTTP-Method-Override'}
    ${'a path is overridden'}                    | ${{ keeps: /^x-original-url$/ }}                                                                    | ${'override: header X-Original-URL'}
    ${'a client says where it calls from'}       | ${{ keeps: /^x-forwarded-for$/ }}                                                                   | ${'forwarded: header X-Forwarded-For'}
    ${'a client says what a rule says'}          | ${{ keeps: /^x-tier$/ }}                                                                            | ${'own: header x-tier'}
    ${'with an underscore too'}                  | ${{ keeps: /^x-tier$/ }}                                                                            | ${'alias: header x_tier'}
    ${'two credentials reach the service'}       | ${{ keeps: /^authorization$/ }}                                                                     | ${'repeated: two credentials'}
    ${'a line before a websocket is passed on'}  | ${{ keeps: /^(?:connection|upgrade)$/ }}                                                            | ${'upgrade: upgrade to h2c before a websocket'}
    ${'a line after a websocket is passed on'}   | ${{ keeps: /^(?:connection|upgrade)$/ }}                                                            | ${'upgrade: upgrade to h2c after a websocket'}
    ${'an upgrade is passed on'}                 | ${{ keeps: /^(?:connection|upgrade)$/ }}                                                            | ${'upgrade: upgrade to h2c'}
    ${'a header named in Connection is dropped'} | ${{ dropsListed: true }}                                                                            | ${'listed: names taken away after they were set'}
    ${'an answer is kept'}                       | ${{ keepsAnswers: true }}                                                                           | ${'kept: trailing slash'}
    ${'two lengths are passed on'}               | ${{ keeps: /^(?:content-length|transfer-encoding)$/ }}                                              | ${'framing: two lengths'}
    ${'a field that is none is passed on'}       | ${{ exempts: /^ X-Dharma/m }}                                                                       | ${'framing: folded line'}
  `('finds it where $because', async ({ flaws, finding }: { flaws: Flaws; finding: string }) => {
    expect(await found(flaws)).toContain(finding);
  });

  it('finds what another service answers, and leaves to the gateway what it says of its own options', async () => {
    const right = gatewayWith();
    const { code, stdout } = await examined(
      (head) => (/^(?:GET \/orders\. |OPTIONS )/.test(head[0]!) ? { status: 200 } : right(head)),
      'nginx',
      '--format',
      'json',
    );
    const { results } = JSON.parse(stdout) as Found;
    const differing = results.filter(({ verdict }) => verdict === 'differs');
    expect([code, differing.map(({ name }) => name)]).toEqual([1, ['trailing dot']]);
    expect(differing[0]!.findings).toEqual([
      {
        concern: 'asked',
        what: expect.stringContaining('it was answered with 200, and nothing came to the echo'),
        remedies: { nginx: expect.stringContaining('auth_request') },
      },
    ]);
  });

  it('says what each of the three reads, and the setting of that gateway that mends it', async () => {
    const { code, stdout } = await examined(gatewayWith({ forwards: () => '/a/../b' }), 'nginx/1.22.1');
    expect(code).toBe(1);
    expect(stdout).toContain(
      'differs  plain request\n' +
        '         the service got `/a/../b`, which Dharma would have refused: it was asked about another text, and a service may answer `/b`\n' +
        '           nginx: tell Dharma `$request_uri`, never `$uri`',
    );
    expect(stdout).toContain('sent `/orders`; gateway `/a/../b`; Dharma `/orders`; a careless service `/b`');
    expect(stdout.match(/ {11}nginx: tell Dharma/g)).toHaveLength(1);
  });

  it('shows the settings of all gateways where none says its name, and of the one that the user names', async () => {
    const flaws = { keeps: /^x-rewrite-url$/ };
    const { stdout } = await examined(gatewayWith(flaws));
    for (const name of ['nginx', 'caddy', 'envoy', 'haproxy', 'apache', 'traefik'])
      expect(stdout).toContain(` ${name}: `);
    const named = await examined(gatewayWith(flaws), undefined, '--gateway', 'haproxy');
    expect(named.stdout).toContain('haproxy: `http-request del-header x-rewrite-url` before the check');
    expect(named.stdout).not.toContain('nginx');
  });

  it('sends its headers with every request, and shows none of their values', async () => {
    const behaviour = gatewayWith();
    const flags = ['--header', 'authorization=Bearer t0p-secret', '--header', 'accept=a', '--format', 'json'];
    const { code, stdout, stderr } = await examined(behaviour, undefined, ...flags);
    expect(code).toBe(0);
    // But with the preface of HTTP/2, which is no request.
    const requests = gateways[0]!.received.filter(([line]) => line !== 'PRI * HTTP/2.0');
    expect(requests.every((head) => head.includes('authorization: Bearer t0p-secret'))).toBe(true);
    expect(stdout + stderr).not.toContain('t0p-secret');
  });

  it.each(['text', 'json'])(
    'shows none of them either where a gateway mixes them into others, as %s',
    async (format) => {
      const amends = (head: Head): Head => [...head, 'X-Tier: doctor, t0p-secret', 'Authorization: t0p-secret, x'];
      const flags = ['--header', 'x-api-key=  t0p-secret ', '--format', format];
      const { code, stdout, stderr } = await examined(gatewayWith({ keeps: /^x-tier$/, amends }), undefined, ...flags);
      expect(code).toBe(1);
      expect(stdout).toContain('doctor, …');
      expect(stdout + stderr).not.toContain('t0p-secret');
    },
  );

  it.each`
    because                          | behaviour                  | message
    ${'the gateway refuses all'}     | ${() => ({ status: 401 })} | ${'a plain GET was answered with 401'}
    ${'it leads to another service'} | ${() => ({ status: 200 })} | ${'a plain GET was answered with 200'}
    ${'it hangs up'}                 | ${() => 'hang up'}         | ${'got no answer (it hung up)'}
    ${'it says nothing'}             | ${() => 'say nothing'}     | ${'got no answer (it stayed silent)'}
  `('sends one plain request and no trick when $because', async ({ behaviour, message }) => {
    const { code, stdout, stderr } = await examined(behaviour);
    expect({ code, stdout, stderr }).toEqual({ code: 3, stdout: '', stderr: expect.stringContaining(message) });
    expect(stderr).toContain('does not lead to the echo');
    expect(gateways[0]!.received.map(([line]) => line)).toEqual(['GET /orders HTTP/1.1']);
  });

  it('exits with 3 when nobody listens', async () => {
    const argv = ['doctor', 'gateway', `http://127.0.0.1:${await freePort()}/`, '--upstream-echo', '127.0.0.1:0'];
    expect(await dharma(argv)).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('ECONNREFUSED') });
  });

  it.each`
    because                           | argv                                                          | message
    ${'it is no URL'}                 | ${['localhost']}                                              | ${'`localhost` is no gateway'}
    ${'it is no HTTP'}                | ${['ftp://localhost/']}                                       | ${'is no gateway'}
    ${'it has a query'}               | ${['http://localhost/?a']}                                    | ${'is no gateway'}
    ${'the path is a trick itself'}   | ${['http://localhost/a;b']}                                   | ${'can be read in two ways already'}
    ${'the host is none'}             | ${['http://localhost/', '--host', 'a b']}                     | ${'`a b` is no host'}
    ${'a header has no value'}        | ${['http://localhost/', '--header', 'accept']}                | ${'takes `name=value`'}
    ${'a header would be two'}        | ${['http://localhost/', '--header', 'a=b\r\nc: d']}           | ${'takes `name=value`'}
    ${'a name of a header is none'}   | ${['http://localhost/', '--own-header', 'x y']}               | ${'`x y` is no name of a header'}
    ${'the echo has no port'}         | ${['http://localhost/', '--upstream-echo', '127.0.0.1']}      | ${'is no address to listen on'}
    ${'the echo has no address'}      | ${['http://localhost/', '--upstream-echo', 'localhost:3000']} | ${'is no address to listen on'}
    ${'nobody knows the gateway'}     | ${['http://localhost/', '--gateway', 'iis']}                  | ${'Allowed choices are nginx'}
    ${'there is no TLS to trust for'} | ${['http://localhost/', '--gateway-ca', 'ca.pem']}            | ${'has no TLS'}
    ${'there is no such file'}        | ${['https://localhost/', '--gateway-ca', 'ca.pem']}           | ${'cannot read `ca.pem`'}
  `('exits with 2 when $because', async ({ argv, message }: { argv: string[]; message: string }) => {
    const ran = await dharma(['doctor', 'gateway', ...argv], { cwd: folderWith({}) });
    expect(ran).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
  });

  it('exits with 2 when somebody else listens where the echo should', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const ran = await dharma(['doctor', 'gateway', 'http://127.0.0.1:1/', '--upstream-echo', taken]);
    other.close();
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(`cannot listen on ${taken} (EADDRINUSE)`) });
  });
});

describe('dharma doctor gateway and a server', () => {
  /** Answers as a server that denies what the test says. */
  const answeringServer = async (denies: (path: string) => boolean) => {
    const asked: { readonly target: { readonly path: string } }[] = [];
    const server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const question = JSON.parse(Buffer.concat(pieces).toString()) as (typeof asked)[number];
        asked.push(question);
        const deny = denies(question.target.path);
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({ decision: deny ? 'deny' : 'allow', reason: deny ? 'NO_ALLOW_RULE' : 'ALLOW_SLOW' }),
        );
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
  };

  const examinedWith = async (denies: (path: string) => boolean) => {
    const { asked, url, server } = await answeringServer(denies);
    const echo = `127.0.0.1:${await freePort()}`;
    const gateway = await startFakeGateway(echo, gatewayWith());
    const argv = ['doctor', 'gateway', `http://127.0.0.1:${gateway.port}/orders`, '--host', 'shop.example'];
    const ran = await dharma([...argv, '--upstream-echo', echo, '--server', url, '--header', 'authorization=Bearer t']);
    await gateway.stop();
    server.close();
    return { ...ran, asked };
  };

  it('finds what reached the service and would be denied', async () => {
    const { code, stdout, asked } = await examinedWith((path) => path === '/orders/');
    expect(code).toBe(1);
    expect(stdout).toContain(
      'differs  trailing slash\n         the service got `GET /orders/` for `shop.example`, and asked about that Dharma denies (NO_ALLOW_RULE)\n',
    );
    expect(asked[0]).toEqual({
      target: { method: 'GET', host: 'shop.example', path: '/orders' },
      credentials: { authorization: 'Bearer t' },
      headers: { authorization: 'Bearer t' },
    });
  });

  it('does without a server that denies the plain request', async () => {
    const { code, stdout, stderr } = await examinedWith(() => true);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('denies the plain request that the gateway lets pass (NO_ALLOW_RULE)');
  });
});

(hasOpenssl ? describe : describe.skip)('dharma doctor gateway by TLS', () => {
  let authority: Authority;
  let gateway: FakeGateway;
  let echo: string;
  beforeAll(async () => {
    authority = createAuthority('Gateways');
    const { cert, key } = authority.issue('gateway', { dns: 'shop.example' });
    echo = `127.0.0.1:${await freePort()}`;
    const tls = { cert: readFileSync(cert), key: readFileSync(key) };
    gateway = await startFakeGateway(echo, gatewayWith(), { tls });
  });
  afterAll(async () => {
    await gateway?.stop();
    authority?.remove();
  });

  const examinedAs = (host: string, ...flags: readonly string[]) => {
    const argv = ['doctor', 'gateway', `https://127.0.0.1:${gateway.port}/orders`, '--host', host];
    return dharma([...argv, '--upstream-echo', echo, ...flags]);
  };

  it('looks at a gateway that an authority vouches for', async () => {
    expect(await examinedAs('shop.example', '--gateway-ca', authority.cert)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/, 0 differ\n$/),
    });
  });

  it.each`
    because                                  | host               | flags
    ${'nobody vouches for it'}               | ${'shop.example'}  | ${() => []}
    ${'its certificate is for another name'} | ${'other.example'} | ${() => ['--gateway-ca', authority.cert]}
  `('sends nothing when $because', async ({ host, flags }: { host: string; flags: () => string[] }) => {
    const before = gateway.received.length;
    const ran = await examinedAs(host, ...flags());
    expect(ran).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('could not be reached') });
    expect(gateway.received).toHaveLength(before);
  });
});

describe('two requests on one connection', () => {
  const base = { path: '/orders', host: 'shop.example', headers: [], ownHeaders: [] };
  const trick = tricksOf(base).find(({ followedBy }) => followedBy !== undefined)!;
  const receipt = (decision: string) => ({
    line: 'GET /orders HTTP/1.1',
    fields: [
      ['Host', 'shop.example'],
      ['X-Dharma-Decision', decision],
    ] as const,
  });

  it.each`
    because                          | decisions                | verdict
    ${'each has its own decision'}   | ${['d-1', 'd-2']}        | ${'same'}
    ${'both were let pass by one'}   | ${['d-1', 'd-1']}        | ${'differs'}
    ${'three came of them'}          | ${['d-1', 'd-2', 'd-3']} | ${'differs'}
    ${'the second was not let pass'} | ${['d-1']}               | ${'same'}
    ${'neither was'}                 | ${[]}                    | ${'refused'}
  `('are $verdict when $because', async ({ decisions, verdict }: { decisions: string[]; verdict: string }) => {
    const attempt = { trick, reply: { kind: 'hung up' } as const, receipts: decisions.map(receipt) };
    const [result] = await judged([attempt], base, receipt('d-0'));
    expect(result!.verdict).toBe(verdict);
  });
});

describe('the tricks', () => {
  const paths = fc
    .stringMatching(/^(?:\/[a-z0-9_~-]{1,8}){0,4}\/?$/)
    .map((path) => (path.startsWith('/') ? path : '/'));

  it('never change anything, whatever the plain request is', () =>
    fc.assert(
      fc.property(paths, fc.constantFrom('shop.example', 'localhost:8080', '[::1]:8080'), (path, host) => {
        const changing = tricksOf({ path, host, headers: [], ownHeaders: ['x-tier'] }).filter(
          ({ method, followedBy = 'GET ', ending, fields }) =>
            !['GET', 'HEAD', 'OPTIONS'].includes(method) ||
            !followedBy.startsWith('GET ') ||
            !['', '0\r\n\r\n'].includes(ending) ||
            fields.some(([name, value]) => name === 'Content-Length' && value !== '0'),
        );
        expect(changing).toEqual([]);
      }),
    ));

  const tricks = tricksOf({ path: '/orders', host: 'shop.example', headers: [], ownHeaders: [] });

  it('have names of their own', () => {
    expect(new Set(tricks.map(({ name }) => name)).size).toBe(tricks.length);
  });

  it.each([...Object.keys(toldHeaders(allowedAnswer())), ...STRIPPED_HEADERS])('type `%s` as a client', (name) => {
    expect(tricks.some(({ typed }) => typed?.name.toLowerCase() === name)).toBe(true);
  });
});
