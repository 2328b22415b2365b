import { compile, decide, type Outcome, type World } from '#engine';
import {
  type Bundle,
  type Expectation,
  type Fault,
  lint,
  loadBundle,
  type LocatedDocument,
  runTests,
  type SourceFile,
} from '#policy';
import { bundleChanges, documentChanges } from './bundle-changes.js';
import { type DocumentKey, keyText, PublicationRefused } from './revision.js';
import { type ChangeSummary, changeSummary, type SpokenChange, spokenChanges } from './set-changes.js';
import { newDocument, type NewDocument, type StoredDocument } from './stored-document.js';

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
  /** Milliseconds since 1970, for tests that name no time. */
  readonly now: number;
}

export interface FailedTest {
  readonly test: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly because: string;
  readonly expected: Expectation;
  /** Of the answer, the members that the case speaks of. */
  readonly got: { readonly [member: string]: unknown };
}

export interface Judgement {
  /** All of them at once; empty when the set is well-formed. */
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
  readonly tests: { readonly passed: number; readonly failed: readonly FailedTest[] };
}

export interface Plan extends Judgement {
  /** Whether it could be published: no fault, no failing test, no document of another source. */
  readonly valid: boolean;
  /** What would be different; nothing is told while there are faults. */
  readonly changes: readonly SpokenChange[];
  readonly summary: ChangeSummary;
  /** Documents of the bundle whose names belong to other sources. */
  readonly foreign: readonly ForeignDocument[];
  /** What a publication would store and remove. */
  readonly put: readonly NewDocument[];
  readonly remove: readonly DocumentKey[];
}

export interface ForeignDocument extends DocumentKey {
  /** The source it belongs to. */
  readonly source: string;
}

/** What a bundle would change, and whether the set would be valid with it. */
export function plan({ base, source, files, prune, now }: PlanRequest): Plan {
  const bundle = loadBundle(files);
  const named = new Set(bundle.documents.map(({ document }) => keyOf(document)));
  const foreign = base
    .filter((document) => document.source !== source && named.has(keyText(document)))
    .map(({ kind, name, source: owner }) => ({ kind, name, source: owner }));
  const staying = base.filter((document) => !named.has(keyText(document)) && !(prune && document.source === source));
  const whole = staying.length === 0 ? bundle : loadBundle([...files, ...staying.map(fileOf)]);
  const { documents, refusals } = storable(bundle.documents, source);
  const judged = judge(whole, now);
  const faults = [...judged.faults, ...refusals];
  if (faults.length > 0) return { ...judged, ...NOTHING, faults, foreign, valid: false };
  const step = bundleChanges(base, documents, source);
  const remove = prune ? step.remove : [];
  const changes = spokenChanges(documentChanges(base, setAfter(base, step.put, remove)));
  const valid = judged.tests.failed.length === 0 && foreign.length === 0;
  return { ...judged, valid, changes, summary: changeSummary(changes), foreign, put: step.put, remove };
}

/** What a whole set of documents would change, and whether it is valid: for going back to a set of the past. */
export function planRestore(base: readonly StoredDocument[], past: readonly StoredDocument[], now: number): Plan {
  const loaded = loadBundle(past.map(fileOf));
  const judged = judge(loaded, now);
  if (judged.faults.length > 0) return { ...judged, ...NOTHING, foreign: [], valid: false };
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
  const valid = judged.tests.failed.length === 0;
  return { ...judged, valid, changes, summary: changeSummary(changes), foreign: [], put, remove };
}

/** Stored documents stand among a bundle's files under such names, so files of a bundle may not have them. */
export function isReservedFile(file: string): boolean {
  return file.startsWith(STORED);
}

const STORED = 'stored:';
const NO_COUNTS = { added: 0, changed: 0, removed: 0 } as const;
const NOTHING = { changes: [], summary: { documents: NO_COUNTS, rules: NO_COUNTS }, put: [], remove: [] } as const;

/** Documents as a revision takes them, and those that no store can keep. */
function storable(bundle: readonly LocatedDocument[], source: string) {
  const documents: NewDocument[] = [];
  const refusals: Fault[] = [];
  for (const located of bundle) {
    try {
      documents.push(newDocument(located.document, located.text, source));
    } catch (fault) {
      if (!(fault instanceof PublicationRefused)) throw fault;
      refusals.push({ ...located.at, severity: 'error', code: 'not-storable', message: fault.message });
    }
  }
  return { documents, refusals };
}

function judge(loaded: Bundle, now: number): Judgement {
  const warnings = lint(loaded).filter(({ file }) => !isReservedFile(file));
  const tests = loaded.world === null ? { passed: 0, failed: [] } : testsOf(loaded, loaded.world, now);
  return { faults: loaded.faults, warnings, tests };
}

function testsOf(loaded: Bundle, world: World, now: number): Judgement['tests'] {
  if (loaded.tests.length === 0) return { passed: 0, failed: [] };
  const snapshot = compile(world);
  const results = runTests(loaded, (request) => decide(snapshot, request), now);
  const failed = results
    .filter(({ passed }) => !passed)
    .map(({ test, at, because, expected, actual }) => ({
      test,
      ...at,
      because,
      expected,
      got: Object.fromEntries(Object.keys(expected).map((member) => [member, actual[member as keyof Outcome] ?? null])),
    }));
  return { passed: results.length - failed.length, failed };
}

function setAfter(
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
