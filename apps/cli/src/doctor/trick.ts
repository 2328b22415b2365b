/** What a gateway has to get right; each has a setting that mends it. */
export const CONCERNS = [
  'path',
  'target',
  'host',
  'method',
  'asked',
  'kept',
  'ours',
  'override',
  'forwarded',
  'alias',
  'repeated',
  'listed',
  'upgrade',
  'framing',
  'own',
] as const;
export type Concern = (typeof CONCERNS)[number];

/** A plain request that the gateway lets pass; every trick is a change of it. */
export interface Base {
  /** In origin form, readable in one way only, without query. */
  readonly path: string;
  /** As it stands in the `Host` field. */
  readonly host: string;
  /** Fields of the user, such as a credential that the policy asks for. */
  readonly headers: readonly HeaderField[];
  /** Names in lower case of headers that the policies set or read an identity from. */
  readonly ownHeaders: readonly string[];
}

export type HeaderField = readonly [name: string, value: string];

/** One request, to the letter. Never with a body, and never with a method that changes anything. */
export interface Trick {
  readonly name: string;
  readonly concern: Concern;
  /** What two readers may make of it; completes "sent to find out whether…". */
  readonly because: string;
  readonly method: 'GET' | 'HEAD' | 'OPTIONS';
  /** What is asked for: what stands between method and version, or is the path of HTTP/2. */
  readonly target: string;
  readonly fields: readonly HeaderField[];
  /** A second request on the same connection, sent with the first. */
  readonly followedBy?: string;
  /** What no service may hear under this name or one that is read as it. */
  readonly typed?: { readonly name: string; readonly value: string };
}

export interface Http1Trick extends Trick {
  readonly version: 'HTTP/1.1' | 'HTTP/1.0';
  readonly hosts: readonly string[];
  /** Lines that are no fields as they should be, in front of the others. */
  readonly oddLines: readonly string[];
  /** What follows the empty line: the end of an empty body. */
  readonly ending: string;
}

export interface Http2Trick extends Trick {
  /** What stands in front of the fields, in that order; `method` and `target` say what of it should count. */
  readonly pseudo: readonly HeaderField[];
}
