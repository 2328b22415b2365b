import type { Answer } from '#decision';

/** Names in lower case of headers that some rule sets, and this answer does not. */
export function unsaid(headersSet: Answer['headersSet'], set: ReadonlySet<string>): readonly string[] {
  return [...headersSet.values()].flat().filter((name) => !set.has(name));
}
