/** Assertions about who reaches an endpoint, and what became of them. */
import { type Actor, type Proof, standsIn } from './actors.js';
import type { Credential } from './credentials.js';
import type { Finding, Reachability, Wanted, Witness } from './search.js';
import type { TargetFilter } from './targets.js';

/** Callers that are any of these; at least one is named. */
export interface Callers {
  /** Services that prove to be one, whatever else they bring. */
  readonly services?: readonly string[] | undefined;
  /** Services that prove to stand in one of these domains, or below. */
  readonly domains?: readonly string[] | undefined;
  /** Whoever brings a credential of one of these. */
  readonly mechanisms?: readonly string[] | undefined;
  /** Whoever brings a credential that names one of these, `type:id` or `type:*`. */
  readonly principals?: readonly string[] | undefined;
  /** Whoever proves nothing and brings no credential. */
  readonly anonymous?: boolean | undefined;
}

/**
 * `none`: no caller of these gets through. `only`: no other does. `atLeast`: each of these does. `exactly`: `only` and
 * `atLeast`.
 */
export interface Assertion extends TargetFilter {
  readonly form: 'none' | 'only' | 'atLeast' | 'exactly';
  readonly callers: Callers;
  /** `service/endpoint`, or `service/*`; each stands for itself. */
  readonly endpoints: readonly string[];
  /** What may be allowed or denied, depending on conditions, counts as this; absent: as what speaks against the assertion. */
  readonly conditional?: 'allow' | 'deny' | undefined;
}

/** Why an assertion does not hold. */
export type Objection =
  /** A caller that gets through and must not. */
  | { readonly kind: 'reached'; readonly endpoint: string; readonly certain: boolean; readonly witness: Witness }
  /** A caller that must get through and does not; `witness` is what conditions may let through. */
  | { readonly kind: 'not-reached'; readonly endpoint: string; readonly caller: string; readonly witness?: Witness }
  | { readonly kind: 'undecided'; readonly endpoint: string; readonly because: string }
  | { readonly kind: 'nothing-asked'; readonly endpoint: string };

export interface Verdict {
  readonly objections: readonly Objection[];
  /** Callers that get through as they must. */
  readonly witnesses: readonly Witness[];
}

/** Objections told of one assertion: the first shows what is wrong, hundreds do not show it better. */
const MOST_OBJECTIONS = 10;

export function judge(reachability: Reachability, assertion: Assertion): Verdict {
  const objections: Objection[] = [];
  const witnesses: Witness[] = [];
  for (const endpoint of assertion.endpoints.flatMap((reference) => reachability.endpointsOf(reference))) {
    for (const { expected, finding, caller } of findings(reachability, assertion, endpoint)) {
      if (objections.length === MOST_OBJECTIONS) return { objections, witnesses };
      const objection =
        expected === 'deny'
          ? ifReached(endpoint, finding, assertion)
          : ifNotReached(endpoint, caller, finding, assertion);
      if (objection !== undefined) objections.push(objection);
      else if (expected === 'allow' && 'witness' in finding) witnesses.push(finding.witness);
    }
  }
  return { objections, witnesses };
}

interface Expected {
  readonly expected: 'allow' | 'deny';
  readonly caller: string;
  readonly finding: Finding;
}

function* findings(reachability: Reachability, assertion: Assertion, endpoint: string): Generator<Expected> {
  const { form, callers } = assertion;
  if (form === 'only' || form === 'exactly') {
    const finding = reachability.find(endpoint, assertion, othersThan(callers));
    yield { expected: 'deny', caller: 'any other caller', finding };
  }
  if (form === 'only') return;
  for (const { caller, wanted } of form === 'none' ? whoeverIs(callers) : eachOf(callers)) {
    const finding = reachability.find(endpoint, assertion, wanted);
    yield { expected: form === 'none' ? 'deny' : 'allow', caller, finding };
  }
}

function ifReached(endpoint: string, finding: Finding, { conditional }: Assertion): Objection | undefined {
  switch (finding.kind) {
    case 'allowed':
      return { kind: 'reached', endpoint, certain: true, witness: finding.witness };
    case 'conditional':
      return conditional === 'deny'
        ? undefined
        : { kind: 'reached', endpoint, certain: false, witness: finding.witness };
    case 'denied':
    // A service that cannot prove itself, or a credential that nobody accepts, is nobody who could get through.
    case 'no-such-caller':
      return undefined;
    case 'undecided':
      return { kind: 'undecided', endpoint, because: finding.because };
    case 'nothing-asked':
      return { kind: 'nothing-asked', endpoint };
  }
}

