/** What Dharma itself writes where it names nobody, or nobody in particular. */
const TAKEN: ReadonlySet<string> = new Set([
  'anonymous',
  'anybody',
  'database access',
  'everybody',
  'first start',
  'nobody',
  'operator-token-file',
  'somebody',
]);
/** Scripts with letters that look like those of another one. */
const LOOKALIKES: readonly RegExp[] = ['Latin', 'Cyrillic', 'Greek', 'Armenian', 'Cherokee', 'Coptic', 'Lisu'].map(
  (script) => new RegExp(`\\p{Script=${script}}`, 'u'),
);

/**
 * What keeps a name from being an operator's. Names stand in history, and are what a person is known by: none may look like
 * another, nor say what only the server says.
 *
 * @returns undefined for a name that may be given
 */
export function operatorNameFault(name: string): string | undefined {
  if (/^\s|\s$|\s\s/u.test(name)) return 'it has a blank at an end, or two in a row';
  if (/[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|(?! )\p{Zs}|[\u2800\u3164]/u.test(name)) {
    return 'it has a character that is not seen';
  }
  if (name !== name.normalize('NFKC')) return 'it has characters that are another spelling of others';
  if (!/[\p{L}\p{N}]/u.test(name)) return 'it has neither a letter nor a digit';
  if (LOOKALIKES.filter((script) => script.test(name)).length > 1) {
    return 'its letters are of two alphabets that look alike';
  }
  // As the author of a publication is told whose token was made by somebody bounded.
  if (name.includes(', by ')) return '`, by ` stands between a name and its maker’s';
  return TAKEN.has(name.toLowerCase()) ? 'Dharma itself says so where it names nobody' : undefined;
}
