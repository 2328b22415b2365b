/** Who may do what behind the gateways of the tests: a company above a shop. */
export const GATEWAY_SHOP = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec: { access: [anonymous], boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.shop }
spec: { boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec:
  domains: [acme.shop]
  hosts: [shop.example]
  endpoints:
    - { name: public, operations: [{ path: "/public/**" }] }
    - { name: office, operations: [{ path: "/admin/**" }] }
    - { name: frozen, operations: [{ path: "/frozen/**" }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: acme, domain: acme }
spec:
  rules:
    - { id: enter, effect: allow, who: { anonymous: true } }
    - { id: freeze, effect: deny, what: { endpoints: [orders/frozen] } }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: acme.shop }
spec:
  rules:
    - id: read
      effect: allow
      who: { anonymous: true }
      what: { endpoints: [orders/public], methods: [GET] }
      obligations: [{ kind: setHeader, name: x-customer-tier, value: standard }]
    - { id: thaw, effect: allow, who: { anonymous: true }, what: { endpoints: [orders/frozen] } }
`;

/**
 * One of two sets that say the opposite of each other about everything: only the paths of its colour are open, by a rule
 * of the shop, and the company above stamps its colour on them.
 */
export function colouredShop(colour: 'blue' | 'green'): string {
  return `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec: { access: [anonymous], boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.shop }
spec: { boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [acme.shop], hosts: [shop.example] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: acme, domain: acme }
spec:
  rules:
    - id: stamp
      effect: allow
      who: { anonymous: true }
      obligations: [{ kind: setHeader, name: x-customer-tier, value: ${colour} }]
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: acme.shop }
spec: { rules: [{ id: open, effect: allow, who: { anonymous: true }, what: { paths: [/${colour}] } }] }
`;
}
