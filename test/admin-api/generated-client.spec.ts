import { execFile, type ExecFileException } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MemoryDecisionStore } from '#store';
import { lineOf, recorded } from '../decision-log/lines.js';
import { type MemoryAdmin, startMemoryAdmin } from '../sources/memory-admin.js';
import { TOKEN } from './admin-server.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What the API serves, as open-api.spec.ts holds it. */
const DESCRIPTION = join(ROOT, 'docs/openapi.json');
const GENERATOR = join(ROOT, 'node_modules/@hey-api/openapi-ts/bin/run.js');
const COMPILER = join(ROOT, 'node_modules/ts7/bin/tsc');
const SAMPLE = 'admin-client.ts';
const MORE_THAN_A_PAGE = 110;
const COMPILED = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable'],
    module: 'nodenext',
    strict: true,
    noUncheckedIndexedAccess: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
    outDir: 'out',
  },
  include: ['.'],
};

/** Programs that ask what the description does not say, each with what the compiler has to find. */
const WRONG = [
  {
    because: 'a revision is published on a base',
    code: 'const _: PublishBody = { source: "git", files: [], because: "" }',
  },
  { because: 'a base may be null', fine: true, code: 'const _: PublishBody["base"] = null' },
  { because: 'a kind is one of ours', code: 'const _: DocumentsWriteData["path"]["kind"] = "Rule"' },
  { because: 'a verdict is one of two', code: 'const _ = decisionsList({ query: { decision: "maybe" } })' },
  { because: 'a reason is one of ours', code: 'const _ = decisionsList({ query: { reason: "NO_RULE" } })' },
  { because: 'there is no such filter', code: 'const _ = decisionsList({ query: { user: "ann" } })' },
  { because: 'a limit is a number', code: 'const _ = decisionsList({ query: { limit: "10" } })' },
  { because: 'a cursor may be null', code: 'const _ = (page: RecordedDecisionPage): string => page.next' },
  { because: 'a plan is no list', code: 'const _ = (plan: PlanView): PlanView[] => plan' },
  { because: 'a fault has a line', code: 'const _ = (plan: PlanView): string => plan.faults[0]!.line' },
  { because: 'flips may be left out', code: 'const _ = (plan: PlanView): number => plan.flips.points' },
  { because: 'a problem may have no conflicts', code: 'const _ = (problem: ProblemView) => problem.conflicts.length' },
  { because: 'a problem has no such member', code: 'const _ = (problem: ProblemView) => problem.message' },
  { because: 'who conflicts may be unknown', code: 'const _ = (one: ConflictView) => one.revision.author' },
  {
    because: 'every status has its problem',
    fine: true,
    code: 'const _ = (e: DocumentsWriteErrors): ProblemView => e[412]',
  },
  { because: 'a secret is shown when it is made only', code: 'const _ = (key: KeyView) => key.key' },
] as const;

let folder: string;
let admin: MemoryAdmin;
let generated: Ran;
let compiled: Ran;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dharma-generated-'));
  const decisions = new MemoryDecisionStore(200);
  const time = '2026-11-26T10:00:00.000Z';
  const denied = { time, decision: 'deny', reason: 'DENY_RULE', deniedAt: 'acme' } as const;
  const denials = Array.from({ length: MORE_THAN_A_PAGE }, (_, index) =>
    recorded({ id: `denied-${index}`, ...denied }),
  );
  await decisions.write([...denials, recorded({ id: 'allowed', time, decision: 'allow' })].map(lineOf));
  const generating = ran([
    GENERATOR,
    '-i',
    DESCRIPTION,
    '-o',
    'client',
    '-c',
    '@hey-api/client-fetch',
    '--no-log-file',
  ]);
  admin = await startMemoryAdmin({ decisions });
  await copyFile(join(ROOT, 'docs/samples', SAMPLE), join(folder, SAMPLE));
  await mkdir(join(folder, 'wrong'));
  for (const [index, { code }] of WRONG.entries()) {
    const names = [...new Set(code.match(/\b[A-Z]\w+(?:View|Body|Page|Data|Errors)\b/g) ?? [])].map(
      (name) => `type ${name}`,
    );
    if (code.includes('decisionsList(')) names.push('decisionsList');
    await writeFile(
      join(folder, 'wrong', `${index}.ts`),
      `import { ${names.join(', ')} } from '../client/index.js';\nexport ${code};\n`,
    );
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(COMPILED));
  generated = await generating;
  compiled = await ran([COMPILER, '-p', '.']);
});
afterAll(async () => {
  await admin.stop();
  await rm(folder, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly told: string;
}

function ran(argv: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const env = { ...process.env, NO_COLOR: '1', CI: 'true', ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { cwd: folder, env }, (fault: ExecFileException | null, out, err) =>
      resolve({ code: fault === null ? 0 : Number(fault.code), told: `${out}${err}` }),
    );
  });
}

/** What the compiler finds in a file. */
const faultsIn = (file: string): readonly string[] =>
  compiled.told.split('\n').filter((line) => line.startsWith(`${file}(`));

describe('a client generated from the API description', () => {
  it('is made without a complaint', () => {
    expect(generated).toMatchObject({ code: 0 });
    expect(generated.told).not.toMatch(/warn|error|invalid|duplicate|unsupported/i);
  });

  it('compiles, and so does the sample', () => {
    expect(faultsIn(SAMPLE)).toEqual([]);
    expect(compiled.told.split('\n').filter((line) => line.startsWith('client/'))).toEqual([]);
  });

  it('knows every shape: open are only objects that the description leaves open', async () => {
    const types = await readFile(join(folder, 'client/types.gen.ts'), 'utf8');
    expect(types.match(/^.*\b(?:any|unknown)\b.*;$/gm)?.map((line) => line.trim())).toEqual(
      Array.from({ length: 7 }, () => '[key: string]: unknown;'),
    );
  });

  it.each(WRONG.map((one, index) => ({ fine: false, ...one, index })))('$because', ({ index, fine }) => {
    const faults = faultsIn(`wrong/${index}.ts`);
    expect(faults).toEqual(fine ? [] : [expect.stringContaining('.ts(2,')]);
  });

  it('does what the sample says', async () => {
    await admin.publish(SHOP);
    const environment = { DHARMA_SERVER: await admin.app.getUrl(), DHARMA_TOKEN: TOKEN };
    expect(await ran(['out/admin-client.js', 'shop', PROGRAM], environment)).toEqual({
      code: 0,
      told: [
        'revision 2',
        'revision 3: added Domain/program',
        ...Array.from({ length: MORE_THAN_A_PAGE }, () => '2026-11-26T10:00:00.000Z orders/all DENY_RULE acme'),
        '',
      ].join('\n'),
    });
    expect((await admin.ask('GET', '/admin/v1/documents/Policy/shop')).text).toContain('methods: [HEAD]');
    const refused = await ran(['out/admin-client.js', 'none', 'kind: Rule'], environment);
    expect(refused.told).toMatch(
      /^the newest revision has no `Policy\/none`.*\nprogram\.yaml:1:7: `Rule` is not a kind/,
    );
  });
});

const PROGRAM = 'apiVersion: dharma/v1\nkind: Domain\nmetadata: { name: program }\nspec: {}\n';
const SHOP = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec: { access: [anonymous], boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [shop], hosts: [localhost] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec: { rules: [{ id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET] } }] }
`;
