import { Option } from 'commander';
import { quietCommand } from './command.js';
import type { Terminal } from './terminal.js';
import { version } from './version.js';

/**
 * Runs the server. Its settings are its own: they become flags here.
 *
 * @param argv  the words after `serve`
 */
export async function serve(terminal: Terminal, argv: readonly string[]): Promise<number> {
  const server = await import('../../server/src/main.js');
  const command = quietCommand('dharma serve', terminal)
    .description('Answers gateways and applications. A flag beats the environment variable named beside it.')
    .addHelpText(
      'after',
      `\nExample:\n  ${terminal.program} serve --policies policies/quickstart --http-address 127.0.0.1:8181`,
    );
  for (const { flag, variable, sentence, allowed, default: standard } of server.describeSettings()) {
    const values = standard === undefined ? allowed : `${allowed}; default ${standard}`;
    command.addOption(new Option(`--${flag} <value>`, `${sentence} (${variable}: ${values})`));
  }
  command.parse(argv, { from: 'user' });
  const given = command.opts<{ readonly [attribute: string]: string | undefined }>();
  return server.serve({
    flags: Object.fromEntries(
      command.options.flatMap((option) => {
        const value = given[option.attributeName()];
        return option.long === undefined || value === undefined ? [] : [[option.long.slice('--'.length), value]];
      }),
    ),
    environment: terminal.environment,
    version: version(),
    onReady: ({ addresses }) => {
      const lines = Object.entries(addresses).map(([listener, address]) => `  ${listener}: ${String(address)}`);
      terminal.aside.line(['dharma answers:', ...lines].join('\n')).catch(() => undefined);
    },
  });
}
