import type { Sight } from '#administration';
import type { RecordedDecision, Whereabouts } from '#decision-log';
import type { PolicySet } from './policy-sets.js';

const UNTOLD = '…';

/** Whose words a record repeats, as far as an operator sees them. */
export class DecisionSight {
  readonly #sight: Sight;
  readonly #set: PolicySet;

  /** @param set  the newest, of which the sight is */
  constructor(sight: Sight, set: PolicySet) {
    this.#sight = sight;
    this.#set = set;
  }

  /** Domains whose decisions are seen; undefined: all there are. */
  get domains(): readonly string[] | undefined {
    return this.#sight.isWhole ? undefined : this.#sight.domains;
  }

  /**
   * Where a record lies of which {@link told} tells who asked; undefined: wherever it is. Whoever looks for somebody would
   * learn from a record that is found, and from a page that ends, what it hides.
   */
  get whole(): Whereabouts | undefined {
    if (this.#sight.isWhole) return undefined;
    const seen = this.#set.documents.filter(
      (document) => document.kind === 'Service' && this.#sight.ofDocument(document),
    );
    return { domains: this.#sight.domains, services: seen.map(({ name }) => name) };
  }

  /** Whether a filter asks only for what could be told: what a search finds is an answer too. */
  answers({
    rule,
    endpoint,
    domain,
  }: {
    readonly rule?: string;
    readonly endpoint?: string;
    readonly domain?: string;
  }): boolean {
    return (
      (rule === undefined || this.#ofRule(rule)) &&
      (endpoint === undefined || this.#ofEndpoint(endpoint)) &&
      (domain === undefined || this.#sight.knows(domain))
    );
  }

  /**
   * A record as the operator may read it. Where the endpoint, or one of its domains, is somebody else's, what was asked is
   * not told: who asks, of whom and with what is theirs.
   */
  told(record: RecordedDecision): RecordedDecision {
    if (this.#sight.isWhole) return record;
    const { domains, deniedAt, wouldDeny, endpoint, rules, enforcementPoint, dropped, request, masked } = record;
    const isOwn =
      domains.every((domain) => this.#sight.ofDomain(domain)) && (endpoint === null || this.#ofEndpoint(endpoint));
    return {
      ...record,
      domains: domains.filter((domain) => this.#sight.knows(domain)),
      deniedAt: this.#domain(deniedAt),
      ...(wouldDeny && { wouldDeny: { ...wouldDeny, deniedAt: this.#domain(wouldDeny.deniedAt) } }),
      endpoint: endpoint === null || this.#ofEndpoint(endpoint) ? endpoint : UNTOLD,
      rules: rules.map((rule) => (this.#ofRule(rule) ? rule : UNTOLD)),
      enforcementPoint: this.#isSeen('EnforcementPoint', enforcementPoint) ? enforcementPoint : UNTOLD,
      // Both may name mechanisms of anybody, and why one did not count.
      dropped: dropped.map(() => ({ mechanism: UNTOLD, because: UNTOLD })),
      request: isOwn ? this.#request(request) : null,
      principals: isOwn ? record.principals : [],
      masked: isOwn ? masked : ['request'],
    };
  }

  /**
   * Whether nothing of the request is held back. One that is may not be decided by a set that the operator made up: the
   * answers would tell of it bit by bit.
   */
  tellsWhole(record: RecordedDecision): boolean {
    if (this.#sight.isWhole || record.request === null) return true;
    const { request } = this.told(record);
    return (
      request !== null &&
      request.askedFrom !== UNTOLD &&
      [...request.evidence, ...request.unverified].every(({ mechanism }) => mechanism !== UNTOLD)
    );
  }

  #request(request: RecordedDecision['request']): RecordedDecision['request'] {
    return (
      request && {
        ...request,
        evidence: request.evidence.map((one) => ({ ...one, mechanism: this.#mechanism(one.mechanism) })),
        unverified: request.unverified.map((one) => ({ ...one, mechanism: this.#mechanism(one.mechanism) })),
        askedFrom: this.#domain(request.askedFrom) ?? UNTOLD,
      }
    );
  }

  #domain(name: string | null): string | null {
    return name === null || this.#sight.knows(name) ? name : UNTOLD;
  }

  #mechanism(name: string): string {
    return this.#sight.knowsMechanism(name) ? name : UNTOLD;
  }

  #ofRule(rule: string): boolean {
    return this.#sight.isWhole || this.#isSeen('Policy', rule.split('/')[0]!);
  }

  #ofEndpoint(endpoint: string): boolean {
    return this.#sight.isWhole || this.#isSeen('Service', endpoint.split('/')[0]!);
  }

  #isSeen(kind: string, name: string): boolean {
    const document = this.#set.document({ kind, name });
    return document !== undefined && this.#sight.ofDocument(document);
  }
}
