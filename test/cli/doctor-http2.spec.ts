import { readFileSync } from 'node:fs';
import { FLAG, FRAME, headerBlock } from '../../apps/cli/src/doctor/http2-frames.js';
import { statusIn } from '../../apps/cli/src/doctor/http2-status.js';
import { http2TricksOf } from '../../apps/cli/src/doctor/http2-tricks.js';
import { type Authority, createAuthority, hasOpenssl } from '../support/certificates.js';
import {
  type Behaviour,
  type FakeGateway,
  type Head,
  startFakeGateway,
  type Translation,
} from '../support/fake-gateway.js';
import { freePort } from '../support/gateway.js';
import { dharma } from './program.js';

type Fields = Parameters<Translation>[0];

const HOST = 'shop.example';
const PSEUDO = /^:(?:method|scheme|authority|path)$/;
const OF_CONNECTIONS = /^(?:connection|proxy-connection|keep-alive|transfer-encoding|upgrade)$/;
const SET_BY_DHARMA = /^(?:x-dharma-.*|x-http-method-override|x-original-url|x-tier|http2-settings)$/;

/** Why a gateway that goes by RFC 9113 refuses fields, in the words of the tests; undefined: it does not. */
function faultIn(fields: Fields): string | undefined {
  const valuesOf = (name: string) => fields.filter(([each]) => each === name).map(([, value]) => value);
  const [method, authority, path] = [valuesOf(':method'), valuesOf(':authority'), valuesOf(':path')];
  const hosts = [...authority, ...valuesOf('host')];
  const lastPseudo = fields.findLastIndex(([name]) => name.startsWith(':'));
  if (method.length !== 1 || path.length !== 1 || valuesOf(':scheme').length !== 1) return 'counts';
  if (hosts.length === 0 || hosts.some((host) => host !== hosts[0])) return 'hosts';
  if (!/^\/[!-"$-~]*$/.test(path[0]!) && path[0] !== '*') return 'path';
  if (!/^[A-Z]+$/.test(method[0]!) || !/^https?$/.test(valuesOf(':scheme')[0]!)) return 'line';
  if (fields.some(([name], at) => at < lastPseudo && !name.startsWith(':'))) return 'order';
  if (fields.some(([name]) => name.startsWith(':') && !PSEUDO.test(name))) return 'pseudo';
  if (fields.some(([name]) => !/^:?[a-z0-9-]+$/.test(name))) return 'names';
  if (fields.some(([, value]) => /[\0\r\n]/.test(value))) return 'values';
  if (fields.some(([name, value]) => OF_CONNECTIONS.test(name) || (name === 'te' && value !== 'trailers')))
    return 'connection';
  if (valuesOf('content-length').some((length) => length !== '0')) return 'length';
  return valuesOf('authorization').length > 1 ? 'credentials' : undefined;
}

/** A request line and fields as a gateway writes them that puts together what it got, whatever that is. */
function written(fields: Fields): Head {
  const partOf = (name: string) => fields.findLast(([each]) => each === `:${name}`)?.[1] ?? '';
  const authority = fields.filter(([name]) => name === ':authority').map(([, value]) => value);
  const lines = fields.filter(([name]) => !PSEUDO.test(name)).map(([name, value]) => `${name}: ${value}`);
  const text = [
    `${partOf('method')} ${partOf('path')} HTTP/1.1`,
    ...authority.map((host) => `Host: ${host}`),
    ...lines,
  ];
  return text.join('\r\n').split('\r\n');
}

/** A gateway in front of HTTP/1 that forgives what the test says, and after it one that asks Dharma as it should. */
function translationWith(forgives: readonly string[]): Translation {
  return (fields) => {
    const fault = faultIn(fields);
    return fault === undefined || forgives.includes(fault) ? written(fields) : undefined;
  };
}

/** Lets GET pass for one host, and takes out and sets what the shipped configurations do; what it does not see it leaves. */
function behaviourWith(keeps?: RegExp): Behaviour {
  let decisions = 0;
  return ([line = '', ...fields]) => {
    const [, method, target = ''] = /^(\S+) (\S+)/.exec(line) ?? [];
    const named = fields.map((field) => [field.slice(0, field.indexOf(':')), field] as const);
    const hosts = named.filter(([name]) => name.toLowerCase() === 'host').map(([, field]) => field.slice(5).trim());
    if (method !== 'GET' || hosts[0] !== HOST || /\/\.|%|^\/\/|\\/.test(target)) return { status: 403 };
    decisions += 1;
    const kept = named.filter(([name]) => keeps?.test(name) === true || !SET_BY_DHARMA.test(name));
    return [line, ...kept.map(([, field]) => field), `X-Dharma-Decision: d-${decisions}`, `X-Dharma-Path: ${target}`];
  };
}

interface Report {
  readonly http2: string;
  readonly results: readonly {
    readonly name: string;
    readonly verdict: string;
    readonly findings: readonly { readonly concern: string }[];
  }[];
}

const found = ({ results }: Report): readonly string[] =>
  results
    .filter(({ name }) => name.startsWith('HTTP/2: '))
    .flatMap(({ name, findings }) => findings.map(({ concern }) => `${concern}: ${name.slice('HTTP/2: '.length)}`));

describe('dharma doctor gateway by HTTP/2', () => {
  let gateway: FakeGateway | undefined;
  afterEach(() => gateway?.stop());

  const examined = async (behaviour: Behaviour, http2: Translation | undefined, ...flags: readonly string[]) => {
    const echo = `127.0.0.1:${await freePort()}`;
    gateway = await startFakeGateway(echo, behaviour, http2 === undefined ? {} : { http2 });
    const argv = ['doctor', 'gateway', `http://127.0.0.1:${gateway.port}/orders`, '--host', HOST, '--patience', '1'];
    return dharma([...argv, '--upstream-echo', echo, '--own-header', 'x-tier', ...flags]);
  };
  const reported = async (behaviour: Behaviour, http2?: Translation): Promise<Report> => {
    const { stdout } = await examined(behaviour, http2, '--format', 'json');
    return JSON.parse(stdout) as Report;
  };

  it('finds nothing where everybody reads the same, and sends every trick', async () => {
    const report = await reported(behaviourWith(), translationWith([]));
    const byHttp2 = report.results.filter(({ name }) => name.startsWith('HTTP/2: '));
    expect({ http2: report.http2, found: found(report) }).toEqual({ http2: 'tried', found: [] });
    expect(byHttp2).toHaveLength(
      http2TricksOf({ path: '/', host: HOST, headers: [], ownHeaders: ['x-tier'] }, 'http').length,
    );
    expect(byHttp2.filter(({ verdict }) => verdict === 'same').map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'HTTP/2: plain request',
        'HTTP/2: host in place of the authority',
        'HTTP/2: te: trailers',
      ]),
    );
  });

  it.each`
    because                                         | forgives           | keeps                     | finding
    ${'the host beside the authority is passed on'} | ${['hosts']}       | ${undefined}              | ${'host: foreign host beside the authority'}
    ${'one of two authorities is taken'}            | ${['hosts']}       | ${undefined}              | ${'host: two authorities'}
    ${'the path is a whole address'}                | ${['path']}        | ${undefined}              | ${'target: path with a foreign host'}
    ${'a path does not start at the top'}           | ${['path']}        | ${undefined}              | ${'target: path that does not start at the top'}
    ${'a path ends the request line'}               | ${['path']}        | ${undefined}              | ${'framing: line break in the path'}
    ${'the method holds a path'}                    | ${['line']}        | ${undefined}              | ${'target: method with a path'}
    ${'a name in upper case is not looked for'}     | ${['names']}       | ${undefined}              | ${'ours: header X-Dharma-Principal'}
    ${'nor the name that a rule sets'}              | ${['names']}       | ${undefined}              | ${'own: header X-Tier'}
    ${'a name ends a field'}                        | ${['names']}       | ${/^x-dharma-actor$/}     | ${'framing: line break in a name'}
    ${'a value ends a field'}                       | ${['values']}      | ${undefined}              | ${'framing: line break in a value'}
    ${'a name that nobody else has is passed on'}   | ${['pseudo']}      | ${undefined}              | ${'framing: unknown pseudo-header'}
    ${'a length without a body is passed on'}       | ${['length']}      | ${undefined}              | ${'framing: content-length: 7'}
    ${'an encoding is passed on'}                   | ${['connection']}  | ${undefined}              | ${'framing: transfer-encoding: chunked'}
    ${'what is about one connection is passed on'}  | ${['connection']}  | ${undefined}              | ${'framing: te: gzip'}
    ${'an upgrade is passed on'}                    | ${['connection']}  | ${undefined}              | ${'upgrade: upgrade to h2c'}
    ${'two credentials are'}                        | ${['credentials']} | ${undefined}              | ${'repeated: two credentials'}
    ${'a client speaks as Dharma by HTTP/2 alone'}  | ${[]}              | ${/^x-dharma-principal$/} | ${'ours: header x-dharma-principal'}
  `(
    'finds it where $because',
    async ({ forgives, keeps, finding }: { forgives: string[]; keeps?: RegExp; finding: string }) => {
      expect(found(await reported(behaviourWith(keeps), translationWith(forgives)))).toContain(finding);
    },
  );

  it('finds a gateway that asks nobody by HTTP/2', async () => {
    const asking = behaviourWith();
    const unasked = (fields: Fields): Head => [...written(fields), 'doctor-way: http2'];
    const behaviour: Behaviour = (head) => (head.includes('doctor-way: http2') ? head : asking(head));
    expect(found(await reported(behaviour, unasked))).toContain('asked: plain request');
  });

  it('sends no tricks by it where even the plain request does not come through', async () => {
    const { stdout } = await examined(behaviourWith(), () => undefined);
    expect(stdout).toMatch(
      /\nrefused {2}HTTP\/2: plain request: hung up\nHTTP\/2 was not tried: by it the plain request/,
    );
  });

  it('says so where the gateway speaks HTTP/1 alone', async () => {
    expect(await reported(behaviourWith())).toMatchObject({ http2: 'not spoken' });
  });
});

