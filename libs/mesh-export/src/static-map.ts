/** What a policy set says to everyone, found by asking the engine in the two worlds around it. */
import {
  type AccessRequest,
  compile,
  decide,
  type Evidence,
  parametersSetFor,
  type Rule,
  type Snapshot,
  type World,
} from '#engine';
import { narrower, unknowns, wider } from './bounds.js';
import { ambiguities, callersOf, type Proofs, proofsOf, type SpiffeTrustDomains, unseenProofs } from './callers.js';
import type { Caller, JudgedRegion, OpenRemark, Region, StaticMap, Verdict } from './model.js';
import { isSplitBy, PREFLIGHT, regionsOf, type Sample, Samples } from './regions.js';

/**
 * @param trustDomains  what documents say of SPIFFE mechanisms and no decision reads
 * @param now  milliseconds since the epoch; what is over by then is left out, what begins or ends later is undecided
 */
export function staticMap(world: World, trustDomains: SpiffeTrustDomains, now: number): StaticMap {
  const judge = new Judge(world, trustDomains, now);
  const { callers, remarks } = callersOf(world, trustDomains);
  const regions = regionsOf(world).flatMap((region) => judge.judged(region, callers));
  return {
    callers,
    regions,
    remarks: [
      ...remarks,
      ...ambiguities(world, trustDomains),
      ...rulesInPart(world, now),
      ...queriesOfRules(world),
      ...beyond(world),
    ],
  };
}

class Judge {
  readonly #narrow: Snapshot;
  readonly #wide: Snapshot;
  readonly #samples: Samples;
  readonly #anyCredential: readonly Evidence[];
  /** Of anybody whom a mesh takes for one from outside. */
  readonly #unseen: Proofs;
  /** By service. */
  readonly #proofs: ReadonlyMap<string, Proofs>;
  readonly #claims: readonly Parameters<typeof isSplitBy>[0][];

  constructor(
    world: World,
    trustDomains: SpiffeTrustDomains,
    readonly now: number,
  ) {
    this.#narrow = compile(narrower(world, now));
    this.#wide = compile(wider(world, now));
    this.#samples = new Samples(world);
    this.#unseen = unseenProofs(world, trustDomains);
    this.#proofs = new Map([...world.services.keys()].map((service) => [service, proofsOf(world, service)]));
    this.#claims = [...world.domains.values()].flatMap(({ addresses }) => addresses);
    this.#anyCredential = [...world.mechanisms.values()]
      .filter(({ role }) => role === 'access')
      .map(({ name: mechanism }) => ({
        role: 'access',
        mechanism,
        subject: 'zz',
        verified: true,
        scopes: [],
        groups: [],
        claims: {},
        attributes: {},
      }));
  }

