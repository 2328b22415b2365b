import { setTimeout as rest } from 'node:timers/promises';
import type { PastExplanation, PastRequest } from '#admin-api';
import {
  contentHashOf,
  type DocumentChange,
  type Revision,
  type RevisionMark,
  RevisionCorrupt,
  type RevisionStore,
  RevisionUnknown,
  setAfter,
  setStep,
  type StoredDocument,
  StoreFault,
} from '#administration';
import { type KeptRevision, KeptRevisions, type PolicySource, type ReadFolder, readForThreads } from '#decision';
import {
  type AccessRequest,
  bareMap,
  compile,
  decide,
  type Evidence,
  explain,
  type Explanation,
  finished,
  imageOf,
  type Snapshot,
  snapshotAfter,
  type Target,
  type World,
  worldAfter,
  type WorldStep,
} from '#engine';
import { type IdentitySettings, identitySettings } from '#identity';
import {
  BundleLoader,
  loadBundle,
  runTests,
  type SourceFile,
  type Tested,
  type TestResult,
  unpackFiles,
} from '#policy';
import { Effort } from '#reach';
import {
  type Concerned,
  type Difference,
  requestDocument,
  RevisionCheck,
  type Statement,
  type Voice,
} from '#verification';
import type { Stores } from '#store';
import { type PackedImage, packed, unpacked } from './packed-image.js';

/** What a policy thread is given when it starts. */
export interface PolicyThreadData {
  readonly databaseUrl: string | undefined;
  readonly keptFolder: string | undefined;
  /** Wall time of the check before a revision is put in force. */
  readonly checkMilliseconds: number;
  /** Where the check ends that goes on after that. */
  readonly furtherCheck: { readonly requests: number; readonly milliseconds: number };
}

/** What is not for production: voices with a fault in them. */
export interface PolicyWorkParts {
  /** The fast voice over a snapshot; by default it decides. */
  readonly fast?: (snapshot: Snapshot) => ReturnType<Voice['prepare']>;
}

export interface Order {
  readonly source: PolicySource;
  /** By it the server asks about what came of this order. */
  readonly ticket: number;
  /** Milliseconds since the epoch; for tests that name no time. */
  readonly now: number;
  /** Which requests the check makes up. */
  readonly seed: number;
  /** `reasons`: it is in force already; what is wanted is its explanations. */
  readonly purpose: 'in-force' | 'reasons';
  /** A request that divided the engines when the same was made ready in another way. */
  readonly suspect?: AccessRequest | undefined;
}

/** To go on from the policy set that a thread knows to a later revision. */
export interface StepOrder extends Pick<Order, 'ticket' | 'seed'> {
  /** Of the set that it knows. */
  readonly from: number;
  readonly revision: Revision;
}

export type Stepped =
  /** The thread knows the later revision now. */
  | {
      readonly kind: 'step';
      readonly step: WorldStep;
      readonly identity: IdentitySettings;
    }
  /** There is more to it, and it has to be made ready as a whole. */
  | { readonly kind: 'no-step' }
  | ({ readonly kind: 'difference'; readonly suspect: AccessRequest } & ReportedDifference);

/** A request that divides the engines, as JSON, and what each of them says. */
export interface ReportedDifference {
  readonly request: ReturnType<typeof requestDocument>;
  readonly statements: readonly Statement[];
}

export type Prepared =
  | {
      readonly kind: 'ready';
      readonly mark: RevisionMark;
      readonly identity: IdentitySettings;
      /** Absent where only explanations were wanted. */
      readonly image: PackedImage | undefined;
      /** For what was kept on disk. */
      readonly confirmedAt: number | undefined;
      readonly diskFaults: readonly string[];
    }
  | { readonly kind: 'refused'; readonly faults: readonly string[] }
  | ({ readonly kind: 'difference' } & ReportedDifference)
  /** Nothing usable is kept. */
  | { readonly kind: 'nothing-kept'; readonly diskFaults: readonly string[] }
  /** The store did not answer; another try may succeed. */
  | { readonly kind: 'unread'; readonly fault: string };

export type Reading =
  | ({ readonly kind: 'read' } & ReadFolder)
  | { readonly kind: 'unreadable'; readonly fault: string };

