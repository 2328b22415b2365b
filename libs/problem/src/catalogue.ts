/** What a code of the catalogue stands for. Codes are never renamed; a retired one stays here, marked. */
export interface ProblemKind {
  readonly title: string;
  /** HTTP status. */
  readonly status: number;
  /** Name of the gRPC status. */
  readonly grpc:
    | 'INVALID_ARGUMENT'
    | 'UNAUTHENTICATED'
    | 'PERMISSION_DENIED'
    | 'NOT_FOUND'
    | 'ABORTED'
    | 'RESOURCE_EXHAUSTED'
    | 'FAILED_PRECONDITION'
    | 'UNAVAILABLE'
    | 'INTERNAL';
  /** One sentence with `{name}` for each value that a Problem of this kind is given. */
  readonly detail: string;
  /** What the reader can do next. */
  readonly remedy: string;
  /** Sent along over HTTP, by name in lower case. */
  readonly headers?: { readonly [name: string]: string };
}

/** Every code that the product can emit, apart from the reasons of a decision. */
export const CATALOGUE = {
  'request-not-json': {
    title: 'The body is no JSON',
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    detail: 'the body is not one JSON text in UTF-8: {fault}',
    remedy: 'send one JSON object with `content-type: application/json`',
  },
  'request-too-large': {
    title: 'The body is too large',
    status: 413,
    grpc: 'RESOURCE_EXHAUSTED',
    detail: 'the body is larger than {limit} bytes',
    remedy: 'send less at once; a decision needs facts about a request, not the request',
  },
  'document-too-large': {
    title: 'A document is too large',
    status: 413,
    grpc: 'RESOURCE_EXHAUSTED',
    detail: 'the document at {file}:{line} is larger than {limit} bytes',
    remedy: 'split it; rules, roles and entities of one domain may stand in several documents',
  },
  'file-too-large': {
    title: 'A file is too large',
    status: 413,
    grpc: 'RESOURCE_EXHAUSTED',
    detail: '`{file}` is larger than {limit} bytes',
    remedy: 'put its documents into several files',
  },
  'batch-too-large': {
    title: 'The batch holds too many requests',
    status: 413,
    grpc: 'INVALID_ARGUMENT',
    detail: 'the batch holds {count} requests; at most {limit} are answered at once',
    remedy: 'send the rest in further batches',
  },
  'content-type-unsupported': {
    title: 'The content type is not supported',
    status: 415,
    grpc: 'INVALID_ARGUMENT',
    detail: 'this route reads `application/json` only',
    remedy: 'send `content-type: application/json`',
  },
  'content-encoding-unsupported': {
    title: 'The content encoding is not supported',
    status: 415,
    grpc: 'INVALID_ARGUMENT',
    detail: 'nothing is unpacked here',
    remedy: 'send the body as it is, without `content-encoding`',
  },
  'header-fields-too-many': {
    title: 'There are too many header fields',
    status: 431,
    grpc: 'RESOURCE_EXHAUSTED',
    detail: 'the request has more than {limit} header fields',
    remedy: 'send fewer; only those that policies or credentials need are read',
  },
  'request-malformed': {
    title: 'The request is malformed',
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    detail: 'the request could not be read: {fault}',
    remedy: 'compare it with the API description',
  },
  'route-unknown': {
    title: 'There is no such route',
    status: 404,
    grpc: 'NOT_FOUND',
    detail: 'no route answers `{method} {path}`',
    remedy: 'compare method and path with the list of routes; every listener has its own',
  },
  'enforcement-point-unknown': {
    title: 'The caller is not a known enforcement point',
    status: 401,
    grpc: 'UNAUTHENTICATED',
    detail: 'only known enforcement points may ask: {reason}',
    remedy: 'call from this machine while the policy set has no EnforcementPoint, or add one with a credential',
    headers: { 'www-authenticate': 'Bearer' },
  },
  'explain-not-permitted': {
    title: 'The caller may not see explanations',
    status: 403,
    grpc: 'PERMISSION_DENIED',
    detail: 'an explanation draws the map of the policy; this enforcement point may not ask for one',
    remedy: 'use `dharma explain --policies DIR`, or give the EnforcementPoint `mayExplain: true`',
  },
  'search-unavailable': {
    title: 'Nothing can be searched now',
    status: 503,
    grpc: 'UNAVAILABLE',
    detail: 'a search has no answer now: {reason}',
    remedy: 'try again; single requests are denied for the same reason',
    headers: { 'retry-after': '1' },
  },
  'server-silent': {
    title: 'The server does not answer',
    status: 503,
    grpc: 'UNAVAILABLE',
    detail: 'the thread that serves decisions did not answer in time',
    remedy: "look at the server's log and its load; a supervisor may start it anew",
    headers: { 'retry-after': '1' },
  },
  'request-invalid': {
    title: 'The request is not as described',
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    detail: 'the request is not as the API description says: {faults}',
    remedy: 'each of `errors` names a place by JSON pointer; `GET /openapi.json` describes every route',
  },
  'operator-unknown': {
    title: 'The caller is not a known operator',
    status: 401,
    grpc: 'UNAUTHENTICATED',
    detail: 'no token came with the request, or none that counts',
    remedy:
      'send `authorization: Bearer <token>`; `dharma operators recover` mints a token with access to the database',
    headers: { 'www-authenticate': 'Bearer' },
  },
  'rate-exceeded': {
    title: 'Too many requests',
    status: 429,
    grpc: 'RESOURCE_EXHAUSTED',
    detail: 'this operator, or this address with tokens that do not count, asks too often; try again in {seconds} s',
    remedy: 'wait as long as `Retry-After` says; `DHARMA_ADMIN_RATE` sets what one operator may ask',
  },
  'no-history': {
    title: 'There is no history here',
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    detail: 'this server decides by a folder; revisions, keys and operators need a database',
    remedy: 'change the files in the folder, or start the server with a database instead of `--policies`',
  },
  'revision-unknown': {
    title: 'There is no such revision',
    status: 404,
    grpc: 'NOT_FOUND',
    detail: 'there is no revision {number}',
    remedy: '`GET /admin/v1/revisions` lists them; numbers may be left out',
  },
  'document-unknown': {
    title: 'There is no such document',
    status: 404,
    grpc: 'NOT_FOUND',
    detail: 'the newest revision has no `{kind}/{name}`',
    remedy: '`GET /admin/v1/documents` lists what there is',
  },
  'domain-unknown': {
    title: 'There is no such domain',
    status: 404,
    grpc: 'NOT_FOUND',
    detail: 'there is no domain `{name}`',
    remedy: '`GET /admin/v1/domains` lists what there is',
  },
  'no-decision-log': {
    title: 'No decisions are kept here',
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    detail: 'this server keeps no records of decisions that could be searched',
    remedy: 'add `store` to `DHARMA_DECISION_LOG`, or look where its other sinks go',
  },
  'decision-unknown': {
    title: 'There is no such decision',
    status: 404,
    grpc: 'NOT_FOUND',
    detail: 'there is no record of the decision `{id}`',
    remedy:
      'allows are recorded by share, records end after `DHARMA_DECISION_LOG_DAYS`, and each takes a second to arrive',
  },
  'decision-masked': {
    title: 'The decision cannot be explained',
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    detail: 'the record does not hold what some rule reads: {members}',
    remedy:
      'for decisions to come, take these members out of `DHARMA_DECISION_LOG_MASK`, or name those in `DHARMA_DECISION_LOG_SHOW` that it does not hide',
  },
  'decision-not-judged': {
    title: 'Nothing was judged',
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    detail: 'the decision `{id}` was `{reason}`: no rule was looked at',
    remedy:
      'of `INVALID_REQUEST` only whoever sent it was told what is wrong, in `detail` of the answer: nothing that could not be read is kept; of other reasons the log of the server at that time says more',
  },
  'bodies-too-many': {
    title: 'Too much is being sent at once',
    status: 503,
    grpc: 'UNAVAILABLE',
    detail: 'the bundles that are being sent or planned are too large together, yours or those of all',
    remedy: 'send one large bundle at a time, and this one again in a moment',
    headers: { 'retry-after': '5' },
  },
  'explanation-busy': {
    title: 'Another past decision is being explained',
    status: 503,
    grpc: 'UNAVAILABLE',
    detail: 'one decision of an old revision is explained at a time',
    remedy: 'ask again in a moment',
    headers: { 'retry-after': '5' },
  },
  'credential-unknown': {
    title: 'There is no such credential',
    status: 404,
    grpc: 'NOT_FOUND',
    detail: 'there is no {what} `{id}`',
    remedy: 'list them and compare; revoked ones stay in the list',
  },
  'enforcement-point-undeclared': {
    title: 'There is no such enforcement point',
    status: 422,
    grpc: 'FAILED_PRECONDITION',
    detail: 'the newest revision has no EnforcementPoint `{name}`',
    remedy: 'publish the EnforcementPoint first; a key for it alone opens nothing',
  },
  'api-key-mechanism-undeclared': {
    title: 'There is no such mechanism of API keys',
    status: 422,
    grpc: 'FAILED_PRECONDITION',
    detail: 'the newest revision has no mechanism `{name}` of kind `apiKey`',
    remedy: 'publish the mechanism first; a key of it alone opens nothing',
  },
  'bundle-invalid': {
    title: 'The set would not be valid',
    status: 422,
    grpc: 'FAILED_PRECONDITION',
    detail: 'nothing was published: {faults} faults, {tests} failing tests',
    remedy: 'mend what `faults` and `tests` name; `POST /admin/v1/plan` says the same without publishing',
  },
  'publication-refused': {
    title: 'This cannot be stored',
    status: 422,
    grpc: 'INVALID_ARGUMENT',
    detail: 'nothing was stored: {fault}',
    remedy: 'change what is named and send it again',
  },
  'documents-of-another-source': {
    title: 'Documents belong to another source',
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    detail: 'nothing was published: {count} documents of the bundle belong to other sources, the first is {first}',
    remedy: 'publish them under the source that owns them, or take them out of the bundle; `foreign` lists them',
  },
  'documents-still-referenced': {
    title: 'Documents of other sources name what would go',
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    detail: 'nothing was published: {count} names that would go are still used, the first is {first}',
    remedy: 'have its users let go of it first; `missed` lists who names what',
  },
  'content-hash-differs': {
    title: 'The set would not be the one that was meant',
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    detail: 'nothing was published: with these changes the whole set has the hash {found}, not {expected}',
    remedy: 'read the documents of the base again and send what differs, or send the whole bundle',
  },
  'precondition-required': {
    title: 'The request says nothing of what it changes',
    status: 428,
    grpc: 'FAILED_PRECONDITION',
    detail: 'a document is changed only as it was seen: `if-match` or `if-none-match: *` is missing',
    remedy: 'send the `etag` of the document as `if-match`, or `if-none-match: *` to create it',
  },
  'precondition-failed': {
    title: 'The document is not as it was seen',
    status: 412,
    grpc: 'ABORTED',
    detail: 'nothing was published: `{kind}/{name}` {state}',
    remedy: 'read it again, look at what changed, and send the `etag` that it has now',
  },
  'suspended-by-document': {
    title: 'The domain is suspended by its own document',
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    detail: 'no operator suspended `{name}`: its document of the source `{source}` says `suspended: true`',
    remedy: 'publish the domain without `suspended: true`',
  },
  'quota-exceeded': {
    title: 'The subtree may not hold that much',
    status: 422,
    grpc: 'RESOURCE_EXHAUSTED',
    detail: 'nothing was published: `{domain}` and everything below may hold {limit} {measure}, and would hold {count}',
    remedy:
      'take out what is not needed, or ask whoever owns the domain above to raise the limit; `exceeded` lists all',
  },
  'test-cases-too-many': {
    title: 'The set would have too many test cases',
    status: 422,
    grpc: 'RESOURCE_EXHAUSTED',
    detail: 'nothing was published: all tests of the set would have {count} cases together, and may have {limit}',
    remedy:
      'take out what is not needed, or raise `DHARMA_ADMIN_TEST_CASES`: each publication asks all of them, cells of matrices and asserted endpoints included',
  },
  'forbidden-change': {
    title: 'The operator may not change this',
    status: 403,
    grpc: 'PERMISSION_DENIED',
    detail: 'nothing was published: {count} parts of it are not yours to change, the first: {first}',
    remedy:
      'take them out, or ask whoever has that role; `refusals` lists them, and `POST /admin/v1/plan` says the same',
  },
  'operator-not-entitled': {
    title: 'The operator may not do this',
    status: 403,
    grpc: 'PERMISSION_DENIED',
    detail: 'this needs `{role}` over `{over}`, where `*` is everything',
    remedy: 'ask whoever has that role; `administrators` of the domain and those above it say who',
  },
  'four-eyes-required': {
    title: 'Two people decide here',
    status: 403,
    grpc: 'PERMISSION_DENIED',
    detail: 'nothing was published: {count} changes are not for one person alone, the first: {first}, in `{domain}`',
    remedy:
      'propose it, by `--propose` or `POST /admin/v1/proposals`, and have somebody else approve it; `fourEyes` lists the domains',
  },
  'proposal-unknown': {
    title: 'There is no such proposal',
    status: 404,
    grpc: 'NOT_FOUND',
    detail: 'there is no proposal {number}',
    remedy: '`GET /admin/v1/proposals` lists those that you may see',
  },
  'proposal-ended': {
    title: 'The proposal has ended',
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    detail: 'nothing was published: the proposal is {state}',
    remedy: 'look at it again; where it is still wanted, propose it anew',
  },
  'proposal-published': {
    title: 'The proposal is published already',
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    detail: 'proposal {number} was published as revision {revision}: `{by}` approved it at {at}',
    remedy: 'nothing is left to be done; `end` says the same',
  },
  'proposal-differs': {
    title: 'This is not what was looked at',
    status: 409,
    grpc: 'ABORTED',
    detail: 'nothing was published: the changes of proposal {number} do not have the hash that was sent',
    remedy: 'look at it again, and approve it by the `contentHash` that it has',
  },
  'proposal-outdated': {
    title: 'The proposal does something else by now',
    status: 409,
    grpc: 'ABORTED',
    detail:
      'nothing was published: what proposal {number} changes was changed meanwhile, be it there and back, or it changes something else by now',
    remedy: 'plan it again on the newest revision and propose that',
  },
  'proposal-own': {
    title: 'Somebody else has to approve it',
    status: 403,
    grpc: 'PERMISSION_DENIED',
    detail: 'nothing was published: you are the person who made proposal {number}',
    remedy: 'have somebody else look at it; tokens that one made of the other, or of one name, are one person',
  },
  'proposer-not-entitled': {
    title: 'Who proposed it may not do it any more',
    status: 403,
    grpc: 'PERMISSION_DENIED',
    detail: 'nothing was published: who made proposal {number} has lost a right that it takes, or the token',
    remedy: 'reject it, and have it proposed by somebody who may',
  },
  'proposals-too-many': {
    title: 'Too much is proposed already',
    status: 422,
    grpc: 'RESOURCE_EXHAUSTED',
    detail: '{open} proposals of yours wait already; at most {limit} may, and together at most {bytes} bytes',
    remedy: 'have them approved, or reject those that are not wanted any more',
  },
  'revision-superseded': {
    title: 'Someone published first',
    status: 409,
    grpc: 'ABORTED',
    detail: 'nothing was published: the base is not the newest revision; {current}',
    remedy:
      'plan again on the newest revision and look at what changed; `conflicts` names documents and who changed them, `current` the newest revision',
  },
  'idempotency-key-reused': {
    title: 'The idempotency key stands for something else',
    status: 409,
    grpc: 'ABORTED',
    detail: 'nothing was done: {made} was made with this key and other content',
    remedy: 'take a new key for each publication and proposal, and the old one only to repeat it',
  },
  'revision-corrupt': {
    title: 'The history was altered',
    status: 500,
    grpc: 'INTERNAL',
    detail: 'revision {number} does not read as it was published',
    remedy: 'compare the database with a backup; somebody wrote to it past the server',
  },
  'store-unavailable': {
    title: 'The database cannot be reached',
    status: 503,
    grpc: 'UNAVAILABLE',
    detail: 'the database did not answer; decisions go on from memory',
    remedy: 'try again; repeat a publication with its idempotency key',
    headers: { 'retry-after': '5' },
  },
  'store-read-only': {
    title: 'The database takes no writes now',
    status: 503,
    grpc: 'UNAVAILABLE',
    detail: 'the database can be read and not written',
    remedy: 'try again when it was made writable; reading goes on meanwhile',
    headers: { 'retry-after': '30' },
  },
  'setting-invalid': {
    title: 'A setting is wrong',
    status: 500,
    grpc: 'INTERNAL',
    detail: '{faults}',
    remedy: '`dharma serve --help` lists every setting with its unit and default',
  },
  'address-unavailable': {
    title: 'An address cannot be listened on',
    status: 500,
    grpc: 'UNAVAILABLE',
    detail: '`{setting}`: cannot listen on `{address}`: {fault}',
    remedy: 'stop the program that uses it, or choose another address (port 0 takes any free one)',
  },
  'database-unusable': {
    title: 'The database cannot be used',
    status: 500,
    grpc: 'UNAVAILABLE',
    detail: 'the database cannot be used: {fault}',
    remedy: 'look at `DHARMA_DATABASE_URL`, or run `dharma migrate` with a role that may create tables',
  },
  'policy-invalid': {
    title: 'The policy set is not valid',
    status: 422,
    grpc: 'INVALID_ARGUMENT',
    detail: '`{folder}` holds no valid policy set:\n{faults}',
    remedy: '`dharma validate DIR` shows all faults at once',
  },
  'internal-fault': {
    title: 'Something is wrong on our side',
    status: 500,
    grpc: 'INTERNAL',
    detail: 'the request could not be answered',
    remedy: "look for the server's log line of the same time",
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof CATALOGUE;
