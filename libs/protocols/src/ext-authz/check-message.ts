import type { Struct } from '#wire';

/** Envoy's `CheckRequest` as `@grpc/proto-loader` reads it: absent messages are null, scalars have their default. */
export interface CheckRequest {
  readonly attributes: AttributeContext | null;
}

export interface AttributeContext {
  /** Who called the gateway, as the gateway's connection to it shows. */
  readonly source: {
    readonly address: { readonly socketAddress?: { readonly address: string } | null } | null;
    readonly principal: string;
    /** URL-encoded PEM. */
    readonly certificate: string;
  } | null;
  readonly request: { readonly http: HttpAttributes | null } | null;
  /** From the gateway's own configuration of the route. */
  readonly contextExtensions: { readonly [name: string]: string };
  /** What the gateway's filters left, by their names. */
  readonly metadataContext: { readonly filterMetadata: { readonly [filter: string]: Struct } } | null;
}

export interface HttpAttributes {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: { readonly [name: string]: string };
  readonly headerMap: { readonly headers: readonly HeaderValue[] } | null;
}

interface HeaderValue {
  readonly key: string;
  readonly value: string;
  /** Instead of `value`, with `encode_raw_headers`. */
  readonly rawValue: Uint8Array;
}

export interface HeaderValueOption {
  readonly header: { readonly key: string; readonly value: string };
  readonly append: { readonly value: boolean };
  readonly appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD';
  readonly keepEmptyValue: boolean;
}

/** Envoy's `CheckResponse`. Only `status.code` decides, and 0 is an allow: it is always set. */
export interface CheckResponse {
  /** A `google.rpc.Code`. */
  readonly status: { readonly code: number };
  readonly okResponse?: {
    readonly headers: readonly HeaderValueOption[];
    readonly headersToRemove: readonly string[];
    /** Put into the query as they are, over every one with that key. */
    readonly queryParametersToSet?: readonly { readonly key: string; readonly value: string }[];
    /** Compared with the query as it is written, after those above were set. */
    readonly queryParametersToRemove?: readonly string[];
  };
  readonly deniedResponse?: {
    readonly status: { readonly code: 'Unauthorized' | 'Forbidden' | 'ServiceUnavailable' };
    readonly headers: readonly HeaderValueOption[];
    readonly body?: string;
  };
  readonly dynamicMetadata?: Struct;
}
