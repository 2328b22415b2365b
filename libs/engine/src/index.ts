/** The public face of the engine: what a decision means, said twice, and its explanation. */
export * from './model.js';
export { canonicalHost, canonicalPath, isPlainText, isToken, isTopic, MAX_TARGET_BYTES } from './canonical.js';
export type { CanonicalPath } from './canonical.js';
export { bySpecificity, otherSlash, pathTemplate, topicTemplate } from './template.js';
export type { Segment } from './template.js';
export { parseTextTemplate } from './obligations.js';
export { byBytes } from './ordering.js';
export { denied } from './outcome.js';
export { isWithin } from './resolution.js';
export { reason, specify } from './specification.js';
export type { Caller, Check, EvidenceFate, Reasoning, RouteAttempt, WeighedEvidence } from './specification.js';
export { compile } from './compile.js';
export type { Snapshot } from './snapshot.js';
export { decide } from './decide.js';
export { explain } from './explain.js';
export type { ExplainedCheck, ExplainedEvidence, ExplainedRoute, ExplainedRule, Explanation } from './explain.js';
export type { Change, NearestMiss } from './nearest-miss.js';