export type Checked =
  | { readonly kind: 'agreement'; readonly requests: number }
  | ({ readonly kind: 'difference' } & ReportedDifference)
  /** Something else is to be done here. */
  | { readonly kind: 'interrupted' };

/** What the server can ask of a policy thread. */
export type PolicyHandlers = {
  warmUp(nothing: null): Promise<void>;
  /** A folder's documents, of which the server keeps the packed bytes. */
  read(folder: string): Promise<Reading>;
  prepare(order: Order): Promise<Prepared>;
  step(order: StepOrder): Promise<Stepped>;
  explain(asked: { readonly ticket: number; readonly request: AccessRequest }): Explanation;
  /** By a revision that this thread need not hold. */
  explainPast(asked: PastRequest): Promise<PastExplanation>;
  check(ticket: number): Promise<Checked>;
  /** Tests that fail of a stored revision, each with its place: they hold nothing up. Of another set there are none. */
  test(asked: { readonly ticket: number; readonly now: number }): Promise<readonly string[]>;
  interrupt(nothing: null): void;
  keep(kept: { readonly ticket: number; readonly confirmedAt: number }): Promise<void>;
  forget(mark: RevisionMark): Promise<void>;
};

/** The policy set that this thread knows. */
interface Held {
  readonly ticket: number;
  readonly mark: RevisionMark;
  readonly world: World;
  readonly snapshot: Snapshot;
  readonly identity: IdentitySettings;
  /** What it was read from; absent for a folder. */
  readonly documents: readonly StoredDocument[] | undefined;
  /** Principals, entities and places in which it differs from what was compiled. */
  readonly stepped: number;
  /** Until its check is over. */
  check: RevisionCheck | undefined;
  /** Of a stored revision, until they were run. */
  toTest: Tested | undefined;
  /** Until it is kept. */
  toKeep: Omit<KeptRevision, 'confirmedAt'> | undefined;
  checkedMilliseconds: number;
}

/** A policy set as it was found, before it is judged. */
interface Found {
  readonly files: readonly SourceFile[];
  readonly mark: RevisionMark;
  readonly documents?: readonly StoredDocument[];
  readonly publishedAt?: number;
  readonly confirmedAt?: number;
  readonly diskFaults: readonly string[];
}

/** Failing tests of a stored revision that are told. */
const MOST_WARNINGS = 20;
/** Up to this size an image is restored here too, and checked as the server will have it. */
const SMALL_IMAGE_BYTES = 2 * 1024 * 1024;
/** The further check mostly rests: it is in no hurry, and explanations and other threads need the processor. */
const WORK_MILLISECONDS = 10;
const REST_MILLISECONDS = 40;
/** A server has few connections, and weeks may lie between two revisions. */
const STORE_KEPT_MILLISECONDS = 30_000;
/** Where the check of a step ends: somebody waits for it, and it is about few people. */
const STEP_CHECK = { requests: 10, milliseconds: 100 };
/** From this many changes on a set is compiled anew: each step copies all changes since. */
const MOST_STEPPED = 10_000;

/** What a policy thread does: makes policy sets ready, checks them, explains decisions, and keeps the last good one. */
export class PolicyWork {
  readonly #data: PolicyThreadData;
  readonly #fast: NonNullable<PolicyWorkParts['fast']>;
  readonly #kept: KeptRevisions | undefined;
  readonly #loader = new BundleLoader();
  /** Remembers what rules refer to, from one step to the next. */
  #stepLoader = new BundleLoader();
  #stores: Stores | undefined;
  #closingStores: NodeJS.Timeout | undefined;
  /** Reads under way. */
  #reading = 0;
  #held: Held | undefined;
  /** What it went on from, with which it shares nearly everything: requests that it decided may still be explained. */
  #before: Held | undefined;
  /** The set of the revision that was explained last. */
  #past: { readonly contentHash: string; readonly world: World } | undefined;
  /** Counts what begins or ends a further check: only the latest one goes on. */
  #checks = 0;

