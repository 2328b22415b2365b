import { PassThrough, Readable, Writable } from 'node:stream';
import { run } from '../../apps/cli/src/program.js';
import { collector, dharma, folderWith, SHOP } from './program.js';

const shop = folderWith({ 'shop.yaml': SHOP });
const broken = folderWith({ 'broken.yaml': SHOP.replace('kind: Service', 'kind: Servise') });
const GET = '{"target":{"host":"localhost","method":"GET","path":"/orders"}}';
const POST = '{"target":{"host":"localhost","method":"POST","path":"/orders"}}';

function answers(stdout: string) {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly [member: string]: unknown });
}

describe('dharma decide', () => {
  it('answers in order, in the shape of the contract', async () => {
    const { code, stdout, stderr } = await dharma(['decide', '--policies', shop], { stdin: `${GET}\n${POST}\n${GET}` });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [first, second, third, ...more] = answers(stdout);
    expect(first).toEqual({
      decision: 'allow',
      reason: 'ALLOW_SLOW',
      route: 'slow',
      deniedAt: null,
      meeting: '*',
      crossed: ['shop'],
      rules: ['shop/read'],
      obligations: [],
      revision: 1,
      ageSeconds: 0,
      decisionId: 'line-1',
      ttlSeconds: 30,
    });
    expect(second).toMatchObject({ decision: 'deny', reason: 'NO_ALLOW_RULE', deniedAt: 'shop' });
    expect(third).toMatchObject({ decision: 'allow', decisionId: 'line-3' });
    expect(more).toEqual([]);
  });

  it.each`
    because                                            | line                                                   | code                   | message
    ${'it is no JSON'}                                 | ${'{"target":'}                                        | ${'request-malformed'} | ${/./}
    ${'an empty line asks nothing'}                    | ${''}                                                  | ${'request-malformed'} | ${/./}
    ${'a member that does not exist is never ignored'} | ${'{"targets":{}}'}                                    | ${'request-malformed'} | ${/`targets`/}
    ${'JSON does not say which of two members counts'} | ${'{"target":{"topic":"a","topic":"b","action":"c"}}'} | ${'request-malformed'} | ${/`topic`/}
    ${'it is longer than any request may be'}          | ${`"${'x'.repeat(1024 * 1024)}"`}                      | ${'request-too-large'} | ${/1048576 bytes/}
  `(
    'answers a bad line in its place: $because',
    async ({ line, code, message }: { line: string; code: string; message: RegExp }) => {
      const ran = await dharma(['decide', '--policies', shop], { stdin: `${GET}\n${line}\n${POST}\n` });
      expect(ran.code).toBe(1);
      const [first, second, third, ...more] = answers(ran.stdout);
      expect(first).toMatchObject({ decision: 'allow' });
      expect(second).toEqual({ error: { code, message: expect.stringMatching(message), line: 2 } });
      expect(third).toMatchObject({ decision: 'deny' });
      expect(more).toEqual([]);
    },
  );

  it('refuses bytes that are no UTF-8', async () => {
    const stdin = [Buffer.from([0x22, 0xff, 0x22, 0x0a])];
    const { code, stdout } = await dharma(['decide', '--policies', shop], { stdin });
    expect(code).toBe(1);
    expect(answers(stdout)).toMatchObject([{ error: { code: 'request-not-json', line: 1 } }]);
  });

  it('reads lines however the stream is cut, characters included', async () => {
    const text = `${GET.replace('/orders', '/%C3%BC').replace('"target"', '"claimed":{"name":"ü"},"target"')}\n${POST}\r\n`;
    const whole = await dharma(['decide', '--policies', shop], { stdin: text });
    const bytes = await dharma(['decide', '--policies', shop], {
      stdin: [...Buffer.from(text)].map((byte) => Buffer.from([byte])),
    });
    expect(bytes).toEqual(whole);
    expect(whole.code).toBe(0);
  });

  it('takes a request without `time` to be asked now', async () => {
    const dated = folderWith({ 'shop.yaml': SHOP.replace('what:', 'notAfter: 2027-01-01T00:00:00Z, what:') });
    const before = await dharma(['decide', '--policies', dated], { stdin: GET, now: '2026-12-31T23:59:59Z' });
    const after = await dharma(['decide', '--policies', dated], { stdin: GET, now: '2027-01-01T00:00:00Z' });
    expect([before, after].map(({ stdout }) => answers(stdout)[0]!['decision'])).toEqual(['allow', 'deny']);
  });

  it('denies who has seen a later revision, and explains on request', async () => {
    const stdin = [`{"minRevision":2,${GET.slice(1)}\n`, `{"explain":true,${GET.slice(1)}\n`];
    const [tooOld, explained] = answers((await dharma(['decide', '--policies', shop], { stdin })).stdout);
    expect(tooOld).toMatchObject({ decision: 'deny', reason: 'POLICY_TOO_OLD' });
    expect(explained).toMatchObject({ decision: 'allow', explanation: expect.any(Object) });
  });

  it('says nothing on standard output about an invalid set', async () => {
    const { code, stdout, stderr } = await dharma(['decide', '--policies', broken], { stdin: GET });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/broken\.yaml:7:7: .*`Servise`/);
  });

  it('answers each request as it comes, before the next one is there', async () => {
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    const running = run(['decide', '--policies', shop], { ...streams(), stdin, stdout });
    const replies: string[] = [];
    for (const request of [GET, POST]) {
      stdin.write(`${request}\n`);
      replies.push(String(await new Promise((resolve) => stdout.once('data', resolve))));
    }
    stdin.end();
    expect(await running).toBe(0);
    expect(replies.map((reply) => answers(reply)[0]!['decision'])).toEqual(['allow', 'deny']);
  });

  it('waits for a slow reader instead of filling memory', async () => {
    let read = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          read += 1;
          yield `${GET}\n`;
        }
      })(),
      { objectMode: false },
    );
    const stuck = new Writable({ highWaterMark: 1, write: () => undefined });
    const running = run(['decide', '--policies', shop], { ...streams(), stdin: endless, stdout: stuck });
    const settled = await Promise.race([
      running.then(() => 'done'),
      new Promise((resolve) => setTimeout(resolve, 300, 'waiting')),
    ]);
    expect(settled).toBe('waiting');
    expect(read).toBeLessThan(10_000);
    stuck.destroy();
    expect(await running).toBe(1);
  });

  it('ends quietly when its reader is gone', async () => {
    const gone = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('EPIPE'), { code: 'EPIPE' })),
    });
    const stderr = collector();
    const code = await run(['decide', '--policies', shop], {
      ...streams(),
      stdin: Readable.from([`${GET}\n`, `${GET}\n`, `${GET}\n`], { objectMode: false }),
      stdout: gone,
      stderr: stderr.stream,
    });
    expect({ code, stderr: stderr.text() }).toEqual({ code: 1, stderr: '' });
  });
});

function streams() {
  return {
    stderr: collector().stream,
    cwd: process.cwd(),
    environment: {},
    program: 'dharma',
    now: () => Date.parse('2026-12-24T12:00:00Z'),
  };
}
