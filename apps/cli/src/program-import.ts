import type { Command } from 'commander';
import { quietCommand } from './command.js';
import { choice, TEXT_OR_JSON } from './options.js';
import type { Terminal } from './terminal.js';

/** The verbs below `import`, one for each of the systems whose files are read. Loaded when it is called. */
export async function importProgram(
  terminal: Terminal,
  argv: readonly string[],
  exit: (code: number) => void,
): Promise<void> {
  const parent = quietCommand('dharma import', terminal).description('Makes documents of what other systems write.');
  const importing = (name: string, sentence: string, example: string): Command =>
    parent
      .command(name)
      .description(sentence)
      .addHelpText('after', `\nExample:\n  ${terminal.program} import ${name} ${example}`)
      .option('--out <dir>', 'write one file a document into this new or empty folder, instead of standard output')
      .option('--overwrite', 'the folder may hold an earlier import or export, which goes', false)
      .addOption(choice('--format <format>', 'how standard output is written', TEXT_OR_JSON, 'text'));

  importing('casbin', 'a model and a policy of casbin', '--model model.conf --policy policy.csv --out policies')
    .requiredOption('--model <file>', 'the model (model.conf)')
    .requiredOption('--policy <file>', 'the policy (policy.csv)')
    .option('--domain <name>', 'the domain that all of it comes into', 'casbin')
    .option('--service <name>', 'the service whose endpoints stand for the objects', 'app')
    .option('--host <host>', 'where objects that are paths are asked for')
    .action(async (options) => {
      const { importFromCasbin } = await import('./import.js');
      exit(await importFromCasbin(terminal, options));
    });

  importing('openapi', 'the description of an API (OpenAPI 3)', 'shop.yaml --domain acme.shop --out policies')
    .argument('<file>', 'the description, YAML or JSON')
    .requiredOption('--domain <name>', 'the domain that the service is in')
    .option('--service <name>', 'what the service is called (default: as the title says)')
    .option('--host <host>', 'where the API is, instead of what its servers say; repeatable', several)
    .action(async (file: string, options) => {
      const { importFromOpenApi } = await import('./import.js');
      exit(await importFromOpenApi(terminal, file, options));
    });

  importing('kubernetes', 'Services, HTTPRoutes and NetworkPolicies', 'manifests --domain cluster --out policies')
    .argument('<path...>', 'files or folders of manifests')
    .option('--domain <name>', 'the domain of the cluster', 'cluster')
    .option('--trust-domain <name>', 'of the SPIFFE IDs that service accounts have', 'cluster.local')
    .option('--mechanism <name>', 'of the trust mechanism that proves them; unique in the whole set', 'mesh')
    .action(async (paths: string[], options) => {
      const { importFromKubernetes } = await import('./import.js');
      exit(await importFromKubernetes(terminal, paths, options));
    });

  await parent.parseAsync(argv, { from: 'user' });
}

function several(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
