/**
 * The nouns of a decision: the world it is taken in, the request it is about, and the answer.
 *
 * A {@link World} is one immutable, well-formed revision with every default filled in; `libs/policy` makes it from
 * documents and is the only judge of well-formedness. Times are milliseconds since the epoch. Names of domains are
 * dotted; `*` is the world outside every domain.
 *
 * @see docs/semantics.md
 */

import type { Json } from '#wire';

export type { Json } from '#wire';

/** A map of request or stored data. Made without a prototype, so that no member name is special. */
export type Attributes = { readonly [member: string]: Json };

/** The world outside every domain. It owns deny rules only. */
export const OUTSIDE = '*';
/** The name by which an access set admits callers without any credential. */
export const ANONYMOUS = 'anonymous';

export type Effect = 'allow' | 'deny';
export type Direction = 'in' | 'out';
export type Scope = 'self' | 'subtree';
export type Mode = 'enforce' | 'report';
export type EvidenceRole = 'trust' | 'access';

export interface World {
  /** By dotted name; every ancestor of a domain is present. */
  readonly domains: ReadonlyMap<string, Domain>;
  /** Rules owned by `*`: denies only. */
  readonly outside: readonly Rule[];
  /** By name. */
  readonly mechanisms: ReadonlyMap<string, Mechanism>;
  /** By name. */
  readonly services: ReadonlyMap<string, Service>;
  /** By name. */
  readonly enforcementPoints: ReadonlyMap<string, EnforcementPoint>;
}

export interface Domain {
  readonly name: string;
  readonly zeroTrust: boolean;
  /** `closed`: leaving this very domain needs an out-allow. Not inherited. */
  readonly egress: 'open' | 'closed';
  readonly suspended: boolean;
  /** Absent: inherited, at the top `enforce`. */
  readonly mode?: Mode;
  /** Whether answers to enforcement points may name the mechanisms this boundary accepts. */
  readonly discloseAccess: boolean;
  /** Absent: a policy never grows too old here. */
  readonly maxStalenessSeconds?: number;
  /** Names of trust mechanisms. Absent: inherited. Empty: sealed. */
  readonly trust?: readonly string[];
  /** Names of access mechanisms, or `anonymous`. Absent: inherited. Empty: sealed. */
  readonly access?: readonly string[];
  readonly recognizes: readonly string[];
  /** Boundary marks: `service/endpoint`, or `service/*` for those of its endpoints placed in this subtree. */
  readonly boundary: readonly string[];
  readonly addresses: readonly AddressClaim[];
  /** Who may change it; never read by a decision. */
  readonly administrators: readonly Administrator[];
  /** Rules this domain owns. */
  readonly rules: readonly Rule[];
  /** Role definitions of every role set at this domain; one name may be defined more than once, edges add up. */
  readonly roles: readonly RoleDefinition[];
  /** Data beside the rules. */
  readonly directory: Directory;
}

/** A delegation of administration, for the domain and everything below it. */
export interface Administrator {
  readonly role: 'owner' | 'policy-admin' | 'exposure-admin' | 'mechanism-admin' | 'member-admin' | 'auditor';
  readonly principals: readonly string[];
}

/** Role assignments and entities at one domain. Grows with people and things, not with rules. */
export interface Directory {
  /** Principal (`type:id`, `group:name`, `service:name`) to the roles assigned to it at this domain. */
  readonly assignments: ReadonlyMap<string, readonly string[]>;
  /** `type:id` to attributes. A type never contains a colon. */
  readonly entities: ReadonlyMap<string, Attributes>;
}

export interface RoleDefinition {
  readonly name: string;
  readonly inherits: readonly string[];
}

/** A region of addresses that only services below the claiming domain may answer. */
export interface AddressClaim {
  /** Canonical host, or `*.suffix` for one or more labels before the suffix. */
  readonly host: string;
  /** Canonical path prefix in whole segments, without a trailing slash; empty for the whole host. */
  readonly prefix: string;
}

export type MechanismKind = 'spiffe' | 'mtls' | 'network' | 'jwt' | 'introspection' | 'apiKey' | 'asserted';

export interface Mechanism {
  readonly name: string;
  /** The domain that owns it. */
  readonly owner: string;
  readonly role: EvidenceRole;
  readonly kind: MechanismKind;
  /** The type of the principals its credentials name. */
  readonly principalType: string;
  /** Enforcement points outside the owner's subtree that may assert it. */
  readonly assertableBy: readonly string[];
}

