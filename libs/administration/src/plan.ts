import { compile, decide, type Outcome, type Snapshot, type World } from '#engine';
import {
  type Bundle,
  DOCUMENT_KINDS,
  type Fault,
  lint,
  loadBundle,
  type LocatedDocument,
  type PolicyDocument,
  readingFaults,
  runTests,
  type SourceFile,
  type Tested,
  type TestResult,
  WRITTEN_KINDS,
} from '#policy';
import { bundleChanges, documentChanges } from './bundle-changes.js';
import { FOUR_EYES_SOURCE, fourEyesFaults } from './four-eyes.js';
import { type TouchedGuardrail } from './guardrails/guardrail.js';
import { touchedGuardrails } from './guardrails/touched-guardrails.js';
import { exceededCases, exceededQuotas, QUOTA_SOURCE, quotaFaults, type ReachedQuota } from './quota.js';
import { type MissedDocument, missedDocuments } from './references.js';
import { type DocumentKey, keyText, PublicationRefused } from './revision.js';
import { type ChangeSummary, changeSummary, type SpokenChange, spokenChanges } from './set-changes.js';
import { domainOf, newDocument, type NewDocument, sha256, type StoredDocument } from './stored-document.js';
import {
  SUSPENSION_SOURCE,
  suspendedDomains,
  suspensionFaults,
  suspensionWarnings,
  worldAsWritten,
} from './suspension.js';
import { type TestedChange, testJudge, type TestVerdict } from './test-verdicts.js';

/** What a publication stores and removes. */
interface PlannedStep {
  readonly put: readonly NewDocument[];
  readonly remove: readonly DocumentKey[];
}

/** A bundle on its way into a set. */
export interface PlanRequest {
  /** The set it is planned on. */
  readonly base: readonly StoredDocument[];
  /** Whose documents the bundle holds. */
  readonly source: string;
  /** Each name once, and none that {@link isReservedFile}. */
  readonly files: readonly SourceFile[];
  /** Whether documents of this source that the bundle does not name go. */
  readonly prune: boolean;
  /** Which of them may go so: a bundle says nothing of documents that whoever sends it does not see. Absent: all. */
  readonly prunes?: ((document: StoredDocument) => boolean) | undefined;
  /** Documents that go although nothing is pruned; of this source, and not named by the bundle. */
  readonly removed?: readonly DocumentKey[] | undefined;
  /** Reads whole sets; a loader that remembers the last one saves most of the time. */
  readonly load?: ((files: readonly SourceFile[]) => Bundle) | undefined;
  /** Milliseconds since 1970, for tests that name no time. */
  readonly now: number;
  /** Test cases that the whole set may have; absent: as many as anybody likes. Of one that has more none is asked. */
  readonly mostCases?: number | undefined;
}

/** What tests are judged by: a world as its documents describe it, and the same compiled. */
export interface TestedWorld extends Tested {
  readonly world: World;
  readonly snapshot: Snapshot;
}

export interface FailedTest {
  readonly test: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly because: string;
  readonly expected: TestResult['expected'];
  /** Of the answer, the members that the case speaks of; of an assertion `because`, what speaks against it. */
  readonly got: { readonly [member: string]: unknown };
}

export interface Judgement {
  /** All of them at once; empty when the set is well-formed. */
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
  readonly tests: { readonly passed: number; readonly failed: readonly FailedTest[] };
  /** How many cases of a test pass, by its name. */
  readonly passing: ReadonlyMap<string, number>;
  /** By what they were judged; absent where there are none, or there is a fault. */
  readonly tested?: TestedWorld;
}