  constructor(data: PolicyThreadData, parts: PolicyWorkParts = {}) {
    this.#data = data;
    this.#fast = parts.fast ?? ((snapshot) => (request) => decide(snapshot, request));
    this.#kept = data.keptFolder === undefined ? undefined : new KeptRevisions(data.keptFolder);
  }

  readonly handlers: PolicyHandlers = {
    warmUp: () => this.#warmUp(),
    read,
    prepare: (order) => this.#prepare(order),
    step: (order) => this.#step(order),
    explain: ({ ticket, request }) => explain(this.#heldAs(ticket).world, bareMaps(request)),
    explainPast: (asked) => this.#explainPast(asked),
    check: (ticket) => this.#goOnChecking(ticket),
    test: ({ ticket, now }) => this.#failing(ticket, now),
    interrupt: () => {
      this.#checks += 1;
    },
    keep: ({ ticket, confirmedAt }) => this.#keep(ticket, confirmedAt),
    forget: async (mark) => this.#kept?.remove(mark),
  };

  /** Loads and runs once what the first order will need. */
  async #warmUp(): Promise<void> {
    const { world } = loadBundle([{ file: 'warm-up.yaml', text: WARM_UP }]);
    const snapshot = await unpacked(packed(imageOf(compile(world!))));
    const check = new RevisionCheck({ world: world!, fast: (request) => decide(snapshot, request), seed: 1 });
    await check.goOn(() => check.requests >= 25);
  }

  #heldAs(ticket: number): Held {
    const held = [this.#held, this.#before].find((one) => one?.ticket === ticket);
    if (held === undefined) throw new Error('the reasons of this revision are not at hand');
    return held;
  }

