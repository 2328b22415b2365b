/** Which named values of a request the rules of a world can read at all: nothing else makes a difference to a verdict. */
import { byBytes } from './ordering.js';

/** From a root inwards, such as `['request', 'headers', 'x-team']`. Whatever lies below its last member is read too. */
export type MemberPath = readonly string[];

const STEP = /\.([A-Za-z_][A-Za-z0-9_]*)|\[("(?:[^"\\]|\\.)*")\]/y;

/**
 * A path of CEL cut into its members. It ends where a key is worked out while the condition runs: then all members of
 * what is read up to there count as read.
 *
 * @param path  as `Condition.reads` has it
 */
export function memberPath(path: string): MemberPath {
  const root = /^[A-Za-z_]+/.exec(path)![0];
  const members = [root];
  STEP.lastIndex = root.length;
  for (let step = STEP.exec(path); step !== null; step = STEP.exec(path)) {
    members.push(step[1] ?? (JSON.parse(step[2]!) as string));
  }
  return members;
}

/** Each once, in the order of their bytes. */
export function distinctPaths(paths: Iterable<MemberPath>): readonly MemberPath[] {
  const byText = new Map<string, MemberPath>();
  for (const path of paths) byText.set(JSON.stringify(path), path);
  return [...byText].sort(([left], [right]) => byBytes(left, right)).map(([, path]) => path);
}