export interface Plan extends Judgement, PlannedStep {
  /** Whether it could be published: no fault, no failing test, no document of another source, no limit exceeded, and nobody misses what goes. */
  readonly valid: boolean;
  /** What would be different; nothing is told while there are faults. */
  readonly changes: readonly SpokenChange[];
  readonly summary: ChangeSummary;
  /** Documents of the bundle whose names belong to other sources. */
  readonly foreign: readonly ForeignDocument[];
  /** Limits of subtrees that it goes beyond. */
  readonly exceeded: readonly ReachedQuota[];
  /** What goes although documents of other sources name it. */
  readonly missed: readonly MissedDocument[];
  /** Guardrails and limits that it touches; none while there are faults. Found when asked for: a publication does not. */
  readonly guardrails: () => readonly TouchedGuardrail[];
  /** Of every document that the bundle holds. */
  readonly held: readonly DocumentKey[];
  /** What documents that would change say, before and after. */
  readonly touched: readonly PolicyDocument[];
  /**
   * What it would store and remove if there were no fault: by this it is judged whose it is to do. Whether names are right
   * is only told to whoever may use them.
   */
  readonly attempted: PlannedStep;
  /** Documents of its source that the bundle does not hold, and that stay because of {@link PlanRequest.prunes}. */
  readonly spared: readonly StoredDocument[];
  /** What would be decided by, suspensions included; null while there are faults. */
  readonly world: World | null;
}

export interface ForeignDocument extends DocumentKey {
  /** The source it belongs to. */
  readonly source: string;
}

/** What a bundle would change, and whether the set would be valid with it. */
export function plan(request: PlanRequest): Plan {
  const { base, source, files, prune, prunes = () => true, removed = [], now, load = loadBundle } = request;
  const { mostCases = Infinity } = request;
  const bundle = loadBundle(files);
  const named = new Set(bundle.documents.map(({ document }) => keyOf(document)));
  const removals = new Set(removed.map(keyText));
  const foreign = base
    .filter(
      (document) => document.source !== source && (named.has(keyText(document)) || removals.has(keyText(document))),
    )
    .map(({ kind, name, source: owner }) => ({ kind, name, source: owner }));
  const isLeftOut = (document: StoredDocument) => document.source === source && !named.has(keyText(document));
  const goes = (document: StoredDocument) =>
    isLeftOut(document) && ((prune && prunes(document)) || removals.has(keyText(document)));
  const spared = (prune ? base : []).filter((document) => isLeftOut(document) && !goes(document));
  const staying = base.filter((document) => !named.has(keyText(document)) && !goes(document));
  const whole = staying.length === 0 ? bundle : load([...files, ...staying.map(fileOf)]);
  const { documents, unstorable, refusals } = storable(bundle.documents, source);
  const { put } = bundleChanges(base, documents, source);
  const remove = base.filter(goes).map(({ kind, name }) => ({ kind, name }));
  const changed = new Set([...put, ...remove].map(keyText));
  const before = meaningsOf(base.filter((document) => changed.has(keyText(document))));
  const sources = new Map(base.map((document) => [keyText(document), document.source]));
  const sourceOf = (document: PolicyDocument) => (named.has(keyOf(document)) ? source : sources.get(keyOf(document)));
  const step = {
    before,
    after: put.map(({ document }) => document),
    whole: whole.documents.map(({ document }) => document),
  };
  const tooMany = exceededCases(step.whole, step.before, step.after, mostCases);
  const judged = judge(tooMany.length > 0 ? { ...whole, tests: [] } : whole, {
    now,
    publisher: source,
    change: { before, after: step.after },
    sourceOf,
    base,
  });
  const faults = [
    ...judged.faults,
    ...refusals,
    ...(source === SUSPENSION_SOURCE ? [] : suspensionFaults(bundle.documents)),
    ...(source === QUOTA_SOURCE ? [] : quotaFaults(bundle.documents)),
    ...(source === FOUR_EYES_SOURCE ? [] : fourEyesFaults(bundle.documents)),
  ];
  const warnings = [...judged.warnings, ...suspensionWarnings(bundle.documents, suspendedDomains(base))];
  const missed = missedDocuments(
    source,
    before,
    whole.documents.map(({ document }) => ({ document, source: sourceOf(document) ?? source })),
  );
  const exceeded = [...tooMany, ...exceededQuotas(step.whole, step.before, step.after)];
  const held = bundle.documents.map(({ document }) => ({ kind: document.kind, name: document.metadata.name }));
  const touched = [...before, ...step.after];
  const told = { ...judged, faults, warnings, foreign, exceeded, missed, held, touched, spared };
  if (faults.length > 0) {
    // What cannot be read is not taken for something that goes.
    const isRead = readingFaults(files).length === 0;
    const asked = remove.filter((key) => isRead || removals.has(keyText(key)));
    return { ...told, ...NOTHING, attempted: { put: [...put, ...unstorable], remove: asked }, valid: false };
  }
  const changes = spokenChanges(documentChanges(base, setAfter(base, put, remove)), {
    before: new Map(before.map((document) => [keyOf(document), document])),
    after: new Map(put.map(({ document }) => [keyOf(document), document])),
  });
  const valid = judged.tests.failed.length + foreign.length + exceeded.length + missed.length === 0;
  const guardrails = () => touchedGuardrails(step);
  return {
    ...told,
    valid,
    changes,
    summary: changeSummary(changes),
    guardrails,
    put,
    remove,
    attempted: { put, remove },
    world: whole.world,
  };
}

