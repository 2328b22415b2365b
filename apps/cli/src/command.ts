import { Command } from 'commander';
import { HELP } from './help.js';
import type { Terminal } from './terminal.js';

/** A command that writes to our streams and throws instead of ending the process. */
export function quietCommand(name: string, terminal: Terminal): Command {
  return new Command(name)
    .helpCommand(false)
    .exitOverride()
    .configureHelp(HELP)
    .configureOutput({
      writeOut: (text) => void terminal.out.write(text).catch(() => undefined),
      writeErr: (text) => void terminal.aside.write(text).catch(() => undefined),
      outputError: () => undefined,
      getOutHasColors: () => terminal.out.isTerminal,
      getErrHasColors: () => terminal.aside.isTerminal,
    });
}
