export { agree, hear, isEqual, type Said, type Statement } from './agreement.js';
export { Chance } from './chance.js';
export { requestsFor } from './random-request.js';
export { type Concerned, requestBatches } from './request-batches.js';
export { requestDocument, type RequestDocument } from '#policy';
export { type Difference, RevisionCheck, type RevisionCheckParts } from './revision-check.js';
export { differenceOf, shrink, type Shows, type Shrunk, type Suspect } from './shrink.js';
export { subWorld } from './sub-world.js';
export {
  type AskedVoice,
  type Counts,
  PROGRESS_INTERVAL,
  type Verification,
  verify,
  type VerifyOptions,
} from './verify.js';
export { type Answerer, CASBIN, FAST, SPECIFICATION, type Voice, VOICES } from './voices.js';