function ifNotReached(
  endpoint: string,
  caller: string,
  finding: Finding,
  { conditional }: Assertion,
): Objection | undefined {
  switch (finding.kind) {
    case 'allowed':
      return undefined;
    case 'conditional':
      return conditional === 'allow' ? undefined : { kind: 'not-reached', endpoint, caller, witness: finding.witness };
    case 'denied':
    case 'no-such-caller':
      return { kind: 'not-reached', endpoint, caller };
    case 'undecided':
      return { kind: 'undecided', endpoint, because: finding.because };
    case 'nothing-asked':
      return { kind: 'nothing-asked', endpoint };
  }
}

const NOTHING = { principals: [], mechanisms: [] } as const;
const NOBODY: Wanted = {
  proofs: () => undefined,
  outsiders: false,
  credential: () => false,
  bare: false,
  asked: NOTHING,
};
/** Whatever else is brought. */
const ANYTHING = { credential: () => true, bare: true } as const;

/** Services and outsiders that bring any credential. */
const ALL_WITH = {
  proofs: ({ proofs }: Actor) => proofs,
  outsiders: true,
  credential: () => true,
  bare: false,
} as const;

/** All callers that are none of these. */
export function othersThan({ services = [], domains = [], mechanisms = [], principals = [] }: Callers): Wanted {
  return {
    proofs: ({ service, proofs }) => {
      const isElsewhere = (proof: Proof): boolean => !standsIn(proof, domains);
      const shown = proofs.filter(isElsewhere);
      // One that can show where it stands is one of these only as long as it does.
      if (services.includes(service.name)) return unproven(shown);
      return shown.length === 0 ? undefined : shown;
    },
    outsiders: true,
    credential: (credential) =>
      !mechanisms.includes(credential.item.mechanism) && !principals.some((name) => names(name, credential)),
    bare: true,
    asked: { principals, mechanisms },
  };
}

/** Whoever is one of some callers, for each of them: what else is brought makes nobody another. */
function* whoeverIs(callers: Callers): ReturnType<typeof eachOf> {
  for (const { caller, wanted } of eachOf(callers)) {
    const isByCredential = !wanted.bare;
    yield { caller, wanted: isByCredential ? { ...ALL_WITH, needed: wanted.credential, asked: wanted.asked } : wanted };
  }
}

/** Each of some callers by itself, with nothing that is not its own where it is one by a credential. */
export function* eachOf(callers: Callers): Generator<{ readonly caller: string; readonly wanted: Wanted }> {
  for (const name of callers.services ?? []) {
    const proofs = ({ service, proofs: all }: Actor): readonly Proof[] | undefined =>
      service.name === name && all.some(({ domains }) => domains.length > 0) ? all : undefined;
    yield { caller: `service ${name}`, wanted: { ...NOBODY, ...ANYTHING, proofs } };
  }
  for (const name of callers.domains ?? []) {
    const proofs = ({ proofs: all }: Actor): readonly Proof[] | undefined =>
      all.some((proof) => standsIn(proof, [name])) ? all : undefined;
    yield { caller: `a service in ${name}`, wanted: { ...NOBODY, ...ANYTHING, proofs } };
  }
  for (const name of callers.mechanisms ?? []) {
    const credential = ({ item }: Credential): boolean => item.mechanism === name;
    yield {
      caller: `a caller with a credential of ${name}`,
      wanted: { ...NOBODY, outsiders: true, credential, asked: { ...NOTHING, mechanisms: [name] } },
    };
  }
  for (const name of callers.principals ?? []) {
    const credential = (one: Credential): boolean => names(name, one);
    yield {
      caller: name,
      wanted: { ...NOBODY, outsiders: true, credential, asked: { ...NOTHING, principals: [name] } },
    };
  }
  if (callers.anonymous === true) {
    yield { caller: 'a caller without any credential', wanted: { ...NOBODY, outsiders: true, bare: true } };
  }
}

/** @param name  `type:id`, or `type:*` for all of a type */
function names(name: string, { principal }: Credential): boolean {
  return name === principal || (name.endsWith(':*') && principal.startsWith(name.slice(0, -1)));
}

/** Proofs that put their bearer nowhere: by these alone a service is known, and is nobody to whatever allows. */
function unproven(proofs: readonly Proof[]): readonly Proof[] | undefined {
  const shown = proofs.filter(({ domains }) => domains.length === 0);
  return shown.length === 0 ? undefined : shown;
}
