import { decide, finished, snapshotAfter, worldAfter } from '#engine';
import {
  API_VERSION,
  BundleLoader,
  chainOf,
  loadBundle,
  type LocatedDocument,
  type PolicyDocument,
  runTests,
  type SourceFile,
} from '#policy';
import { documentChanges } from './bundle-changes.js';
import { entitySetIn, roleSetIn } from './facts.js';
import { fileOf, passingCases, type Plan, type PlanRequest, setAfter, storable, type TestedWorld } from './plan.js';
import { type DocumentChange, keyText } from './revision.js';
import { changeSummary, spokenChanges } from './set-changes.js';
import { isSmallStep, type Load, placesOf, setStep } from './set-step.js';
import type { SoundFacts } from './sound-facts.js';
import type { NewDocument, StoredDocument } from './stored-document.js';

/** A set that was judged as a whole, or follows from one by such changes. */
export interface JudgedSet {
  /** By what its tests are judged; absent where it has none. */
  readonly tested?: TestedWorld | undefined;
  /** Bytes by which its texts may still grow. */
  readonly room: number;
}

export interface StepPlan extends Plan {
  readonly judged: JudgedSet;
}

/** Kinds of documents of which one may change in a step. */
const STEPPING: ReadonlySet<string> = new Set(['RoleSet', 'EntitySet', 'Policy']);

/** Documents of a bundle that is planned so: the whole way is not much longer for more. */
const MOST_DOCUMENTS = 200;
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * The plan of a bundle that only says who holds which role, what is stored of people and things, and which rules some
 * policies have, on a set that was judged: what else the set says was judged with it, and no fault can come of these but in
 * the bundle itself. Tests are all run.
 * Costs time in proportion to the bundle, the tests, and the declarations that rules refer to.
 *
 * @param request  without anything that goes
 * @param judged  its base
 * @returns null where there is more to it, or anything is wrong with it: the whole set says what. It also says what is
 *   allowed and hardly meant, and this does not
 */
export function planStep(
  { base, source, files, now }: Pick<PlanRequest, 'base' | 'source' | 'files' | 'now'>,
  judged: JudgedSet,
  load: Load,
): StepPlan | null {
  // A quota counts what the whole set holds.
  if (base.some(({ kind }) => kind === 'Quota')) return null;
  const read = soundDocuments(files, base, load);
  const named = new Set(read?.map(({ document }) => keyOf(document)));
  const before = base.filter((document) => named.has(keyText(document)));
  if (read === null || named.size === 0 || before.length !== named.size) return null;
  if (before.some((document) => document.source !== source)) return null;
  const { documents, refusals } = storable(read, source);
  if (refusals.length > 0) return null;
  const differences = documentChanges(before, documents);
  const changed = new Set(differences.map((change) => keyText('after' in change ? change.after : change.before)));
  const put = documents.filter((document) => changed.has(keyText(document)));
  const was = before.filter((document) => changed.has(keyText(document)));
  const room = judged.room - bytesOf(put) + bytesOf(was);
  const after = setAfter(base, put, []);
  const tested = testedAfter(judged.tested, differences, after, load, amongThem(documents));
  if (room < 0 || tested === null) return null;
  const results = tested === undefined ? [] : runTests(tested, (asked) => decide(tested.snapshot, asked), now, tested);
  if (results.some(({ passed }) => !passed)) return null;
  const inOrder = was.toSorted((one, other) => (keyText(one) < keyText(other) ? -1 : 1));
  const meanings = inOrder.flatMap(meaningOf);
  if (meanings.length !== was.length) return null;
  const changes = spokenChanges(differences, {
    before: new Map(meanings.map((document) => [keyOf(document), document])),
    after: new Map(put.map(({ document }) => [keyOf(document), document])),
  });
  return {
    valid: true,
    faults: [],
    warnings: [],
    tests: { passed: results.length, failed: [] },
    passing: passingCases(results),
    changes,
    summary: changeSummary(changes),
    foreign: [],
    missed: [],
    exceeded: [],
    guardrails: () => [],
    held: read.map(({ document }) => ({ kind: document.kind, name: document.metadata.name })),
    touched: [...meanings, ...put.map(({ document }) => document)],
    put,
    remove: [],
    attempted: { put, remove: [] },
    spared: [],
    world: tested?.world ?? null,
    judged: { room, tested },
  };
}

/**
 * The documents of a bundle, where all are role sets, entity sets and policies without a fault. A document with faults may
 * be read in part, and then says less than it was meant to.
 */
function soundDocuments(
  files: readonly SourceFile[],
  base: readonly StoredDocument[],
  load: Load,
): readonly LocatedDocument[] | null {
  if (files.length > MOST_DOCUMENTS || bytesOf(files) > MOST_BYTES) return null;
  const reader = new BundleLoader();
  const read = reader.load(files).documents.map(({ document }) => document);
  if (read.some(({ kind }) => !STEPPING.has(kind))) return null;
  const hasRules = read.some(({ kind }) => kind === 'Policy');
  const { documents, faults } = hasRules
    ? load([...placesOf(base), ...files])
    : reader.load([...places(read), ...files]);
  if (faults.length > 0) return null;
  return documents.filter(({ document: { kind } }) => STEPPING.has(kind));
}

/** Facts refer to their own domains alone; whether those exist the base says, in which they are the same. */
function places(facts: readonly PolicyDocument[]): readonly SourceFile[] {
  const names = new Set(facts.flatMap(({ metadata }) => ('domain' in metadata ? chainOf(metadata.domain!) : [])));
  return [...names].map((name) => ({
    file: `Domain/${name}`,
    text: JSON.stringify({ apiVersion: API_VERSION, kind: 'Domain', metadata: { name }, spec: {} }),
  }));
}

/** Null where it is no such step; undefined where there are no tests, and no world is needed. */
function testedAfter(
  before: TestedWorld | undefined,
  differences: readonly DocumentChange[],
  after: readonly StoredDocument[],
  load: Load,
  sound: SoundFacts,
): TestedWorld | null | undefined {
  if (before === undefined) return isSmallStep(differences, after, sound) ? undefined : null;
  const step = setStep(differences, after, before.world, load, sound);
  const snapshot = step && finished(snapshotAfter(before.snapshot, step));
  return snapshot ? { ...before, world: worldAfter(before.world, step), snapshot } : null;
}

/** What these documents say, which were read without a fault. */
function amongThem(documents: readonly NewDocument[]): SoundFacts {
  const read = new Map(documents.map((one) => [keyText(one), one.document]));
  return (stored) => {
    const document = read.get(keyText(stored));
    return document?.kind === 'RoleSet' || document?.kind === 'EntitySet' ? document : null;
  };
}

/** What a document of the base says; nothing for one that this version does not read. */
function meaningOf(stored: StoredDocument): readonly PolicyDocument[] {
  switch (stored.kind) {
    case 'RoleSet':
      return [roleSetIn(stored)];
    case 'EntitySet':
      return [entitySetIn(stored)];
    default:
      return loadBundle([fileOf(stored)]).documents.map(({ document }) => document);
  }
}

function bytesOf(texts: readonly { readonly text: string }[]): number {
  return texts.reduce((bytes, { text }) => bytes + Buffer.byteLength(text), 0);
}

function keyOf({ kind, metadata }: PolicyDocument): string {
  return keyText({ kind, name: metadata.name });
}
