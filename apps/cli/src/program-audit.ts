import type { Command } from 'commander';
import { choice, TEXT_OR_JSON, wholeNumber } from './options.js';
import { administering } from './program-server.js';
import type { Terminal } from './terminal.js';

/** The verbs about what operators did. */
export function auditVerbs(
  verb: (name: string, sentence: string, example: string) => Command,
  terminal: Terminal,
  exit: (code: number) => void,
): void {
  const audit = verb('audit', 'what operators did, and whether that record is whole', 'audit verify');

  subverb('list', 'list acts, the newest first', '--act key.create')
    .option('--operator <name>', 'by this operator; a name, or the id of a token')
    .option('--act <act>', 'of this kind, like `revision.publish`')
    .option('--object <object>', 'on this object, like `key/ep-1f0c` or `source/git`')
    .option('--revision <number>', 'that made this revision', wholeNumber(1, 1e12))
    .option('--since <when>', 'at an instant (RFC 3339) or later; or a span before now, like 30min, 2h, 7d')
    .option('--until <when>', 'before an instant, or before such a span ago')
    .option('--limit <number>', 'how many at most', wholeNumber(1, 1_000_000), 100)
    .addOption(choice('--format <format>', 'how the list is written', TEXT_OR_JSON, 'text'))
    .action(async (options) => {
      const { listActs } = await import('./audit.js');
      exit(await listActs(terminal, options));
    });

  subverb('verify', 'read the whole chain and name the first row that is not as it was written', '')
    .option('--head <file>', 'what `audit head --sign` wrote once: also finds rows cut off or written anew')
    .option('--signer <file>', 'the public key of whoever signed it, PEM')
    .option('--older <number>', 'the newest revision that was there before the record', wholeNumber(0, 1e12))
    .addOption(choice('--format <format>', 'how the finding is written', TEXT_OR_JSON, 'text'))
    .action(async (options) => {
      const { verifyAudit } = await import('./audit-verify.js');
      exit(await verifyAudit(terminal, options));
    });

  subverb('head', 'write down the newest row, to be kept elsewhere', '--sign audit.key --to head.json')
    .option('--sign <file>', 'a private Ed25519 key, PEM')
    .option('--to <file>', 'write a file instead of standard output')
    .action(async (options) => {
      const { writeHead } = await import('./audit-head.js');
      exit(await writeHead(terminal, options));
    });

  function subverb(name: string, sentence: string, example: string): Command {
    const command = audit
      .command(name)
      .description(sentence)
      .addHelpText('after', `\nExample:\n  ${`${terminal.program} audit ${name} ${example}`.trimEnd()}`);
    return administering(command);
  }
}
