/** The administration API: plans, revisions, documents, domains, credentials, and probes. */

export { AdminApiModule } from './admin-api.module.js';
export { type AdminApiParts, ServerLink, type ServerReadiness, type ServerStatus } from './parts.js';
export { prepareAdminApi } from './prepare.js';
