import type { AdmissionSettings, PastExplanation, PastRequest, ServerStatus } from '#admin-api';
import type { ServiceEvent } from '#decision';
import type { IssuerStanding, TrustedIssuer } from '#identity';
import type { PackedFiles } from '#policy';
import type { ProblemCode } from '#problem';
import type { DecisionSinkName, LogLevel, TlsFiles } from '../config.js';
import type { ListenAddress } from '../listen-address.js';

/** What the admin thread is started with. */
export interface AdminSettings {
  readonly address: ListenAddress;
  readonly tls: TlsFiles | undefined;
  readonly socketGroup: string | undefined;
  /** Undefined where the server decides by a folder. */
  readonly databaseUrl: string | undefined;
  /** One more token that is an operator's. */
  readonly operatorToken: string | undefined;
  /** Whose tokens operators may come with, and by which servers it may be found. */
  readonly operatorIssuer: OperatorIssuerSettings | undefined;
  readonly admission: AdmissionSettings;
  /** Largest body of a request that holds a bundle, in bytes. */
  readonly bundleBytes: number;
  /** Test cases that a set may have. */
  readonly testCases: number;
  readonly logLevel: LogLevel;
  readonly decisionLog: DecisionLogSettings;
  /** Of this program. */
  readonly version: string;
}

export interface OperatorIssuerSettings extends TrustedIssuer {
  /** `host` or `host:port`: they may be asked without TLS, and at addresses that are not public. */
  readonly hosts: ReadonlySet<string>;
  /** Certificates in PEM that are trusted besides Node's own. */
  readonly caFiles: readonly string[];
}

/** Where records of decisions go from here. */
export interface DecisionLogSettings {
  readonly sinks: ReadonlySet<DecisionSinkName>;
  readonly file: string;
  readonly url: string | undefined;
  readonly otlpUrl: string | undefined;
  readonly tokenFile: string | undefined;
  readonly days: number;
}

/** What the serving thread answers the admin thread. */
export type ServingThread = {
  status(): ServerStatus;
  /** Prometheus text. */
  metrics(): string;
  /** The folder's documents as they are in force; undefined where there are none. */
  documents(): PackedFiles | undefined;
  /** Keys that are fetched, as they stand. */
  issuers(): readonly IssuerStanding[];
  /** Fetches them. */
  refreshIssuers(): Promise<void>;
  /** Why a recorded request was decided as it was, by the revision that decided it. */
  explainPast(asked: PastRequest): Promise<PastExplanation>;
  /** Takes what happened in the admin thread. */
  log(event: ServiceEvent): void;
};

/** What the admin thread answers the serving thread. */
export type AdminThread = {
  listen(): Promise<Listening>;
  /** Takes records of decisions, as lines of JSON, to every sink. */
  record(lines: readonly string[]): void;
  close(): Promise<void>;
};

/** The address in use; or the problem with it, in a form that passes from thread to thread. */
export type Listening =
  | { readonly kind: 'listening'; readonly address: ListenAddress }
  | {
      readonly kind: 'problem';
      readonly code: ProblemCode;
      readonly values: { readonly [name: string]: string | number };
    };
