import { Argument, type Command, InvalidArgumentError } from 'commander';
import { choice, TEXT_OR_JSON } from './options.js';
import { administering } from './program-server.js';
import type { Terminal } from './terminal.js';

type Verb = (name: string, sentence: string, example: string) => Command;
type Exit = (code: number) => void;

const HASH = /^[0-9a-f]{64}$/;

/** The verbs by which two people decide. */
export function proposalVerbs(verb: Verb, terminal: Terminal, exit: Exit): void {
  formatted(
    administering(
      verb(
        'four-eyes',
        'whether two people decide in a domain; or have two decide',
        "four-eyes acme.pay on --because 'money'",
      ),
    ),
  )
    .argument('<domain>', 'with everything below it')
    .addArgument(new Argument('[state]', '`off` is proposed, for somebody else to approve').choices(['on', 'off']))
    .option('--because <text>', 'why, for whoever reads the history')
    .action(async (domain: string, state: 'on' | 'off' | undefined, options) => {
      const { fourEyes } = await import('./four-eyes.js');
      exit(await fourEyes(terminal, domain, state, options));
    });

  const proposals = verb('proposals', 'changes that wait for a second person', 'proposals approve 7');
  formatted(administering(subverb(proposals, 'list', 'list those that wait', '')))
    .option('--all', 'also those that have ended', false)
    .action(async (options) => {
      const { listProposals } = await import('./proposals.js');
      exit(await listProposals(terminal, options));
    });
  formatted(administering(subverb(proposals, 'show', 'what one would change now', '7')))
    .argument('<number>', 'as `list` shows it', numberOf)
    .action(async (number: number, options) => {
      const { showProposal } = await import('./proposals.js');
      exit(await showProposal(terminal, number, options));
    });
  formatted(administering(subverb(proposals, 'approve', 'publish what somebody else proposed', '7')))
    .argument('<number>', 'as `list` shows it', numberOf)
    .option('--hash <sha256>', 'approve without a question the changes that `show` gave this hash', hashOf)
    .action(async (number: number, options) => {
      const { approveProposal } = await import('./proposals.js');
      exit(await approveProposal(terminal, number, options));
    });
  formatted(administering(subverb(proposals, 'reject', 'end one for good', "7 --because 'not before the audit'")))
    .argument('<number>', 'as `list` shows it', numberOf)
    .requiredOption('--because <text>', 'why, for whoever proposed it')
    .action(async (number: number, options) => {
      const { rejectProposal } = await import('./proposals.js');
      exit(await rejectProposal(terminal, number, options));
    });

  function subverb(parent: Command, name: string, sentence: string, example: string): Command {
    const words = `${parent.name()} ${name} ${example}`.trimEnd();
    return parent
      .command(name)
      .description(sentence)
      .addHelpText('after', `\nExample:\n  ${terminal.program} ${words}`);
  }
}

function formatted(command: Command): Command {
  return command.addOption(choice('--format <format>', 'how the answer is written', TEXT_OR_JSON, 'text'));
}

function numberOf(text: string): number {
  if (/^[1-9]\d{0,11}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be the number of a proposal.');
}

function hashOf(text: string): string {
  if (HASH.test(text)) return text;
  throw new InvalidArgumentError('It must be 64 hexadecimal digits, as `proposals show` tells them.');
}
