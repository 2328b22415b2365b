import type { Attributes, Evidence } from '#engine';
import type { Dropped, Judged } from './evidence.js';
import type { MechanismSettings } from './settings.js';

export const NOTHING: Judged = Object.freeze({
  evidence: [],
  dropped: [],
  hasVerifiedCredential: false,
  hasFalseCredential: false,
});

const NO_TEXTS: readonly string[] = Object.freeze([]);
const NO_ATTRIBUTES: Attributes = Object.freeze(Object.create(null) as Attributes);

/** An item about which nothing is known but its subject. */
export function bareItem({ declaration }: MechanismSettings, subject: string): Evidence {
  return {
    role: declaration.role,
    mechanism: declaration.name,
    subject,
    verified: true,
    scopes: NO_TEXTS,
    groups: NO_TEXTS,
    claims: NO_ATTRIBUTES,
    attributes: NO_ATTRIBUTES,
  };
}

export function accepted(evidence: readonly Evidence[], dropped: readonly Dropped[] = []): Judged {
  return {
    evidence,
    dropped,
    hasVerifiedCredential: evidence.some(({ role }) => role === 'access'),
    hasFalseCredential: false,
  };
}

export function dropped(mechanism: string | null, because: string): Judged {
  return { ...NOTHING, dropped: [{ mechanism, because }] };
}

export function asFalse(judged: Judged): Judged {
  return { ...judged, hasFalseCredential: true };
}

/** All of them, in their order; what is the same in every respect, once. */
export function together(parts: readonly Judged[]): Judged {
  if (parts.length === 0) return NOTHING;
  if (parts.length === 1) return parts[0]!;
  const faulty = parts.find(({ subjectFault }) => subjectFault !== undefined);
  return {
    evidence: withoutTwins(parts.flatMap(({ evidence }) => evidence)),
    dropped: parts.flatMap((part) => part.dropped),
    hasVerifiedCredential: parts.some(({ hasVerifiedCredential }) => hasVerifiedCredential),
    hasFalseCredential: parts.some(({ hasFalseCredential }) => hasFalseCredential),
    ...(faulty !== undefined && { subjectFault: faulty.subjectFault! }),
  };
}

export function withoutTwins(items: readonly Evidence[]): readonly Evidence[] {
  if (items.length < 2) return items;
  const kept = new Map<string, Evidence>();
  for (const item of items) {
    const { role, mechanism, subject, verified, expiresAt, scopes, groups, claims, attributes } = item;
    const key = JSON.stringify([role, mechanism, subject, verified, expiresAt, scopes, groups, claims, attributes]);
    if (!kept.has(key)) kept.set(key, item);
  }
  return [...kept.values()];
}
