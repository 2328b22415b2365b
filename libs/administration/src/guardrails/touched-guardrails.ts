import type { DomainDocument, PolicyDocument } from '#policy';
import { reachedQuotas } from '../quota.js';
import { keyText } from '../revision.js';
import { touchedDenies } from './denies.js';
import { touchedMarks } from './domain-marks.js';
import { touchedEnforcementPoint } from './enforcement-points.js';
import { inReadingOrder, touched, type TouchedGuardrail } from './guardrail.js';
import { type OwnedDeclaration, touchedMechanism } from './mechanisms.js';
import { Places } from './places.js';
import { Standing, touchedService } from './services.js';

/** A step of a set, as far as documents change. */
export interface DocumentStep {
  /** What documents that change or go said. */
  readonly before: readonly PolicyDocument[];
  /** What documents that change or come say. */
  readonly after: readonly PolicyDocument[];
  /** The whole set after it. */
  readonly whole: readonly PolicyDocument[];
}

/** Part of a limit from which on it is told that it is near. */
const NEAR = 0.8;

/**
 * Guardrails and limits that a step touches, in the order of {@link inReadingOrder}. It tells what documents say: that an
 * allow comes, or who holds a role, touches none.
 */
export function touchedGuardrails(step: DocumentStep): readonly TouchedGuardrail[] {
  const { before, after, whole } = step;
  const places = { before: Places.before(whole, before), after: Places.of(whole) };
  const standing = new Standing(whole, places.after);
  const pairs = new Map<string, Pair>();
  for (const document of before) pairs.set(keyOf(document), { before: document });
  for (const document of after) pairs.set(keyOf(document), { ...pairs.get(keyOf(document)), after: document });
  return inReadingOrder([
    ...[...pairs.values()].flatMap((pair) => touchedBy(pair, places, standing)),
    ...mechanismsTouched(before, after),
    ...quotasNear(step),
  ]);
}

interface Pair {
  readonly before?: PolicyDocument;
  readonly after?: PolicyDocument;
}

function touchedBy(
  pair: Pair,
  places: { readonly before: Places; readonly after: Places },
  standing: Standing,
): readonly TouchedGuardrail[] {
  const { kind } = (pair.after ?? pair.before)!;
  switch (kind) {
    case 'Domain':
      return touchedMarks(only(kind, pair.before), only(kind, pair.after), places);
    case 'Policy':
      return touchedDenies(only(kind, pair.before), only(kind, pair.after), places);
    case 'EnforcementPoint':
      return touchedEnforcementPoint(only(kind, pair.before), only(kind, pair.after));
    case 'Service': {
      const [was, is] = [only(kind, pair.before), only(kind, pair.after)];
      return was === undefined || is === undefined ? [] : touchedService(was, is, standing);
    }
    // Who is who, what is known of things, and what was tried stand against nothing by themselves.
    case 'RoleSet':
    case 'EntitySet':
    case 'Test':
      return [];
    // Made by routes of their own, which nobody plans.
    case 'Suspension':
    case 'Quota':
    case 'FourEyes':
      return [];
    default:
      return kind satisfies never;
  }
}

function only<Kind extends PolicyDocument['kind']>(
  kind: Kind,
  document: PolicyDocument | undefined,
): Extract<PolicyDocument, { readonly kind: Kind }> | undefined {
  return document?.kind === kind ? (document as Extract<PolicyDocument, { readonly kind: Kind }>) : undefined;
}

/** Their names are unique in a set, so one that passes to another domain is the same. */
function mechanismsTouched(
  before: readonly PolicyDocument[],
  after: readonly PolicyDocument[],
): readonly TouchedGuardrail[] {
  const old = new Map(mechanismsIn(before).map((one) => [one.declaration.name, one]));
  return mechanismsIn(after).flatMap((is) => {
    const was = old.get(is.declaration.name);
    return was === undefined ? [] : touchedMechanism(was, is);
  });
}

function mechanismsIn(documents: readonly PolicyDocument[]): readonly OwnedDeclaration[] {
  return documents
    .filter((document): document is DomainDocument => document.kind === 'Domain')
    .flatMap(({ metadata, spec }) =>
      (spec.mechanisms ?? []).map((declaration) => ({ owner: metadata.name, declaration })),
    );
}

function quotasNear({ before, after, whole }: DocumentStep): readonly TouchedGuardrail[] {
  return reachedQuotas(whole, before, after)
    .filter(({ limit, count }) => count > NEAR * limit && count <= limit)
    .map(({ domain, measure, limit, count }) =>
      touched(
        'quota',
        'changed',
        domain,
        measure,
        `${domain} and everything below would hold ${count} of ${limit} ${measure}`,
      ),
    );
}

function keyOf({ kind, metadata }: PolicyDocument): string {
  return keyText({ kind, name: metadata.name });
}
