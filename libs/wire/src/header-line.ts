/** One header field as it came; the name in lower case. */
export type HeaderLine = readonly [name: string, value: string];

/** Header fields as they came, before Node joined or dropped any. */
export function headerLines({ rawHeaders }: { readonly rawHeaders: readonly string[] }): readonly HeaderLine[] {
  const lines: HeaderLine[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    lines.push([rawHeaders[at]!.toLowerCase(), rawHeaders[at + 1]!]);
  return lines;
}