/**
 * What a whole set of documents would change, and whether it is valid: for going back to a set of the past. Domains that
 * are suspended now stay so, and those that were suspended then do not become so again; limits and where two people decide
 * stay as they are, too.
 *
 * @param mostCases  see {@link PlanRequest.mostCases}
 */
export function planRestore(
  base: readonly StoredDocument[],
  then: readonly StoredDocument[],
  now: number,
  mostCases = Infinity,
): Plan {
  const past = [...then.filter(isWritten), ...base.filter((document) => !isWritten(document))];
  const loaded = loadBundle(past.map(fileOf));
  const whole = loaded.documents.map(({ document }) => document);
  const tests = meaningsOf(base.filter(({ kind }) => kind === 'Test'));
  const tooMany = exceededCases(whole, tests, whole, mostCases);
  const bundle = tooMany.length > 0 ? { ...loaded, tests: [] } : loaded;
  if (loaded.faults.length > 0) return { ...judge(bundle, { now }), ...NOTHING, ...OF_THE_WHOLE_SET, valid: false };
  const sources = new Map(past.map((document) => [keyText(document), document.source]));
  const before = new Map(base.map((document) => [keyText(document), document]));
  const put = loaded.documents
    .map(({ document, text }) => newDocument(document, text, sources.get(keyOf(document))!))
    .filter((document) => {
      const was = before.get(keyText(document));
      return was?.contentHash !== document.contentHash || was.source !== document.source;
    });
  const remove = base.filter((document) => !sources.has(keyText(document))).map(({ kind, name }) => ({ kind, name }));
  const changes = spokenChanges(documentChanges(base, past));
  const changed = new Set([...put, ...remove].map(keyText));
  const step = {
    before: meaningsOf(base.filter((document) => changed.has(keyText(document)))),
    after: put.map(({ document }) => document),
    whole,
  };
  const exceeded = [...tooMany, ...exceededQuotas(whole, step.before, step.after)];
  // What stays as it is, somebody was told of when it was published.
  const back = new Set(put.map((document) => keyText(document)));
  const comesBack = ({ document }: LocatedDocument) => back.has(keyOf(document));
  const files = new Set(loaded.documents.filter(comesBack).map(({ at }) => at.file));
  const judged = judge(bundle, { now, tells: (file) => files.has(file) });
  const staying = suspensionWarnings(loaded.documents.filter(comesBack), suspendedDomains(base));
  const valid = judged.tests.failed.length + exceeded.length === 0;
  return {
    ...judged,
    warnings: [...judged.warnings, ...staying],
    valid,
    changes,
    summary: changeSummary(changes),
    ...OF_THE_WHOLE_SET,
    exceeded,
    guardrails: () => touchedGuardrails(step),
    put,
    remove,
    world: loaded.world,
    attempted: { put, remove },
  };
}

