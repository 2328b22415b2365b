import type { ObligationTemplate, Rule, What, Who } from '#engine';
import type { ObligationDeclaration, PolicyPolicyDocument, RuleDeclaration } from './document-policy.js';
import { parseInstant } from './instant.js';

/** Sets are loaded one after the other, and from one to the next few documents are others. */
const LOWERED = new WeakMap<PolicyPolicyDocument, readonly Rule[]>();

/** The rules of a well-formed document, in its order: the same ones for the same document. */
export function rulesOf(document: PolicyPolicyDocument): readonly Rule[] {
  let rules = LOWERED.get(document);
  if (rules === undefined) {
    const { name, domain } = document.metadata;
    rules = document.spec.rules.map((rule) => lowerRule(rule, name, domain));
    LOWERED.set(document, rules);
  }
  return rules;
}

/** A rule with its defaults; lists of selectors are sorted, obligations stay in their order. */
function lowerRule(rule: RuleDeclaration, policy: string, owner: string): Rule {
  return {
    id: `${policy}/${rule.id}`,
    owner,
    effect: rule.effect,
    direction: rule.direction ?? 'in',
    scope: rule.scope ?? (rule.effect === 'allow' ? 'self' : 'subtree'),
    mode: rule.mode ?? 'enforce',
    who: lowerWho(rule.who ?? {}),
    what: sortedLists(rule.what ?? {}) as What,
    ...(rule.when !== undefined && { when: rule.when }),
    obligations: (rule.obligations ?? []).map(lowerObligation),
    ...(rule.notBefore !== undefined && { notBefore: parseInstant(rule.notBefore)! }),
    ...(rule.notAfter !== undefined && { notAfter: parseInstant(rule.notAfter)! }),
  };
}

function lowerWho({ anonymous, scopes, ...lists }: NonNullable<RuleDeclaration['who']>): Who {
  const selectors = sortedLists(lists);
  if (scopes === undefined) return { anonymous: anonymous ?? false, ...selectors };
  const sortedScopes = Array.isArray(scopes)
    ? sorted(scopes)
    : { allOf: sorted((scopes as { readonly allOf: readonly string[] }).allOf) };
  return { anonymous: anonymous ?? false, ...selectors, scopes: sortedScopes };
}

function sortedLists(selectors: { readonly [selector: string]: readonly string[] | undefined }) {
  const result: { [selector: string]: readonly string[] } = {};
  for (const [selector, list] of Object.entries(selectors)) if (list !== undefined) result[selector] = sorted(list);
  return result;
}

function sorted(list: readonly string[]): readonly string[] {
  return [...new Set(list)].sort();
}

function lowerObligation(obligation: ObligationDeclaration): ObligationTemplate {
  return { ...obligation, critical: obligation.critical ?? true };
}
