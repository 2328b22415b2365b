import { type Fault, lint, loadBundle, type SourceFile } from '#policy';
import { documentChanges } from '../bundle-changes.js';
import type { Guardrail } from '../guardrails/guardrail.js';
import { type FailedTest, fileOf, isReservedFile, type Plan, setAfter } from '../plan.js';
import type { ToldExceededQuota } from '../quota.js';
import type { MissedDocument } from '../references.js';
import { type DocumentKey, keyText } from '../revision.js';
import { changeSummary, spokenChanges } from '../set-changes.js';
import { domainOf, type NewDocument, type StoredDocument } from '../stored-document.js';
import { suspendedDomains, suspensionWarnings } from '../suspension.js';
import { AdministeredSet } from './administered-set.js';
import type { Refusal } from './judge.js';
import type { Sight } from './reading.js';
import { testNeeds } from './test-needs.js';

/** A refusal as far as the operator may know of what it is about. */
export interface ToldRefusal extends Pick<Refusal, 'change' | 'part' | 'needs'> {
  /** Null, like the name, where it is about documents that the operator does not see. */
  readonly kind: string | null;
  readonly name: string | null;
  /** Null where it is about a domain that the operator does not see. */
  readonly over: string | null;
}

export interface ToldPlan extends Omit<Plan, 'exceeded' | 'guardrails'> {
  readonly exceeded: readonly ToldExceededQuota[];
  readonly guardrails: () => readonly Guardrail[];
  /** Empty when the operator may do all of it. */
  readonly refusals: readonly ToldRefusal[];
}

export interface PlanTold {
  readonly planned: Plan;
  /** What it was planned on. */
  readonly base: readonly StoredDocument[];
  /** The bundle's own files; none where it is a set of the past. */
  readonly files: readonly SourceFile[];
  readonly sight: Sight;
  readonly refusals: readonly Refusal[];
}

const SOMETHING = '…';
const ELSEWHERE = { file: 'elsewhere', line: 1, column: 1 } as const;
const UNSEEN_FAULT = 'this does not go together with something that you may not see';
const UNSEEN_ANSWER = 'what speaks against it is told to those who see everything';
const UNSEEN_TEST = 'a test that you may not see would fail';

/** Warnings of tests that fail and keep nothing back; their words may be of anything. */
const TOLERATED: ReadonlySet<string> = new Set(['test-failed-before', 'test-forbidden-above', 'test-of-others']);
const TOLERATED_TEST = 'a test here fails, which does not keep this back';
/** Faults that say nothing of other documents. */
const OF_ITSELF: ReadonlySet<string> = new Set([
  'suspension-in-bundle',
  'quota-in-bundle',
  'four-eyes-in-bundle',
  'not-storable',
]);

/** A plan as its operator may read it. Whoever sees everything reads all of it. */
export function toldPlan({ planned, base, files, sight, refusals }: PlanTold): ToldPlan {
  const valid = planned.valid && refusals.length === 0;
  if (sight.isWhole) return { ...planned, valid, refusals };
  const seen = base.filter((document) => sight.ofDocument(document));
  const isSeen = keysOf(seen);
  const own = keysOf(
    loadBundle(files).documents.map(({ document: { kind, metadata } }) => ({ kind, name: metadata.name })),
  );
  const before = new Map(base.map((document) => [keyText(document), document]));
  const changed = [...planned.put, ...planned.remove].flatMap((key) => before.get(keyText(key)) ?? []);
  const changes = spokenChanges(documentChanges(changed, planned.put).flatMap((change) => sight.ofChange(change)));
  return {
    ...planned,
    ...toldFaults(planned, files, own, seen),
    valid,
    tests: refusals.some(isOfAnswers)
      ? { passed: 0, failed: [] }
      : { ...planned.tests, failed: toldTests(planned.tests.failed, isSeen, sight, () => setOf(base, planned)) },
    changes,
    summary: changeSummary(changes),
    foreign: planned.foreign.map((one) => (isSeen.has(keyText(one)) ? one : { ...one, source: SOMETHING })),
    missed: toldMissed(planned.missed, isSeen),
    exceeded: planned.exceeded.map((one) => (sight.ofDomain(one.domain) ? one : { ...one, limit: null, count: null })),
    guardrails: () => planned.guardrails().filter(({ concerns }) => concerns.every((domain) => sight.ofDomain(domain))),
    refusals: toldRefusals(
      refusals,
      planned.put.filter((document) => own.has(keyText(document))),
      before,
      isSeen,
      sight,
    ),
  };
}

/**
 * What is told of faults is what the same files give beside the documents that the operator sees: nothing else can be in
 * it. Of the rest only where it is, and which one.
 */
function toldFaults(
  { faults, warnings }: Plan,
  files: readonly SourceFile[],
  own: ReadonlySet<string>,
  seen: readonly StoredDocument[],
) {
  const alone = loadBundle([...files, ...seen.filter((document) => !own.has(keyText(document))).map(fileOf)]);
  const known = new Map(alone.faults.map((fault) => [placeText(fault), fault]));
  const suspended = suspensionWarnings(loadBundle(files).documents, suspendedDomains(seen));
  const tests = seen.filter(({ kind }) => kind === 'Test').map((document) => fileOf(document).file);
  const readable = new Set([...files.map(({ file }) => file), ...tests]);
  const isToldTest = ({ code, file }: Fault) => TOLERATED.has(code) && readable.has(file);
  const hints = new Set([...lint(alone), ...suspended].map(faultText));
  const told = faults.map((fault): Fault => {
    const place = known.get(placeText(fault));
    if (place !== undefined) return place;
    if (OF_ITSELF.has(fault.code)) return fault;
    return { ...(isReservedFile(fault.file) ? { ...fault, ...ELSEWHERE } : fault), message: UNSEEN_FAULT };
  });
  return {
    faults: [...new Map(told.map((fault) => [faultText(fault), fault])).values()],
    warnings: [
      ...warnings.filter((warning) => hints.has(faultText(warning))),
      ...warnings.filter(isToldTest).map((warning) => ({ ...warning, message: TOLERATED_TEST })),
    ],
  };
}

