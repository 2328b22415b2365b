import type { Guardrail, Plan } from './server-shapes.js';
import type { Output } from './terminal.js';

/** Whether more may get through than before. */
export function isLoosened({ change }: Guardrail): boolean {
  return change === 'weakened' || change === 'removed';
}

/** Guardrails and limits that a plan touches, what a reviewer must see first. */
export function guardrailLines({ guardrails }: Plan, colours: Output['colours']): readonly string[] {
  if (guardrails === undefined) return [];
  const { items, more } = guardrails;
  return [
    ...items.map((guardrail) => guardrailLine(guardrail, colours)),
    ...(more === 0 ? [] : [`… and ${more} more guardrails`]),
  ];
}

function guardrailLine(guardrail: Guardrail, { green, red, yellow }: Output['colours']): string {
  const { kind, change, domain, words } = guardrail;
  const colour = isLoosened(guardrail) ? red : change === 'changed' ? yellow : green;
  const owner = domain === '*' ? 'everything' : domain;
  return `${colour(`guardrail ${change}`)} (${kind} of ${owner}): ${words}`;
}
