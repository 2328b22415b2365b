import { createHash } from 'node:crypto';
import type { Operator } from './operators.js';
import { invalid } from './request.pipe.js';

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/;

/** Describes the header. */
export const KEY_HEADER = {
  name: 'idempotency-key',
  required: false,
  description: 'Up to 200 visible ASCII characters. The same key with the same request is answered with what it made.',
} as const;

/** @throws Problem `request-invalid` */
export function judgedKey(key: string | undefined): string | undefined {
  if (key === undefined || IDEMPOTENCY_KEY.test(key)) return key;
  throw invalid([{ pointer: '', message: '`idempotency-key` is not 1 to 200 visible ASCII characters' }]);
}

/** Whoever may not everything has keys of their own: of another's key nobody learns that it was used, nor for what. */
export function ownKey({ standing, id }: Operator, key: string): string {
  // By the token's id: two tokens may have one name.
  return standing.kind === 'root' ? key : requestHashOf([id, key]);
}

/** SHA-256 in hex of a request, whatever the order of its members; tells a repetition from another request. */
export function requestHashOf(request: unknown): string {
  return createHash('sha256').update(JSON.stringify(request, inOrder)).digest('hex');
}

function inOrder(_member: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}
