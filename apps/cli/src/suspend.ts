import { proposeTo } from './apply.js';
import type { AdminFlags } from './connection.js';
import { waitForFleet } from './fleet-wait.js';
import { ServerClient } from './server-client.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface SuspensionOptions extends AdminFlags {
  readonly because: string;
  /** Has somebody else resume it; suspending is for one. */
  readonly propose?: boolean;
  /** Seconds to wait until every server decides by it; 0: not at all. */
  readonly wait: number;
  readonly format: 'text' | 'json';
}

/** Suspends a domain, or lets it go on; whatever bundles say meanwhile, only this ends what this began. */
export async function setSuspension(
  terminal: Terminal,
  domain: string,
  verb: 'suspend' | 'resume',
  { because, propose = false, wait, format, ...flags }: SuspensionOptions,
): Promise<ExitCode> {
  if (propose && wait > 0)
    throw new Stop(2, 'what is proposed waits for somebody: `--wait` does not go with `--propose`');
  const client = await ServerClient.of(terminal, flags);
  if (propose) return proposeTo(terminal, client, { resume: domain, because }, format);
  const answer = await client.setSuspension(domain, verb, because);
  const { revision, unchanged, suspendedBy } = answer;
  const isSuspended = suspendedBy.includes(domain);
  const around = suspendedBy.filter((name) => name !== domain);
  const state = isSuspended ? 'is suspended' : 'is not suspended by itself';
  const more = around.length === 0 ? '' : `; it lies in ${around.map((name) => `\`${name}\``).join(', ')}, which is`;
  const since = unchanged === true ? 'nothing changed' : `revision ${revision?.number} published`;
  await terminal.out.write(
    format === 'json' ? `${JSON.stringify(answer, null, 2)}\n` : `\`${domain}\` ${state}${more}; ${since}\n`,
  );
  // What changed nothing may not have reached every server yet either.
  if (wait > 0 && revision !== null) await waitForFleet(terminal, client, revision, wait);
  return 0;
}
