/** The public face of the engine: what a decision means, said twice, and its explanation. */
export * from './model.js';
export { canonicalHost, canonicalPath, isPlainText, isToken, isTopic, MAX_TARGET_BYTES } from './canonical.js';
export type { CanonicalPath } from './canonical.js';
export { bySpecificity, otherSlash, pathTemplate, topicTemplate } from './template.js';
export type { Segment } from './template.js';
export { foldedHeaderName } from '#wire';
export { parseTextTemplate } from './obligations.js';
export { parametersSetFor } from './parameters-set.js';
export { bareMap } from './bare-map.js';
export { byBytes, canonicalJson } from './ordering.js';
export { denied } from './outcome.js';
export { holdsHost, isWithin, resolve } from './resolution.js';
export type { Resolution } from './resolution.js';
export { boundService } from './selectors.js';
export { reason, specify } from './specification.js';
export type { Caller, Check, EvidenceFate, Reasoning, RouteAttempt, WeighedEvidence } from './specification.js';
export { readTarget } from './target.js';
export type { CanonicalTarget } from './target.js';
export { compile } from './compile.js';
export { isHolder, snapshotWithAssignments, worldWithAssignments } from './assignment-changes.js';
export type { AssignmentChange } from './assignment-changes.js';
export { snapshotWithEntities, worldWithEntities } from './entity-changes.js';
export type { EntityChange } from './entity-changes.js';
export { ruleChanges, snapshotWithRules, worldWithRules } from './rule-changes.js';
export type { PolicyRules, RuleChanges } from './rule-changes.js';
export { snapshotAfter, worldAfter } from './world-step.js';
export type { WorldStep } from './world-step.js';
export type { Snapshot } from './snapshot.js';
export type { MemberPath } from './members-read.js';
export { imageOf } from './image.js';
export type { ImagePart } from './image-format.js';
export { SnapshotRestorer } from './restorer.js';
export { decide, lacksOnlyScopes, provenDomains } from './decide.js';
export {
  actionCandidates,
  methodCandidates,
  resourceCandidates,
  routeCandidates,
  subjectCandidates,
} from './candidates.js';
export type { Candidates, Kinds } from './candidates.js';
export { finished } from './steps.js';
export type { Steps } from './steps.js';
export { pathWithout } from './path-parameters.js';
export { targetOfRoute } from './route-target.js';
export type { RouteTarget } from './route-target.js';
export { explain } from './explain.js';
export type { ExplainedCheck, ExplainedEvidence, ExplainedRoute, ExplainedRule, Explanation } from './explain.js';
export type { Change, NearestMiss } from './nearest-miss.js';
export { TRUST_LEVELS } from './trust-levels.js';
export type { ExplainedAttribute, TrustLevel } from './trust-levels.js';
