import { parsePath, ROOTS } from '#cel';
import { foldedHeaderName } from '#engine';
import { shown } from './shape.js';
import { didYouMean } from './suggest.js';

const FORBIDDEN_NAMES: ReadonlyMap<string, string> = new Map([
  ['authorization', 'it carries credentials'],
  ['cookie', 'it carries credentials'],
  ['set-cookie', 'it carries credentials'],
  ['host', 'it routes the request'],
  ['forwarded', 'it says where the request came from'],
  ['x-real-ip', 'it says where the request came from'],
  ['connection', 'it frames the message'],
  ['te', 'it frames the message'],
  ['transfer-encoding', 'it frames the message'],
  ['content-length', 'it frames the message'],
  ['upgrade', 'it frames the message'],
]);
const FORBIDDEN_PREFIXES: ReadonlyMap<string, string> = new Map([
  ['x-dharma-', 'it is ours'],
  ['proxy-', 'it belongs to proxies'],
  ['x-forwarded-', 'it says where the request came from'],
  ['x-original-', 'it says where the request came from'],
  [':', 'pseudo-headers route the request'],
]);

/**
 * Why an obligation may not touch a header; `undefined` when it may. Names that services fold into one variable are one name.
 *
 * @param reported  folded names of headers in which mechanisms are reported
 */
export function forbiddenHeader(name: string, reported: ReadonlySet<string>): string | undefined {
  const folded = foldedHeaderName(name);
  const byName = FORBIDDEN_NAMES.get(folded);
  if (byName !== undefined) return byName;
  for (const [prefix, why] of FORBIDDEN_PREFIXES) if (folded.startsWith(prefix)) return why;
  return reported.has(folded) ? 'a mechanism is reported in it' : undefined;
}

/** What is wrong with the `${…}` of an obligation's text; `undefined`: nothing. */
export function templateFault(text: string): string | undefined {
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', start + 2)) {
    const end = text.indexOf('}', start);
    if (end < 0) return '`${` is not closed by `}`';
    const path = text.slice(start + 2, end);
    if (parsePath(path) !== undefined) continue;
    const root = path.split('.', 1)[0]!;
    const suggestion = (ROOTS as readonly string[]).includes(root) ? '' : didYouMean(root, ROOTS);
    return `\`\${${shown(path)}}\` is not a dotted path into what conditions may read${suggestion}`;
  }
  return undefined;
}
