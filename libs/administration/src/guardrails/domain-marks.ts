import { isDeepStrictEqual } from 'node:util';
import type { DomainDocument } from '#policy';
import { claimIn, holdsRegion } from '../rights/address-book.js';
import { listed } from '../rule-words.js';
import { type GuardrailChange, type GuardrailKind, touched, type TouchedGuardrail } from './guardrail.js';
import type { Places } from './places.js';
import { type ListStep, listStep } from './tendency.js';

type Spec = DomainDocument['spec'];

/** One domain before and after; one of the two may be absent. */
interface Marked {
  readonly name: string;
  readonly was: Spec | undefined;
  readonly is: Spec | undefined;
  readonly places: { readonly before: Places; readonly after: Places };
}

/** Marks of a domain: what it lets in, whom it believes, and what it forbids whatever its rules say. */
export function touchedMarks(
  before: DomainDocument | undefined,
  after: DomainDocument | undefined,
  places: Marked['places'],
): readonly TouchedGuardrail[] {
  const marked: Marked = { name: (after ?? before)!.metadata.name, was: before?.spec, is: after?.spec, places };
  return [
    ...flagMarks(marked),
    ...stalenessMarks(marked),
    ...claimMarks(marked),
    // With a domain that goes, what it let in goes too.
    ...(after === undefined ? [] : [...modeMarks(marked), ...openings(marked)]),
  ];
}

/** Each forbids while it is there. */
const FLAGS: readonly {
  readonly kind: GuardrailKind;
  readonly isSet: (spec: Spec | undefined) => boolean;
  readonly comes: string;
  readonly goes: string;
}[] = [
  {
    kind: 'zero-trust',
    isSet: (spec) => spec?.zeroTrust === true,
    comes: 'needs a rule even inside',
    goes: 'needs no rule inside any more',
  },
  {
    kind: 'egress',
    isSet: (spec) => spec?.egress === 'closed',
    comes: 'closes its egress',
    goes: 'opens its egress',
  },
  {
    kind: 'suspension',
    isSet: (spec) => spec?.suspended === true,
    comes: 'is suspended',
    goes: 'is no longer suspended by its document',
  },
  {
    kind: 'disclosure',
    isSet: (spec) => spec?.discloseAccess === false,
    comes: 'keeps to itself what it accepts',
    goes: 'tells what it accepts',
  },
];

function flagMarks({ name, was, is }: Marked): readonly TouchedGuardrail[] {
  return FLAGS.flatMap(({ kind, isSet, comes, goes }) => {
    if (isSet(was) === isSet(is)) return [];
    return [touched(kind, isSet(is) ? 'added' : 'removed', name, name, `${name} ${isSet(is) ? comes : goes}`)];
  });
}

function stalenessMarks({ name, was, is }: Marked): readonly TouchedGuardrail[] {
  const [old, now] = [was?.maxStalenessSeconds, is?.maxStalenessSeconds];
  if (old === now) return [];
  if (now === undefined) {
    return [touched('staleness', 'removed', name, name, `${name} serves however old its policy is`)];
  }
  const change = old === undefined ? 'added' : now > old ? 'weakened' : 'strengthened';
  const instead = old === undefined ? '' : ` instead of ${old} s`;
  return [touched('staleness', change, name, name, `${name} denies when its policy is older than ${now} s${instead}`)];
}

function claimMarks({ name, was, is }: Marked): readonly TouchedGuardrail[] {
  const holds = (outer: string, inner: string) => holdsRegion(claimIn(outer), claimIn(inner));
  const { came, went } = listStep(was?.addresses, is?.addresses, holds);
  return [
    ...went.map((claim) =>
      touched('addresses', 'removed', name, claim, `${name} gives up ${claim}, which others may answer then`),
    ),
    ...came.map((claim) => touched('addresses', 'added', name, claim, `${name} claims ${claim} for itself and below`)),
  ];
}

