/** Words that YAML 1.2 reads as something else than text, and those that YAML 1.1 did. */
const OTHER_THAN_TEXT =
  /^(?:~|null|true|false|yes|no|on|off|y|n|[-+]?\.inf|\.nan|[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:e[-+]?\d+)?|0o[0-7]+|0x[0-9a-f]+)$/i;
const PLAIN_START = /^[\p{L}\p{N}_/.+$(]/u;
/** Characters a plain text may hold besides letters and digits, spaces aside. */
const PLAIN_REST = /^[\p{L}\p{N} !"#$%&'()*+\-./:;<=>?@^_`|~\\,[\]{}]*$/u;
const FLOW_SIGN = /[,[\]{}]/;
/** Escaped in quotes although JSON leaves them: the reader refuses them raw, or breaks a line at them. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNPRINTED = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** A text as one line of YAML: bare where nothing can be misread, else in quotes. */
export function quotedAsNeeded(text: string, isInFlow: boolean): string {
  if (isPlain(text, isInFlow)) return text;
  const needsEscapes =
    /['\n]/.test(text) || JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll('\\\\', '\\') !== text;
  if (/["\\]/.test(text) && !needsEscapes && text.search(UNPRINTED) < 0) return `'${text}'`;
  return JSON.stringify(text).replace(UNPRINTED, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function isPlain(text: string, isInFlow: boolean): boolean {
  if (!PLAIN_START.test(text) || !PLAIN_REST.test(text) || OTHER_THAN_TEXT.test(text)) return false;
  if (text.endsWith(' ') || text.endsWith(':') || text.includes(': ') || text.includes(' #') || text.startsWith('...'))
    return false;
  return !FLOW_SIGN.test(text) || (!isInFlow && !/:[,[\]{}]/.test(text));
}

/** A text of several lines as the lines of a literal block, its header first; `undefined` where quotes are safer. */
export function literalBlock(text: string): readonly string[] | undefined {
  if (!text.includes('\n') || /^[ \t\n]|[ \t]\n|[ \t]$|\n\n$|\r/.test(text) || text.search(UNPRINTED) >= 0)
    return undefined;
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0008\u000b-\u001f]/.test(text)) return undefined;
  const endsInLine = text.endsWith('\n');
  const lines = (endsInLine ? text.slice(0, -1) : text).split('\n');
  return [endsInLine ? '|' : '|-', ...lines];
}

/** A number, a boolean or nothing. */
export function wordOf(value: number | boolean | null): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
