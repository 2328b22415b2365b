/**
 * The world as it would be if every condition spoke for the caller: what it denies is denied whatever a request holds.
 * That rests on two laws of the semantics, M1 and M4: a deny less, or an allow more, never turns an allow into a deny.
 *
 * @see docs/semantics.md, section 8
 */
import type { Domain, Rule, World } from '#engine';

/** Whether a rule may read what nobody knows beforehand. Obligations are filled in from the request. */
export function hasCondition({ when, obligations }: Rule): boolean {
  return when !== undefined || obligations.length > 0;
}

export function withoutConditions(world: World): World {
  const favourable = (rules: readonly Rule[]): readonly Rule[] =>
    rules.flatMap((rule) => {
      if (!hasCondition(rule)) return [rule];
      return rule.effect === 'deny' ? [] : [{ ...rule, when: undefined, obligations: [] }];
    });
  const domains = new Map<string, Domain>();
  for (const [name, domain] of world.domains) domains.set(name, { ...domain, rules: favourable(domain.rules) });
  return { ...world, domains, outside: favourable(world.outside) };
}
