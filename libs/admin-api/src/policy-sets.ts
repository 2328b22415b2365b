import { Inject, Injectable } from '@nestjs/common';
import {
  type Assignment,
  assignmentsIn,
  contentHashOf,
  type DocumentChange,
  type DocumentKey,
  entitiesIn,
  type Entity,
  keyText,
  newDocument,
  type Revision,
  RevisionCorrupt,
  type RevisionStore,
  RevisionUnknown,
  setAfter,
  type StoredDocument,
} from '#administration';
import type { World } from '#engine';
import { type Bundle, BundleLoader, loadBundle, type MechanismDeclaration, type SourceFile } from '#policy';
import { Problem } from '#problem';
import { assignmentKey, entityKey, inFactOrder } from './fact-order.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { inTime } from './patience.js';

/** A whole set as it is stored, and the world it describes. */
export class PolicySet {
  #world: World | null | undefined;
  #assignments: readonly Assignment[] | undefined;
  #entities: readonly Entity[] | undefined;

  constructor(
    /** Null: nothing was published, or the set is a folder's. */
    readonly revision: Revision | null,
    /** In the order of kind and name. */
    readonly documents: readonly StoredDocument[],
    private readonly load: (files: readonly SourceFile[]) => Bundle = loadBundle,
  ) {}

  /** Null when it is not valid, as a set of a later version may be here. */
  world(): World | null {
    this.#world ??= this.load(filesOf(this.documents)).world;
    return this.#world;
  }

  /** Who holds which role, by {@link assignmentKey}. */
  assignments(): readonly Assignment[] {
    this.#assignments ??= inFactOrder(assignmentsIn(this.documents), assignmentKey);
    return this.#assignments;
  }

  /** What is stored of people and things, by {@link entityKey}. */
  entities(): readonly Entity[] {
    this.#entities ??= inFactOrder(entitiesIn(this.documents), entityKey);
    return this.#entities;
  }

  /** @returns undefined when there is none */
  document({ kind, name }: DocumentKey): StoredDocument | undefined {
    return this.documents.find((one) => one.kind === kind && one.name === name);
  }

  /** Whether it has that enforcement point. */
  hasEnforcementPoint(wanted: string): boolean {
    return this.documents.some(({ kind, name }) => kind === 'EnforcementPoint' && name === wanted);
  }

  /** Whether it has a mechanism of that name and kind. Reads domains only: of a large set that is the smaller part. */
  hasMechanism(wanted: string, kind: MechanismDeclaration['kind']): boolean {
    const domains = loadBundle(filesOf(this.documents.filter((document) => document.kind === 'Domain')));
    return domains.documents.some(
      ({ document }) =>
        document.kind === 'Domain' &&
        document.spec.mechanisms?.some((mechanism) => mechanism.name === wanted && mechanism.kind === kind),
    );
  }
}

/** The source that documents of a folder are given. */
const FOLDER = 'folder';

/** Reads sets, and keeps the newest: reading one costs the more the larger it is, and pages of it come in a row. */
@Injectable()
export class PolicySets {
  #newest: PolicySet | undefined;
  /** Remembers the documents that it read last: the newest set and one planned on it differ in few. */
  readonly loader = new BundleLoader();

  constructor(@Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts) {}

  /** @throws Problem `no-history` */
  get history(): NonNullable<AdminApiParts['history']> {
    if (this.parts.history === null) throw new Problem('no-history');
    return this.parts.history;
  }

  /** The newest set; where the server decides by a folder, that folder's. */
  async newest(): Promise<PolicySet> {
    if (this.parts.history === null) return this.#ofFolder();
    const { store } = this.parts.history;
    const revision = await store.newest();
    if (revision === null) return new PolicySet(null, []);
    const known = this.#newest?.revision;
    if (known?.number !== revision.number || known.contentHash !== revision.contentHash) {
      this.#newest = (await this.#followed(revision)) ?? (await this.#read(store, revision));
    }
    return this.#newest!;
  }

  /**
   * Takes what was just published for the newest set, so that it need not be read again.
   *
   * @param documents  the whole set after it
   * @returns null where that is another set than the revision stands for
   */
  follow(revision: Revision, documents: readonly StoredDocument[]): PolicySet | null {
    const stored = [...documents]
      .map(({ kind, name, domain, source, text, contentHash }) => ({ kind, name, domain, source, text, contentHash }))
      .sort((left, right) => (keyText(left) < keyText(right) ? -1 : 1));
    // A set of another hash is read from the store, which says what it holds.
    if (contentHashOf(stored) !== revision.contentHash) return null;
    return (this.#newest = this.#setOf(revision, stored));
  }

  /** What another server published on the set that is known, read as far as it differs; null where that is not all. */
  async #followed(revision: Revision): Promise<PolicySet | null> {
    const known = this.#newest;
    if (!known?.revision || known.revision.epoch !== revision.epoch || known.revision.number > revision.number)
      return null;
    let changes: readonly DocumentChange[];
    try {
      changes = await this.history.store.changes(known.revision.number, revision.number);
    } catch (fault) {
      // Of a history that does not have what is known here the whole set is read.
      if (fault instanceof RevisionUnknown || fault instanceof RevisionCorrupt) return null;
      throw fault;
    }
    const put = changes.flatMap((change) => (change.kind === 'removed' ? [] : [change.after]));
    const remove = changes.flatMap((change) => (change.kind === 'removed' ? [change.before] : []));
    return this.follow(revision, setAfter(known.documents, put, remove));
  }

  /** @throws Problem `no-history` */
  async newestPublished(): Promise<PolicySet> {
    if (this.parts.history === null) throw new Problem('no-history');
    return this.newest();
  }

  /** @throws Problem `no-history`, `revision-unknown` */
  async at(number: number): Promise<PolicySet> {
    const { store } = this.history;
    const revision = await store.revision(number);
    if (revision === null) throw new Problem('revision-unknown', { number });
    const known = this.#newest?.revision;
    const isNewest = known?.number === number && known.contentHash === revision.contentHash;
    return isNewest ? this.#newest! : this.#read(store, revision);
  }

  async #read(store: RevisionStore, revision: Revision): Promise<PolicySet> {
    return this.#setOf(revision, await store.documents(revision.number));
  }

  #setOf(revision: Revision | null, documents: readonly StoredDocument[]): PolicySet {
    return new PolicySet(revision, documents, (files) => this.loader.load(files));
  }

  async #ofFolder(): Promise<PolicySet> {
    const files = await inTime(this.parts.server.documents());
    const documents = loadBundle(files).documents.map(({ document, text }): StoredDocument => {
      const { document: _meaning, ...stored } = newDocument(document, text, FOLDER);
      return stored;
    });
    const known = this.#newest;
    if (known !== undefined && contentHashOf(known.documents) === contentHashOf(documents)) return known;
    return (this.#newest = this.#setOf(
      null,
      documents.sort((left, right) => (keyText(left) < keyText(right) ? -1 : 1)),
    ));
  }
}

function filesOf(documents: readonly StoredDocument[]): readonly SourceFile[] {
  return documents.map(({ kind, name, text }) => ({ file: `${kind}/${name}`, text }));
}
