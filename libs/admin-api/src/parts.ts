import type { AuditLog, CredentialStore, Fleet, RevisionMark, RevisionStore } from '#administration';
import type { DecisionStore } from '#decision-log';
import type { AccessRequest, Explanation } from '#engine';
import type { IssuerStanding, IssuerTokens } from '#identity';
import type { SourceFile } from '#policy';
import type { AdmissionSettings } from './admission.js';

/** What the serving thread says of itself. */
export interface ServerStatus {
  readonly version: string;
  readonly mode: 'enforce' | 'observe';
  /** Where policies come from. */
  readonly source: 'database' | 'folder';
  readonly ready: ServerReadiness;
  /** What is in force; null before the first policy. */
  readonly policy: {
    readonly epoch: number;
    readonly number: number;
    readonly contentHash: string;
    readonly ageSeconds: number;
  } | null;
  /** How the server follows its source, like `current` or `unreachable`. */
  readonly feed: { readonly state: string; readonly detail?: string };
  /** In the form of the settings. */
  readonly addresses: { readonly grpc: string; readonly http: string; readonly admin: string };
  readonly uptimeSeconds: number;
}

export interface ServerReadiness {
  readonly ready: boolean;
  /** Why not. */
  readonly because?: string;
  /** What is wrong although it is ready. */
  readonly degraded?: readonly string[];
}

/** Asks the thread that serves decisions. Every method may reject, or never answer: callers bound their patience. */
export abstract class ServerLink {
  abstract status(): Promise<ServerStatus>;

  /** Prometheus text. */
  abstract metrics(): Promise<string>;

  /** The set in force, file by file. Asked only where the server decides by a folder. */
  abstract documents(): Promise<readonly SourceFile[]>;

  /** Keys that are fetched, as they stand. */
  abstract issuers(): Promise<readonly IssuerStanding[]>;

  /** Fetches them; resolves when every issuer has answered or failed to. */
  abstract refreshIssuers(): Promise<void>;

  /** Why a recorded request was decided as it was, by the revision that decided it. */
  abstract explainPast(asked: PastRequest): Promise<PastExplanation>;
}

/** A request, and the revision that decided it. */
export interface PastRequest {
  readonly mark: RevisionMark;
  readonly request: AccessRequest;
}

export type PastExplanation =
  | { readonly kind: 'explained'; readonly explanation: Explanation }
  /** It is not in force, and nobody has it any more; or another history has taken its place. */
  | { readonly kind: 'revision-gone' }
  /** Others are being explained. */
  | { readonly kind: 'busy' };
/** Why a request is counted and not written down: `act-unrecorded` is a refused act of which there were too many. */
export type RefusedBecause = 'token-unknown' | 'rate-exceeded' | 'act-unrecorded';

/** What the admin listener stands on. */
export interface AdminApiParts {
  /** Null: the server decides by a folder, and there is nothing to publish to. */
  readonly history: {
    readonly store: RevisionStore;
    readonly credentials: CredentialStore;
    readonly audit: AuditLog;
    readonly fleet: Fleet;
  } | null;
  readonly server: ServerLink;
  /** Where decisions are recorded; absent: nowhere that can be searched. */
  readonly decisions?: DecisionStore | undefined;
  /** One more valid token, beside those of the store; any text that is not empty. */
  readonly operatorToken: string | undefined;
  /** Whose tokens operators may come with, beside ours; absent: nobody's. */
  readonly operatorIssuer?: IssuerTokens | undefined;
  /** How often one may ask; undefined: as often as one likes. */
  readonly admission?: AdmissionSettings | undefined;
  /** Largest body of a request that holds a bundle, in bytes; undefined: 64 MiB. */
  readonly bundleBytes?: number | undefined;
  /** Test cases that a set may have, all tests together; undefined: 50,000. */
  readonly testCases?: number | undefined;
  /** Told of each request that is only counted. */
  readonly onRefused?: ((because: RefusedBecause) => void) | undefined;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** The token by which controllers are given {@link AdminApiParts}. */
export const ADMIN_API_PARTS = Symbol('AdminApiParts');
