/** What is kept of decisions, what is not, and where it goes. */

export { type AllowShares } from './allow-shares.js';
export { DecisionLog, type DecisionLogParts } from './decision-log.js';
export { DecisionSink, SinkFault } from './decision-sink.js';
export {
  concerns,
  type DecisionPlace,
  type DecisionQuery,
  DecisionStore,
  type FoundDecision,
  liesWithin,
  type Whereabouts,
} from './decision-store.js';
export { FileSink } from './file-sink.js';
export { HttpSink, type HttpSinkParts } from './http-sink.js';
export { Instants } from './instants.js';
export { type MaskingSettings, parseMasked, parseMember } from './masking.js';
export { OtlpSink } from './otlp-sink.js';
export { readRecord, type RecordedDecision, recordedDecision, type RecordedRequest } from './record.js';
export { Recording } from './record-of.js';
export { replay, type Replayed, unrecordedMembers } from './replay.js';
export { type RebuiltRequest, requestOf } from './request-of.js';
export { type DroppedRecords, type SinkAway, SinkQueue, type SinkQueueParts, type SinkTimer } from './sink-queue.js';
export { type DecidedBy, DecisionRecorder, type TakenDecision } from './taken.js';
