/** The files that `dharma init` writes: the smallest set of docs/documents.md, and cases that say what it is for. */
export const STARTER: readonly { readonly file: string; readonly text: string }[] = [
  {
    file: 'shop.yaml',
    text: `# A trust domain. Callers without any credential may come as far as its boundary endpoints.
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec: { access: [anonymous], boundary: [orders/*] }
---
# A service in it, and the host its gateway sees. Without endpoints it has one, \`orders/all\`, for every operation.
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [shop], hosts: [localhost] }
---
# What the boundary lets through: reading. Everything that no rule allows is denied.
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec: { rules: [{ id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET] } }] }
`,
  },
  {
    file: 'shop.test.yaml',
    text: `# Run by \`dharma test\`.
apiVersion: dharma/v1
kind: Test
metadata: { name: shop-cases, domain: shop }
spec:
  cases:
    - because: anyone may read
      request: { target: { host: localhost, method: GET, path: /orders/17 } }
      expect: { decision: allow, reason: ALLOW_SLOW }
    - because: nobody may change anything
      request: { target: { host: localhost, method: POST, path: /orders } }
      expect: { decision: deny, reason: NO_ALLOW_RULE, deniedAt: shop }
    - because: a host that no service answers is nobody's
      request: { target: { host: elsewhere.example, method: GET, path: / } }
      expect: { decision: deny, reason: UNKNOWN_ENDPOINT }
`,
  },
];
