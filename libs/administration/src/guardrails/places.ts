import { chainOf, type DomainDocument, type PolicyDocument } from '#policy';

/** What the domains of one set say together: what one leaves out it has from the next around it. */
export class Places {
  readonly #domains: ReadonlyMap<string, DomainDocument>;
  #networks: ReadonlySet<string> | undefined;

  private constructor(domains: ReadonlyMap<string, DomainDocument>) {
    this.#domains = domains;
  }

  static of(documents: Iterable<PolicyDocument>): Places {
    const domains = new Map<string, DomainDocument>();
    for (const document of documents) if (document.kind === 'Domain') domains.set(document.metadata.name, document);
    return new Places(domains);
  }

  /** Before a step: what did not change is as it is after it. Nothing that was there lies in a domain that came. */
  static before(after: readonly PolicyDocument[], changed: readonly PolicyDocument[]): Places {
    return Places.of([...after, ...changed]);
  }

  domain(name: string): DomainDocument | undefined {
    return this.#domains.get(name);
  }

  access(name: string): readonly string[] {
    return this.#nearest(name, ({ access }) => access)?.value ?? [];
  }

  /** Those that are inherited leave out networks. */
  trust(name: string): readonly string[] {
    const nearest = this.#nearest(name, ({ trust }) => trust);
    if (nearest === undefined) return [];
    if (nearest.from === name) return nearest.value;
    const networks = this.#networkNames();
    return nearest.value.filter((mechanism) => !networks.has(mechanism));
  }

  mode(name: string): 'enforce' | 'report' {
    return this.#nearest(name, ({ mode }) => mode)?.value ?? 'enforce';
  }

  #nearest<Value>(name: string, read: (spec: DomainDocument['spec']) => Value | undefined) {
    for (const from of chainOf(name)) {
      const spec = this.#domains.get(from)?.spec;
      const value = spec && read(spec);
      if (value !== undefined) return { from, value };
    }
    return undefined;
  }

  #networkNames(): ReadonlySet<string> {
    this.#networks ??= new Set(
      [...this.#domains.values()].flatMap(({ spec }) =>
        (spec.mechanisms ?? []).flatMap(({ kind, name }) => (kind === 'network' ? [name] : [])),
      ),
    );
    return this.#networks;
  }
}
