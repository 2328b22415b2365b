import { changeSummary } from '#administration';
import { WRITTEN_KINDS } from '#policy';
import { proposeTo, publishedText, publishOrSay, waitFor } from './apply.js';
import type { AdminFlags } from './connection.js';
import { changeLines, countsText } from './plan-text.js';
import { whileWaiting } from './progress.js';
import { canAsk, saysYes } from './question.js';
import { ServerClient } from './server-client.js';
import type { Diff } from './server-shapes.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface RestoreOptions extends AdminFlags {
  readonly because: string;
  /** Publishes without asking. */
  readonly yes: boolean;
  /** Has somebody else publish it. */
  readonly propose: boolean;
  /** Seconds to wait until the server decides by the new revision; 0: not at all. */
  readonly wait: number;
  readonly format: 'text' | 'json';
}

/** Shows what going back to a revision would change, asks, and publishes its content as a new one. */
export async function restore(
  terminal: Terminal,
  number: number,
  { because, yes, propose, wait, format, ...flags }: RestoreOptions,
): Promise<ExitCode> {
  if (propose && wait > 0)
    throw new Stop(2, 'what is proposed waits for somebody: `--wait` does not go with `--propose`');
  if (!yes && !canAsk(terminal)) {
    throw new Stop(2, 'nobody is there to be asked; say `--yes` to publish without a question');
  }
  const { aside, out } = terminal;
  const client = await ServerClient.of(terminal, flags);
  const newest = await client.newest();
  if (newest === null) throw new Stop(1, 'nothing was ever published, so there is nothing to go back to');
  const diff = writtenIn(await client.diff(number, newest.number));
  await aside.write(
    diff.changes
      .flatMap((change) => changeLines(change, aside.colours))
      .map(lineOf)
      .join(''),
  );
  await aside.line(restoreSummary(diff));
  if (
    diff.changes.length > 0 &&
    !yes &&
    !(await saysYes(terminal, `${propose ? 'propose' : 'publish'} to ${client.server}?`))
  ) {
    throw new Stop(1, `nothing was ${propose ? 'proposed' : 'published'}`);
  }
  if (propose) return proposeTo(terminal, client, { restore: number, base: newest, because }, format);
  const published = await whileWaiting(aside, `publishing to ${client.server}`, () =>
    publishOrSay(() => client.restore(number, newest, because), 'look at what changed with `log`, then restore again'),
  );
  await out.write(format === 'json' ? `${JSON.stringify(published, null, 2)}\n` : publishedText(published));
  const { revision } = published;
  if (wait > 0 && revision !== null) {
    await whileWaiting(aside, `waiting for revision ${revision.number}`, () => waitFor(client, revision, wait));
    await aside.line(`revision ${revision.number} is in force`);
  }
  return 0;
}

/** What an operator did by a route of its own, such as to suspend a domain, going back leaves as it is. */
function writtenIn({ changes, ...diff }: Diff): Diff {
  const written = changes.filter(({ kind }) => WRITTEN_KINDS.some((one) => one === kind));
  return { ...diff, changes: written, summary: changeSummary(written) };
}

function restoreSummary({ from, to, summary: { documents, rules } }: Diff): string {
  if (documents.added + documents.changed + documents.removed === 0) {
    return `nothing changes: revision ${from} holds what revision ${to} held`;
  }
  return `back from revision ${from} to ${to}: documents ${countsText(documents)}; rules ${countsText(rules)}`;
}

function lineOf(text: string): string {
  return `${text}\n`;
}