  async #explainPast({ mark, request }: PastRequest): Promise<PastExplanation> {
    const world = await this.#pastWorld(mark);
    return world === null
      ? { kind: 'revision-gone' }
      : { kind: 'explained', explanation: explain(world, bareMaps(request)) };
  }

  /** The last one is kept, for who explains one explains several. Null: there is no such revision, or it is not valid here. */
  async #pastWorld(mark: RevisionMark): Promise<World | null> {
    if (this.#past?.contentHash === mark.contentHash) return this.#past.world;
    const documents = await this.#fromStore(async (store) => {
      const revision = await store.revision(mark.number);
      const isIt = revision?.epoch === mark.epoch && revision.contentHash === mark.contentHash;
      return isIt ? store.documents(mark.number) : null;
    });
    const { world } = documents === null ? { world: null } : loadBundle(asFound(documents).files);
    if (world !== null) this.#past = { contentHash: mark.contentHash, world };
    return world;
  }

  async #prepare(order: Order): Promise<Prepared> {
    this.#held = undefined;
    this.#before = undefined;
    // Memory for two sets is what a thread is meant to need.
    this.#past = undefined;
    try {
      const found = await this.#find(order.source);
      return 'kind' in found ? found : await this.#ready(order, found);
    } catch (fault) {
      return { kind: 'refused', faults: [messageOf(fault)] };
    }
  }

  async #find(source: PolicySource): Promise<Found | Extract<Prepared, { kind: 'nothing-kept' | 'unread' }>> {
    switch (source.kind) {
      case 'files': {
        const { files, revision, contentHash } = source;
        return { files: unpackFiles(files), mark: { epoch: 1, number: revision, contentHash }, diskFaults: [] };
      }
      case 'revision': {
        const { epoch, number, contentHash, publishedAt } = source.revision;
        const read = await this.#readRevision(number);
        if ('kind' in read) return read;
        return { ...asFound(read), mark: { epoch, number, contentHash }, publishedAt, diskFaults: [] };
      }
      case 'kept': {
        const { kept, faults } = (await this.#kept?.read()) ?? { kept: undefined, faults: [] };
        if (kept === undefined) return { kind: 'nothing-kept', diskFaults: faults };
        const { epoch, number, contentHash, publishedAt, confirmedAt, documents } = kept;
        const mark = { epoch, number, contentHash };
        return { ...asFound(documents), mark, publishedAt, confirmedAt, diskFaults: faults };
      }
      default:
        return source satisfies never;
    }
  }

  async #readRevision(number: number): Promise<readonly StoredDocument[] | Extract<Prepared, { kind: 'unread' }>> {
    try {
      return await this.#fromStore((store) => store.documents(number));
    } catch (fault) {
      if (fault instanceof RevisionCorrupt) throw fault;
      return { kind: 'unread', fault: messageOf(fault) };
    }
  }

  /** Kept open for a while: one small change is often followed by another, and connecting takes as long as the rest. */
  async #fromStore<Result>(read: (store: RevisionStore) => Promise<Result>): Promise<Result> {
    const url = this.#data.databaseUrl;
    if (url === undefined) throw new Error('there is no database to read a revision from');
    const { connectLazily } = await import('#store');
    clearTimeout(this.#closingStores);
    const stores = (this.#stores ??= connectLazily({ url, connections: 1, random: Math.random }));
    this.#reading += 1;
    try {
      return await read(stores.store);
    } finally {
      this.#reading -= 1;
      if (this.#reading === 0) {
        this.#closingStores = setTimeout(() => {
          this.#stores = undefined;
          stores.close().catch(() => {});
        }, STORE_KEPT_MILLISECONDS).unref();
      }
    }
  }

  /**
   * Goes on to a later revision that differs only in who holds which roles, in what is stored of people and things, and in
   * some rules, in time in proportion to the difference and to the declarations that rules refer to.
   * Tests are not run again: the publication was judged by them, and nothing is stored that was not.
   */
  async #step({ from, ticket, revision, seed }: StepOrder): Promise<Stepped> {
    const held = this.#held;
    const { epoch, number, contentHash, publishedAt } = revision;
    if (held?.ticket !== from || held.documents === undefined) return NO_STEP;
    if (held.mark.epoch !== epoch || held.mark.number >= number) return NO_STEP;
    const differences = await this.#differences(held.mark.number, number);
    // An order to know something else may have come meanwhile.
    if (this.#held !== held || differences === null) return NO_STEP;
    const documents = documentsAfter(held.documents, differences);
    // INVARIANT: what is in force is what the content hash stands for, however it was come by.
    if (contentHashOf(documents) !== contentHash) return NO_STEP;
    const step = setStep(differences, documents, held.world, (files) => this.#stepLoader.load(files));
    if (step === null) return NO_STEP;
    const { assignments, entities, rules } = step;
    const stepped = held.stepped + assignments.length + entities.length;
    if (stepped > MOST_STEPPED) return NO_STEP;
    const snapshot = finished(snapshotAfter(held.snapshot, step));
    if (snapshot === undefined) return NO_STEP;
    const world = worldAfter(held.world, step);
    const fast = await this.#fast(snapshot);
    const changed = [...rules.gone, ...rules.put];
    const areRules = changed.length > 0;
    const checks: RevisionCheck[] = [];
    if (assignments.length > 0) {
      checks.push(new RevisionCheck({ world, fast, seed, concerned: concernedBy(assignments, held.world) }));
    }
    if (entities.length > 0) checks.push(new RevisionCheck({ world, fast, seed, entities }));
    if (areRules) checks.push(new RevisionCheck({ world, fast, seed, rules: changed }));
    for (const check of checks) {
      const end = performance.now() + Math.min(STEP_CHECK.milliseconds, this.#data.checkMilliseconds);
      const difference = await check.goOn(() => check.requests >= STEP_CHECK.requests || performance.now() >= end);
      if (difference !== undefined) {
        return { kind: 'difference', suspect: difference.request, ...reported(difference) };
      }
    }
    if (this.#held !== held) return NO_STEP;
    const { identity } = held;
    this.#held = {
      ...held,
      ticket,
      mark: { epoch, number, contentHash },
      world,
      snapshot,
      documents,
      stepped,
      // What the check of the set before had not come to is looked at in this one. Otherwise this was all, but for rules:
      // they may matter to anybody.
      ...(held.check === undefined && !areRules
        ? { check: checks.at(-1), checkedMilliseconds: Infinity }
        : { check: new RevisionCheck({ world, fast, seed }) }),
      ...(areRules && { checkedMilliseconds: 0 }),
      toKeep: { epoch, number, contentHash, publishedAt, documents },
    };
    this.#before = held;
    return { kind: 'step', step, identity };
  }

  /** Null where the store does not tell, or never had what this thread knows. */
  async #differences(since: number, until: number): Promise<readonly DocumentChange[] | null> {
    try {
      return await this.#fromStore((store) => store.changes(since, until));
    } catch (fault) {
      if (fault instanceof RevisionUnknown || fault instanceof RevisionCorrupt || fault instanceof StoreFault)
        return null;
      throw fault;
    }
  }

  async #ready({ source, ticket, now, seed, purpose, suspect }: Order, found: Found): Promise<Prepared> {
    const bundle = this.#loader.load(found.files);
    this.#stepLoader = new BundleLoader(this.#loader);
    if (bundle.world === null) return refused(bundle.faults.map((fault) => `${place(fault)}: ${fault.message}`));
    const { world } = bundle;
    let snapshot = compile(world);
    if (source.kind === 'files') {
      const failing = failingOf(runTests(bundle, (asked) => decide(snapshot, asked), now, { snapshot }));
      if (failing.length > 0) return refused(failing);
    }
    let image: PackedImage | undefined;
    if (purpose === 'in-force') {
      image = packed(imageOf(snapshot));
      if (image.bytes.byteLength <= SMALL_IMAGE_BYTES) snapshot = await unpacked(image);
    }
    const first = suspect === undefined ? [] : [bareMaps(suspect)];
    const check = new RevisionCheck({ world, fast: await this.#fast(snapshot), seed, first });
    if (purpose === 'in-force') {
      const end = performance.now() + this.#data.checkMilliseconds;
      // What is suspected is asked whatever the settings say.
      const enough = Math.max(first.length, this.#data.furtherCheck.requests);
      const difference = await check.goOn(() => performance.now() >= end || check.requests >= enough);
      if (difference !== undefined) return { kind: 'difference', ...reported(difference) };
    }
    const { mark, documents, publishedAt } = found;
    const toKeep = documents && publishedAt !== undefined ? { ...mark, publishedAt, documents } : undefined;
    const policies = bundle.documents.map(({ document }) => document);
    const identity = identitySettings(policies);
    // A revision was judged as it was published, by the tests that bind its publisher: they are run once it is in force.
    // What is kept was in force; some tests say what holds at the time of the run, and that was another.
    const isToTest = source.kind === 'revision' && purpose === 'in-force' && bundle.tests.length > 0;
    this.#held = {
      ticket,
      mark,
      world,
      snapshot,
      identity,
      documents,
      stepped: 0,
      check,
      toTest: isToTest
        ? { tests: bundle.tests, world, whereIs: (kind, name) => bundle.whereIs(kind, name) }
        : undefined,
      toKeep,
      checkedMilliseconds: 0,
    };
    return {
      kind: 'ready',
      mark,
      identity,
      image,
      confirmedAt: found.confirmedAt,
      diskFaults: found.diskFaults,
    };
  }

  async #goOnChecking(ticket: number): Promise<Checked> {
    const { requests, milliseconds } = this.#data.furtherCheck;
    const own = (this.#checks += 1);
    for (;;) {
      const held = this.#held;
      if (held?.ticket !== ticket || this.#checks !== own) return { kind: 'interrupted' };
      const { check } = held;
      if (check === undefined) return { kind: 'agreement', requests: 0 };
      if (check.requests >= requests || held.checkedMilliseconds >= milliseconds) {
        held.check = undefined;
        return { kind: 'agreement', requests: check.requests };
      }
      const begin = performance.now();
      const isOver = () => performance.now() - begin >= WORK_MILLISECONDS || check.requests >= requests;
      const difference = await check.goOn(isOver);
      if (difference !== undefined) return { kind: 'difference', ...reported(difference) };
      await rest(REST_MILLISECONDS);
      held.checkedMilliseconds += performance.now() - begin;
    }
  }

  /**
   * Runs tests with a rest now and then, like the further check: small changes are made ready on the same thread. They are
   * of the set as it was compiled, also where it goes on from there meanwhile.
   */
  async #failing(ticket: number, now: number): Promise<readonly string[]> {
    const held = this.#heldAs(ticket);
    const { toTest, snapshot } = held;
    held.toTest = undefined;
    if (toTest === undefined) return [];
    const effort = new Effort();
    const failing: string[] = [];
    let begin = performance.now();
    for (const test of toTest.tests) {
      const one = { ...toTest, tests: [test] };
      failing.push(...failingOf(runTests(one, (asked) => decide(snapshot, asked), now, { snapshot, effort })));
      if (failing.length >= MOST_WARNINGS) break;
      if (performance.now() - begin < WORK_MILLISECONDS) continue;
      await rest(REST_MILLISECONDS);
      begin = performance.now();
    }
    return failing.slice(0, MOST_WARNINGS);
  }

  async #keep(ticket: number, confirmedAt: number): Promise<void> {
    const held = this.#heldAs(ticket);
    if (this.#kept !== undefined && held.toKeep !== undefined) {
      await this.#kept.write({ ...held.toKeep, confirmedAt });
    }
    held.toKeep = undefined;
  }
}

