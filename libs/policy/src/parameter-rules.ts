const CREDENTIALS = 'it carries credentials';
const SIGNATURE = 'it signs an address';
const METHOD = 'many services take it for the method';

/** By the letters and digits of a name. */
const FORBIDDEN_NAMES: ReadonlyMap<string, string> = new Map([
  ['accesstoken', CREDENTIALS],
  ['idtoken', CREDENTIALS],
  ['refreshtoken', CREDENTIALS],
  ['clientsecret', CREDENTIALS],
  ['clientassertion', CREDENTIALS],
  ['state', CREDENTIALS],
  ['token', CREDENTIALS],
  ['password', CREDENTIALS],
  ['apikey', CREDENTIALS],
  ['sig', SIGNATURE],
  ['signature', SIGNATURE],
  ['xhttpmethodoverride', METHOD],
  ['xhttpmethod', METHOD],
  ['xmethodoverride', METHOD],
]);
const FORBIDDEN_PREFIXES: ReadonlyMap<string, string> = new Map([
  ['xdharma', 'it is ours'],
  ['xamz', SIGNATURE],
  ['xgoog', SIGNATURE],
]);
/** `_method`, and what services read as that; `method` alone is a word like others. */
const METHOD_NAME = /^[._-]method$/i;

/** Why an obligation may not touch a query parameter; `undefined` when it may. Spellings that services take for one are one. */
export function forbiddenParameter(name: string): string | undefined {
  if (METHOD_NAME.test(name)) return METHOD;
  const letters = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const byName = FORBIDDEN_NAMES.get(letters);
  if (byName !== undefined) return byName;
  for (const [prefix, why] of FORBIDDEN_PREFIXES) if (letters.startsWith(prefix)) return why;
  return undefined;
}
