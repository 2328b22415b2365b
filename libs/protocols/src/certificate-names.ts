/** One name of Node's `subjectaltname`; names with signs of their own are quoted as JSON strings. */
const NAME = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

/**
 * The URI names of a certificate.
 *
 * @param subjectAltName  in Node's form, such as `URI:spiffe://a/b, DNS:c`
 */
export function uriNames(subjectAltName: string): readonly string[] {
  const names: string[] = [];
  NAME.lastIndex = 0;
  while (NAME.lastIndex < subjectAltName.length) {
    const found = NAME.exec(subjectAltName);
    // Names that cannot be told apart are one that nobody is known by.
    if (found === null) return [subjectAltName];
    if (found[1] === 'URI') names.push(unquoted(found[2]!));
  }
  return names;
}

function unquoted(name: string): string {
  if (!name.startsWith('"')) return name;
  try {
    return JSON.parse(name) as string;
  } catch {
    return name;
  }
}
