import type { DenialCode } from '#problem';

/** What the service behind the gateway is told of the decision by every allow, by lower-case name; none is ever absent. */
export interface ToldHeaders {
  readonly 'x-dharma-decision': string;
  /** The canonical path that was judged; empty where the target has none. */
  readonly 'x-dharma-path': string;
  /** The service that calls; empty where none has proven itself. */
  readonly 'x-dharma-actor': string;
  /** `type:id`; empty where the credentials name none, or several. */
  readonly 'x-dharma-principal': string;
  /** The domain that answers; `*` for an external service. */
  readonly 'x-dharma-domain': string;
}

/** How a program that carries decisions out by itself asks to be told what gateways and services are. */
export const TELL_HEADER = 'x-dharma-tell';

/**
 * What such a program is told beside the answer, as headers of the reply or as metadata: on allow all that a service is
 * told and what it must not hear from the client, on deny what the client hears.
 */
export type Telling =
  | (ToldHeaders & {
      readonly 'x-dharma-view': 'allow';
      /** Names in lower case of headers that only a rule may set, and this answer does not; joined by commas. */
      readonly 'x-dharma-unsaid': string;
    })
  | {
      readonly 'x-dharma-decision': string;
      /** The code that the client reads. */
      readonly 'x-dharma-view': DenialCode;
      /** The value of `www-authenticate`; absent on denials that the client can do nothing about. */
      readonly 'x-dharma-challenge'?: string;
    };
