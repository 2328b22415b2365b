/**
 * How large policy documents may be. Every document is hostile until it is read: these bounds keep reading one under a
 * second and within a few hundred megabytes.
 */

/** Bytes (UTF-8) of one document. */
export const MAXIMUM_DOCUMENT_BYTES = 1024 * 1024;
/** Bytes (UTF-8) of all files of a bundle together. */
export const MAXIMUM_BUNDLE_BYTES = 64 * 1024 * 1024;
/** Documents in one bundle. */
export const MAXIMUM_DOCUMENTS = 100_000;
/** Files below one folder. */
export const MAXIMUM_FILES = 20_000;
/** Maps and lists inside one another, in documents and in requests. */
export const MAXIMUM_DEPTH = 32;
/** YAML tokens of one document: reading costs about three microseconds a token. JSON documents are not counted. */
export const MAXIMUM_TOKENS = 120_000;
/** Values (maps, lists, scalars) of one JSON text. */
export const MAXIMUM_VALUES = 400_000;
/** Bytes (UTF-8) of one request as JSON text. */
export const MAXIMUM_REQUEST_BYTES = 1024 * 1024;
/** Faults one load gives; what is beyond is summed up in a last one. */
export const MAXIMUM_FAULTS = 1_000;
/** Labels of a domain's dotted name. */
export const MAXIMUM_DOMAIN_DEPTH = 16;
