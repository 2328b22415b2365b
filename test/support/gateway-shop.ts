import { createHash } from 'node:crypto';

/** Where the office of the shop calls from, and the names in its certificates. */
export const OFFICE_ADDRESS = '127.0.0.2';
export const OFFICE_ID = 'spiffe://acme.example/office';
export const OFFICE_HOST = 'desk.office.acme.example';
export const OFFICE_SUBJECT = 'CN=till-7';
/** The key of the gateway that may assert nothing, `<id>.<secret>`. */
export const BLIND_KEY = 'blind-1.secret-of-the-blind';
/** The names of the two gateways in certificates of their own. */
export const EDGE_ID = 'spiffe://acme.example/gateways/edge';
export const BLIND_ID = 'spiffe://acme.example/gateways/blind';

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
    - { name: prices, operations: [{ path: "/prices/**" }] }
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
    - id: price
      effect: allow
      who: { anonymous: true }
      what: { endpoints: [orders/prices], methods: [GET] }
      obligations:
        - { kind: setQueryParameter, name: tier, value: "\${request.method}&tier=gold #1" }
        - { kind: removeQueryParameter, name: debug }
    - { id: quote, effect: allow, who: { anonymous: true }, what: { endpoints: [orders/prices], methods: [POST] } }
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

/** What the proofs of gateways and their clients are made of. Keys are `<id>.<secret>`. */
export interface Proofs {
  /** Public keys of the issuer of tokens. */
  readonly jwks: { readonly keys: readonly object[] };
  /** The key of the gateway that may assert everything. */
  readonly gatewayKey: string;
  /** The API key of a partner. */
  readonly partnerKey: string;
  /** SHA-256 of one more certificate of the office, in lower-case hex. */
  readonly fingerprint?: string;
}

/**
 * The company again, with two gateways that prove themselves by keys or certificates, and a door for each kind of proof.
 * The office, which is a member of the shop by its network or a certificate, goes everywhere.
 */
export function provenShop({ jwks, gatewayKey, partnerKey, fingerprint = '0'.repeat(64) }: Proofs): string {
  const [gateway, blind, partner] = [gatewayKey, BLIND_KEY, partnerKey].map((key) => {
    const [id = '', secret = ''] = key.split('.');
    return { id, sha256: createHash('sha256').update(secret).digest('hex') };
  });
  const left = { ...partner, id: 'left-1', subject: 'partner-1', notAfter: '2020-01-01T00:00:00Z' };
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
      apiKey: { header: x-api-key, keys: [${JSON.stringify({ ...partner, subject: 'partner-1' })}, ${JSON.stringify(left)}] }
    - { name: portal, role: access, kind: asserted, asserted: { header: x-auth-request-user } }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.shop }
spec:
  boundary: ["orders/*"]
  trust: [office-net, mesh, hosts, subjects, fingerprints]
  mechanisms:
    - { name: office-net, role: trust, kind: network, network: { cidrs: ["${OFFICE_ADDRESS}/32"] } }
    - { name: mesh, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example, header: x-forwarded-client-cert } }
    - { name: hosts, role: trust, kind: mtls, mtls: { match: dns, header: x-forwarded-client-cert } }
    - { name: subjects, role: trust, kind: mtls, mtls: { match: subject, header: x-forwarded-client-cert } }
    - { name: fingerprints, role: trust, kind: mtls, mtls: { match: fingerprint, header: x-forwarded-client-cert } }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: office }
spec:
  domains: [acme.shop]
  identities:
    - { mechanism: office-net, subject: "${OFFICE_ADDRESS}/32" }
    - { mechanism: mesh, subject: "${OFFICE_ID}" }
    - { mechanism: hosts, subject: "${OFFICE_HOST}" }
    - { mechanism: subjects, subject: "${OFFICE_SUBJECT}" }
    - { mechanism: fingerprints, subject: "${fingerprint}" }
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
  credentials: [${JSON.stringify({ kind: 'apiKey', ...gateway })}, { kind: spiffe, id: "${EDGE_ID}" }]
  mayAssert: [portal, office-net, mesh, hosts, subjects, fingerprints]
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: blind, domain: acme }
spec:
  credentials: [${JSON.stringify({ kind: 'apiKey', ...blind })}, { kind: spiffe, id: "${BLIND_ID}" }]
  mayAssert: []
`;
}
