const URI = 'URI:';

/**
 * The URI names of a certificate.
 *
 * @param subjectAltName  in Node's form, such as `URI:spiffe://a/b, DNS:c`; names with commas or quotes of their own are
 *   JSON strings in which commas are escaped, so that a comma always divides
 */
export function uriNames(subjectAltName: string): readonly string[] {
  return subjectAltName
    .split(', ')
    .filter((name) => name.startsWith(URI))
    .map((name) => unquoted(name.slice(URI.length)));
}

function unquoted(name: string): string {
  return name.startsWith('"') ? (JSON.parse(name) as string) : name;
}
