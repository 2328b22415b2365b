/** The `type` of a problem with this code. */
export function problemType(code: string): string {
  return `urn:dharma:problem:${code}`;
}
