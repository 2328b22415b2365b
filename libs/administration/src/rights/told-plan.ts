import { type Fault, lint, loadBundle, readingFaults, type SourceFile, type TestDocument } from '#policy';
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
import type { Need } from './need.js';
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
const SPARED = 'other documents of this source, which you may not see, stay as they are';

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
export function toldPlan(told: PlanTold): ToldPlan {
  const { planned, sight, refusals } = told;
  if (sight.isWhole) return { ...planned, valid: planned.valid && refusals.length === 0, refusals };
  const view = viewOf(told);
  return refusals.length > 0 ? refusedPlan(told, view) : allowedPlan(told, view);
}

/** What of a plan, and of what it was planned on, its operator sees. */
interface View {
  /** Stored documents by key. */
  readonly before: ReadonlyMap<string, StoredDocument>;
  readonly seen: readonly StoredDocument[];
  readonly isSeen: ReadonlySet<string>;
  /** Documents that the bundle's own files hold, by key. */
  readonly own: ReadonlySet<string>;
}

function viewOf({ base, files, sight }: PlanTold): View {
  const seen = base.filter((document) => sight.ofDocument(document));
  const held = loadBundle(files).documents.map(({ document: { kind, metadata } }) => ({ kind, name: metadata.name }));
  const before = new Map(base.map((document) => [keyText(document), document]));
  return { before, seen, isSeen: keysOf(seen), own: keysOf(held) };
}

/**
 * Of what is not the operator's to do nothing is told but that. Everything else, that there is no fault and that all tests
 * pass included, may come of what they do not see: who sends documents for others' domains would ask by it.
 */
function refusedPlan({ planned, files, sight, refusals }: PlanTold, view: View): ToldPlan {
  const faults = readingFaults(files);
  const changes = faults.length > 0 ? [] : toldChanges(planned, view, sight);
  return {
    ...planned,
    valid: false,
    faults,
    warnings: [],
    tests: { passed: 0, failed: [] },
    changes,
    summary: changeSummary(changes),
    foreign: planned.foreign.filter((one) => view.isSeen.has(keyText(one))),
    missed: [],
    exceeded: [],
    guardrails: () => [],
    refusals: toldRefusals(refusals, planned, view, sight),
  };
}

function allowedPlan({ planned, base, files, sight }: PlanTold, view: View): ToldPlan {
  const { isSeen } = view;
  const changes = planned.faults.length > 0 ? [] : toldChanges(planned, view, sight);
  const isTold = (test: string) => isOwnOrSeen({ kind: 'Test', name: test }, view);
  const passing = [...planned.passing].flatMap(([test, count]) => (isTold(test) ? [count] : []));
  return {
    ...planned,
    ...toldFaults(planned, files, view),
    tests: {
      passed: passing.reduce((sum, count) => sum + count, 0),
      failed: toldTests(planned.tests.failed, view, sight, testReader(base, planned, files, view.seen)),
    },
    changes,
    summary: changeSummary(changes),
    foreign: planned.foreign.map((one) => (isSeen.has(keyText(one)) ? one : { ...one, source: SOMETHING })),
    missed: toldMissed(planned.missed, isSeen),
    exceeded: planned.exceeded.map((one) => (sight.ofDomain(one.domain) ? one : { ...one, limit: null, count: null })),
    guardrails: () => planned.guardrails().filter(({ concerns }) => concerns.every((domain) => sight.ofDomain(domain))),
    refusals: [],
  };
}

function isOwnOrSeen(key: DocumentKey, { isSeen, own }: View): boolean {
  return own.has(keyText(key)) || isSeen.has(keyText(key));
}

/** What would be different, as far as it is seen. */
function toldChanges({ attempted: { put, remove } }: Plan, { before, isSeen }: View, sight: Sight) {
  const changed = [...put, ...remove].flatMap((key) => before.get(keyText(key)) ?? []);
  // What stands in somebody else's place is not new: whether it would be put there says whose the place is.
  const isPlaced = (document: NewDocument) => !before.has(keyText(document)) || isSeen.has(keyText(document));
  return spokenChanges(documentChanges(changed, put.filter(isPlaced)).flatMap((change) => sight.ofChange(change)));
}

/**
 * What is told of faults is what the same files give beside the documents that the operator sees: nothing else can be in
 * it. Of the rest only where it is, and which one.
 */
