/** What every publication may be refused for, for the API description. */
export const PUBLISHING_PROBLEMS = [
  'request-invalid',
  'operator-unknown',
  'no-history',
  'revision-superseded',
  'idempotency-key-reused',
  'bundle-invalid',
  'publication-refused',
  'forbidden-change',
  'four-eyes-required',
  'test-cases-too-many',
  'store-unavailable',
  'store-read-only',
] as const;

/** The same where documents of one source change. */
export const EDIT_PROBLEMS = [
  ...PUBLISHING_PROBLEMS,
  'documents-of-another-source',
  'documents-still-referenced',
  'quota-exceeded',
] as const;