(hasOpenssl ? describe : describe.skip)('dharma doctor gateway by HTTP/2 and TLS', () => {
  let authority: Authority;
  beforeAll(() => {
    authority = createAuthority('Gateways');
  });
  afterAll(() => authority?.remove());

  it.each`
    because                          | protocols             | http2
    ${'the gateway chooses HTTP/2'}  | ${['h2', 'http/1.1']} | ${'tried'}
    ${'the gateway chooses HTTP/1'}  | ${['http/1.1']}       | ${'not spoken'}
    ${'the gateway does not choose'} | ${undefined}          | ${'not spoken'}
  `('goes by what is agreed on: $because', async ({ protocols, http2 }: { protocols?: string[]; http2: string }) => {
    const { cert, key } = authority.issue('gateway', { dns: HOST });
    const echo = `127.0.0.1:${await freePort()}`;
    const tls = { cert: readFileSync(cert), key: readFileSync(key), ...(protocols && { ALPNProtocols: protocols }) };
    const gateway = await startFakeGateway(echo, behaviourWith(), { tls, http2: translationWith([]) });
    const argv = ['doctor', 'gateway', `https://127.0.0.1:${gateway.port}/orders`, '--host', HOST, '--patience', '1'];
    const { stdout } = await dharma([
      ...argv,
      '--upstream-echo',
      echo,
      '--gateway-ca',
      authority.cert,
      '--format',
      'json',
    ]);
    await gateway.stop();
    const report = JSON.parse(stdout) as Report;
    expect({ http2: report.http2, found: found(report) }).toEqual({ http2, found: [] });
  });
});

