import type { AdminFlags } from './connection.js';
import type { ReportFormat } from './faults.js';
import { isPublishable, planReport, planSummary } from './plan-text.js';
import { readPolicies } from './policies.js';
import { whileWaiting } from './progress.js';
import { ServerClient } from './server-client.js';
import type { ExitCode, Terminal } from './terminal.js';

export interface PlanOptions extends AdminFlags {
  /** Documents of one source are pruned together. */
  readonly source: string;
  readonly format: ReportFormat;
  /** Fails too when anything would change. */
  readonly exitCode: boolean;
  /** Recorded decisions that are decided again by the planned set, the newest. */
  readonly replay?: number;
}

/** What publishing a folder would change on a server; changes nothing. */
export async function plan(
  terminal: Terminal,
  directory: string,
  { source, format, exitCode, replay, ...flags }: PlanOptions,
): Promise<ExitCode> {
  const client = await ServerClient.of(terminal, flags);
  const files = await readPolicies(terminal, directory);
  const planned = await whileWaiting(
    terminal.aside,
    `planning ${directory} on ${client.server}${replay === undefined ? '' : `, with ${replay} recorded decisions`}`,
    () => client.plan({ source, files }, replay),
  );
  await terminal.out.write(planReport(format, planned, terminal.out.colours));
  const publishable = isPublishable(planned);
  const { green, red } = terminal.aside.colours;
  const verdict = publishable ? green('valid') : red('not valid');
  await terminal.aside.line(`${directory}: ${verdict}, ${planSummary(planned)}`);
  return publishable && !(exitCode && planned.changes.length > 0) ? 0 : 1;
}
