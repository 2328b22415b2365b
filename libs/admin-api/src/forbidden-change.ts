import type { ToldRefusal } from '#administration';
import { Problem } from '#problem';

/** @param refusals  at least one */
export function forbiddenChange(refusals: readonly ToldRefusal[]): Problem {
  const [first] = refusals;
  return new Problem('forbidden-change', { count: refusals.length, first: refusalText(first!) }, { refusals });
}

function refusalText({ kind, name, part, needs, over }: ToldRefusal): string {
  const what = kind === null || name === null ? 'documents that you may not see' : `${part} of \`${kind}/${name}\``;
  const where = over === null ? 'a domain that you may not see' : over === '*' ? 'everything' : `\`${over}\``;
  return `${what} needs \`${needs}\` over ${where}`;
}
