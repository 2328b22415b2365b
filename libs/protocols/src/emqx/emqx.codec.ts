import type { Answer, Question } from '#decision';
import { z } from 'zod';
import { attributesOf, malformed, vouchedQuestion } from '../vouched.js';
import { jsonOf, shaped } from '../webhook-body.js';

const text = z.string().nullish();

/** The body that docs/integrations/emqx.conf has EMQX send. */
const check = z.object({
  username: text,
  clientid: text,
  peerhost: text,
  action: z.enum(['publish', 'subscribe']),
  topic: z.string(),
});

/** How EMQX fills in what it does not know. */
const UNKNOWN: ReadonlySet<string> = new Set(['', 'undefined', 'null']);

/**
 * @throws Problem `request-not-json`, `request-too-large`
 */
export function toQuestion(body: unknown): Question {
  const read = shaped(check, jsonOf(body));
  if ('faults' in read) return malformed(read.faults);
  const { username, clientid, peerhost, action, topic } = read.value;
  const levels = topic.split('/');
  if (levels.some((level) => level === '+' || level === '#')) {
    // Whether every topic that a filter stands for is allowed no single decision can say.
    return malformed([{ pointer: '/topic', message: 'a filter is more than one topic' }]);
  }
  return vouchedQuestion({
    target: {
      kind: 'topic',
      topic: levels.map(segment).join('.'),
      action: action === 'publish' ? 'publish' : 'consume',
    },
    claimed: attributesOf({ clientid }),
    ...(isKnown(username) && { subject: { type: 'user', id: username, attributes: attributesOf({}) } }),
    ...(isKnown(peerhost) && { clientAddress: peerhost }),
  });
}

export function toResult({ outcome }: Answer): { readonly result: 'allow' | 'deny' } {
  return { result: outcome.decision };
}

function isKnown(value: string | null | undefined): value is string {
  return value !== null && value !== undefined && !UNKNOWN.has(value);
}

/** Levels are told apart by `/` in EMQX, by `.` here. */
function segment(level: string): string {
  return level.replaceAll('%', '%25').replaceAll('.', '%2E');
}
