import { dharma, folderWith, SHOP } from './program.js';

const shop = folderWith({ 'shop.yaml': SHOP });
const VERBS = [
  ['serve', 'init', 'validate', 'fmt', 'test', 'decide', 'explain', 'verify', 'bench', 'schema'],
  ['status', 'plan', 'apply', 'keys', 'operators', 'migrate', 'doctor', 'nats-callout'],
].flat();
/** Two measurements of a second each, on a machine that may be busy. */
const MEASURING_MILLISECONDS = 60_000;
const SUBVERBS = ['keys create', 'keys list', 'keys revoke', 'operators create', 'operators list', 'operators revoke'];

describe('dharma', () => {
  it('lists its verbs', async () => {
    const { code, stdout, stderr } = await dharma(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const verb of VERBS) expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
  });

  it('lists them in the order in which somebody new needs them, each in a group', async () => {
    const { stdout } = await dharma(['--help']);
    const groups = stdout.match(/^[A-Z].*:$/gm);
    expect(groups).toEqual([
      'Options:',
      'Policies in a folder:',
      'Servers:',
      'What a server decides by:',
      'What holds in a domain:',
      'What was decided and done:',
      'Keys and tokens:',
    ]);
    expect(
      stdout
        .match(/^  [a-z][a-z-]*/gm)!
        .map((line) => line.trim())
        .slice(0, 3),
    ).toEqual(['init', 'validate', 'fmt']);
    expect(stdout).toMatch(/\nBegin with `dharma init`;.*\n$/);
  });

  it('shows what is a verb’s own before the way to a server, what is required, and nothing that goes without saying', async () => {
    const { stdout } = await dharma(['apply', '--help']);
    const places = ['--because', '--yes', 'To reach the server:', '--server', '--timeout', 'Example:'].map((text) =>
      stdout.indexOf(text),
    );
    expect(places).toEqual([...places].sort((left, right) => left - right));
    expect(places[0]).toBeGreaterThan(0);
    expect(stdout).toMatch(/--because <text> .*\(required\)/);
    expect(stdout).not.toContain('default: false');
  });

  it.each([[[]], [['plan']], [['keys', 'create']]])('takes help for a verb: %j', async (verb) => {
    const [help, asked] = [await dharma(['help', ...verb]), await dharma([...verb, '--help'])];
    expect(help).toEqual({ code: 0, stdout: asked.stdout, stderr: '' });
  });

  it.each(VERBS)('shows an example of %s', async (verb) => {
    const { code, stdout, stderr } = await dharma([verb, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`Example:\n  dharma ${verb}`));
  });

  it.each([...SUBVERBS, 'operators recover', 'doctor gateway'])('shows an example of %s', async (verb) => {
    const { code, stdout } = await dharma([...verb.split(' '), '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Usage: dharma ${verb} .*Example:\n  dharma ${verb}`, 's'));
  });

  it('is called in hints the way it was called', async () => {
    const program = './dharma';
    expect((await dharma(['decide', '--help'], { program })).stdout).toContain('\n  ./dharma decide --policies');
    expect((await dharma(['serve', '--help'], { program })).stdout).toContain('\n  ./dharma serve --policies');
    expect((await dharma(['valdate'], { program })).stderr).toContain('`./dharma --help`');
    expect((await dharma(['init'], { program, cwd: folderWith({}) })).stderr).toContain('\n  ./dharma test policies');
  });

  it('prints its version', async () => {
    expect(await dharma(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it.each`
    because                              | argv                                               | message
    ${'a verb is misspelt'}              | ${['valdate', '.']}                                | ${'unknown command `valdate`. Did you mean `validate`?'}
    ${'a flag is misspelt'}              | ${['validate', '.', '--strct']}                    | ${'unknown option `--strct`. Did you mean `--strict`?'}
    ${'an engine does not exist'}        | ${['decide', '--policies', '.', '--engine', 'x']}  | ${'Allowed choices are fast, specification, casbin'}
    ${'a flag that must be is missing'}  | ${['decide']}                                      | ${'required option `--policies <dir>` not specified'}
    ${'a word is too many'}              | ${['init', 'a', 'b']}                              | ${'too many arguments'}
    ${'a number is none'}                | ${['verify', '.', '--count', '1e3']}               | ${'It must be a whole number from 1 to'}
    ${'a share is none'}                 | ${['verify', '.', '--casbin-share', '2']}          | ${'It must be a number from 0 to 1'}
    ${'a word belongs to no flag'}       | ${['serve', 'policies']}                           | ${'too many arguments'}
    ${'a folder is not there'}           | ${['verify', 'nowhere']}                           | ${'there is no folder or file `nowhere`'}
    ${'a setting of the server is none'} | ${['serve', '--policies', '.', '--http-adress=x']} | ${'Did you mean `--http-address`?'}
  `(
    'explains on standard error what is wrong when $because',
    async ({ argv, message }: { argv: string[]; message: string }) => {
      const { code, stdout, stderr } = await dharma(argv, { cwd: shop });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(message);
      expect(stderr).not.toMatch(/\n {4}at /);
    },
  );

  it('shows its verbs, as a fault, when it is given none', async () => {
    expect(await dharma([])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('validate') });
  });

  it.each`
    because                             | isTerminal | environment          | coloured
    ${'nobody looks at a pipe'}         | ${false}   | ${{}}                | ${false}
    ${'a person looks'}                 | ${true}    | ${{}}                | ${true}
    ${'the person wants none'}          | ${true}    | ${{ NO_COLOR: '1' }} | ${false}
    ${'an empty NO_COLOR says nothing'} | ${true}    | ${{ NO_COLOR: '' }}  | ${true}
    ${'the terminal has none'}          | ${true}    | ${{ TERM: 'dumb' }}  | ${false}
  `(
    'colours or not: $because',
    async ({ isTerminal, environment, coloured }: { isTerminal: boolean; environment: {}; coloured: boolean }) => {
      const { stderr } = await dharma(['validate', shop], { isTerminal, environment });
      expect(stderr.includes('\u001B[')).toBe(coloured);
    },
  );
});

describe('dharma verify', () => {
  it('says that the engines agree, and on what', async () => {
    const { code, stdout, stderr } = await dharma(['verify', shop, '--count', '1000', '--seed', '3']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^all engines agree on 1,000 requests \(specification 1,000, fast 1,000, casbin 100\)\n/);
    expect(stdout).toMatch(/ALLOW_SLOW +\d/);
    expect(stderr).toContain('compared: 500 of 1,000 (50 %)\n');
  });

  it('gives figures as JSON, the same for the same seed', async () => {
    const argv = ['verify', shop, '--count', '500', '--casbin-share', '0', '--format', 'json'];
    const [first, second] = [await dharma(argv), await dharma(argv)];
    expect(JSON.parse(first.stdout)).toMatchObject({ agreed: true, requests: 500, asked: { fast: 500 } });
    expect(second.stdout).toBe(first.stdout);
  });

  it('reads requests from a file, and names the line that is none', async () => {
    const GET = '{"target":{"host":"localhost","method":"GET","path":"/"}}';
    const cwd = folderWith({ 'shop/shop.yaml': SHOP, 'good.jsonl': `${GET}\n${GET}\n`, 'bad.jsonl': `${GET}\n{}\n` });
    const good = await dharma(['verify', 'shop', '--requests', 'good.jsonl', '--casbin-share', '1'], { cwd });
    expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('agree on 2 requests') });
    const bad = await dharma(['verify', 'shop', '--requests', 'bad.jsonl'], { cwd });
    expect(bad).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('bad.jsonl:2:1: ') });
    expect(await dharma(['verify', 'shop', '--requests', 'none.jsonl'], { cwd })).toMatchObject({ code: 2 });
  });

  it('redraws one line of progress on a terminal and takes it away', async () => {
    const { stderr } = await dharma(['verify', shop, '--count', '500', '--casbin-share', '0'], { isTerminal: true });
    expect(stderr).toContain('500 of 500 (100 %)');
    expect(stderr.endsWith('\r\u001B[2K')).toBe(true);
  });
});

describe('dharma bench', () => {
  it(
    'measures',
    async () => {
      const { code, stdout } = await dharma(['bench', shop, '--seconds', '1', '--requests', '100', '--format', 'json']);
      expect(code).toBe(0);
      const figures = JSON.parse(stdout);
      expect(figures).toMatchObject({ rules: 1, requests: 100 });
      expect(figures.decisionsPerSecond).toBeGreaterThan(1000);
      const { fastest, median, slowest } = figures.nanosecondsPerDecision;
      expect([fastest, median, slowest]).toEqual([fastest, median, slowest].toSorted((left, right) => left - right));
      const { stdout: table } = await dharma(['bench', shop, '--seconds', '1', '--requests', '100']);
      expect(table).toMatch(/^a decision +[\d.,]+ ns \(/m);
    },
    MEASURING_MILLISECONDS,
  );
});
