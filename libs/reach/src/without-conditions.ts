/**
 * A world as it would be if every condition spoke for the caller, or every one against: between the two lies whatever a
 * request holds. That rests on two laws of the semantics, M1 and M4: a deny less, or an allow more, never turns an allow
 * into a deny.
 *
 * @see docs/semantics.md, section 8
 */
import type { Domain, Effect, ObligationTemplate, Rule, World } from '#engine';

/** Whether a rule may read what nobody knows beforehand. Obligations may be filled in from the request. */
export function hasCondition({ when, obligations }: Rule): boolean {
  return when !== undefined || obligations.some(isFilledIn);
}

function isFilledIn(obligation: ObligationTemplate): boolean {
  switch (obligation.kind) {
    case 'setHeader':
    case 'setQueryParameter':
      return obligation.value.includes('${');
    case 'removeHeader':
    case 'removeQueryParameter':
      return false;
    case 'rateLimit':
      return obligation.key.includes('${');
  }
}

/** What it denies is denied whatever a request holds. */
export function withoutConditions(world: World): World {
  return unconditionally(world, 'allow');
}

/** What it allows is allowed whatever a request holds. */
export function againstConditions(world: World): World {
  return unconditionally(world, 'deny');
}

/** @param kept  the effect of rules that lose their conditions; those of the other effect that have some are gone */
function unconditionally(world: World, kept: Effect): World {
  const judged = (rules: readonly Rule[]): readonly Rule[] =>
    rules.flatMap((rule) => {
      if (!hasCondition(rule)) return [rule];
      return rule.effect === kept ? [{ ...rule, when: undefined, obligations: [] }] : [];
    });
  const domains = new Map<string, Domain>();
  for (const [name, domain] of world.domains) domains.set(name, { ...domain, rules: judged(domain.rules) });
  return { ...world, domains, outside: judged(world.outside) };
}
