import type { IncomingMessage } from 'node:http';

/**
 * Changes the headers that handlers read, in each of the three forms in which Node has them.
 *
 * @param removed  names in lower case
 * @param set      by names in lower case, in place of whatever came under them
 */
export function changeHeaders(
  message: IncomingMessage,
  removed: readonly string[],
  set: ReadonlyMap<string, string>,
): void {
  // Node makes the first two from the third when they are first read; messages that tests inject lack the second.
  const { headers, rawHeaders } = message;
  const headersDistinct = (message.headersDistinct as NodeJS.Dict<string[]> | undefined) ?? {};
  const gone = new Set([...removed, ...set.keys()]);
  const left: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (!gone.has(rawHeaders[at]!.toLowerCase())) left.push(rawHeaders[at]!, rawHeaders[at + 1]!);
  }
  for (const name of gone) {
    delete headers[name];
    delete headersDistinct[name];
  }
  for (const [name, value] of set) {
    left.push(name, value);
    headers[name] = value;
    headersDistinct[name] = [value];
  }
  rawHeaders.splice(0, rawHeaders.length, ...left);
}
