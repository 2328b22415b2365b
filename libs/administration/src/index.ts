/** The history of a policy set: what a revision is, how one follows another, and the port to where they are kept. */

export { bundleChanges, type BundleChanges, documentChanges } from './bundle-changes.js';
export {
  type Credential,
  type CredentialKind,
  isActive,
  isSecretOf,
  judgeCredential,
  mint,
  type MintedCredential,
  type Minting,
  type NewCredential,
  splitToken,
} from './credential.js';
export { type ActiveKey, CredentialStore, FIRST_OPERATOR, MINTED_BY } from './credential-store.js';
export {
  type DocumentMark,
  isOnNewest,
  publicationHash,
  type PublicationStep,
  publicationStep,
} from './publication-step.js';
export {
  type DocumentChange,
  type DocumentKey,
  judgeProvenance,
  judgePublication,
  keyText,
  type Provenance,
  type Publication,
  PublicationRefused,
  type PublishOutcome,
  type Revision,
  type RevisionMark,
} from './revision.js';
export { RevisionCorrupt, RevisionStore, RevisionUnknown } from './revision-store.js';
export { StoreFault } from './store-fault.js';
export {
  assignmentFacts,
  contentHashOf,
  type EntityFact,
  entityFacts,
  entitySetText,
  newDocument,
  type NewDocument,
  roleSetText,
  sha256,
  type StoredDocument,
} from './stored-document.js';
