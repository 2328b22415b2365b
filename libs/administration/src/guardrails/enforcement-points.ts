import { isWithin } from '#engine';
import type { EnforcementPointDocument } from '#policy';
import { credentialWords } from '../document-words.js';
import { listed } from '../rule-words.js';
import { touched, type TouchedGuardrail } from './guardrail.js';
import { changeOf, flagStep, listStep, type Step, wordsOf } from './tendency.js';

type Point = EnforcementPointDocument | undefined;

/** What is believed from an enforcement point, whom it may ask about, and who counts as it. */
export function touchedEnforcementPoint(before: Point, after: Point): readonly TouchedGuardrail[] {
  const { metadata } = (after ?? before)!;
  const told = (change: TouchedGuardrail['change'], words: string) => [
    touched(
      'enforcement-point',
      change,
      metadata.domain,
      metadata.name,
      `enforcement point ${metadata.name} ${words}`,
      before === undefined ? [] : [before.metadata.domain],
    ),
  ];
  if (after === undefined) return told('strengthened', 'goes');
  if (before === undefined) {
    const { mayAssert = [], mayExplain = false } = after.spec;
    const what = [
      ...(mayAssert.length === 0 ? [] : [`may assert ${listed(mayAssert)}`]),
      ...(mayExplain ? ['may explain'] : []),
    ];
    return told('weakened', ['comes', ...what].join('; '));
  }
  const steps = [
    ...placeSteps(before.metadata.domain, after.metadata.domain),
    ...listSteps(listStep(before.spec.mayAssert, after.spec.mayAssert), 'may assert', 'may no longer assert'),
    ...flagStep(before.spec.mayExplain, after.spec.mayExplain, 'may explain', 'may no longer explain'),
    ...listSteps(
      listStep(before.spec.credentials?.map(credentialWords), after.spec.credentials?.map(credentialWords)),
      'proves itself by',
      'no longer by',
    ),
  ];
  return steps.length === 0 ? [] : told(changeOf(steps), wordsOf(steps));
}

/** It may ask about what lies in its domain. */
function placeSteps(before: string, after: string): readonly Step[] {
  if (before === after) return [];
  const tendency = isWithin(before, after) ? 'looser' : isWithin(after, before) ? 'tighter' : 'either';
  return [{ tendency, words: `moves from ${before} to ${after}` }];
}

function listSteps({ came, went }: ReturnType<typeof listStep>, more: string, less: string): readonly Step[] {
  return [
    ...(came.length === 0 ? [] : [{ tendency: 'looser', words: `${more} ${listed(came)}` } as const]),
    ...(went.length === 0 ? [] : [{ tendency: 'tighter', words: `${less} ${listed(went)}` } as const]),
  ];
}
