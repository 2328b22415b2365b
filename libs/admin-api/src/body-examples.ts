/** Whole bodies of requests for the API description, so that nobody has to put one together from its members. */

const BASE = { epoch: 1, number: 41, contentHash: '9f2c4a7e1b3d5f60'.repeat(4) };
const TEXT = `apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec: { access: [anonymous], boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [shop], hosts: [orders.example] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec: { rules: [{ id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET] } }] }
`;
const BUNDLE = { source: 'git', files: [{ file: 'policies/shop.yaml', text: TEXT }] };
const COMMIT = { gitCommit: '1f0c9a2b77de4c5d8e6f7a8b9c0d1e2f3a4b5c6d', gitAuthor: 'Ann Ash <ann@acme.example>' };
const POLICY = TEXT.slice(TEXT.lastIndexOf('apiVersion'));

/** By operation, and there by what each shows. */
export const BODY_EXAMPLES: { readonly [operationId: string]: { readonly [shown: string]: object } } = {
  plan_plan: {
    bundle: BUNDLE,
    replay: { ...BUNDLE, replay: { last: 10_000 } },
    changesOnly: {
      source: 'git',
      changed: BUNDLE.files,
      removed: [{ kind: 'Policy', name: 'old' }],
      contentHash: BASE.contentHash,
    },
  },
  revisions_publish: {
    next: { ...BUNDLE, base: BASE, because: 'orders opens to partners', ...COMMIT },
    first: { ...BUNDLE, base: null, because: 'what there was before' },
  },
  revisions_plan: { flips: {}, replay: { flips: false, replay: { last: 10_000 } } },
  revisions_restore: { back: { base: BASE, because: 'partners complained' } },
  proposals_propose: {
    bundle: { bundle: BUNDLE, base: BASE, because: 'a rule for refunds' },
    restore: { restore: 40, base: BASE, because: 'partners complained', waitSeconds: 86_400 },
    resume: { resume: 'acme.payments', because: 'the key is replaced' },
  },
  proposals_approve: { approval: { contentHash: BASE.contentHash } },
  proposals_reject: { rejection: { because: 'refunds are for the back office' } },
  epochs_begin: { restored: { because: 'the database came back from the backup of last night' } },
  documents_write: { document: { text: POLICY, because: 'orders may be read', source: 'git' } },
  domains_suspend: { suspension: { because: 'a key leaked' } },
  domains_resume: { end: { because: 'the key is replaced' } },
  quotas_set: { limits: { limits: { documents: 200, rules: 2_000 }, because: 'room for a year' } },
  foureyes_begin: { two: { because: 'money moves here' } },
  assignments_assign: {
    joiner: { roleSet: 'staff', role: 'clerk', principals: ['user:bo'], because: 'joins', source: 'hr' },
  },
  entities_store: {
    record: { entitySet: 'records', type: 'record', id: '101', attributes: { owner: 'ann' }, because: 'a new record' },
  },
  keys_create: {
    enforcementPoint: { enforcementPoint: 'edge', expiresAt: '2027-06-30T00:00:00Z' },
    client: { mechanism: 'partner-key', subject: 'partner-1', scopes: ['read'], groups: ['gold'] },
  },
  operators_create: {
    person: { name: 'ann', groups: ['payments-leads'], expiresAt: '2027-06-30T00:00:00Z' },
    job: { name: 'ci', scope: { domain: 'acme.payments', roles: ['policy-admin'] } },
  },
};
