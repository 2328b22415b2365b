import {
  type DomainDocument,
  type EnforcementPointDocument,
  loadBundle,
  type MechanismDeclaration,
  type PolicyDocument,
  type ServiceDocument,
  type TestDocument,
} from '#policy';
import { type DocumentKey, keyText } from '../revision.js';
import type { NewDocument, StoredDocument } from '../stored-document.js';
import { AddressBook } from './address-book.js';
import type { AdministeredDomain } from './administrators.js';

/** A mechanism and the domain that owns it. */
export interface OwnedMechanism {
  readonly declaration: MechanismDeclaration;
  readonly owner: string;
}

/** Kinds that say something about what lies outside their own domain. Of the others it is enough where they belong. */
const READ_KINDS: ReadonlySet<string> = new Set(['Domain', 'Service', 'EnforcementPoint']);
const SERVICE_PRINCIPAL = /^service:(.+)$/s;

/** A set of documents as the judge of changes sees it. Reading rules is never needed, so their number costs nothing. */
export class AdministeredSet {
  #mechanisms: ReadonlyMap<string, OwnedMechanism> | undefined;
  #addresses: AddressBook | undefined;
  #roleHolders: ReadonlyMap<string, ReadonlySet<string>> | undefined;

  private constructor(
    /** By {@link keyText}. */
    readonly stored: ReadonlyMap<string, StoredDocument>,
    /** Those of some kinds, as they were understood; one that this program does not read is left out. */
    private readonly read: ReadonlyMap<string, PolicyDocument>,
  ) {}

  static of(documents: readonly StoredDocument[]): AdministeredSet {
    const files = documents
      .filter(({ kind }) => READ_KINDS.has(kind))
      .map((document) => ({ file: keyText(document), text: document.text }));
    const read = loadBundle(files).documents.map(({ document }) => [keyOf(document), document] as const);
    return new AdministeredSet(new Map(documents.map((document) => [keyText(document), document])), new Map(read));
  }

  /** The set that a publication makes of this one. */
  after(put: readonly NewDocument[], remove: readonly DocumentKey[]): AdministeredSet {
    const stored = new Map(this.stored);
    const read = new Map(this.read);
    for (const key of remove) {
      stored.delete(keyText(key));
      read.delete(keyText(key));
    }
    for (const document of put) {
      stored.set(keyText(document), document);
      // Tests are read where they change: what was judged once is not judged again.
      if (READ_KINDS.has(document.kind) || document.kind === 'Test') read.set(keyText(document), document.document);
    }
    return new AdministeredSet(stored, read);
  }

  /** Whether it holds such a document, of a kind that has to be read, and this program does not read it. */
  isUnread(key: DocumentKey): boolean {
    const text = keyText(key);
    return READ_KINDS.has(key.kind) && this.stored.has(text) && !this.read.has(text);
  }

  domain(name: string): DomainDocument | undefined {
    const document = this.read.get(keyText({ kind: 'Domain', name }));
    return document?.kind === 'Domain' ? document : undefined;
  }

  service(name: string): ServiceDocument | undefined {
    const document = this.read.get(keyText({ kind: 'Service', name }));
    return document?.kind === 'Service' ? document : undefined;
  }

  enforcementPoint(name: string): EnforcementPointDocument | undefined {
    const document = this.read.get(keyText({ kind: 'EnforcementPoint', name }));
    return document?.kind === 'EnforcementPoint' ? document : undefined;
  }

  /** Of tests only those that the publication put there. */
  test(name: string): TestDocument | undefined {
    const document = this.read.get(keyText({ kind: 'Test', name }));
    return document?.kind === 'Test' ? document : undefined;
  }

  get domains(): readonly DomainDocument[] {
    return [...this.read.values()].filter((document) => document.kind === 'Domain');
  }

  get services(): readonly ServiceDocument[] {
    return [...this.read.values()].filter((document) => document.kind === 'Service');
  }

  get hasEnforcementPoints(): boolean {
    return [...this.stored.values()].some(({ kind }) => kind === 'EnforcementPoint');
  }

  /** Who administers what. */
  get administered(): readonly AdministeredDomain[] {
    return this.domains.map(({ metadata, spec }) => ({
      name: metadata.name,
      administrators: spec.administrators ?? [],
    }));
  }

  get mechanisms(): ReadonlyMap<string, OwnedMechanism> {
    this.#mechanisms ??= new Map(
      this.domains.flatMap(({ metadata, spec }) =>
        (spec.mechanisms ?? []).map(
          (declaration) => [declaration.name, { declaration, owner: metadata.name }] as const,
        ),
      ),
    );
    return this.#mechanisms;
  }

  /** Who answers at which address, and who claims it. */
  get addresses(): AddressBook {
    this.#addresses ??= new AddressBook(this.services, this.domains);
    return this.#addresses;
  }

  /** Domains whose role sets give a role to a service, by its name: such a name may be given before there is the service. */
  get roleHolders(): ReadonlyMap<string, ReadonlySet<string>> {
    this.#roleHolders ??= roleHoldersIn([...this.stored.values()].filter(({ kind }) => kind === 'RoleSet'));
    return this.#roleHolders;
  }
}

function roleHoldersIn(roleSets: readonly StoredDocument[]): ReadonlyMap<string, ReadonlySet<string>> {
  const holders = new Map<string, Set<string>>();
  for (const { text, domain } of roleSets) {
    if (domain === null || !text.includes('service:')) continue;
    // A role set is kept as canonical JSON.
    const { spec } = JSON.parse(text) as { spec: { assignments?: readonly { principals: readonly string[] }[] } };
    for (const principal of (spec.assignments ?? []).flatMap(({ principals }) => principals)) {
      const service = SERVICE_PRINCIPAL.exec(principal)?.[1];
      if (service === undefined) continue;
      const domains = holders.get(service) ?? new Set();
      holders.set(service, domains.add(domain));
    }
  }
  return holders;
}

function keyOf({ kind, metadata }: PolicyDocument): string {
  return keyText({ kind, name: metadata.name });
}