/** Stored documents stand among a bundle's files under such names, so files of a bundle may not have them. */
export function isReservedFile(file: string): boolean {
  return file.startsWith(STORED);
}

const STORED = 'stored:';
/** Kinds of documents that no bundle may hold. */
const MADE_KINDS: ReadonlySet<string> = new Set(DOCUMENT_KINDS.filter((kind) => !WRITTEN_KINDS.includes(kind)));
const NO_COUNTS = { added: 0, changed: 0, removed: 0 } as const;
/** Going back concerns every document, whoever it belongs to. */
const OF_THE_WHOLE_SET = {
  foreign: [],
  exceeded: [],
  missed: [],
  held: [],
  touched: [],
  spared: [],
} as const;
const NOTHING = {
  changes: [],
  summary: { documents: NO_COUNTS, rules: NO_COUNTS },
  guardrails: () => [],
  put: [],
  remove: [],
  world: null,
  attempted: { put: [], remove: [] },
} as const;

/** Documents as a revision takes them, and those that no store can keep. */
export function storable(bundle: readonly LocatedDocument[], source: string) {
  const documents: NewDocument[] = [];
  const unstorable: NewDocument[] = [];
  const refusals: Fault[] = [];
  for (const located of bundle) {
    try {
      documents.push(newDocument(located.document, located.text, source));
    } catch (fault) {
      if (!(fault instanceof PublicationRefused)) throw fault;
      unstorable.push(unstored(located, source));
      refusals.push({ ...located.at, severity: 'error', code: 'not-storable', message: fault.message });
    }
  }
  return { documents, unstorable, refusals };
}

/** A document that no store keeps, to be judged all the same. */
function unstored({ document }: LocatedDocument, source: string): NewDocument {
  const { kind, metadata } = document;
  const text = JSON.stringify(document);
  return { kind, name: metadata.name, domain: domainOf(document), source, text, contentHash: sha256(text), document };
}

interface Judging {
  readonly now: number;
  /** Of which files hints are told; absent: of those of the bundle. */
  readonly tells?: (file: string) => boolean;
}

/** What is judged is a step from a base; without one, every failing test blocks. */
interface JudgingStep extends Judging {
  readonly publisher: string;
  readonly change: TestedChange;
  readonly sourceOf: (document: PolicyDocument) => string | undefined;
  readonly base: readonly StoredDocument[];
}

function judge(loaded: Bundle, judging: Judging | JudgingStep): Judgement {
  const { now, tells = (file) => !isReservedFile(file) } = judging;
  const warnings = lint(loaded).filter(({ file }) => tells(file));
  const tested = testedWorld(loaded);
  const results = resultsOf(tested, now);
  const failing = [...results].filter(([, { passed }]) => !passed);
  const verdictOf = 'change' in judging ? verdictsOn(loaded, judging) : () => 'blocks' as const;
  const failed: FailedTest[] = [];
  for (const [key, result] of failing) {
    const verdict = verdictOf(key, result);
    if (verdict === 'blocks') failed.push(failedTest(result));
    else warnings.push(toleratedTest(result, verdict));
  }
  const tests = { passed: results.size - failing.length, failed };
  const passing = passingCases(results.values());
  return { faults: loaded.faults, warnings, tests, passing, ...(tested && { tested }) };
}

/** How many cases of each test pass. */
export function passingCases(results: Iterable<TestResult>): ReadonlyMap<string, number> {
  const passing = new Map<string, number>();
  for (const { test, passed } of results) if (passed) passing.set(test, (passing.get(test) ?? 0) + 1);
  return passing;
}

