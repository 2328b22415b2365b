import { isUtf8 } from 'node:buffer';

/** A type and `=`, at which an attribute begins. */
const TYPE = /(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*)=/y;
const HEX = /^[0-9A-Fa-f]{2}$/;
/** What stands behind a backslash for itself. */
const ESCAPED = new Set(',+"\\<>;#= ');

/**
 * The values of all attributes of one type in a distinguished name as RFC 2253 writes it, unescaped.
 *
 * @param type  such as `OU`
 * @returns undefined where the text could be read in more than one way
 */
export function attributeValues(name: string, type: string): readonly string[] | undefined {
  const values: string[] = [];
  for (let at = 0; ;) {
    TYPE.lastIndex = at;
    const found = TYPE.exec(name)?.[0];
    if (found === undefined) return undefined;
    const value = valueAt(name, at + found.length);
    if (value === undefined) return undefined;
    if (found.slice(0, -1) === type) values.push(value.text);
    if (value.end === name.length) return values;
    at = value.end + 1;
  }
}

/** Up to the comma or plus that is not escaped. */
function valueAt(name: string, start: number): { readonly text: string; readonly end: number } | undefined {
  const bytes: number[] = [];
  // What is quoted, or written in hex as a whole, has other rules; certificates of workloads have neither.
  if (name[start] === '"' || name[start] === '#') return undefined;
  let at = start;
  for (; at < name.length && name[at] !== ',' && name[at] !== '+'; at += 1) {
    const sign = name[at]!;
    if (sign !== '\\') {
      bytes.push(...Buffer.from(sign));
      continue;
    }
    const pair = name.slice(at + 1, at + 3);
    if (HEX.test(pair)) {
      bytes.push(Number.parseInt(pair, 16));
      at += 2;
    } else if (ESCAPED.has(name[at + 1] ?? '')) {
      bytes.push(name.charCodeAt(at + 1));
      at += 1;
    } else return undefined;
  }
  const text = Buffer.from(bytes);
  return isUtf8(text) ? { text: text.toString(), end: at } : undefined;
}
