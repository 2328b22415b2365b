export {
  challengeFor,
  clientView,
  type Answer,
  type AskedRequest,
  type ChallengedView,
  type ClientView,
  type ExplainedAnswer,
  type Question,
  type RequestFault,
} from './answer.js';
export type { Breath } from './breath.js';
export { DecisionPoint, type DecisionPointParts, Explainer } from './decision-point.js';
export type { Clock, DecisionRecord, EventLog, ServiceEvent } from './event.js';
export { FolderSource, type FolderSourceParts, type Look } from './folder-source.js';
export { Judgements } from './judgements.js';
export { type KeptReading, type KeptRevision, KeptRevisions } from './kept-revisions.js';
export { ageSeconds, LiveSnapshot, type PolicyInForce } from './live-snapshot.js';
export type { Search, SearchAnswer } from './search.js';
export type { PolicySource } from './policy-source.js';
export { type ReadFolder, readForThreads } from './read-folder.js';
export { readiness, type Readiness } from './readiness.js';
