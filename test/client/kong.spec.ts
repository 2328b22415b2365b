/** The plugin against a development kit that behaves as Kong's does, and real check listeners. */
import { createRequire } from 'node:module';
import * as kongModule from '../../libs/client/src/kong/index.js';
import {
  CLIENT_KEY,
  EDGE_KEY,
  KEYED_SHOP,
  startCheckListeners,
  type CheckListeners,
} from '../protocols/check-listeners.js';

const { Plugin } = kongModule;

let dharma: CheckListeners;

beforeAll(async () => {
  dharma = await startCheckListeners(KEYED_SHOP);
});

afterAll(() => dharma.stop());

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: { readonly [name: string]: string | readonly string[] };
  /** A function of the kit that Kong refuses. */
  readonly broken?: string;
}

/** What a plugin makes of a request: all that Kong was told. */
async function told(
  plugin: InstanceType<typeof Plugin>,
  { method = 'GET', path, query = '', headers = {}, broken }: Sent,
) {
  const upstream = new Map(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  const shared = new Map<string, string>();
  const exits: { status: number; body: string; headers: { readonly [name: string]: string } }[] = [];
  const warnings: string[] = [];
  const call =
    <Arguments extends readonly unknown[], Result>(name: string, work: (...given: Arguments) => Result) =>
    (...given: Arguments): Promise<Result> =>
      name === broken ? Promise.reject(new Error(`PDK method ${name} failed`)) : Promise.resolve(work(...given));
  await plugin.access({
    request: {
      getMethod: call('getMethod', () => method),
      getRawPath: call('getRawPath', () => path),
      getRawQuery: call('getRawQuery', () => query),
      getHeaders: call('getHeaders', (most: number) => Object.fromEntries(Object.entries(headers).slice(0, most))),
    },
    service: {
      request: {
        setHeader: call('setHeader', (name: string, value: string) => void upstream.set(name, value)),
        clearHeader: call('clearHeader', (name: string) => void upstream.delete(name)),
      },
    },
    ctx: { shared: { set: call('set', (name: string, value: string) => void shared.set(name, value)) } },
    response: {
      exit: call('exit', (status: number, body: string, own: { readonly [name: string]: string }) => {
        exits.push({ status, body, headers: own });
      }),
    },
    log: { warn: call('warn', (message: string) => void warnings.push(message)) },
  });
  return { upstream, passed: shared.get('dharma') === 'passed', exits, warnings };
}

const plugin = (more: object = {}) =>
  new Plugin({
    url: `http://127.0.0.1:${dharma.http.port}`,
    key: EDGE_KEY,
    host: 'shop.example',
    timeout_milliseconds: 20_000,
    ...more,
  });

it.each`
  because                                  | sent                                                                                                                  | status
  ${'anybody may read'}                    | ${{ path: '/public/list', query: 'page=2' }}                                                                          | ${undefined}
  ${'nobody is known'}                     | ${{ path: '/admin' }}                                                                                                 | ${401}
  ${'a key opens the office'}              | ${{ path: '/admin', headers: { 'x-api-key': CLIENT_KEY } }}                                                           | ${undefined}
  ${'two senders are nobody'}              | ${{ path: '/public/a', headers: { authorization: ['Bearer a', 'Bearer b'] } }}                                        | ${403}
  ${'nobody vouches by a header'}          | ${{ path: '/admin', headers: { 'x-auth-request-user': 'ann' } }}                                                      | ${401}
  ${'Kong’s own key is not the client’s'}  | ${{ path: '/admin', headers: { 'x-dharma-key': EDGE_KEY } }}                                                          | ${401}
  ${'another host is not asked about'}     | ${{ path: '/admin', headers: { host: 'till.example' } }}                                                              | ${401}
  ${'the raw path is judged'}              | ${{ path: '/public/../admin' }}                                                                                       | ${403}
  ${'and has one spelling'}                | ${{ path: '/%70ublic/a' }}                                                                                            | ${403}
  ${'a header may hide behind a thousand'} | ${{ path: '/public/a', headers: Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`x-${index}`, ''])) }} | ${403}
`('$status: $because', async ({ sent, status }) => {
  const { exits, passed } = await told(plugin(), sent);
  expect(exits.map((exit) => exit.status)).toEqual(status === undefined ? [] : [status]);
  expect(passed).toBe(status === undefined);
  for (const { headers, body } of exits) {
    expect(headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status });
    expect(headers['www-authenticate'] !== undefined).toBe(status === 401);
  }
});

