const CREDENTIALS = 'it carries credentials';
const SIGNATURE = 'it signs an address';
const METHOD = 'many services take it for the method';

/** By folded names. */
const FORBIDDEN_NAMES: ReadonlyMap<string, string> = new Map([
  ['access_token', CREDENTIALS],
  ['id_token', CREDENTIALS],
  ['refresh_token', CREDENTIALS],
  ['client_secret', CREDENTIALS],
  ['client_assertion', CREDENTIALS],
  ['state', CREDENTIALS],
  ['token', CREDENTIALS],
  ['password', CREDENTIALS],
  ['api_key', CREDENTIALS],
  ['apikey', CREDENTIALS],
  ['sig', SIGNATURE],
  ['signature', SIGNATURE],
  ['_method', METHOD],
  ['x_http_method_override', METHOD],
  ['x_http_method', METHOD],
  ['x_method_override', METHOD],
]);
const FORBIDDEN_PREFIXES: ReadonlyMap<string, string> = new Map([
  ['x_dharma_', 'it is ours'],
  ['x_amz_', SIGNATURE],
  ['x_goog_', SIGNATURE],
]);

/** Why an obligation may not touch a query parameter; `undefined` when it may. Spellings that services take for one are one. */
export function forbiddenParameter(name: string): string | undefined {
  const folded = name.toLowerCase().replaceAll(/[.-]/g, '_');
  const byName = FORBIDDEN_NAMES.get(folded);
  if (byName !== undefined) return byName;
  for (const [prefix, why] of FORBIDDEN_PREFIXES) if (folded.startsWith(prefix)) return why;
  return undefined;
}
