import type { Struct } from '#wire';

/** The messages of `dharma/v1/decisions.proto` as `@grpc/proto-loader` reads and writes them. */
export interface DecideRequest {
  readonly target: Target | null;
  readonly evidence: readonly EvidenceItem[];
  readonly credentials: { readonly [header: string]: string };
  readonly headers: { readonly [name: string]: string };
  readonly attributes: Struct | null;
  readonly claimed: Struct | null;
  readonly context: Struct | null;
  readonly minRevision?: number;
}

/** One of its members is there, or none. */
export interface Target {
  readonly endpoint?: { readonly endpoint: string; readonly method?: string; readonly path?: string };
  readonly address?: { readonly host: string; readonly method: string; readonly path: string };
  readonly rpc?: { readonly rpc: string; readonly host?: string };
  readonly topic?: { readonly topic: string; readonly action: string };
  readonly resourceAction?: {
    readonly resource: { readonly type: string; readonly id: string; readonly properties: Struct | null } | null;
    readonly action: { readonly name: string; readonly properties: Struct | null } | null;
  };
}

export interface EvidenceItem {
  readonly role: string;
  readonly mechanism: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly groups: readonly string[];
  readonly claims: Struct | null;
  readonly attributes: Struct | null;
  readonly expiresAt?: string;
}

export interface DecideResponse {
  readonly decision: 'DECISION_ALLOW' | 'DECISION_DENY';
  readonly reason: string;
  readonly route?: string;
  readonly deniedAt?: string;
  readonly meeting?: string;
  readonly crossed: readonly string[];
  readonly rules: readonly string[];
  readonly obligations: readonly ObligationItem[];
  readonly revision: number;
  readonly ageSeconds: number;
  readonly decisionId: string;
  readonly ttlSeconds: number;
  readonly wouldDeny?: { readonly reason: string; readonly deniedAt?: string };
  readonly accepts: readonly string[];
  readonly detail: readonly { readonly pointer: string; readonly message: string }[];
}

export interface ObligationItem {
  readonly rule: string;
  readonly critical: boolean;
  readonly setHeader?: { readonly name: string; readonly value: string };
  readonly removeHeader?: { readonly name: string };
  readonly setQueryParameter?: { readonly name: string; readonly value: string };
  readonly removeQueryParameter?: { readonly name: string };
  readonly rateLimit?: { readonly key: string; readonly class: string };
}

export interface DecideManyRequest {
  readonly requests: readonly DecideRequest[];
}

export interface DecideManyResponse {
  readonly answers: readonly DecideResponse[];
}

export interface DecideStreamRequest {
  readonly id: string;
  readonly request: DecideRequest | null;
}

export interface DecideStreamResponse {
  readonly id: string;
  readonly answer: DecideResponse;
}

export interface ExplainResponse {
  readonly answer: DecideResponse;
  readonly explanation?: Struct;
}
