import type { RuleDeclaration } from '#policy';

type Selector = readonly string[];

/** What a sentence about a rule needs: a declaration, or the same with its defaults filled in. */
export interface SpokenRule {
  readonly effect: 'allow' | 'deny';
  readonly direction?: 'in' | 'out' | undefined;
  readonly scope?: 'self' | 'subtree' | undefined;
  readonly mode?: 'enforce' | 'report' | undefined;
  readonly who?: RuleDeclaration['who'] | SpokenWho | undefined;
  readonly what?: SpokenWhat | undefined;
  readonly when?: string | undefined;
  readonly obligations?: readonly SpokenObligation[] | undefined;
  /** RFC 3339, or milliseconds since 1970. */
  readonly notBefore?: string | number | undefined;
  readonly notAfter?: string | number | undefined;
}

interface SpokenWho {
  readonly anonymous?: boolean | undefined;
  readonly domains?: Selector | undefined;
  readonly services?: Selector | undefined;
  readonly mechanisms?: Selector | undefined;
  readonly subjects?: Selector | undefined;
  readonly clients?: Selector | undefined;
  readonly groups?: Selector | undefined;
  readonly principals?: Selector | undefined;
  readonly scopes?: Selector | { readonly allOf: Selector } | undefined;
  readonly roles?: Selector | undefined;
}

interface SpokenWhat {
  readonly domains?: Selector | undefined;
  readonly services?: Selector | undefined;
  readonly endpoints?: Selector | undefined;
  readonly methods?: Selector | undefined;
  readonly paths?: Selector | undefined;
  readonly resourceTypes?: Selector | undefined;
  readonly resources?: Selector | undefined;
  readonly actions?: Selector | undefined;
}

type SpokenObligation =
  | {
      readonly kind: 'setHeader' | 'removeHeader' | 'setQueryParameter' | 'removeQueryParameter';
      readonly name: string;
      readonly critical?: boolean | undefined;
    }
  | { readonly kind: 'rateLimit'; readonly class: string; readonly critical?: boolean | undefined };

/** Items of a list that are named; what is beyond is counted. */
const NAMED = 5;
const MAXIMUM_CONDITION = 120;

/**
 * One sentence about a rule: `allow GET on orders/* for role agent at shop`. Two rules that differ may read alike where
 * lists or conditions are long.
 *
 * @param domain  its owner, or `*`
 */
export function ruleWords(rule: SpokenRule, domain: string): string {
  const { effect, mode, when, notBefore, notAfter, obligations = [] } = rule;
  const parts = [
    `${mode === 'report' ? 'only report: ' : ''}${effect} ${whatWords(rule.what ?? {})} for ${whoWords(rule)} ${placeWords(rule, domain)}`,
    when === undefined ? '' : `when \`${shortened(when)}\``,
    notBefore === undefined ? '' : `from ${instantWords(notBefore)}`,
    notAfter === undefined ? '' : `until ${instantWords(notAfter)}`,
  ];
  return [parts.filter((part) => part !== '').join(', '), ...obligations.map(obligationWords)].join('; ');
}

/** `a`, `a or b`, `a, b, c, d, e or 3 more`. */
export function listed(items: readonly string[], joint: 'or' | 'and' = 'and'): string {
  const named = items.length > NAMED + 1 ? [...items.slice(0, NAMED), `${items.length - NAMED} more`] : items;
  return named.length < 2 ? (named[0] ?? 'nothing') : `${named.slice(0, -1).join(', ')} ${joint} ${named.at(-1)!}`;
}

function whatWords(what: SpokenWhat): string {
  const deeds = [...(what.methods ?? []), ...(what.actions ?? [])];
  const objects = [
    part('on ', what.endpoints),
    part('on service ', what.services),
    part('on resource type ', what.resourceTypes),
    part('on resource ', what.resources),
    part('at path ', what.paths),
    part('inside ', what.domains),
  ].filter((words) => words !== '');
  return [deeds.length === 0 ? 'everything' : listed(deeds, 'or'), ...objects].join(' ');
}

function whoWords({ effect, who = {} }: SpokenRule): string {
  const { scopes, anonymous } = who;
  const parts = [
    part('', who.principals),
    part('role ', who.roles),
    part('group ', who.groups),
    part('service ', who.services),
    part('client ', who.clients),
    part('subject ', who.subjects),
    part('callers proven by ', who.mechanisms),
    part('callers from ', who.domains),
    scopes === undefined
      ? ''
      : Array.isArray(scopes)
        ? part('scope ', scopes)
        : allScopes(scopes as { allOf: Selector }),
  ].filter((words) => words !== '');
  // On a deny it says nothing: denies match callers without credential anyway.
  const also = effect === 'allow' && anonymous === true;
  if (parts.length === 0) return also ? 'everyone, even without credential' : 'everyone';
  return `${parts.join(' with ')}${also ? ', even without credential' : ''}`;
}

function allScopes({ allOf }: { readonly allOf: Selector }): string {
  return `${allOf.length === 1 ? 'scope' : 'all of scopes'} ${listed(allOf)}`;
}

function placeWords({ effect, direction, scope }: SpokenRule, domain: string): string {
  if (domain === '*') return direction === 'out' ? 'on the way out of any domain' : 'everywhere';
  const reaches = (scope ?? (effect === 'allow' ? 'self' : 'subtree')) === 'subtree';
  return `${direction === 'out' ? 'on the way out of' : 'at'} ${domain}${reaches ? ' and below' : ''}`;
}

function part(lead: string, items: Selector | undefined): string {
  return items === undefined ? '' : `${lead}${listed(items, 'or')}`;
}

function obligationWords(obligation: SpokenObligation): string {
  const verb = obligation.critical === false ? 'should' : 'must';
  switch (obligation.kind) {
    case 'setHeader':
      return `${verb} set header ${obligation.name}`;
    case 'removeHeader':
      return `${verb} remove header ${obligation.name}`;
    case 'setQueryParameter':
      return `${verb} set query parameter ${obligation.name}`;
    case 'removeQueryParameter':
      return `${verb} remove query parameter ${obligation.name}`;
    case 'rateLimit':
      return `${verb} limit the rate as ${obligation.class}`;
    default:
      return obligation satisfies never;
  }
}

function instantWords(instant: string | number): string {
  return typeof instant === 'string' ? instant : new Date(instant).toISOString();
}

/** A condition on one line, cut where it is long. */
export function shortened(condition: string): string {
  const flat = condition.replace(/\s+/g, ' ').trim();
  return flat.length > MAXIMUM_CONDITION ? `${flat.slice(0, MAXIMUM_CONDITION)}…` : flat;
}
