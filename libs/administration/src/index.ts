/** The history of a policy set: what a revision is, how one follows another, and the port to where they are kept. */

export {
  type Act,
  type ActContext,
  actHash,
  type ActKind,
  ACTS,
  approvalAct,
  credentialAct,
  credentialHash,
  headText,
  inContext,
  judgeAct,
  type NewAct,
  NO_LINK,
  proposalAct,
  revisionAct,
} from './act.js';
export { type ActFilter, type ActPage, AuditLog } from './audit-log.js';
export { bundleChanges, type BundleChanges, documentChanges } from './bundle-changes.js';
export { type Break, ChainReader, type KnownHead } from './chain.js';
export {
  type Credential,
  type CredentialHolder,
  type CredentialKind,
  isActive,
  isSecretOf,
  judgeCredential,
  type KeyedClient,
  mint,
  type MintedCredential,
  type Minting,
  type NewCredential,
  type OperatorTerms,
  splitToken,
} from './credential.js';
export { activeKey, type ActiveKey, CredentialStore, FIRST_OPERATOR, MINTED_BY } from './credential-store.js';
export { type ChangeKind, documentWords, type DocumentWords, type RuleChange } from './document-words.js';
export {
  type DomainInForce,
  domainInForce,
  type DomainSummary,
  domainTree,
  type InForce,
  type MechanismInForce,
  type MemberService,
  type RoleInForce,
  type RuleInForce,
} from './domain-in-force.js';
export { FOUR_EYES_SOURCE, fourEyesFile, fourEyesKey, isMarked } from './four-eyes.js';
export {
  type FailedTest,
  type ForeignDocument,
  isReservedFile,
  type Judgement,
  plan,
  type Plan,
  planRestore,
  type PlanRequest,
  setAfter,
  type TestedWorld,
} from './plan.js';
export { type JudgedSet, planStep, type StepPlan } from './plan-step.js';
export { type Guardrail, GUARDRAIL_CHANGES, GUARDRAIL_KINDS } from './guardrails/guardrail.js';
export { behind, Fleet, type Heartbeat, type ServerSeen, SILENT_SECONDS } from './fleet.js';
export {
  type Assignment,
  assignmentsIn,
  entitiesIn,
  type Entity,
  withAssignments,
  withEntities,
  withoutAssignment,
  withoutEntity,
} from './facts.js';
export { type BundleScope, type Intersection, intersections } from './intersections.js';
export { type MissedDocument } from './references.js';
export { type Load, setStep } from './set-step.js';
export { ruleWords, type SpokenRule } from './rule-words.js';
export {
  changeHash,
  isProposalSeen,
  isSamePerson,
  judgeProposal,
  type KeyedProposal,
  MAXIMUM_OPEN_BYTES,
  MAXIMUM_OPEN_PROPOSALS,
  type NewProposal,
  type Person,
  personIn,
  personText,
  type Proposal,
  type ProposalEnd,
  type ProposalKey,
  type ProposalState,
  proposalState,
  type Proposer,
  type Viewer,
} from './proposal.js';
export { type ProposalListing, ProposalStore, type ProposeOutcome, type RejectOutcome } from './proposal-store.js';
export {
  type ChangeCounts,
  type ChangeSummary,
  changeSummary,
  type SpokenChange,
  spokenChanges,
} from './set-changes.js';
export {
  type DocumentMark,
  isOnNewest,
  publicationHash,
  type PublicationStep,
  publicationStep,
} from './publication-step.js';
export {
  type Approval,
  type DocumentChange,
  type DocumentKey,
  isStorable,
  judgeProvenance,
  judgePublication,
  type KeyedRevision,
  keyText,
  type Provenance,
  type Publication,
  PublicationRefused,
  type PublishOutcome,
  type Revision,
  type RevisionMark,
  storable,
} from './revision.js';
export { type Administration, administrationOf, type ChangesJudged, type Refusal, refusalsOf } from './rights/judge.js';
export { type PairedChange, pairedChanges } from './rights/paired-changes.js';
export { AdministeredSet, type OwnedMechanism } from './rights/administered-set.js';
export { operatorNameFault } from './operator-name.js';
export { Sight } from './rights/reading.js';
export { type ToldPlan, toldPlan, type ToldRefusal } from './rights/told-plan.js';
export { unseenNames } from './rights/unseen-names.js';
export {
  ADMINISTRATOR_ROLES,
  type AdministratorRole,
  type Grant,
  LEAST_ROLE,
  type Right,
  ROLE_RIGHTS,
} from './rights/right.js';
export { GIVEN_OPERATOR, Holdings, LONGEST_CHAIN, type Makers, makersOf, type Standing } from './rights/standing.js';
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
export {
  type Amounts,
  amountsIn,
  QUOTA_SOURCE,
  quotaFaults,
  quotaFile,
  quotaOf,
  type ToldExceededQuota,
} from './quota.js';
export {
  isSuspendedByDocument,
  suspendedAround,
  suspendedDomains,
  SUSPENSION_SOURCE,
  suspensionFaults,
  suspensionFile,
} from './suspension.js';
export { unknownRoles } from './unknown-roles.js';