describe('the status of an answer by HTTP/2', () => {
  const literal = headerBlock([[':status', '403']]);

  it.each`
    because                                         | flags                          | bytes                                    | status
    ${'everybody knows the usual ones by number'}   | ${0}                           | ${[0x88]}                                | ${200}
    ${'and the last of them'}                       | ${0}                           | ${[0x8e]}                                | ${500}
    ${'its name may be a number, its value a text'} | ${0}                           | ${[0x08, 0x03, 0x34, 0x30, 0x33]}        | ${403}
    ${'it may be put into a table'}                 | ${0}                           | ${[0x48, 0x03, 0x34, 0x30, 0x33]}        | ${403}
    ${'its digits may be in the code of Huffman'}   | ${0}                           | ${[0x48, 0x82, 0x64, 0x02]}              | ${302}
    ${'name and value may be texts'}                | ${0}                           | ${[...literal]}                          | ${403}
    ${'the size of a table may stand before it'}    | ${0}                           | ${[0x20, 0x3f, 0xe1, 0x1f, 0x88]}        | ${200}
    ${'padding may stand around it'}                | ${FLAG.padded}                 | ${[2, 0x8c, 0, 0]}                       | ${400}
    ${'a priority may stand before it'}             | ${FLAG.padded | FLAG.priority} | ${[0, 0, 0, 0, 0, 9, 0x8d]}              | ${404}
    ${'another field is none'}                      | ${0}                           | ${[0x82]}                                | ${undefined}
    ${'a number of no field is none'}               | ${0}                           | ${[0xff, 0xff, 0xff, 0x7f]}              | ${undefined}
    ${'another name is none'}                       | ${0}                           | ${[...headerBlock([['server', '403']])]} | ${undefined}
    ${'what is no number is none'}                  | ${0}                           | ${[0x08, 0x03, 0x34, 0x30, 0x78]}        | ${undefined}
    ${'nothing is none'}                            | ${0}                           | ${[]}                                    | ${undefined}
  `('is $status: $because', ({ flags, bytes, status }: { flags: number; bytes: number[]; status?: number }) => {
    expect(statusIn({ type: FRAME.headers, flags, stream: 1, payload: Buffer.from(bytes) })).toBe(status);
  });
});

describe('the tricks of HTTP/2', () => {
  const tricks = http2TricksOf({ path: '/orders', host: HOST, headers: [], ownHeaders: ['x-tier'] }, 'https');

  it('have names of their own', () => {
    expect(new Set(tricks.map(({ name }) => name)).size).toBe(tricks.length);
  });

  it('never change anything', () => {
    const methods = tricks
      .flatMap(({ pseudo, fields }) => [...pseudo, ...fields])
      .filter(([name]) => name === ':method');
    expect(methods.map(([, value]) => value.split(' ')[0])).not.toContainEqual(
      expect.not.stringMatching(/^(?:GET|HEAD|OPTIONS)$/),
    );
  });
});
