import { deletionsText } from './apply.js';
import type { AdminFlags } from './connection.js';
import { instantBefore } from './instant-before.js';
import { type PlanFormat, planReport } from './plan-report.js';
import { isPublishable, planSummary } from './plan-text.js';
import { readPolicies } from './policies.js';
import { whileWaiting } from './progress.js';
import { type Replayed, ServerClient } from './server-client.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface PlanOptions extends AdminFlags {
  /** Documents of one source are pruned together. */
  readonly source: string;
  /** Whether documents of the source that the folder does not hold go. */
  readonly prune: boolean;
  readonly format: PlanFormat;
  /** Fails too when anything would change. */
  readonly exitCode: boolean;
  /** Recorded decisions that are decided again by the planned set, the newest. */
  readonly replay?: number;
  /** Instead: those since an instant (RFC 3339), or a span before now like `2h`. */
  readonly replaySince?: string;
}

/** What publishing a folder would change on a server; changes nothing. */
export async function plan(
  terminal: Terminal,
  directory: string,
  { source, prune, format, exitCode, replay, replaySince, ...flags }: PlanOptions,
): Promise<ExitCode> {
  const replayed = replayedBy(terminal, replay, replaySince);
  const client = await ServerClient.of(terminal, flags);
  const files = await readPolicies(terminal, directory);
  const planned = await whileWaiting(
    terminal.aside,
    `planning ${directory} on ${client.server}${replayed === undefined ? '' : ', with recorded decisions'}`,
    () => client.plan({ source, files, prune }, { replay: replayed }),
  );
  await terminal.out.write(planReport(format, planned, terminal.out.colours));
  const publishable = isPublishable(planned);
  const { green, red } = terminal.aside.colours;
  const verdict = publishable ? green('valid') : red('not valid');
  await terminal.aside.line(`${directory}: ${verdict}, ${planSummary(planned)}`);
  const deletions = deletionsText(planned, { source, files });
  if (deletions !== undefined) {
    await terminal.aside.line(
      `${deletions}; \`apply\` takes \`--allow-deletions\` for that, \`sync\` \`--allow-prune\``,
    );
  }
  return publishable && !(exitCode && planned.changes.length > 0) ? 0 : 1;
}

/** @throws Stop with 2 */
function replayedBy(terminal: Terminal, last: number | undefined, since: string | undefined): Replayed | undefined {
  if (since === undefined) return last === undefined ? undefined : { last };
  if (last !== undefined) throw new Stop(2, 'say `--replay` or `--replay-since`, not both');
  return { since: instantBefore(terminal, '--replay-since', since) };
}
