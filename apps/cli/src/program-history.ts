import { type Command, InvalidArgumentError, Option } from 'commander';
import { choice, TEXT_OR_JSON, wholeNumber } from './options.js';
import { administering, pruning, sourceOption, WAIT_SECONDS } from './program-server.js';
import type { Terminal } from './terminal.js';

type Verb = (name: string, sentence: string, example: string) => Command;
type Exit = (code: number) => void;

const HIGHEST_REVISION = 1e12;

/** The verbs that go between git, the history of a server, and folders. */
export function historyVerbs(verb: Verb, terminal: Terminal, exit: Exit): void {
  pruning(
    administering(
      verb('sync', 'make a server hold what a repository holds at one commit', 'sync --repo . --path policies --wait'),
    )
      .requiredOption('--repo <where>', 'the repository: a path, file://, ssh://, https://, or user@host:path')
      .addOption(refOption())
      .addOption(pathOption())
      .addOption(sourceOption()),
    'commit',
  )
    .option('--allow-prune', 'also when more than a tenth of the documents of the source would go', false)
    .option('--allowed-signers <file>', 'ask for a good signature by one of the keys in this file, as of ssh-keygen')
    .option('--wait [seconds]', 'wait until every server decides by it', wholeNumber(1, 3600))
    .option(
      '--watch',
      'go on: sync again whenever the ref names another commit, and tell what the server holds otherwise',
      false,
    )
    .option('--every <seconds>', 'with --watch: time between two looks', wholeNumber(1, 86_400), 30)
    .option('--dry-run', 'show what would change, and publish nothing', false)
    .option('--propose', 'have somebody else publish it, as it takes where two people decide', false)
    .addOption(choice('--format <format>', 'how the revision is written', TEXT_OR_JSON, 'text'))
    .action(async ({ wait, ...options }) => {
      const { sync } = await import('./sync.js');
      exit(await sync(terminal, { ...options, wait: secondsOf(wait) }));
    });

  administering(
    verb(
      'diff',
      'how a server differs from a folder, a commit or an older revision',
      'diff policies --format markdown',
    ),
  )
    .argument('[dir]', 'folder of policy documents')
    .option('--repo <where>', 'a repository instead of the folder')
    .addOption(refOption())
    .addOption(pathOption())
    .addOption(sourceOption())
    .option('--against <revision>', 'a revision instead of the newest', wholeNumber(0, HIGHEST_REVISION))
    .addOption(choice('--format <format>', 'how the difference is written', ['text', 'json', 'markdown'], 'text'))
    .action(async (directory: string | undefined, options) => {
      const { diff } = await import('./diff.js');
      exit(await diff(terminal, directory, options));
    });

  administering(verb('log', 'who published what, when, why and from which commit', 'log --document Policy/shop'))
    .option('--limit <number>', 'most revisions to show', wholeNumber(1, 100_000), 20)
    .option('--document <Kind/name>', 'only revisions that changed this one')
    .addOption(choice('--format <format>', 'how the history is written', TEXT_OR_JSON, 'text'))
    .action(async (options) => {
      const { log } = await import('./log.js');
      exit(await log(terminal, options));
    });

  administering(verb('restore', 'publish what an older revision held', "restore 41 --because 'partners complained'"))
    .argument('<revision>', 'its number', revisionOf)
    .option('--because <text>', 'why, for whoever reads the history; required unless `--dry-run`')
    .option('--dry-run', 'show what would change, and publish nothing', false)
    .option('--yes', 'publish without asking', false)
    .option('--propose', 'have somebody else publish it, as it takes where two people decide', false)
    .option('--wait [seconds]', 'wait until the server decides by it', wholeNumber(1, 3600))
    .addOption(
      choice('--format <format>', 'how the revision, or with --dry-run the plan, is written', TEXT_OR_JSON, 'text'),
    )
    .action(async (number: number, { wait, ...options }) => {
      const { restore } = await import('./restore.js');
      exit(await restore(terminal, number, { ...options, wait: secondsOf(wait) }));
    });
}

function refOption(): Option {
  return new Option('--ref <ref>', 'a branch, a tag, a name like refs/heads/main, or a whole commit id').default(
    'HEAD',
  );
}

function pathOption(): Option {
  return new Option('--path <dir>', 'folder of policy documents in the repository').default('.');
}

function secondsOf(wait: number | true | undefined): number {
  return wait === true ? WAIT_SECONDS : (wait ?? 0);
}

function revisionOf(text: string): number {
  const number = Number(text);
  if (/^[1-9]\d{0,11}$/.test(text)) return number;
  throw new InvalidArgumentError('It must be the number of a revision.');
}
