import { type Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { quietCommand } from './command.js';
import { choice, REPORT_FORMATS, TEXT_OR_JSON, wayTo, wholeNumber } from './options.js';
import { inOrder } from './help.js';
import { printable } from './printable.js';
import { auditVerbs } from './program-audit.js';
import { doctorVerb } from './program-doctor.js';
import { natsCalloutVerb } from './program-nats.js';
import { historyVerbs } from './program-history.js';
import { proposalVerbs } from './program-proposals.js';
import { administering, serverVerbs } from './program-server.js';
import { type ExitCode, OutputClosed, Stop, type Streams, type Terminal, terminalOf } from './terminal.js';
import { version } from './version.js';

/** Mirrors what the verbs know, so that `--help` loads none of them. */
const ENGINES = ['fast', 'specification', 'casbin'];
const UNDECIDED = ['refuse', 'pass'];
const EXPORT_TARGETS = ['istio', 'envoy-rbac', 'kubernetes-networkpolicy', 'cilium', 'linkerd'];

/**
 * Runs one command.
 *
 * @param argv     the words after the program's name
 * @param streams  what it reads, writes and stands in
 * @returns the exit code: 0 done, 1 the answer is no, 2 usage, 3 the server could not be reached, 4 conflict
 */
export async function run(argv: readonly string[], streams: Streams): Promise<number> {
  const terminal = terminalOf(streams);
  let code = 0;
  const verbs = program(terminal, (given) => {
    code = given;
  });
  try {
    // `help VERB` is how many programs say it.
    const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
    await verbs.parseAsync(words, { from: 'user' });
    return code;
  } catch (fault) {
    // An answer that nobody took is no yes; and nobody is there to read why.
    if (fault instanceof OutputClosed) return 1;
    return complain(terminal, fault).catch(() => 1);
  }
}

/** The table of verbs. Each is loaded when it is called. */
function program(terminal: Terminal, exit: (code: number) => void): Command {
  const dharma = quietCommand('dharma', terminal)
    .description('Decides who may call which API, across trust domains that nest.')
    .version(version(), '--version', 'print the version')
    .addHelpText(
      'after',
      `\nBegin with \`${terminal.program} init\`; \`${terminal.program} VERB --help\` shows the flags of a verb, with an example.`,
    );
  const verb = (name: string, sentence: string, example: string): Command =>
    dharma.command(name).description(sentence).addHelpText('after', `\nExample:\n  ${terminal.program} ${example}`);

  verb('serve', 'answer gateways and applications', 'serve --policies policies/quickstart')
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .argument('[flags...]', 'the settings of the server; `dharma serve --help` lists them')
    .action(async (flags: string[]) => {
      const { serve } = await import('./serve.js');
      exit(await serve(terminal, flags));
    });

  verb('import', 'make documents of what casbin, OpenAPI or Kubernetes say', 'import openapi shop.yaml --domain shop')
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .argument('[words...]', 'what is read, and its flags; `dharma import --help` lists them')
    .action(async (words: string[]) => {
      const { importProgram } = await import('./program-import.js');
      await importProgram(terminal, words, exit);
    });

  verb('init', 'write a starter policy folder', 'init policies')
    .argument('[dir]', 'a new or empty folder', 'policies')
    .action(async (directory: string) => {
      const { init } = await import('./init.js');
      exit(await init(terminal, directory));
    });

  verb('validate', 'show every fault of a policy set, as `file:line:column: message`', 'validate policies --strict')
    .argument('<dir...>', 'folders, each a policy set of its own')
    .addOption(choice('--format <format>', 'how faults are written', REPORT_FORMATS, 'text'))
    .addOption(new Option('--strict', 'let warnings fail too').default(false).conflicts('part'))
    .option('--part', 'a folder is part of a set: what it names may be elsewhere', false)
    .action(async (directories: string[], options) => {
      const { validate } = await import('./validate.js');
      exit(await validate(terminal, directories, options));
    });

  verb('fmt', 'rewrite policy files in their canonical form', 'fmt --check policies')
    .argument('<path...>', 'folders or files; `-` reads standard input and writes standard output')
    .option('--check', 'write nothing; name the files that are not canonical and fail', false)
    .action(async (paths: string[], options) => {
      const { fmt } = await import('./fmt.js');
      exit(await fmt(terminal, paths, options));
    });

  verb('test', 'run the Test documents of a policy set', 'test policies --format junit > report.xml')
    .argument('<dir>', 'folder of policy documents')
    .addOption(engineOption())
    .option('--coverage', 'tell which rules, boundaries and closed exits decided nothing', false)
    .option('--min <percent>', 'with coverage: fail below this', wholeNumber(0, 100))
    .addOption(choice('--format <format>', 'how results are written', REPORT_FORMATS, 'text'))
    .action(async (directory: string, options) => {
      const { test } = await import('./test.js');
      exit(await test(terminal, directory, options));
    });

  verb('decide', 'answer JSON requests, one a line', 'decide --policies policies < requests.jsonl > answers.jsonl')
    .addOption(policiesOption())
    .addOption(engineOption())
    .action(async (options) => {
      const { decide } = await import('./decide.js');
      exit(await decide(terminal, options));
    });

  const explainVerb = verb(
    'explain',
    'answer one request and say why',
    'explain --policies policies --host localhost --method POST --path /orders',
  )
    .argument('[request]', 'file with one JSON request; `-` is standard input; or the id of a recorded decision')
    .option('--policies <dir>', 'folder of policy documents to answer by')
    .option('--token-file <file>', "with an id: file of an operator's token; `--server` is the admin listener then")
    .option('--server [url]', 'the HTTP listener of a server to ask instead (default http://127.0.0.1:8181)')
    .option('--key-file <file>', 'with --server: the key of an enforcement point, `<id>.<secret>`')
    .option('--endpoint <service/endpoint>', 'the target by name')
    .option('--host <host>', 'the target by address')
    .option('--method <method>', 'its method (default with --host: GET)')
    .option('--path <path>', 'its path (default with --host: /)')
    .option('--rpc </package.Service/Method>', 'the target as an RPC')
    .option('--topic <topic>', 'the target as a topic')
    .option('--resource <type:id>', 'the target as a resource')
    .option('--action <name>', 'what is done to the topic or resource')
    .option('--evidence <mechanism=subject>', 'an item of evidence; repeatable', gathered, [])
    .option('--trust <mechanism=subject>', 'the same with the role trust, which --server cannot know', gathered, [])
    .option('--scope <scope>', 'a scope of every credential given; repeatable', gathered, [])
    .option('--group <group>', 'a group of every credential given; repeatable', gathered, [])
    .option('--claim <name=value>', 'a claim of every credential given; repeatable', gathered, [])
    .option('--header <name=value>', 'a header of the request; repeatable', gathered, [])
    .option('--attribute <name=value>', 'an attested attribute; repeatable', gathered, [])
    .option('--time <instant>', 'when the request happens (RFC 3339; default now)')
    .addOption(choice('--format <format>', 'how the explanation is written', TEXT_OR_JSON, 'text'));
  wayTo(explainVerb).action(async (file: string | undefined, options) => {
    const { explain } = await import('./explain.js');
    exit(await explain(terminal, file, options));
  });

  verb('verify', 'ask all engines the same questions and compare', 'verify policies --count 100000 --seed 7')
    .argument('<dir>', 'folder of policy documents')
    .option('--requests <file>', 'JSON requests, one a line, instead of random ones')
    .option('--count <number>', 'random requests', wholeNumber(1, 1e9), 10_000)
    .option('--seed <number>', 'where chance starts; equal seeds give equal requests', wholeNumber(0, 2 ** 32 - 1), 1)
    .option('--casbin-share <part>', 'part of the requests that casbin is asked too, 0 to 1', share, 0.1)
    .addOption(choice('--format <format>', 'how the result is written', TEXT_OR_JSON, 'text'))
    .action(async (directory: string, options) => {
      const { verify } = await import('./verify.js');
      exit(await verify(terminal, directory, options));
    });

  verb('bench', 'measure the fast engine on a policy set', 'bench policies --seconds 5')
    .argument('[dir]', 'folder of policy documents', 'policies')
    .option('--requests <number>', 'different random requests', wholeNumber(1, 1_000_000), 10_000)
    .option('--seed <number>', 'where chance starts', wholeNumber(0, 2 ** 32 - 1), 1)
    .option('--seconds <number>', 'time to measure for', wholeNumber(1, 3600), 3)
    .addOption(choice('--format <format>', 'how the figures are written', TEXT_OR_JSON, 'text'))
    .action(async (directory: string, options) => {
      const { bench } = await import('./bench.js');
      exit(await bench(terminal, directory, options));
    });

  verb('schema', 'print the JSON Schema of a kind of document, for editors', 'schema --out .schemas')
    .argument('[kind]', 'Domain, Service, Policy, …; all when left out')
    .option('--out <dir>', 'write one file a kind into this folder')
    .action(async (kind: string | undefined, options) => {
      const { schema } = await import('./schema.js');
      exit(await schema(terminal, kind, options));
    });

  administering(
    verb(
      'export',
      "write what a policy set always says as the configuration of a mesh or a network, or a server's documents",
      'export --target istio policies > istio.yaml',
    ),
  )
    .argument('[dir]', 'with --target: folder of policy documents')
    .addOption(new Option('--target <target>', 'what to write').choices(EXPORT_TARGETS))
    .addOption(choice('--undecided <what>', 'what becomes of requests that only Dharma can judge', UNDECIDED, 'refuse'))
    .option('--pod-label <key>', "label of pods whose value is their service's name", 'app.kubernetes.io/name')
    .option('--port <port>', 'name or number of the port that pods serve on (linkerd)', portOf, 'http')
    .option('--out <file>', 'with --target: write a file instead of standard output')
    .addOption(choice('--format <format>', 'how the configuration is written', TEXT_OR_JSON, 'text'))
    .option(
      '--canonical <folder>',
      "write the server's documents into this folder, one file each, as `fmt` prints them",
    )
    .option('--source <name>', 'with --canonical: only documents of this source')
    .option('--revision <number>', 'with --canonical: as this revision has them', wholeNumber(1, 1e12))
    .option('--overwrite', 'with --canonical: the folder may hold an earlier export, which goes', false)
    .action(async (directory: string | undefined, { canonical, target, ...options }) => {
      if ((canonical === undefined) === (target === undefined)) {
        throw new Stop(2, 'say `--target` for a mesh or a network, or `--canonical` for a folder of documents');
      }
      if (canonical !== undefined) {
        if (directory !== undefined) throw new Stop(2, '`--canonical` reads a server, and no folder');
        const { exportCanonical } = await import('./export-canonical.js');
        exit(await exportCanonical(terminal, canonical, options));
        return;
      }
      if (directory === undefined) throw new Stop(2, 'name a folder of policy documents');
      const { exportPolicies } = await import('./export.js');
      exit(await exportPolicies(terminal, directory, { ...options, target }));
    });

  serverVerbs(verb, terminal, exit);
  historyVerbs(verb, terminal, exit);
  proposalVerbs(verb, terminal, exit);
  auditVerbs(verb, terminal, exit);
  doctorVerb(verb, terminal, exit);
  natsCalloutVerb(verb, terminal, exit);
  return inOrder(dharma);
}

function engineOption(): Option {
  return choice('--engine <engine>', 'which statement of the semantics answers', ENGINES, 'fast');
}

function policiesOption(): Option {
  return new Option('--policies <dir>', 'folder of policy documents').makeOptionMandatory();
}

function gathered(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function share(text: string): number {
  const value = Number(text);
  if (!/^(?:0|1|0?\.\d{1,9}|1\.0{1,9}|0\.\d{1,9})$/.test(text))
    throw new InvalidArgumentError('It must be a number from 0 to 1.');
  return value;
}

/** A number of a port, or the name that pods give one. */
function portOf(text: string): string | number {
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535) return Number(text);
  if (/^(?=.*[a-z])[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a port from 1 to 65535, or a name of up to 15 letters, digits and `-`.');
}

async function complain(terminal: Terminal, fault: unknown): Promise<ExitCode> {
  const { red } = terminal.aside.colours;
  if (fault instanceof CommanderError) {
    // Help and version come this way too, with nothing wrong.
    if (fault.exitCode === 0) return 0;
    if (fault.code !== 'commander.help') {
      await terminal.aside.line(`${red('dharma:')} ${printable(inOurWords(fault.message))}`);
      await terminal.aside.line(
        `\`${terminal.program} --help\` lists the verbs, \`${terminal.program} VERB --help\` the flags of one`,
      );
    }
    return 2;
  }
  if (fault instanceof Stop) {
    await terminal.aside.line(`${red('dharma:')} ${printable(fault.message)}`);
    return fault.code;
  }
  await terminal.aside.line(
    `${red('dharma:')} something is wrong on our side: ${String((fault as Error)?.stack ?? fault)}`,
  );
  return 1;
}

/** Commander's sentences with the user's words in backticks, like every other message of ours. */
function inOurWords(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(
      /\n\(Did you mean (?:one of )?([^?]*)\?\)/,
      (_, names: string) =>
        `. Did you mean ${names
          .split(', ')
          .map((name) => `\`${name}\``)
          .join(' or ')}?`,
    )
    .replaceAll(/'([^']*)'/g, '`$1`')
    .replace(/\.$/, '');
}
