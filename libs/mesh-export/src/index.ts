/** From the map of domains to configurations that keep to it when nobody asks. */
export type { SpiffeTrustDomains } from './callers.js';
export { ENVOY_RUNTIME } from './envoy-rbac.js';
export { meshExport, type MeshExport, meshExportText, remarkLine } from './export.js';
export { MESH_TARGETS, type MeshExportOptions, type MeshTarget } from './options.js';
export type { Caller, JudgedRegion, Methods, Remark, StaticMap, Undecided, Verdict } from './model.js';
export { staticMap } from './static-map.js';
