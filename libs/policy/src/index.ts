/** Policy documents: reading, judging, printing; and requests and answers as JSON. */

export { type AnswerEnvelope, answerOf, type DecisionAnswer } from './answer.js';
export {
  type DomainDocument,
  type EnforcementPointDocument,
  type EntitySetDocument,
  type FourEyesDocument,
  type MechanismDeclaration,
  QUOTA_MEASURES,
  type QuotaDocument,
  type QuotaMeasure,
  type RoleSetDocument,
  type SuspensionDocument,
} from './document-domain.js';
export type { Expectation, PolicyPolicyDocument, RuleDeclaration, ServiceDocument } from './document-policy.js';
export type { TestDocument } from './document-test.js';
export { API_VERSION, DOCUMENT_KINDS, type DocumentKind, type PolicyDocument, WRITTEN_KINDS } from './document.js';
export { chainOf } from './names.js';
export { didYouMean } from './suggest.js';
export { parseInstant } from './instant.js';
export { parseJson } from './json.js';
export { attributes } from './declaration.js';
export { principalTypeOf } from './lower.js';
export { conform, type ShapeFault } from './shape.js';
export {
  type Bundle,
  BundleLoader,
  type Declared,
  loadBundle,
  loadPart,
  type LocatedDocument,
  type PartBundle,
  readingFaults,
} from './load.js';
export {
  jsonFromText,
  type ParsedRequest,
  parseRequest,
  type RequestFault,
  type RequestJson,
  requestFromText,
  requestsFromText,
  type RequestOptions,
  type RequestReading,
} from './request.js';
export { type Fault, oversizedDocument, type Position, type SourceFile } from './source.js';
export { requestDocument, type RequestDocument } from './request-document.js';
export { callerWords, conditionWords, type ReachTest, routeWords } from './reach-tests.js';
export {
  type CaseResult,
  type PolicyTest,
  type PolicyTestCase,
  type ReachResult,
  runCases,
  runReach,
  runTests,
  type Tested,
  type TestResult,
} from './tests.js';
export { FolderError, isJsonFile, isPolicyFile, readFolder } from './folder.js';
export { MAXIMUM_BUNDLE_BYTES, MAXIMUM_DOCUMENT_BYTES, MAXIMUM_FILES } from './limits.js';
export { packFiles, type PackedFiles, unpackFiles } from './packed-files.js';
export { format } from './format.js';
export { hostPatternFault, pathTemplateFault } from './patterns.js';
export { jsonSchemas } from './schema.js';
export { lint } from './lint.js';
export { isOnOneChain, UNKNOWN_ROLE, unknownRoleText } from './lint-roles.js';
