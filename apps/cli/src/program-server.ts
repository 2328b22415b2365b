import { type Command, Option } from 'commander';
import { choice, PLAN_FORMATS, TEXT_OR_JSON, way, wayTo, wholeNumber } from './options.js';
import type { Terminal } from './terminal.js';

type Verb = (name: string, sentence: string, example: string) => Command;
type Exit = (code: number) => void;

/** The one that a server publishes its first folder under, so that the same folder can be planned against it. */
const SOURCE = 'policies';
const SUSPENSION_VERBS = [
  [
    'suspend',
    'deny everything to and from a domain until it is resumed',
    "suspend acme.payments --because 'a key leaked'",
  ],
  ['resume', 'let a suspended domain go on', 'resume acme.payments'],
] as const;
const HIGHEST_LIMIT = 1_000_000_000;
/** Seconds that `--wait` alone means. */
export const WAIT_SECONDS = 60;

/** The verbs that talk to a server or its database. */
export function serverVerbs(verb: Verb, terminal: Terminal, exit: Exit): void {
  administering(verb('status', 'what a server decides by, and whether it is ready', 'status'))
    .option('--fleet', 'instead: which servers follow the same history, and the revision each decides by', false)
    .addOption(choice('--format <format>', 'how the status is written', TEXT_OR_JSON, 'text'))
    .action(async ({ fleet: isFleet, ...options }) => {
      const { fleet } = await import('./fleet.js');
      const { status } = await import('./status.js');
      exit(await (isFleet ? fleet : status)(terminal, options));
    });

  pruning(
    administering(verb('plan', 'what publishing a folder would change on a server', 'plan policies'))
      .argument('<dir>', 'folder of policy documents')
      .addOption(sourceOption()),
    'folder',
  )
    .option('--exit-code', 'fail too when anything would change', false)
    .option('--replay <number>', 'decide so many recorded decisions again, the newest', wholeNumber(1, 100_000))
    .option('--replay-since <when>', 'instead: those since an instant (RFC 3339), or a span before now, like 2h, 7d')
    .addOption(choice('--format <format>', 'how the plan is written; markdown is for a comment', PLAN_FORMATS, 'text'))
    .action(async (directory: string, options) => {
      const { plan } = await import('./plan.js');
      exit(await plan(terminal, directory, options));
    });

  administering(
    verb(
      'who-can',
      'whom a policy set lets through to an endpoint, and why',
      'who-can GET orders/all --policies policies',
    ),
  )
    .argument('<operation>', 'a method or action; `any` for all of them')
    .argument('<service/endpoint>', 'the endpoint')
    .option('--policies <dir>', 'folder of policy documents to look at; without it, what the server decides by')
    .option('--time <instant>', 'when they call (RFC 3339; default now)')
    .addOption(choice('--format <format>', 'how the answer is written', TEXT_OR_JSON, 'text'))
    .action(async (operation: string, endpoint: string, options) => {
      const { whoCan } = await import('./who-can.js');
      exit(await whoCan(terminal, operation, endpoint, options));
    });

  pruning(
    administering(
      verb('apply', 'publish a folder to a server', "apply policies --because 'orders opens to partners' --wait"),
    )
      .argument('<dir>', 'folder of policy documents')
      .requiredOption('--because <text>', 'why, for whoever reads the history')
      .addOption(sourceOption()),
    'folder',
  )
    .option('--yes', 'publish without asking', false)
    .option('--allow-deletions', 'also when more than a tenth of the documents of the source would go', false)
    .option('--propose', 'have somebody else publish it, as it takes where two people decide', false)
    .option('--wait [seconds]', 'wait until the server decides by it', wholeNumber(1, 3600))
    .addOption(choice('--format <format>', 'how the revision is written', TEXT_OR_JSON, 'text'))
    .action(async (directory: string, { wait, ...options }) => {
      const { apply } = await import('./apply.js');
      exit(await apply(terminal, directory, { ...options, wait: wait === true ? WAIT_SECONDS : (wait ?? 0) }));
    });

  administering(
    verb(
      'epoch',
      'accept the history of a database that was restored',
      "epoch --because 'restored the backup of Friday'",
    ),
  )
    .requiredOption('--because <text>', 'why, for whoever reads the history')
    .option('--above <number>', 'the highest revision that any server has seen', wholeNumber(0, 1e12))
    .addOption(choice('--format <format>', 'how the revision is written', TEXT_OR_JSON, 'text'))
    .action(async (options) => {
      const { beginEpoch } = await import('./epoch.js');
      exit(await beginEpoch(terminal, options));
    });

  administering(verb('decisions', 'recorded decisions, the newest first', 'decisions --deny --domain shop --from 2h'))
    .option('--from <when>', 'decided at an instant (RFC 3339) or later; or a span before now, like 30min, 2h, 7d')
    .option('--to <when>', 'decided before an instant, or before such a span ago')
    .option('--domain <name>', 'concerns this domain or one below it')
    .option('--endpoint <service/endpoint>', 'asked for this endpoint')
    .option('--principal <type:id>', 'asked by this principal')
    .option('--reason <code>', 'with this reason, like `DENY_RULE`')
    .option('--rule <policy/rule>', 'decided by this rule, among others')
    .option('--allow', 'allows only', false)
    .option('--deny', 'denials only', false)
    .option('--would-deny', 'allows only that a domain in report mode would have denied', false)
    .option('--limit <number>', 'at most so many', wholeNumber(1, 100_000), 50)
    .addOption(choice('--format <format>', 'how they are written; json is one record a line', TEXT_OR_JSON, 'text'))
    .action(async (options) => {
      const { decisions } = await import('./decisions.js');
      exit(await decisions(terminal, options));
    });
  for (const [name, sentence, example] of SUSPENSION_VERBS) {
    const command = administering(verb(name, sentence, example))
      .argument('<domain>', 'with everything below it')
      .option('--wait [seconds]', 'wait until every server decides by it', wholeNumber(1, 3600))
      .addOption(choice('--format <format>', 'how the answer is written', TEXT_OR_JSON, 'text'))
      .action(async (domain: string, { wait, ...options }) => {
        const { setSuspension } = await import('./suspend.js');
        const seconds = wait === true ? WAIT_SECONDS : (wait ?? 0);
        exit(await setSuspension(terminal, domain, name, { ...options, wait: seconds }));
      });
    if (name === 'suspend') command.requiredOption('--because <text>', 'why, for whoever reads the history');
    else {
      command
        .option('--because <text>', 'why, for whoever reads the history', 'it may go on')
        .option('--propose', 'have somebody else do it, as it takes where two people decide', false);
    }
  }

  administering(
    verb(
      'quota',
      'limit what a domain and all below may hold, or tell it',
      "quota acme.pay --rules 2000 --because 'room for a year'",
    ),
  )
    .argument('<domain>', 'with everything below it')
    .option('--documents <number>', 'most documents', wholeNumber(0, HIGHEST_LIMIT))
    .option('--rules <number>', 'most rules', wholeNumber(0, HIGHEST_LIMIT))
    .option('--assignments <number>', 'most principals of roles', wholeNumber(0, HIGHEST_LIMIT))
    .option('--entities <number>', 'most entities', wholeNumber(0, HIGHEST_LIMIT))
    .option('--endpoints <number>', 'most endpoints', wholeNumber(0, HIGHEST_LIMIT))
    .option('--cases <number>', 'most cases of tests, cells of matrices included', wholeNumber(0, HIGHEST_LIMIT))
    .option('--lift', 'take its limits away', false)
    .option('--because <text>', 'why, for whoever reads the history')
    .addOption(choice('--format <format>', 'how the answer is written', TEXT_OR_JSON, 'text'))
    .action(async (domain: string, options) => {
      const { quota } = await import('./quota.js');
      exit(await quota(terminal, domain, options));
    });

  const keys = verb('keys', 'keys of enforcement points and clients', 'keys create edge --expires 90d --out edge.key');
  creating(keys, 'make a key for an enforcement point, or for a client of a mechanism', 'edge --out edge.secret')
    .argument('[enforcement-point]', 'of the newest revision; not with `--mechanism`')
    .option('--mechanism <name>', 'an apiKey mechanism of the newest revision, for a key of a client')
    .option('--subject <text>', 'whom that key stands for')
    .option('--scope <text>', 'a scope it has; may be repeated', several)
    .option('--group <text>', 'a group its client is in; may be repeated', several)
    .action(async (name: string | undefined, options) => {
      const { createKey } = await import('./credentials.js');
      exit(await createKey(terminal, name, options));
    });
  credentialVerbs(keys, 'keys');

  const operators = verb('operators', "operators' tokens", 'operators create ann --expires 90d --out ann.token');
  creating(operators, 'make a token for an operator', 'ann --out ann.secret')
    .argument('<name>', 'whom it is for')
    .option('--over <domain>', 'with --role: where it may that, with all below; `*` is everything')
    .option('--role <role>', 'what it may there and nothing else, like policy-admin; may be repeated', several)
    .option('--group <text>', 'a group that documents name as administrators; may be repeated', several)
    .action(async (name: string, options) => {
      const { createOperator } = await import('./credentials.js');
      exit(await createOperator(terminal, name, options));
    });
  credentialVerbs(operators, 'operators');
  databaseOption(subverb(operators, 'recover', 'a new token, by access to the database', '--name ann'))
    .requiredOption('--name <name>', 'the operator it is for')
    .option('--out <file>', 'new file that gets the token; `-` is standard output')
    .action(async (options) => {
      const { recoverOperator } = await import('./operators-recover.js');
      exit(await recoverOperator(terminal, options));
    });

  databaseOption(verb('migrate', 'bring a database up to date', 'migrate --grant-serving dharma_server'))
    .option('--check', 'change nothing; fail when something is missing', false)
    .option('--grant-serving <role>', 'let a role of the database serve: read all and append to the history')
    .action(async (options) => {
      const { migrate } = await import('./migrate.js');
      exit(await migrate(terminal, options));
    });

  function subverb(parent: Command, name: string, sentence: string, example: string): Command {
    const words = `${parent.name()} ${name} ${example}`.trimEnd();
    return parent
      .command(name)
      .description(sentence)
      .addHelpText('after', `\nExample:\n  ${terminal.program} ${words}`);
  }

  function creating(parent: Command, sentence: string, example: string): Command {
    return administering(subverb(parent, 'create', sentence, example))
      .option('--expires <when>', 'an instant (RFC 3339), or a span from now like 90d, 12h, 30min; default never')
      .option('--out <file>', 'new file that gets the secret; `-` is standard output');
  }

  function credentialVerbs(parent: Command, kind: 'keys' | 'operators'): void {
    administering(subverb(parent, 'list', 'list them, without their secrets', ''))
      .addOption(choice('--format <format>', 'how the list is written', TEXT_OR_JSON, 'text'))
      .action(async (options) => {
        const { listCredentials } = await import('./credentials.js');
        exit(await listCredentials(terminal, kind, options));
      });
    administering(subverb(parent, 'revoke', 'make one useless', kind === 'keys' ? 'ep-1f0c' : 'op-1f0c'))
      .argument('<id>', 'as `list` shows it')
      .action(async (id: string, options) => {
        const { revokeCredential } = await import('./credentials.js');
        exit(await revokeCredential(terminal, kind, id, options));
      });
  }
}

/** Of an option that may be repeated. */
function several(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** The way to an admin listener, and who asks. */
export function administering(command: Command): Command {
  return wayTo(
    command
      .addOption(way('--server <url>', 'the admin listener (DHARMA_SERVER; default http://127.0.0.1:8282)'))
      .addOption(
        way('--token-file <file>', "file of an operator's token (DHARMA_TOKEN_FILE, or the token in DHARMA_TOKEN)"),
      ),
  );
}

function databaseOption(command: Command): Command {
  return command.option('--database-url <url>', 'PostgreSQL (better DHARMA_DATABASE_URL: a password stays unseen)');
}

/** Of the verbs that publish a source, and of those that say what that would do. */
export function pruning(command: Command, holder: string): Command {
  return command
    .option('--prune', `remove documents of the source that the ${holder} does not hold`, true)
    .option('--no-prune', 'let them stay');
}

export function sourceOption(): Option {
  return new Option(
    '--source <name>',
    'where the documents come from; what the server has of this source and the folder has not is removed',
  ).default(SOURCE);
}
