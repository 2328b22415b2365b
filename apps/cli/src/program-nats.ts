import { type Command, Option } from 'commander';
import { safeWayTo, wholeNumber } from './options.js';
import type { Terminal } from './terminal.js';

/** The verb that stands between NATS and a server. */
export function natsCalloutVerb(
  verb: (name: string, sentence: string, example: string) => Command,
  terminal: Terminal,
  exit: (code: number) => void,
): void {
  const required = (flags: string, sentence: string) => new Option(flags, sentence).makeOptionMandatory();
  const callout = verb(
    'nats-callout',
    'answer the auth callouts of NATS by what a server decides',
    'nats-callout --seed-file issuer.seed --account APP --subjects subjects.txt --password-file callout.password',
  )
    .option('--nats <url>', 'a NATS server, `nats://…` or `tls://…`', 'nats://127.0.0.1:4222')
    .option('--nats-ca <file>', "certificates to trust for it, PEM, instead of the system's")
    .option('--user <name>', 'who we are there: one of its `auth_users`', 'dharma')
    .addOption(required('--password-file <file>', 'our password there'))
    .addOption(required('--seed-file <file>', 'seed of the account key that NATS knows as `issuer`'))
    .option('--xkey-file <file>', 'seed of the curve key that NATS knows as `xkey`')
    .addOption(required('--account <name>', 'the account that clients are let into'))
    .addOption(required('--subjects <file>', 'what clients may be given: lines `publish SUBJECT`, `subscribe SUBJECT`'))
    .option(
      '--lifetime <seconds>',
      'how long what is given lasts; then clients log in anew',
      wholeNumber(1, 86_400),
      300,
    )
    .option('--may-answer', 'whoever gets a message may answer it, once, within a minute', false)
    .option('--server <url>', 'the HTTP listener of the server that decides', 'http://127.0.0.1:8181')
    .option('--key-file <file>', 'the key of an enforcement point, `<id>.<secret>`')
    .option('--patience <seconds>', 'longest wait for each of its answers', wholeNumber(1, 60), 1);
  safeWayTo(callout).action(async (options) => {
    const { natsCallout } = await import('./nats-callout.js');
    exit(await natsCallout(terminal, options));
  });
}