async function read(folder: string): Promise<Reading> {
  try {
    return { kind: 'read', ...(await readForThreads(folder)) };
  } catch (fault) {
    return { kind: 'unreadable', fault: messageOf(fault) };
  }
}

/** Enough to run every part of the way once. */
const WARM_UP = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: warm }
spec: { access: [anonymous], boundary: ["up/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: up }
spec: { domains: [warm], hosts: [up.invalid], endpoints: [{ name: all, operations: [{ path: "/**" }] }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: warm, domain: warm }
spec:
  rules:
    - { id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET] }, when: 'request.path != "/x"' }
`;

function asFound(documents: readonly StoredDocument[]): Pick<Found, 'files' | 'documents'> {
  return { files: documents.map(({ kind, name, text }) => ({ file: `${kind}/${name}.yaml`, text })), documents };
}

const NO_STEP: Stepped = { kind: 'no-step' };

function documentsAfter(
  before: readonly StoredDocument[],
  changes: readonly DocumentChange[],
): readonly StoredDocument[] {
  const put = changes.flatMap((change) => (change.kind === 'removed' ? [] : [change.after]));
  const remove = changes.flatMap((change) => (change.kind === 'removed' ? [change.before] : []));
  return setAfter(before, put, remove);
}

/** Roles that principals have, or had. */
function concernedBy(changes: WorldStep['assignments'], before: World): Concerned {
  const concerned = new Map<string, Map<string, readonly string[]>>();
  for (const { domain, principal, roles } of changes) {
    const here = concerned.get(domain) ?? new Map<string, readonly string[]>();
    const had = before.domains.get(domain)!.directory.assignments.get(principal) ?? [];
    concerned.set(domain, here.set(principal, [...new Set([...had, ...roles])]));
  }
  return concerned;
}

function reported({ request, statements }: Difference): ReportedDifference {
  return { request: requestDocument(request), statements };
}

function refused(faults: readonly string[]): Prepared {
  return { kind: 'refused', faults };
}

/** Maps of request data without a prototype, which they lose on their way between threads. */
function bareMaps(request: AccessRequest): AccessRequest {
  return {
    ...request,
    target: bareTarget(request.target),
    evidence: request.evidence.map((item): Evidence => ({
      ...item,
      claims: bareMap(item.claims),
      attributes: bareMap(item.attributes),
    })),
    headers: bareMap(request.headers) as AccessRequest['headers'],
    attributes: bareMap(request.attributes),
    claimed: bareMap(request.claimed),
    context: bareMap(request.context),
  };
}

function bareTarget(target: Target): Target {
  if (target.kind !== 'resource') return target;
  const { resource, action } = target;
  return {
    ...target,
    resource: { ...resource, properties: bareMap(resource.properties) },
    action: { ...action, properties: bareMap(action.properties) },
  };
}

function failingOf(results: readonly TestResult[]): readonly string[] {
  return results.filter(({ passed }) => !passed).map(({ at, because }) => `${place(at)}: test fails: ${because}`);
}

function place({ file, line, column }: { file: string; line: number; column: number }): string {
  return `${file}:${line}:${column}`;
}

function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