  /** Nothing where other operations answer all of the region. */
  judged(region: Region, callers: readonly Caller[]): readonly JudgedRegion[] {
    const sample = this.#samples.of(region);
    if (sample === undefined) return [];
    const isSplit = this.#claims.some((claim) => isSplitBy(claim, region));
    const verdict = (trust: readonly Evidence[], proofs: Proofs): Verdict =>
      this.#verdict(region, sample, isSplit, trust, proofs);
    return [
      {
        ...region,
        outsiders: verdict([], this.#unseen),
        callers: new Map(
          callers.map((caller) => [caller, verdict(caller.evidence, this.#proofs.get(caller.service)!)]),
        ),
      },
    ];
  }

  /** @param proofs  what may come with the request and is not seen: one of them, or none */
  #verdict(region: Region, sample: Sample, isSplit: boolean, trust: readonly Evidence[], proofs: Proofs): Verdict {
    if (sample.method === PREFLIGHT) {
      // What is allowed hangs on a header, so that nothing here is always allowed.
      return this.#mayPreflight(region, sample, trust) ? 'undecided' : 'never';
    }
    if (!isSplit) {
      const request = this.#request(sample, trust, Infinity);
      if (decide(this.#narrow, request).reason === 'UNKNOWN_ENDPOINT') return 'never';
      // To be known may turn an allow into a deny: by name, by suspension, by closed egress, by a zero-trust domain.
      if ([[], ...proofs].every((proof) => this.#lets({ ...request, evidence: [...trust, ...proof] }))) return 'always';
    }
    return this.#mayPass(sample, trust, {}) ? 'undecided' : 'never';
  }

  #lets(request: AccessRequest): boolean {
    const { decision, wouldDeny } = decide(this.#narrow, request);
    // A reporting domain lets through what it will deny one day: no configuration should count on that.
    return decision === 'allow' && wouldDeny === undefined;
  }

  #mayPreflight(region: Region, sample: Sample, trust: readonly Evidence[]): boolean {
    const asked = region.endpoint.operations.flatMap((operation) =>
      operation.kind === 'http' ? operation.methods : [],
    );
    return (
      this.#mayPass(sample, trust, {}) ||
      asked.some((method) =>
        this.#mayPass(sample, trust, {
          origin: 'null',
          'access-control-request-method': method === '*' ? this.#samples.anyMethod : method,
        }),
      )
    );
  }

  #mayPass(sample: Sample, trust: readonly Evidence[], headers: AccessRequest['headers']): boolean {
    const request = this.#request(sample, [...trust, ...this.#anyCredential], 0);
    return decide(this.#wide, { ...request, headers }).decision === 'allow';
  }

  #request(sample: Sample, evidence: readonly Evidence[], policyAgeSeconds: number): AccessRequest {
    return {
      target: { kind: 'address', ...sample },
      evidence,
      headers: {},
      attributes: {},
      claimed: {},
      context: {},
      time: this.now,
      askedFrom: '*',
      policyAgeSeconds,
      maxTtlSeconds: 0,
    };
  }
}

/** Rules that the two worlds around the real one do not read alike. */
function rulesInPart(world: World, now: number): readonly OpenRemark[] {
  const remark = (rule: Rule): readonly OpenRemark[] => {
    const parts = rule.mode === 'report' ? [] : unknowns(world, rule, now);
    if (parts.length === 0) return [];
    const because = `reads what a request brings (${parts.map((part) => `\`${part}\``).join(', ')})`;
    return [{ effect: 'undecided', concerns: 'rule', name: rule.id, because }];
  };
  return [...world.outside, ...[...world.domains.values()].flatMap(({ rules }) => rules)].flatMap(remark);
}

/** A configuration looks at no query, so that a client may say there what only a rule may say. */
function queriesOfRules(world: World): readonly OpenRemark[] {
  const isSet = [...world.domains.values()].some(({ rules }) =>
    rules.some(({ obligations }) => obligations.some(({ kind }) => kind === 'setQueryParameter')),
  );
  if (!isSet) return [];
  const snapshot = compile(world);
  return [...snapshot.endpoints.keys()].flatMap((name): readonly OpenRemark[] => {
    const parameters = [...parametersSetFor(snapshot, name)].map((parameter) => `\`${parameter}\``).toSorted();
    if (parameters.length === 0) return [];
    const because = `is asked with a query in which clients may say what only rules say (${parameters.join(', ')})`;
    return [{ effect: 'passed', concerns: 'endpoint', name, because }];
  });
}

/** What lies outside addresses and callers. */
function beyond(world: World): readonly OpenRemark[] {
  const remarks: OpenRemark[] = [];
  for (const { endpoints } of world.services.values()) {
    for (const { id, kind, hosts, encodedSlash } of endpoints) {
      const refused = (because: string): void =>
        void remarks.push({ effect: 'refused', concerns: 'endpoint', name: id, because });
      if (kind === 'async' || kind === 'resource') refused(`is of kind \`${kind}\`, which has no address`);
      else if (hosts.length === 0) refused('has no host, so that nothing is asked about it by address');
      else if (encodedSlash === 'allow') refused('allows `%2F` in a path, which is refused here');
    }
  }
  for (const { name, mode, maxStalenessSeconds, egress } of world.domains.values()) {
    if (mode === 'report')
      remarks.push({
        effect: 'undecided',
        concerns: 'domain',
        name,
        because: 'is in report mode: what it only notes is not counted on',
      });
    if (maxStalenessSeconds !== undefined)
      remarks.push({
        effect: 'undecided',
        concerns: 'domain',
        name,
        because: 'denies when its policy is too old, and a configuration does not age',
      });
    if (egress === 'closed')
      remarks.push({
        effect: 'passed',
        concerns: 'domain',
        name,
        because: 'has closed egress, which holds only towards services of these documents',
      });
  }
  return remarks;
}
