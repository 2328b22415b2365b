import fc from 'fast-check';
import { compile, decide } from '#engine';
import type { Snapshot, World } from '#engine';
import { laws } from './laws.js';
import { RUNS } from './runs.js';

const snapshots = new WeakMap<World, Snapshot>();

/** The engine that is shipped. */
function fast(
  ...[world, request]: Parameters<Parameters<(typeof laws)[number]['property']>[0]>
): ReturnType<typeof decide> {
  let snapshot = snapshots.get(world);
  if (snapshot === undefined) snapshots.set(world, (snapshot = compile(world)));
  return decide(snapshot, request);
}

it.each(laws.map((law) => [law.name, law] as const))('%s', (_name, law) =>
  fc.assert(law.property(fast), { numRuns: RUNS.law }),
);