function testedWorld(loaded: Bundle): TestedWorld | undefined {
  if (loaded.world === null || loaded.tests.length === 0) return undefined;
  const world = worldAsWritten(loaded, loaded.world);
  return { tests: loaded.tests, world, whereIs: loaded.whereIs, snapshot: compile(world) };
}

/** Results by the name of the test and the place of the case in it. */
function resultsOf(tested: TestedWorld | undefined, now: number): ReadonlyMap<string, TestResult> {
  if (tested === undefined) return new Map();
  const { snapshot } = tested;
  const counts = new Map<string, number>();
  return new Map(
    runTests(tested, (request) => decide(snapshot, request), now, { snapshot }).map((result) => {
      const count = (counts.get(result.test) ?? 0) + 1;
      counts.set(result.test, count);
      return [`${result.test} ${count}`, result];
    }),
  );
}

function verdictsOn(loaded: Bundle, { publisher, change, sourceOf, base, now }: JudgingStep) {
  const judgeTest = testJudge(publisher, change);
  const tests = new Map(loaded.tests.map((test) => [test.name, test]));
  const owners = new Map(
    loaded.documents.flatMap(({ document }) =>
      document.kind === 'Test' ? [[document.metadata.name, sourceOf(document)] as const] : [],
    ),
  );
  let before: ReadonlyMap<string, TestResult> | undefined;
  return (key: string, result: TestResult): TestVerdict =>
    judgeTest({
      result,
      test: tests.get(result.test)!,
      source: owners.get(result.test),
      failedBefore: () => {
        before ??= resultsOf(testedWorld(loadBundle(base.map(fileOf))), now);
        return before.get(key)?.passed === false;
      },
    });
}

function failedTest(result: TestResult): FailedTest {
  const { test, at, because, expected } = result;
  return { test, ...at, because, expected, got: gotOf(result) };
}

const TOLERATED = {
  'failed-before': { code: 'test-failed-before', why: 'failed before, and this has nothing to do with it' },
  'forbidden-above': { code: 'test-forbidden-above', why: 'fails, because a domain above forbids more than before' },
  'of-others': { code: 'test-of-others', why: 'fails, because of a domain that it does not speak for' },
} as const;

function toleratedTest({ test, at, because, differences }: TestResult, verdict: Exclude<TestVerdict, 'blocks'>): Fault {
  const { code, why } = TOLERATED[verdict];
  return {
    ...at,
    severity: 'warning',
    code,
    message: `the test \`${test}\` ${why}: ${because}: ${differences.join('; ')}`,
  };
}

/** Of an answer the members that were expected otherwise; of an assertion what speaks against it, in words. */
function gotOf(result: TestResult): FailedTest['got'] {
  if (result.kind === 'reach') return { because: result.differences };
  const { expected, actual } = result;
  return Object.fromEntries(Object.keys(expected).map((member) => [member, actual[member as keyof Outcome] ?? null]));
}

/** What texts mean, as far as this version reads them. */
function meaningsOf(documents: readonly StoredDocument[]): readonly PolicyDocument[] {
  return loadBundle(documents.map(fileOf)).documents.map(({ document }) => document);
}

/** By people; what the server makes on their word stands beside the past. */
function isWritten({ kind }: StoredDocument): boolean {
  return !MADE_KINDS.has(kind);
}

/** A set with one step done. */
export function setAfter(
  base: readonly StoredDocument[],
  put: readonly StoredDocument[],
  remove: readonly DocumentKey[],
): readonly StoredDocument[] {
  const set = new Map(base.map((document) => [keyText(document), document]));
  for (const key of remove) set.delete(keyText(key));
  for (const document of put) set.set(keyText(document), document);
  return [...set.values()];
}

/** A stored document as it stands among the files of a bundle. */
export function fileOf(document: StoredDocument): SourceFile {
  return { file: `${STORED}${document.source}/${document.kind}/${document.name}`, text: document.text };
}

function keyOf({ kind, metadata }: LocatedDocument['document']): string {
  return keyText({ kind, name: metadata.name });
}
