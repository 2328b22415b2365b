import { createHash } from 'node:crypto';

/** Where the office of the shop calls from, and the name in its certificate. */
export const OFFICE_ADDRESS = '127.0.0.2';
export const OFFICE_ID = 'spiffe://acme.example/office';

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

/** What the proofs of the clients are made of. */
export interface Proofs {
  /** Public keys of the issuer of tokens. */
  readonly jwks: { readonly keys: readonly object[] };
  /** The key of the gateway, `<id>.<secret>`. */
  readonly gatewayKey: string;
  /** The API key of a partner, `<id>.<secret>`. */
  readonly partnerKey: string;
}

/**
 * The company again, with a gateway that proves itself by a key, and a door for each kind of proof. The office, which is
 * a member of the shop by its network or certificate, goes everywhere.
 */
export function provenShop({ jwks, gatewayKey, partnerKey }: Proofs): string {
  const [gateway, partner] = [gatewayKey, partnerKey].map((key) => {
    const [id = '', secret = ''] = key.split('.');
    return { id, sha256: createHash('sha256').update(secret).digest('hex') };
  });
  return `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  access: [anonymous, tokens, partners, portal]
  boundary: ["orders/*"]
  mechanisms:
    - name: tokens
      role: access
      kind: jwt
      jwt: { issuer: "https://login.acme.example/", audiences: [acme-api], keys: { inline: ${JSON.stringify(jwks)} } }
    - name: partners
      role: access
      kind: apiKey
      apiKey: { header: x-api-key, keys: [${JSON.stringify({ ...partner, subject: 'partner-1' })}] }
    - { name: portal, role: access, kind: asserted, asserted: { header: x-auth-request-user } }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.shop }
spec:
  boundary: ["orders/*"]
  trust: [office-net, mesh]
  mechanisms:
    - { name: office-net, role: trust, kind: network, network: { cidrs: ["${OFFICE_ADDRESS}/32"] } }
    - { name: mesh, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example, header: x-forwarded-client-cert } }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: office }
spec:
  domains: [acme.shop]
  identities:
    - { mechanism: office-net, subject: "${OFFICE_ADDRESS}/32" }
    - { mechanism: mesh, subject: "${OFFICE_ID}" }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec:
  domains: [acme.shop]
  hosts: [shop.example]
  endpoints:
    - { name: public, operations: [{ path: "/public/**" }] }
    - { name: account, operations: [{ path: "/account/**" }] }
    - { name: partners, operations: [{ path: "/partners/**" }] }
    - { name: portal, operations: [{ path: "/portal/**" }] }
    - { name: office, operations: [{ path: "/office/**" }] }
    - { name: edge, operations: [{ path: "/edge/**" }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: acme.shop }
spec:
  rules:
    - { id: read, effect: allow, who: { anonymous: true }, what: { endpoints: [orders/public], methods: [GET] } }
    - { id: account, effect: allow, who: { mechanisms: [tokens] }, what: { endpoints: [orders/account] } }
    - { id: partners, effect: allow, who: { principals: ["client:partner-1"] }, what: { endpoints: [orders/partners] } }
    - { id: portal, effect: allow, who: { mechanisms: [portal] }, what: { endpoints: [orders/portal] } }
    - id: edge
      effect: allow
      who: { anonymous: true }
      what: { endpoints: [orders/edge] }
      when: attributes.gateway == "edge"
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: acme, domain: acme }
spec: { rules: [{ id: enter, effect: allow, who: { anonymous: true } }] }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: acme }
spec:
  credentials: [${JSON.stringify({ kind: 'apiKey', ...gateway })}]
  mayAssert: [portal, office-net, mesh]
`;
}
