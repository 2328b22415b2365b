/** What other systems write, as policy documents. Nothing is let through that the source forbids. */

export { type CasbinOptions, type CasbinSource, importCasbin } from './casbin.js';
export type { ForeignFile } from './foreign-text.js';
export { type Imported, type ImportRemark, ImportRefused } from './imported.js';
export { importKubernetes, type KubernetesOptions } from './kubernetes.js';
export { importOpenApi, type OpenApiOptions } from './openapi.js';
