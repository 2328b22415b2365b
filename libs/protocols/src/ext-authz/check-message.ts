/** Envoy's `CheckRequest` as `@grpc/proto-loader` reads it: absent messages are null, scalars have their default. */
export interface CheckRequest {
  readonly attributes: { readonly request: { readonly http: HttpAttributes | null } | null } | null;
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
  readonly okResponse?: { readonly headers: readonly HeaderValueOption[]; readonly headersToRemove: readonly string[] };
  readonly deniedResponse?: {
    readonly status: { readonly code: 'Unauthorized' | 'Forbidden' | 'ServiceUnavailable' };
    readonly headers: readonly HeaderValueOption[];
  };
  readonly dynamicMetadata?: Struct;
}

/** `google.protobuf.Struct`, as far as we write it. */
export interface Struct {
  readonly fields: { readonly [name: string]: StructValue };
}

export type StructValue =
  | { readonly stringValue: string }
  | { readonly numberValue: number }
  | { readonly structValue: Struct };
