import type { Attributes, Evidence } from '#engine';

/** A principal by type and id, as conventions name it that know no mechanisms. */
export interface NamedSubject {
  readonly type: string;
  readonly id: string;
  /** What the enforcement point attests about it. */
  readonly attributes: Attributes;
  /** Groups that it says the principal is in; absent: none. */
  readonly groups?: readonly string[];
}

/** Everything in a message that may become evidence, as an adapter found it. Nothing of it is believed yet. */
export interface Presented {
  /** Items the enforcement point asserts in its convention's own fields; their `verified` says nothing. */
  readonly asserted: readonly Evidence[];
  /** The subject the enforcement point names, where its convention has a field for that. */
  readonly subject?: NamedSubject;
  /** The client's own header fields by lower-case name, among which its tokens and API keys are. */
  readonly credentials: { readonly [header: string]: string };
  /** Whom the credentials have to be of, where the convention says so beside them; of another one, they are nobody's. */
  readonly credentialsOf?: { readonly type: string; readonly id: string };
  /**
   * Header fields that the gateway's configuration overwrites, by lower-case name, in which certificates and subjects
   * are reported. Empty where the convention has fields of its own for them.
   */
  readonly reported: { readonly [header: string]: string };
  /** Names among `credentials` and `reported` that came in more than one field, and were joined; absent: none. */
  readonly repeated?: ReadonlySet<string>;
  /** Header names of the client that careless readers take for another one, with that one (`foldedHeaderName`); absent: none. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** The client's address, where the convention has a field for it. */
  readonly clientAddress?: string;
  /** The client's certificate, where the convention has a field for it. */
  readonly certificate?: {
    /** URI name, else DNS name, else subject; empty when there is none. */
    readonly principal: string;
    /** URL-encoded PEM; empty when it is not passed on. */
    readonly pem: string;
  };
}

/** Why something that was presented does not count. Names no token, key or claim. */
export interface Dropped {
  /** Null where no mechanism is concerned. */
  readonly mechanism: string | null;
  readonly because: string;
}

export interface Judged {
  /** What the engine is given; items of senders who are not entitled are there with `verified: false`. */
  readonly evidence: readonly Evidence[];
  readonly dropped: readonly Dropped[];
  /** A credential (role access) of the client was verified. */
  readonly hasVerifiedCredential: boolean;
  /** A credential was expired or false. */
  readonly hasFalseCredential: boolean;
  /** Why the subject that the enforcement point names is nobody; absent: it names none, or it counts. */
  readonly subjectFault?: string;
}
