import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProgram, stopPrograms } from '../support/program.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const README = join(ROOT, 'README.md');
/** A program may have to be built before it starts, on a machine that does other things too. */
const PROGRAM_MILLISECONDS = 60_000;
const FREE_PORTS = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'];
const README_PORTS = { grpc: '127.0.0.1:9191', http: '127.0.0.1:8181', admin: '127.0.0.1:8282' };
const itWithCurl = spawnSync('curl', ['--version']).status === 0 ? it : it.skip;

let folder: string;

/** What the program says that all but one test is about. */
let welcomed: Welcome;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dharma-welcome-'));
  welcomed = await welcome(['--data-dir', folder]);
}, PROGRAM_MILLISECONDS);

afterAll(async () => {
  await stopPrograms();
  // A PostgreSQL whose server was killed ends a moment after it.
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

describe('what `npm start` prints', () => {
  itWithCurl(
    'can be pasted: one request allowed, one denied, and the denial explained',
    async () => {
      const { text } = welcomed;
      const commands = text.split('\n').flatMap((line) => /^ {2}((?:curl|\S*dharma) .*)$/.exec(line)?.[1] ?? []);
      expect(commands).toHaveLength(3);
      const [allowed, denied, explained] = await Promise.all(commands.map(printedBy));
      expect(JSON.parse(allowed!)).toMatchObject({ decision: 'allow', reason: 'ALLOW_SLOW' });
      expect(JSON.parse(denied!)).toMatchObject({ decision: 'deny', reason: 'NO_ALLOW_RULE' });
      expect(JSON.parse(explained!)).toMatchObject({
        decision: 'deny',
        explanation: { nearestMiss: { changes: expect.any(Array) }, owner: { domain: 'shop' } },
      });
      for (const answer of [allowed, denied, explained]) expect(answer).toMatch(/\n$/);
    },
    PROGRAM_MILLISECONDS,
  );

  it(
    'leads on to an explanation for people, as the README shows it',
    async () => {
      const { addresses } = welcomed;
      const ask = './dharma explain --server --host localhost --method POST --path /orders';
      const explained = await printedBy(ask.replace('--server', `--server http://${addresses['http']}`));
      for (const line of shownOf(ask, await readFile(README, 'utf8'))) expect(explained).toContain(line);
    },
    PROGRAM_MILLISECONDS,
  );

  it('is what the README shows', async () => {
    const { text, addresses } = welcomed;
    const readme = await readFile(README, 'utf8');
    const shown = Object.entries(README_PORTS).reduce(
      (so, [listener, address]) => so.replaceAll(addresses[listener]!, address),
      text,
    );
    expect(readme).toContain(shown.trim());
  });

  it(
    'asks nothing about other policies than its own, and names their cases',
    async () => {
      const { text } = await welcome(['--policies', 'policies/examples/retail']);
      expect(text).not.toContain('curl');
      const command = /^ {2}(\S+dharma test .*)$/m.exec(text)?.[1];
      expect(command).toBeDefined();
      expect(await printedBy(command!)).toMatch(/retail: \d+ passed, 0 failed/);
    },
    PROGRAM_MILLISECONDS,
  );
});

interface Welcome {
  readonly text: string;
  readonly addresses: { readonly [listener: string]: string };
}

async function welcome(argv: readonly string[]): Promise<Welcome> {
  const program = startProgram([...FREE_PORTS, ...argv]);
  await program.says('until Ctrl-C');
  const text = program.output.standard.replaceAll(/\S+\/operator-token/g, '.dharma/operator-token');
  const addressOf = (title: string) => new RegExp(`^ {2}${title} +(\\S+)$`, 'm').exec(text)?.[1] ?? '';
  const addresses = {
    grpc: addressOf('gateways, gRPC'),
    http: addressOf('gateways, HTTP'),
    admin: addressOf('operators'),
  };
  return { text, addresses };
}

/** What the README shows below a command, without the places it cuts. */
function shownOf(command: string, readme: string): readonly string[] {
  const block = readme.split('```').find((text) => text.startsWith(`\n$ ${command}\n`)) ?? '';
  const lines = block.trim().split('\n').slice(1);
  expect(lines.length).toBeGreaterThan(3);
  return lines.filter((line) => line !== '…');
}

/** Everything that a shell shows of a command, at the root of the clone. */
function printedBy(command: string): Promise<string> {
  return new Promise((done) => {
    execFile('sh', ['-c', command], { cwd: ROOT }, (fault, out, error) =>
      done(fault === null && command.startsWith('curl') ? out : out + error),
    );
  });
}