function toldFaults(
  { faults, warnings, attempted, spared }: Plan,
  files: readonly SourceFile[],
  { own, seen, isSeen }: View,
): Pick<ToldPlan, 'faults' | 'warnings'> {
  const goes = keysOf(attempted.remove);
  const staying = seen.filter((document) => !own.has(keyText(document)) && !goes.has(keyText(document)));
  const alone = loadBundle([...files, ...staying.map(fileOf)]);
  const known = new Map(alone.faults.map((fault) => [placeText(fault), fault]));
  const suspended = suspensionWarnings(loadBundle(files).documents, suspendedDomains(seen));
  const tests = seen.filter(({ kind }) => kind === 'Test').map((document) => fileOf(document).file);
  const readable = new Set([...files.map(({ file }) => file), ...tests]);
  // Whoever has nothing in a source is not told that others have.
  const isShared = spared.some(
    (document) => !isSeen.has(keyText(document)) && seen.some(({ source }) => source === document.source),
  );
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
      ...(isShared ? [{ ...ELSEWHERE, severity: 'warning', code: 'source-shared', message: SPARED } as const] : []),
    ],
  };
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
  view: View,
  sight: Sight,
  needsOf: (test: string) => readonly Need[] | undefined,
): readonly FailedTest[] {
  const told = failed.map((one): FailedTest => {
    if (!isOwnOrSeen({ kind: 'Test', name: one.test }, view)) return UNTOLD_TEST;
    // When it was written there may have been nothing of others where it asks.
    const isReadable = needsOf(one.test)?.every(({ domain }) => sight.ofDomain(domain)) === true;
    const got = Object.entries(one.got).map(([member, value]) => [
      member,
      isReadable || member === 'because' ? toldAnswer(member, value, view, sight) : SOMETHING,
    ]);
    return { ...one, got: Object.fromEntries(got) };
  });
  return [...new Map(told.map((one) => [JSON.stringify(one), one])).values()];
}

const UNTOLD_TEST: FailedTest = { ...ELSEWHERE, test: SOMETHING, because: UNSEEN_TEST, expected: {}, got: {} };

/** Reads what a test asks for: one of the bundle, or one that is stored and seen. Nothing is read until it is asked for. */
function testReader(
  base: readonly StoredDocument[],
  { put, remove }: Plan,
  files: readonly SourceFile[],
  seen: readonly StoredDocument[],
) {
  const stored = seen.filter(({ kind }) => kind === 'Test').map(fileOf);
  let known: { readonly set: AdministeredSet; readonly tests: ReadonlyMap<string, TestDocument> } | undefined;
  return (name: string): readonly Need[] | undefined => {
    known ??= { set: AdministeredSet.of(setAfter(base, put, remove)), tests: testsIn([...stored, ...files]) };
    const test = known.tests.get(name);
    return test && testNeeds(test, known.set);
  };
}

/** By name; of two of one name the last. */
function testsIn(files: readonly SourceFile[]): ReadonlyMap<string, TestDocument> {
  return new Map(
    files
      .flatMap((file) => loadBundle([file]).documents)
      .flatMap(({ document }) => (document.kind === 'Test' ? [[document.metadata.name, document] as const] : [])),
  );
}

function toldAnswer(member: string, value: unknown, view: View, sight: Sight): unknown {
  const ofRule = (rule: unknown) =>
    typeof rule === 'string' && isOwnOrSeen({ kind: 'Policy', name: rule.split('/')[0]! }, view);
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
  { attempted }: Plan,
  { before, isSeen, own }: View,
  sight: Sight,
): readonly ToldRefusal[] {
  const sent = new Map(attempted.put.map((document) => [keyText(document), document]));
  const told = [...grouped(refusals)].flatMap(([key, ofOne]): readonly ToldRefusal[] => {
    const document = own.has(key) ? sent.get(key) : undefined;
    if (before.has(key) ? !isSeen.has(key) : document === undefined)
      return ofOne.map((one) => unseen(one, own.has(key)));
    const words = document === undefined ? [] : wordsOf(document);
    return withoutGuesses(ofOne, words, sight).map(({ change, kind, name, part, needs, over }) => {
      const isKnown = part !== 'identities' || over !== '*' ? sight.knows(over) : false;
      return { change, kind, name, part, needs, over: isKnown || words.includes(over) ? over : null };
    });
  });
  return [...new Map(told.map((refusal) => [JSON.stringify(refusal), refusal])).values()];
}

function grouped(refusals: readonly Refusal[]): ReadonlyMap<string, readonly Refusal[]> {
  const groups = new Map<string, Refusal[]>();
  for (const refusal of refusals) {
    const group = groups.get(keyText(refusal));
    if (group === undefined) groups.set(keyText(refusal), [refusal]);
    else group.push(refusal);
  }
  return groups;
}

/** That there is something of a name, whoever writes the name learns. Which part of it would be different, nobody. */
function unseen({ change, kind, name }: Refusal, isNamed: boolean): ToldRefusal {
  const whole = { part: 'document', needs: 'owner', over: null } as const;
  return isNamed ? { change: 'added', kind, name, ...whole } : { change, kind: null, name: null, ...whole };
}

/**
 * Who may not write a document where it says that it belongs is told just that: whether an address, a subject or a name in
 * it is somebody's they would learn by writing documents that they may not write.
 */
function withoutGuesses(ofOne: readonly Refusal[], words: readonly string[], sight: Sight): readonly Refusal[] {
  const isPlain = ({ kind, part, over }: Refusal) => words.includes(over) || (kind === 'Domain' && part === 'name');
  const isAbove = ({ over }: Refusal) => over !== '*' && sight.knows(over);
  return ofOne.some(isPlain) ? ofOne.filter((one) => isPlain(one) || isAbove(one)) : ofOne;
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