export interface Service {
  readonly name: string;
  readonly kind: 'workload' | 'gateway' | 'proxy' | 'broker' | 'external';
  /** Memberships; empty for `external` only. */
  readonly domains: readonly string[];
  readonly identities: readonly IdentityBinding[];
  readonly endpoints: readonly Endpoint[];
}

export interface IdentityBinding {
  readonly mechanism: string;
  /** Exact; or a prefix, where it ends in `**`; or, for a `network` mechanism, an address or CIDR. */
  readonly subject: string;
}

export interface Endpoint {
  /** `service/endpoint`. */
  readonly id: string;
  readonly service: string;
  readonly kind: 'http' | 'grpc' | 'async' | 'resource';
  /** Canonical hosts or `*.suffix` patterns. */
  readonly hosts: readonly string[];
  /** Domains it is placed in; empty for endpoints of external services only. */
  readonly placements: readonly string[];
  /** At least one. RPCs appear as `POST` on their path. */
  readonly operations: readonly Operation[];
  readonly trailingSlash: 'significant' | 'ignore';
  readonly encodedSlash: 'refuse' | 'allow';
  readonly preflight: 'deny' | 'allow';
}

export type Operation =
  | { readonly kind: 'http'; /** `*` for every method. */ readonly methods: readonly string[]; readonly path: string }
  | { readonly kind: 'topic'; readonly topic: string; /** `*` for every action. */ readonly actions: readonly string[] }
  | { readonly kind: 'resource'; readonly resourceType: string; readonly actions: readonly string[] };

export interface Rule {
  /** `policy/rule`, unique. */
  readonly id: string;
  /** A domain, or `*`. */
  readonly owner: string;
  readonly effect: Effect;
  readonly direction: Direction;
  readonly scope: Scope;
  /** `report`: matched and shown, never counted. */
  readonly mode: Mode;
  readonly who: Who;
  readonly what: What;
  /** A CEL expression. */
  readonly when?: string;
  readonly obligations: readonly ObligationTemplate[];
  /** First instant of validity. */
  readonly notBefore?: number;
  /** First instant after validity. */
  readonly notAfter?: number;
}

/** An absent selector is no constraint; a list means any of; different selectors mean all of. No list is empty. */
export interface Who {
  /** Not a constraint: lets an allow also match the anonymous item. */
  readonly anonymous: boolean;
  readonly domains?: readonly string[];
  readonly services?: readonly string[];
  readonly mechanisms?: readonly string[];
  readonly subjects?: readonly string[];
  readonly clients?: readonly string[];
  readonly groups?: readonly string[];
  readonly principals?: readonly string[];
  readonly scopes?: readonly string[] | { readonly allOf: readonly string[] };
  readonly roles?: readonly string[];
}

export interface What {
  readonly domains?: readonly string[];
  readonly services?: readonly string[];
  readonly endpoints?: readonly string[];
  readonly methods?: readonly string[];
  readonly paths?: readonly string[];
  readonly resourceTypes?: readonly string[];
  readonly resources?: readonly string[];
  readonly actions?: readonly string[];
}

export const OBLIGATION_KINDS = [
  'setHeader',
  'removeHeader',
  'setQueryParameter',
  'removeQueryParameter',
  'rateLimit',
] as const;
export type ObligationKind = (typeof OBLIGATION_KINDS)[number];

/** What the enforcement point must do for an allow to hold; texts may contain `${dotted.path}`. */
export type ObligationTemplate =
  | { readonly kind: 'setHeader'; readonly name: string; readonly value: string; readonly critical: boolean }
  | { readonly kind: 'removeHeader'; readonly name: string; readonly critical: boolean }
  | { readonly kind: 'setQueryParameter'; readonly name: string; readonly value: string; readonly critical: boolean }
  | { readonly kind: 'removeQueryParameter'; readonly name: string; readonly critical: boolean }
  | { readonly kind: 'rateLimit'; readonly key: string; readonly class: string; readonly critical: boolean };

/** An obligation with its texts filled in, and the rule it comes from. */
export type Obligation = ObligationTemplate & { readonly rule: string };

export interface EnforcementPoint {
  readonly name: string;
  readonly domain: string;
  readonly mayAssert: readonly string[];
  readonly mayExplain: boolean;
}

// ── the question ────────────────────────────────────────────────────────────────────────────────────────────────────

