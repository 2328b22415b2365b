import type { AdminFlags } from './connection.js';
import { proposedText } from './proposals.js';
import { ServerClient } from './server-client.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface FourEyesOptions extends AdminFlags {
  readonly because?: string;
  readonly format: 'text' | 'json';
}

/** Says whether two people decide in a domain; or has two decide from now on, or proposes that one does again. */
export async function fourEyes(
  terminal: Terminal,
  domain: string,
  state: 'on' | 'off' | undefined,
  { because, format, ...flags }: FourEyesOptions,
): Promise<ExitCode> {
  if (state !== undefined && because === undefined)
    throw new Stop(2, 'say why, for whoever reads the history: `--because`');
  const client = await ServerClient.of(terminal, flags);
  const say = async (answer: object, text: string): Promise<ExitCode> => {
    await terminal.out.write(format === 'json' ? `${JSON.stringify(answer, null, 2)}\n` : text);
    return 0;
  };
  if (state === undefined || because === undefined) {
    const answer = await client.fourEyes(domain);
    const from = answer.from.map((name) => `\`${name}\``).join(', ');
    return say(
      answer,
      answer.from.length === 0 ? `one person decides in \`${domain}\`\n` : `two people decide, as ${from} says\n`,
    );
  }
  if (state === 'off') {
    const proposal = await client.propose({ endFourEyes: domain, because });
    return say(proposal, proposedText(proposal));
  }
  const answer = await client.beginFourEyes(domain, because);
  const since = answer.unchanged === true ? 'nothing changed' : `revision ${answer.revision?.number} published`;
  return say(answer, `two people decide in \`${domain}\`; ${since}\n`);
}
