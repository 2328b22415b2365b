import type { Rule } from '#engine';
import { modeOf } from './domains.js';
import { denyTrial } from './matter.js';
import type { Matter } from './matter.js';
import { byBytes } from './ordering.js';
import type { TrialItem } from './trial.js';

/** Step 4: the denies that match, for each credential and direction; any match counts. In the order of their ids. */
export async function guardrail(matter: Matter): Promise<{ enforced: readonly Rule[]; noted: readonly Rule[] }> {
  const { credentials } = matter.caller;
  const items: readonly TrialItem[] =
    credentials.length === 0
      ? [{ kind: 'none' }]
      : credentials.map((credential) => ({ kind: 'credential', credential }));
  const matched = new Set<Rule>();
  for (const direction of ['in', 'out'] as const) {
    for (const item of items) {
      for (const rule of matter.rules.matchingDenies(await denyTrial(matter, direction, item))) matched.add(rule);
    }
  }
  const inOrder = [...matched].sort((left, right) => byBytes(left.id, right.id));
  const isNoted = (rule: Rule): boolean => modeOf(matter.world, rule.owner) === 'report';
  return { enforced: inOrder.filter((rule) => !isNoted(rule)), noted: inOrder.filter(isNoted) };
}
