import type { Plan, Replay } from './server-shapes.js';
import type { Output } from './terminal.js';

/** What recorded decisions would have come out otherwise, the most frequent first; then what they were among. */
export function replayLines({ replay }: Plan, colours: Output['colours']): readonly string[] {
  if (replay === undefined) return [];
  if (replay === null) return ['replay: nothing was decided again, for the plan has faults or is not yours'];
  return [
    ...replay.flips.map((flip) => flipLine(flip, colours)),
    ...unrecordedLines(replay),
    `replay: ${replaySummary(replay)}`,
  ];
}

function unrecordedLines({ unrecorded }: Replay): readonly string[] {
  if (unrecorded.length === 0) return [];
  return [
    `replay: records need not hold what the plan reads anew, and it was decided as absent: ${unrecorded.join(', ')}`,
  ];
}

/** One line; what was left out is said, so that nobody takes it for unchanged. */
export function replaySummary({ decided, flipped, overtaken, masked, notJudged, untold, more }: Replay): string {
  const left = [
    [masked, 'hold not all that rules read'],
    [notJudged, 'were never judged'],
    [untold, 'are not all yours to read'],
  ] as const;
  const leftOut = left.filter(([count]) => count > 0).map(([count, because]) => `; ${count} left out: they ${because}`);
  const since =
    overtaken === 0 ? '' : `; ${overtaken} came out otherwise when they were recorded, which is not the plan's doing`;
  return `${flipped} of ${decided} recorded decisions come out otherwise${since}${leftOut.join('')}${more ? '; there are older ones' : ''}`;
}

function flipLine(
  { endpoint, before, after, rule, count, firstSeen, lastSeen, sample }: Replay['flips'][number],
  { bold, green, red }: Output['colours'],
): string {
  const colour = after.decision === 'allow' ? green : red;
  const where = bold(endpoint ?? 'no endpoint');
  const by = rule === null ? '' : ` by ${rule}`;
  const verdicts = `${before.decision} (${before.reason}) → ${colour(after.decision)} (${after.reason})`;
  const times = count === 1 ? `once at ${lastSeen}` : `${count} times from ${firstSeen} to ${lastSeen}`;
  return `${where}: ${verdicts}${by}, ${times}, such as ${sample}`;
}