/** Absent, it is inherited; what counts is what it comes to. */
function modeMarks({ name, was, is, places }: Marked): readonly TouchedGuardrail[] {
  if (was?.mode === is?.mode) return [];
  const [old, now] = [was === undefined ? 'enforce' : places.before.mode(name), places.after.mode(name)];
  if (old === now) return [];
  const words = `${name} ${now === 'report' ? 'only reports what it would deny' : 'enforces what it only reported'}`;
  return [touched('mode', now === 'enforce' ? 'strengthened' : loosens(was), name, name, words)];
}

/** Where nothing was before, nothing is weakened. */
function loosens(was: Spec | undefined): GuardrailChange {
  return was === undefined ? 'changed' : 'weakened';
}

function openings(marked: Marked): readonly TouchedGuardrail[] {
  const { was, is } = marked;
  return [
    ...itemMarks(marked, 'boundary', listStep(was?.boundary, is?.boundary, holdsEndpoint), {
      comes: (endpoint) => `lets ${endpoint} in from outside`,
      goes: (endpoint) => `no longer lets ${endpoint} in from outside`,
    }),
    ...setMarks(marked, 'access', 'accepts'),
    ...setMarks(marked, 'trust', 'trusts'),
    ...itemMarks(marked, 'recognition', listStep(was?.recognizes, is?.recognizes), {
      comes: (mechanism) => `takes who is proven by ${mechanism} below for a member`,
      goes: (mechanism) => `no longer takes who is proven by ${mechanism} below for a member`,
    }),
    ...itemMarks(marked, 'overlap', listStep(was?.overlaps, is?.overlaps), {
      comes: (other) => `accepts the overlap with ${other}`,
      goes: (other) => `no longer accepts the overlap with ${other}`,
    }),
    ...itemMarks(marked, 'administrators', listStep(administratorsOf(was), administratorsOf(is)), {
      comes: (who) => `is administered by ${who}`,
      goes: (who) => `is no longer administered by ${who}`,
    }),
  ];
}

function holdsEndpoint(outer: string, inner: string): boolean {
  return outer.endsWith('/*') && inner.startsWith(outer.slice(0, -1));
}

function administratorsOf(spec: Spec | undefined): readonly string[] {
  return (spec?.administrators ?? []).flatMap(({ role, principals }) =>
    principals.map((principal) => `${principal} as ${role}`),
  );
}

function itemMarks(
  { name, was }: Marked,
  kind: GuardrailKind,
  { came, went }: ListStep,
  words: { readonly comes: (item: string) => string; readonly goes: (item: string) => string },
): readonly TouchedGuardrail[] {
  return [
    ...came.map((item) => touched(kind, loosens(was), name, item, `${name} ${words.comes(item)}`)),
    ...went.map((item) => touched(kind, 'strengthened', name, item, `${name} ${words.goes(item)}`)),
  ];
}

/** Sets that are inherited while they are absent, and sealed when they are empty: what counts is what they come to. */
function setMarks(
  { name, was, is, places }: Marked,
  member: 'access' | 'trust',
  verb: string,
): readonly TouchedGuardrail[] {
  const [own, owned] = [is?.[member], was?.[member]];
  if (isDeepStrictEqual(owned, own)) return [];
  if (was === undefined) {
    const isSealed = own!.length === 0;
    const words = isSealed ? `${name} ${verb} nothing: sealed` : `${name} ${verb} ${listed(own!)}`;
    return [touched(member, isSealed ? 'added' : 'changed', name, name, words)];
  }
  const now = places.after[member](name);
  const { came, went } = listStep(places.before[member](name), now);
  if (came.length + went.length === 0) return [];
  const change = went.length === 0 ? 'weakened' : came.length === 0 ? 'strengthened' : 'changed';
  const words = [
    ...(came.length === 0 ? [] : [`${verb} ${listed(came)} too`]),
    ...(went.length === 0 ? [] : [`no longer ${verb} ${listed(went)}${now.length === 0 ? ': sealed' : ''}`]),
  ];
  return [touched(member, change, name, name, `${name} ${words.join(', and ')}`)];
}
