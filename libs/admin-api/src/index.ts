/** The administration API: plans, revisions, documents, domains, credentials, and probes. */

export { AdminApiModule } from './admin-api.module.js';
export { openApiDocument } from './open-api.js';
export type { AdmissionSettings } from './admission.js';
export {
  type AdminApiParts,
  type PastExplanation,
  type PastRequest,
  type RefusedBecause,
  ServerLink,
  type ServerReadiness,
  type ServerStatus,
} from './parts.js';
export { MAX_ADMIN_BODY_BYTES, MAX_BUNDLE_BODY_BYTES, prepareAdminApi } from './prepare.js';
