import { createHash } from 'node:crypto';
import type { AccessRequest } from '#engine';

/** A shop whose public pages anyone may read; its back office is reached by nobody. */
export const SHOP = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec: { access: [anonymous], boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec:
  domains: [shop]
  hosts: [shop.example]
  endpoints:
    - { name: public, operations: [{ path: "/public/**" }] }
    - { name: office, operations: [{ path: "/admin/**" }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec:
  rules:
    - id: read
      effect: allow
      who: { anonymous: true }
      what: { endpoints: [orders/public], methods: [GET] }
      obligations: [{ kind: setHeader, name: x-customer-tier, value: standard }]
`;

/** The same, and a maintenance window: nobody may do anything. */
export const CLOSED_SHOP = `${SHOP}---
apiVersion: dharma/v1
kind: Policy
metadata: { name: maintenance, domain: shop }
spec: { rules: [{ id: closed, effect: deny }] }
`;

/** No valid set: the owner of the policy does not exist. */
export const BROKEN_SHOP = `${SHOP}---
apiVersion: dharma/v1
kind: Policy
metadata: { name: lost, domain: shopp }
spec: { rules: [{ id: read, effect: allow }] }
`;

/** The key of the one enforcement point of {@link GUARDED_SHOP}. */
export const EDGE_KEY = 'edge-1.a-secret-of-the-tests';

/** A set with an enforcement point: the implicit local one is gone. */
export const GUARDED_SHOP = `${SHOP}---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: shop }
spec:
  credentials: [{ kind: apiKey, id: edge-1, sha256: "${createHash('sha256').update('a-secret-of-the-tests').digest('hex')}" }]
  mayAssert: []
`;

const nothing = Object.create(null) as { readonly [name: string]: never };
/** A request that nobody is known to have sent. */
export function getFromShop(path: string): AccessRequest {
  return {
    target: { kind: 'address', host: 'shop.example', method: 'GET', path },
    evidence: [],
    headers: nothing,
    attributes: nothing,
    claimed: nothing,
    context: nothing,
    time: 0,
    askedFrom: '*',
    policyAgeSeconds: 0,
    maxTtlSeconds: 30,
  };
}
