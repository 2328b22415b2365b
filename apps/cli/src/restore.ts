import { proposeTo, publishedText, publishOrSay, waitFor } from './apply.js';
import type { AdminFlags } from './connection.js';
import { planReport } from './plan-report.js';
import { countsText, isPublishable, planText } from './plan-text.js';
import { whileWaiting } from './progress.js';
import { judgeFourEyes } from './proposals.js';
import { canAsk, saysYes } from './question.js';
import { ServerClient } from './server-client.js';
import type { Plan } from './server-shapes.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface RestoreOptions extends AdminFlags {
  /** Absent only where nothing is published. */
  readonly because?: string;
  /** Shows the plan and publishes nothing. */
  readonly dryRun: boolean;
  /** Publishes without asking. */
  readonly yes: boolean;
  /** Has somebody else publish it. */
  readonly propose: boolean;
  /** Seconds to wait until the server decides by the new revision; 0: not at all. */
  readonly wait: number;
  readonly format: 'text' | 'json';
}

/** Plans going back to a revision, shows the plan, asks, and publishes exactly that as a new revision. */
export async function restore(
  terminal: Terminal,
  number: number,
  { because = '', dryRun, yes, propose, wait, format, ...flags }: RestoreOptions,
): Promise<ExitCode> {
  if (propose && wait > 0)
    throw new Stop(2, 'what is proposed waits for somebody: `--wait` does not go with `--propose`');
  if (!dryRun && because === '') throw new Stop(2, 'say by `--because` why, for whoever reads the history');
  if (!dryRun && !yes && !canAsk(terminal)) {
    throw new Stop(2, 'nobody is there to be asked; say `--yes` to publish without a question');
  }
  const { aside, out } = terminal;
  const client = await ServerClient.of(terminal, flags);
  const planned = await whileWaiting(aside, `planning on ${client.server}`, () => client.planRestore(number));
  if (dryRun) {
    await out.write(planReport(format, planned, out.colours));
    await aside.line(restoreSummary(number, planned));
    return isPublishable(planned) ? 0 : 1;
  }
  await aside.write(planText(planned, aside.colours));
  if (!isPublishable(planned)) {
    throw new Stop(1, `revision ${number} was not restored: the server would not take what it held`);
  }
  await aside.line(restoreSummary(number, planned));
  if (!propose) judgeFourEyes(planned);
  const hasChanges = planned.changes.length > 0;
  if (hasChanges && !yes && !(await saysYes(terminal, `${propose ? 'propose' : 'publish'} to ${client.server}?`))) {
    throw new Stop(1, `nothing was ${propose ? 'proposed' : 'published'}`);
  }
  const { base } = planned;
  if (propose && hasChanges) return proposeTo(terminal, client, { restore: number, base, because }, format);
  const published = await whileWaiting(aside, `publishing to ${client.server}`, () =>
    publishOrSay(() => client.restore(number, base, because), 'look at what changed with `log`, then restore again'),
  );
  await out.write(format === 'json' ? `${JSON.stringify(published, null, 2)}\n` : publishedText(published));
  const { revision } = published;
  if (wait > 0 && revision !== null) {
    await whileWaiting(aside, `waiting for revision ${revision.number}`, () => waitFor(client, revision, wait));
    await aside.line(`revision ${revision.number} is in force`);
  }
  return 0;
}

function restoreSummary(number: number, { base, summary: { documents, rules }, tests, valid, refusals }: Plan): string {
  const newest = base?.number ?? 0;
  // What differs may be what this operator does not see.
  if (refusals.length > 0) return `going back from revision ${newest} to ${number} is not yours to do`;
  if (valid && documents.added + documents.changed + documents.removed === 0) {
    return `nothing changes: revision ${newest} holds what revision ${number} held`;
  }
  const tested = tests.passed + tests.failed.length === 0 ? '' : `; ${tests.passed} tests pass`;
  return `back from revision ${newest} to ${number}: documents ${countsText(documents)}; rules ${countsText(rules)}${tested}`;
}
