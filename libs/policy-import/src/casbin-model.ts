import { ImportRefused } from './imported.js';

/** How an attribute of a request is compared with a policy's. */
export type Comparison = 'equal' | 'keyMatch' | 'keyMatch2' | 'regexMatch';

/** What of casbin's models can be said in documents. */
export interface CasbinModel {
  /** Columns of `p`, in their order. */
  readonly columns: readonly Column[];
  readonly hasDomains: boolean;
  /** Whether subjects are compared by their roles. */
  readonly hasRoles: boolean;
  readonly object: Extract<Comparison, 'equal' | 'keyMatch' | 'keyMatch2'>;
  readonly action: Extract<Comparison, 'equal' | 'regexMatch'>;
  /** Whether a deny counts; where it does not, casbin takes no notice of it either. */
  readonly deniesCount: boolean;
}

export type Column = 'sub' | 'dom' | 'obj' | 'act' | 'eft';

const ALLOWS = 'some(where(p.eft==allow))';
const ALLOWS_AND_NO_DENY = `${ALLOWS}&&!some(where(p.eft==deny))`;

/**
 * Reads a model: RBAC with or without domains, or a list of who may do what. Everything else is refused, since a matcher
 * that is read half lets through what the other half forbids.
 *
 * @throws ImportRefused
 */
export function casbinModel(text: string): CasbinModel {
  const definitions = definitionsIn(text);
  const of = (name: string): string => {
    const found = definitions.get(name);
    if (found !== undefined) return found;
    throw new ImportRefused([`the model has no \`${name}\``]);
  };
  for (const name of definitions.keys()) {
    if (!['r', 'p', 'g', 'e', 'm'].includes(name))
      throw new ImportRefused([`the model's \`${name}\` is not understood`]);
  }
  const asked = of('r').split(',').join(' ');
  const hasDomains = asked === 'sub dom obj act';
  if (!hasDomains && asked !== 'sub obj act') {
    throw new ImportRefused([
      `\`r = ${of('r')}\` is not understood: it is \`sub, obj, act\` or \`sub, dom, obj, act\``,
    ]);
  }
  const columns = of('p').split(',') as Column[];
  const expected: readonly Column[] = hasDomains ? ['sub', 'dom', 'obj', 'act'] : ['sub', 'obj', 'act'];
  const named = columns.filter((column) => column !== 'eft');
  if ([...named].sort().join() !== [...expected].sort().join() || columns.length > named.length + 1) {
    throw new ImportRefused([`\`p = ${of('p')}\` is not understood: it has the same columns as \`r\`, and \`eft\``]);
  }
  const effect = of('e').replaceAll('p_eft', 'p.eft').replaceAll('"', '');
  if (effect !== ALLOWS && effect !== ALLOWS_AND_NO_DENY) {
    throw new ImportRefused([`the effect \`${of('e')}\` lets through what no policy allows, or is not understood`]);
  }
  const groups = definitions.get('g');
  if (groups !== undefined && groups !== (hasDomains ? '_,_,_' : '_,_')) {
    throw new ImportRefused([`\`g = ${groups}\` is not understood beside \`r = ${of('r')}\``]);
  }
  const deniesCount = effect === ALLOWS_AND_NO_DENY;
  return { columns, hasDomains, deniesCount, ...comparisons(of('m'), hasDomains, groups !== undefined) };
}

function comparisons(matcher: string, hasDomains: boolean, hasGroups: boolean) {
  const terms = matcher
    .replaceAll(/\b([rp])_/g, '$1.')
    .split('&&')
    .map(withoutBraces);
  const roles = hasDomains ? 'g(r.sub,p.sub,r.dom)' : 'g(r.sub,p.sub)';
  const found = new Map<string, Comparison | 'roles'>();
  for (const term of terms) {
    const [about, how] = comparisonOf(term, roles, hasGroups) ?? [];
    if (about === undefined || found.has(about)) {
      throw new ImportRefused([`\`${term}\` in the matcher is not understood`]);
    }
    found.set(about, how!);
  }
  const missing = ['sub', ...(hasDomains ? ['dom'] : []), 'obj', 'act'].find((about) => !found.has(about));
  if (missing !== undefined) throw new ImportRefused([`the matcher does not compare \`${missing}\``]);
  return {
    hasRoles: found.get('sub') === 'roles',
    object: found.get('obj') as CasbinModel['object'],
    action: found.get('act') as CasbinModel['action'],
  };
}

function comparisonOf(
  term: string,
  roles: string,
  hasGroups: boolean,
): readonly [about: string, how: Comparison | 'roles'] | undefined {
  if (hasGroups && term === roles) return ['sub', 'roles'];
  const equal = /^(?:r\.(\w+)==p\.(\w+)|p\.(\w+)==r\.(\w+))$/.exec(term);
  if (equal !== null) {
    const [left, right] = [equal[1] ?? equal[3]!, equal[2] ?? equal[4]!];
    return left === right ? [left, 'equal'] : undefined;
  }
  const called = /^(keyMatch2?|regexMatch)\(r\.(\w+),p\.(\w+)\)$/.exec(term);
  if (called === null || called[2] !== called[3]) return undefined;
  const [, how, about] = called as unknown as [string, Comparison, string];
  const isKnown = how === 'regexMatch' ? about === 'act' : about === 'obj';
  return isKnown ? [about, how] : undefined;
}

function withoutBraces(term: string): string {
  return /^\([^()]*\)$/.test(term) ? term.slice(1, -1) : term;
}

/** `name = value` of all sections, without white space. */
function definitionsIn(text: string): ReadonlyMap<string, string> {
  const definitions = new Map<string, string>();
  for (const line of text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const bare = line
      .replace(/^\s*[#;].*$/, '')
      .replace(/\s#.*$/, '')
      .trim();
    if (bare === '' || /^\[\w+\]$/.test(bare)) continue;
    const equals = bare.indexOf('=');
    const name = bare.slice(0, equals).trim();
    if (equals < 0 || definitions.has(name))
      throw new ImportRefused([`the model's line \`${bare}\` is not understood`]);
    definitions.set(name, bare.slice(equals + 1).replaceAll(/\s+/g, ''));
  }
  return definitions;
}
