import { setTimeout as pause } from 'node:timers/promises';
import { isAtLeast, waitFor } from './apply.js';
import { whileWaiting } from './progress.js';
import type { ServerClient } from './server-client.js';
import type { FleetServer, Revision } from './server-shapes.js';
import { spanText } from './span.js';
import { Stop, type Terminal } from './terminal.js';

const POLL_MILLISECONDS = 500;
/** Who was heard of this much earlier than the last one heard of has gone. */
const GONE_MILLISECONDS = 60_000;
const NAMES_TOLD = 5;

/**
 * Waits until every server of the fleet decides by a revision or a later one.
 *
 * @throws Stop with 1 when they do not in time
 */
export async function waitForFleet(
  terminal: Terminal,
  client: ServerClient,
  revision: Revision,
  seconds: number,
): Promise<void> {
  const { aside } = terminal;
  const started = performance.now();
  const label = `waiting for revision ${revision.number}`;
  await whileWaiting(aside, label, () => waitFor(client, revision, seconds));
  for (;;) {
    const present = presentIn((await client.fleet()).items);
    const behind = present.filter((member) => !hasReached(member, revision));
    if (behind.length === 0) {
      await aside.line(`revision ${revision.number} is in force on ${Math.max(present.length, 1)} of the fleet`);
      return;
    }
    if (performance.now() - started > seconds * 1000) {
      const named = behind.slice(0, NAMES_TOLD).map(({ server }) => `\`${server}\``);
      const more = behind.length > NAMES_TOLD ? ` and ${behind.length - NAMES_TOLD} more` : '';
      throw new Stop(
        1,
        `revision ${revision.number} is in force here and after ${spanText(seconds)} not on ${named.join(', ')}${more}`,
      );
    }
    await whileWaiting(aside, label, () => pause(POLL_MILLISECONDS));
  }
}

/** By their own clock, which is the store's: ours may be another. */
function presentIn(fleet: readonly FleetServer[]): readonly FleetServer[] {
  const last = Math.max(...fleet.map(({ lastSeenAt }) => Date.parse(lastSeenAt)));
  // An instant that is none counts as now: better to wait in vain than to leave one out.
  return fleet.filter(({ lastSeenAt }) => !(Date.parse(lastSeenAt) < last - GONE_MILLISECONDS));
}

function hasReached({ revision: number, epoch }: FleetServer, revision: Revision): boolean {
  if (typeof number !== 'number') return false;
  return isAtLeast({ number, epoch: epoch ?? revision.epoch }, revision);
}
