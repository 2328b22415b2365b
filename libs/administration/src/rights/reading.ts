import { type DocumentChange, keyText } from '../revision.js';
import type { StoredDocument } from '../stored-document.js';
import { AdministeredSet, type OwnedMechanism } from './administered-set.js';
import { placesAbove } from './right.js';
import type { Holdings } from './standing.js';

/** What an operator may see. Everything else is, to them, not there. */
export class Sight {
  readonly #holdings: Holdings;
  readonly #set: AdministeredSet;
  #above: ReadonlySet<string> | undefined;

  /** @param set  the one that the holdings are of */
  constructor(holdings: Holdings, set: AdministeredSet) {
    this.#holdings = holdings;
    this.#set = set;
  }

  /** Whether there is nothing that it does not see. */
  get isWhole(): boolean {
    return this.#holdings.may('read', '*');
  }

  ofDomain(domain: string): boolean {
    return this.#holdings.may('read', domain);
  }

  /** A service is seen from each domain that it is in; what belongs to no domain by those who see everything. */
  ofDocument(document: StoredDocument): boolean {
    if (this.isWhole) return true;
    if (document.kind === 'Service') return this.ofAny(this.#membershipsOf(document));
    return document.domain !== null && this.ofDomain(document.domain);
  }

  #membershipsOf(document: StoredDocument): readonly string[] {
    const isOfSet = this.#set.stored.get(keyText(document))?.contentHash === document.contentHash;
    const set = isOfSet ? this.#set : AdministeredSet.of([document]);
    return set.service(document.name)?.spec.domains ?? [];
  }

  ofAny(domains: readonly string[]): boolean {
    return domains.some((domain) => this.ofDomain(domain));
  }

  /** Whether a domain's name is known: it is seen, or a part of the name of one that is. */
  knows(domain: string): boolean {
    this.#above ??= new Set(
      this.#set.domains.flatMap(({ metadata }) => (this.ofDomain(metadata.name) ? placesAbove(metadata.name) : [])),
    );
    return this.isWhole || domain === '*' || this.ofDomain(domain) || this.#above.has(domain);
  }

  /** Tops of the subtrees that are seen, where not everything is; none lies in another. */
  get tops(): readonly string[] {
    return this.#holdings.tops('read');
  }

  /** Domains that are seen. */
  get domains(): readonly string[] {
    return this.#set.domains.map(({ metadata }) => metadata.name).filter((name) => this.ofDomain(name));
  }

  /** Whether a mechanism's name is known: it stands in a domain that is seen, or in one around it. */
  knowsMechanism(name: string): boolean {
    const owner = this.#set.mechanisms.get(name)?.owner;
    return this.isWhole || (owner !== undefined && this.knows(owner));
  }

  ofMechanism(mechanism: OwnedMechanism | undefined): boolean {
    return mechanism === undefined ? this.isWhole : this.ofDomain(mechanism.owner);
  }

  /** A change as far as it is seen: what comes from elsewhere appears, and what goes elsewhere is gone. */
  ofChange(change: DocumentChange): readonly DocumentChange[] {
    switch (change.kind) {
      case 'added':
        return this.ofDocument(change.after) ? [change] : [];
      case 'removed':
        return this.ofDocument(change.before) ? [change] : [];
      case 'changed': {
        const [was, is] = [this.ofDocument(change.before), this.ofDocument(change.after)];
        if (was && is) return [change];
        if (was) return [{ kind: 'removed', before: change.before }];
        return is ? [{ kind: 'added', after: change.after }] : [];
      }
      default:
        return change satisfies never;
    }
  }
}
