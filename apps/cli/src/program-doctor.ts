import type { Command } from 'commander';
import { choice, TEXT_OR_JSON, wayTo, wholeNumber } from './options.js';
import type { Terminal } from './terminal.js';

/** Mirrors what the verb knows, so that `--help` does not load it. */
const GATEWAYS = ['nginx', 'caddy', 'envoy', 'haproxy', 'apache', 'traefik'];

/** The verb that looks at what stands around a server. */
export function doctorVerb(
  verb: (name: string, sentence: string, example: string) => Command,
  terminal: Terminal,
  exit: (code: number) => void,
): void {
  const doctor = verb('doctor', 'find what is wrong around a server', 'doctor gateway http://localhost:8080/orders');
  const gateway = doctor
    .command('gateway')
    .description('find where a gateway, Dharma and a service read a request differently')
    .addHelpText(
      'after',
      `\nExample:\n  ${terminal.program} doctor gateway http://localhost:8080/orders --own-header x-customer-tier`,
    )
    .argument('<url>', 'the gateway, with a path that may be read with GET')
    .option('--upstream-echo <address>', 'where the echo listens, to which the gateway must lead', '127.0.0.1:3000')
    .option('--host <host>', 'the host to ask for, instead of that of the URL')
    .option('--header <name=value>', 'a header of every request, such as a credential; repeatable', several, [])
    .option('--own-header <name>', 'a header that policies set or read an identity from; repeatable', several, [])
    .addOption(choice('--gateway <name>', 'whose settings to show (default: as it says itself)', GATEWAYS))
    .option('--gateway-ca <file>', "certificates to trust for the gateway, PEM, instead of the system's")
    .option('--patience <seconds>', 'longest wait for each answer of the gateway', wholeNumber(1, 600), 5)
    .option('--server <url>', 'the HTTP listener of a server to ask about whatever reached the echo')
    .option('--key-file <file>', 'with --server: the key of an enforcement point, `<id>.<secret>`')
    .addOption(choice('--format <format>', 'how the report is written', TEXT_OR_JSON, 'text'));
  wayTo(gateway).action(async (url: string, options) => {
    const { doctorGateway } = await import('./doctor/gateway.js');
    exit(await doctorGateway(terminal, url, options));
  });
}

function several(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