export type Target =
  | { readonly kind: 'endpoint'; readonly endpoint: string; readonly method?: string; readonly path?: string }
  | { readonly kind: 'address'; readonly host: string; readonly method: string; readonly path: string }
  | { readonly kind: 'rpc'; readonly rpc: string; readonly host?: string }
  | { readonly kind: 'topic'; readonly topic: string; readonly action: string }
  | {
      readonly kind: 'resource';
      readonly resource: { readonly type: string; readonly id: string; readonly properties: Attributes };
      readonly action: { readonly name: string; readonly properties: Attributes };
    };

export interface Evidence {
  readonly role: EvidenceRole;
  readonly mechanism: string;
  readonly subject: string;
  /** Set by this service only. */
  readonly verified: boolean;
  /** Valid while `time < expiresAt`. */
  readonly expiresAt?: number;
  readonly scopes: readonly string[];
  readonly groups: readonly string[];
  readonly claims: Attributes;
  /** What the enforcement point attests about the subject. */
  readonly attributes: Attributes;
}

export interface AccessRequest {
  readonly target: Target;
  readonly evidence: readonly Evidence[];
  /** Names in lower case; repeated headers joined with a comma. */
  readonly headers: { readonly [name: string]: string };
  /** Attested and verified. */
  readonly attributes: Attributes;
  /** What a client merely says. */
  readonly claimed: Attributes;
  readonly context: Attributes;
  readonly time: number;
  /** The domain of the enforcement point that asks; `*` for the implicit `local` one and offline. */
  readonly askedFrom: string;
  /** Seconds since the policy in force was last confirmed. */
  readonly policyAgeSeconds: number;
  /** Kinds of obligations the asking convention can carry; absent: all. */
  readonly carries?: readonly ObligationKind[];
  /** Upper bound of the answer's time to live, in seconds. */
  readonly maxTtlSeconds: number;
}

// ── the answer ──────────────────────────────────────────────────────────────────────────────────────────────────────

export const ALLOW_REASONS = ['ALLOW_FAST', 'ALLOW_SLOW', 'ALLOW_EGRESS'] as const;
export const DENY_REASONS = [
  'DENY_RULE',
  'NO_ALLOW_RULE',
  'NOT_VISIBLE',
  'ACCESS_EVIDENCE_MISSING',
  'EGRESS_CLOSED',
  'UNKNOWN_ENDPOINT',
  'TARGET_DOMAIN_SUSPENDED',
  'CALLER_SUSPENDED',
  'AMBIGUOUS_CALLER',
  'INVALID_REQUEST',
  'NOT_ENTITLED',
  'OBLIGATION_UNSUPPORTED',
] as const;
/** The service's own state; the engine itself answers `POLICY_TOO_OLD` only. */
export const OWN_STATE_REASONS = [
  'POLICY_UNAVAILABLE',
  'POLICY_TOO_OLD',
  'OVERLOADED',
  'SHUTTING_DOWN',
  'INTERNAL_FAULT',
] as const;
export type AllowReason = (typeof ALLOW_REASONS)[number];
export type DenyReason = (typeof DENY_REASONS)[number] | (typeof OWN_STATE_REASONS)[number];
export type Reason = AllowReason | DenyReason;

export type Route = 'fast' | 'slow' | 'egress';

/** Where a denial happened: the domain, or null for reasons without a place. */
export interface Denial {
  readonly reason: DenyReason;
  readonly deniedAt: string | null;
}

/**
 * The engine's answer. The service adds the revision, its age and a decision id.
 *
 * On deny `meeting`, `actor` and `principal` are null, `crossed` and `obligations` are empty, and `rules` are the matching denies of `DENY_RULE`.
 */
export interface Outcome {
  readonly decision: Effect;
  readonly reason: Reason;
  readonly route: Route | null;
  readonly deniedAt: string | null;
  /** The domain at which caller and target meet, or `*`. */
  readonly meeting: string | null;
  /** Domains whose boundary was crossed, outside in. */
  readonly crossed: readonly string[];
  readonly rules: readonly string[];
  readonly obligations: readonly Obligation[];
  /** On allow: the service that calls, as far as it has proven to be in any domain; else null. */
  readonly actor: string | null;
  /** On allow: the one principal (`type:id`) that the credentials name; null when they name none, or several. */
  readonly principal: string | null;
  /** What an enforcing world would have said, where report mode turned it into an allow. */
  readonly wouldDeny?: Denial;
  /** On `ACCESS_EVIDENCE_MISSING`, where the domain discloses it: mechanisms the boundary accepts, sorted. */
  readonly accepts?: readonly string[];
  readonly ttlSeconds: number;
  /** The endpoint the target resolved to, `service/endpoint`. */
  readonly endpoint: string | null;
  /** The canonical path that was judged, without query. */
  readonly path: string | null;
}
