/** Characters of a SPIFFE ID, all of them ASCII. */
const MAXIMUM_ID = 2048;
const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)+)$/;
const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/;

/**
 * The trust domain of a workload's SPIFFE ID. The id is judged as it stands and never normalised: what two parties could
 * read differently (case, escapes, dot segments, a trailing slash, a port) is no id.
 *
 * @returns undefined when the text is no SPIFFE ID, or names a trust domain and no workload in it
 * @see https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
 */
export function spiffeTrustDomain(text: string): string | undefined {
  if (text.length > MAXIMUM_ID) return undefined;
  const match = SPIFFE_ID.exec(text);
  return match === null || DOT_SEGMENT.test(match[2]!) ? undefined : match[1]!;
}
