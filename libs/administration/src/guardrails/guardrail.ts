/** What stands against a request whatever others below allow, and how much may be held. */
export const GUARDRAIL_KINDS = [
  'deny',
  'boundary',
  'access',
  'trust',
  'recognition',
  'overlap',
  'zero-trust',
  'egress',
  'suspension',
  'mode',
  'staleness',
  'disclosure',
  'addresses',
  'administrators',
  'mechanism',
  'enforcement-point',
  'endpoint',
  'membership',
  'quota',
] as const;
export type GuardrailKind = (typeof GUARDRAIL_KINDS)[number];

/**
 * In the order in which they are read. `weakened` and `removed` may let more through than before, `added` and
 * `strengthened` never do; of what is `changed` nobody can tell, or nothing was there before.
 */
export const GUARDRAIL_CHANGES = ['weakened', 'removed', 'changed', 'added', 'strengthened'] as const;
export type GuardrailChange = (typeof GUARDRAIL_CHANGES)[number];

/** A guardrail or limit that a step touches. */
export interface Guardrail {
  readonly kind: GuardrailKind;
  readonly change: GuardrailChange;
  /** Whose it is; `*` is everybody's. */
  readonly domain: string;
  /** `policy/rule`, an endpoint, a mechanism, a measure: whatever it is called within its kind. */
  readonly name: string;
  /** A sentence without its full stop. */
  readonly words: string;
}

/** With whom it may be told to: whoever sees all of these domains. */
export interface TouchedGuardrail extends Guardrail {
  readonly concerns: readonly string[];
}

export function touched(
  kind: GuardrailKind,
  change: GuardrailChange,
  domain: string,
  name: string,
  words: string,
  elsewhere: readonly string[] = [],
): TouchedGuardrail {
  return { kind, change, domain, name, words, concerns: [domain, ...elsewhere] };
}

/** What a reviewer must see comes first; otherwise by domain, kind and name. */
export function inReadingOrder<Item extends Guardrail>(guardrails: readonly Item[]): readonly Item[] {
  const keyOf = ({ kind, domain, name, words }: Guardrail) => [domain, kind, name, words].join('\0');
  return guardrails
    .map((guardrail) => ({ guardrail, key: keyOf(guardrail), rank: GUARDRAIL_CHANGES.indexOf(guardrail.change) }))
    .sort((left, right) => left.rank - right.rank || (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ guardrail }) => guardrail);
}