/** Whether a test asks for what its author may not read: then not even that it passes is told. */
function isOfAnswers({ kind, part }: Refusal): boolean {
  return kind === 'Test' && part !== 'document';
}

/** What goes and who names it are told apart: either may be somebody else's. */
function toldMissed(missed: readonly MissedDocument[], isSeen: ReadonlySet<string>): readonly MissedDocument[] {
  const nobody = { kind: SOMETHING, name: SOMETHING };
  const told = missed.map(({ by, ...gone }): MissedDocument => ({
    ...(isSeen.has(keyText(gone)) ? gone : { ...nobody, what: SOMETHING }),
    by: isSeen.has(keyText(by)) ? by : { ...nobody, source: SOMETHING },
  }));
  return [...new Map(told.map((one) => [JSON.stringify(one), one])).values()];
}

/** Tests may ask about anything; their answers name rules, domains and mechanisms. */
function toldTests(
  failed: readonly FailedTest[],
  isSeen: ReadonlySet<string>,
  sight: Sight,
  after: () => AdministeredSet,
): readonly FailedTest[] {
  let set: AdministeredSet | undefined;
  return failed.map((one) => {
    const isOwn = !isReservedFile(one.file) || isSeen.has(keyText({ kind: 'Test', name: one.test }));
    if (!isOwn) return { ...one, ...ELSEWHERE, test: SOMETHING, because: UNSEEN_TEST, expected: {}, got: {} };
    set ??= after();
    // When it was written there may have been nothing of others where it asks.
    const isReadable = readsAllOf(one.test, set, sight);
    const got = Object.entries(one.got).map(([member, value]) => [
      member,
      isReadable || member === 'because' ? toldAnswer(member, value, isSeen, sight) : SOMETHING,
    ]);
    return { ...one, got: Object.fromEntries(got) };
  });
}

function setOf(base: readonly StoredDocument[], { put, remove }: Plan): AdministeredSet {
  return AdministeredSet.of(setAfter(base, put, remove));
}

/** Whether a test asks only for endpoints that are seen wherever they lie. */
function readsAllOf(name: string, set: AdministeredSet, sight: Sight): boolean {
  const test = set.test(name);
  return test !== undefined && testNeeds(test, set).every(({ domain }) => sight.ofDomain(domain));
}

function toldAnswer(member: string, value: unknown, isSeen: ReadonlySet<string>, sight: Sight): unknown {
  const ofRule = (rule: unknown) =>
    typeof rule === 'string' && isSeen.has(keyText({ kind: 'Policy', name: rule.split('/')[0]! }));
  const domain = (name: unknown) => (typeof name === 'string' && !sight.knows(name) ? SOMETHING : name);
  switch (member) {
    case 'because':
      // What speaks against an assertion is told in words, which name callers, ways and rules of anybody.
      return [UNSEEN_ANSWER];
    case 'decision':
    case 'reason':
    case 'route':
    case 'ttlSeconds':
      return value;
    case 'deniedAt':
    case 'meeting':
      return domain(value);
    case 'crossed':
      return (value as readonly unknown[]).map(domain);
    case 'rules':
      return (value as readonly unknown[]).map((rule) => (ofRule(rule) ? rule : SOMETHING));
    case 'obligations':
      return (value as readonly { readonly rule: string }[]).map((one) => (ofRule(one.rule) ? one : SOMETHING));
    default:
      return value === null ? null : SOMETHING;
  }
}

function toldRefusals(
  refusals: readonly Refusal[],
  bundle: readonly NewDocument[],
  before: ReadonlyMap<string, StoredDocument>,
  isSeen: ReadonlySet<string>,
  sight: Sight,
): readonly ToldRefusal[] {
  const own = new Map(bundle.map((document) => [keyText(document), document]));
  const told = refusals.map((refusal): ToldRefusal => {
    const key = keyText(refusal);
    const { change, kind, name, needs, part, over } = refusal;
    const document = own.get(key);
    const isHidden = before.has(key) ? !isSeen.has(key) : document === undefined;
    const isOver = sight.knows(over) || (document !== undefined && wordsOf(document).includes(over));
    if (isHidden) {
      // That there is something of this name they learn; what it is they do not.
      if (document === undefined)
        return { change, kind: null, name: null, part: 'document', needs: 'owner', over: null };
      return { change: 'added', kind, name, part: 'document', needs, over: null };
    }
    return { change, kind, name, part, needs, over: isOver ? over : null };
  });
  return [...new Map(told.map((refusal) => [JSON.stringify(refusal), refusal])).values()];
}

/** Domains that a document of the bundle itself speaks of. */
function wordsOf({ document }: NewDocument): readonly string[] {
  if (document.kind === 'Service') return document.spec.domains ?? [];
  const domain = domainOf(document);
  return domain === null ? [] : [domain];
}

function keysOf(documents: readonly DocumentKey[]): ReadonlySet<string> {
  return new Set(documents.map(keyText));
}

function placeText({ file, line, column, code }: Fault): string {
  return JSON.stringify([file, line, column, code]);
}

function faultText(fault: Fault): string {
  return JSON.stringify([placeText(fault), fault.message]);
}
