/** Who is asking, and on whose behalf: enforcement points told from strangers, evidence verified or dropped. */

export type { Caller, KnownCaller, Peer, Stranger } from './caller.js';
export type { Dropped, Judged, NamedSubject, Presented } from './evidence.js';
export { type IssuerEvent, type IssuerStanding, Issuers, type IssuersParts } from './issuers.js';
export { IssuerTokens, type TokenHolder, type TrustedIssuer } from './issuer-tokens.js';
export { Outbound, type OutboundFault, type OutboundReply, type OutboundRequest } from './outbound.js';
export { readSealed, writeSealed } from './sealed-file.js';
export { Identity, type IdentityParts } from './identity.js';
export { type PresentedKey, readKey } from './key.js';
export { type ClientKey, type EnforcementPointKey, KeyRing, type MintedKey } from './key-ring.js';
export {
  type EnforcementPointSettings,
  type IdentitySettings,
  identitySettings,
  type MechanismSettings,
} from './settings.js';