it('tells the service who called, over whatever the client says', async () => {
  const headers = {
    'x-api-key': CLIENT_KEY,
    'x-dharma-role': 'root',
    'x-dharma-principal': 'user:root',
    'x-original-url': '/b',
    'x-keep': 'this',
  };
  const { upstream } = await told(plugin(), { path: '/admin', headers });
  expect(Object.fromEntries(upstream)).toMatchObject({
    'x-dharma-principal': 'client:partner-1',
    'x-dharma-path': '/admin',
    'x-keep': 'this',
  });
  expect(upstream.has('x-dharma-role') || upstream.has('x-original-url')).toBe(false);
});

it.each`
  because                                 | connection                      | status
  ${'a connection may be closed'}         | ${'close'}                      | ${undefined}
  ${'the client takes out its own'}       | ${'keep-alive, X-Trace'}        | ${undefined}
  ${'who called is taken out'}            | ${'close, X-Dharma-Principal'}  | ${403}
  ${'a header of an obligation is'}       | ${'close ,\tX-Customer-Tier'}   | ${403}
  ${'under a name that folds to it'}      | ${'x_customer_tier'}            | ${403}
  ${'whatever of ours it is'}             | ${'X-Dharma-Role'}              | ${403}
  ${'it is in the second of two headers'} | ${['close', 'X-Customer-Tier']} | ${403}
`('$status: Kong clears what `Connection` names after plugins, and $because', async ({ connection, status }) => {
  const { exits, passed } = await told(plugin(), { path: '/public/list', headers: { connection } });
  expect(exits.map((exit) => exit.status)).toEqual(status === undefined ? [] : [status]);
  expect(passed).toBe(status === undefined);
});

it.each(['getMethod', 'getRawPath', 'getRawQuery', 'getHeaders', 'setHeader', 'clearHeader', 'set'])(
  'refuses when Kong fails in %s: what a plugin throws would let the request pass',
  async (broken) => {
    const { exits, passed } = await told(plugin(), { path: '/public/list', broken });
    expect(exits.map(({ status }) => status)).toEqual([503]);
    expect(passed).toBe(false);
  },
);

it('leaves no mark on a request that it could not refuse', async () => {
  const { passed, exits } = await told(plugin(), { path: '/admin', broken: 'exit' });
  expect([passed, exits]).toEqual([false, []]);
});

it.each`
  because                           | config
  ${'nobody answers'}               | ${{ url: 'http://127.0.0.1:1' }}
  ${'its key is wrong'}             | ${{ key: 'edge-1.guess' }}
  ${'its address is none'}          | ${{ url: 'dharma' }}
  ${'its host is not named'}        | ${{ host: undefined }}
  ${'a plain network lies between'} | ${{ url: 'http://dharma.example:8181' }}
`('refuses everything when $because', async ({ config }) => {
  const { exits, passed, warnings } = await told(plugin(config), { path: '/public/list' });
  expect(exits.map(({ status }) => status)).toEqual([503]);
  expect(passed).toBe(false);
  expect(warnings).toHaveLength(1);
});

it('is a module as the plugin server reads it', () => {
  expect(kongModule).toMatchObject({ Name: 'dharma', Version: expect.any(String), Priority: expect.any(Number) });
  expect(kongModule.Schema.map((field) => Object.keys(field)[0])).toEqual(
    expect.arrayContaining(['url', 'key', 'host', 'timeout_milliseconds', 'allow_plaintext']),
  );
  expect(typeof Plugin.prototype.access).toBe('function');
});

it('can be required, as the plugin server does', () => {
  const require = createRequire(import.meta.url);
  expect(require('../../dist/libs/client/src/kong/index.js')).toMatchObject({ Name: 'dharma' });
});
