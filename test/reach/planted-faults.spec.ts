/** Mistakes as people make them, each of which some assertion of a small set must notice, with a caller that shows it. */
import { compile, decide, specify } from '#engine';
import { loadBundle, parseRequest, runReach } from '#policy';

const NOW = Date.parse('2026-12-24T12:00:00Z');

const SET = `apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  mechanisms:
    - { name: spiffe, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example } }
    - { name: old-mtls, role: trust, kind: mtls, mtls: { match: dns } }
    - { name: login, role: access, kind: jwt, jwt: { issuer: "https://login.acme.example/", audiences: [acme] } }
    - { name: partner, role: access, kind: jwt, jwt: { issuer: "https://p.example/", audiences: [acme] } }
  trust: [spiffe]
  access: [login]
  boundary: [api/orders]
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.shop }
spec: { egress: closed, boundary: ["api/*"] }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.pay }
spec: { zeroTrust: true, egress: closed, boundary: [] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: api }
spec:
  domains: [acme.shop]
  hosts: [api.example]
  identities: [{ mechanism: spiffe, subject: "spiffe://acme.example/api" }]
  endpoints:
    - { name: orders, operations: [{ path: "/orders/{id}/**" }] }
    - { name: internal, operations: [{ path: "/internal/**" }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: ledger }
spec:
  domains: [acme.pay]
  hosts: [ledger.example]
  identities: [{ mechanism: spiffe, subject: "spiffe://acme.example/ledger" }]
---
apiVersion: dharma/v1
kind: Service
metadata: { name: settle }
spec: { domains: [acme.pay], identities: [{ mechanism: spiffe, subject: "spiffe://acme.example/settle" }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: legacy }
spec: { domains: [acme.pay], identities: [{ mechanism: old-mtls, subject: legacy.example }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: bank }
spec: { kind: external, hosts: [bank.example] }
---
apiVersion: dharma/v1
kind: RoleSet
metadata: { name: roles, domain: acme }
spec:
  roles: [{ name: buyer }, { name: chief, inherits: [buyer] }, { name: guest }]
  assignments:
    - { role: chief, principals: ["user:ann"] }
    - { role: guest, principals: ["user:bob"] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: company, domain: acme }
spec:
  rules:
    - { id: buyers, effect: allow, scope: subtree, who: { roles: [buyer] }, what: { endpoints: [api/orders], methods: [GET] } }
    - { id: no-bulk, effect: deny, what: { paths: ["/orders/all/**"] } }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: pay, domain: acme.pay }
spec:
  rules:
    - { id: settle, effect: allow, who: { services: [settle] }, what: { services: [ledger] } }
    - { id: bank, effect: allow, direction: out, who: { services: [settle] }, what: { services: [bank] } }
---
apiVersion: dharma/v1
kind: Test
metadata: { name: proofs }
spec:
  reach:
    - { because: only settle writes the ledger, endpoints: [ledger/all], exactly: { services: [settle] } }
    - { because: only settle talks to the bank, endpoints: [bank/all], exactly: { services: [settle] } }
    - { because: orders are read by people of the company and its services, endpoints: [api/orders], only: { domains: [acme], mechanisms: [login] } }
    - { because: orders are changed inside alone, endpoints: [api/orders], methods: [POST, PUT, DELETE], only: { domains: [acme] } }
    - { because: what is internal stays inside, endpoints: [api/internal], only: { domains: [acme] } }
    - { because: of outsiders only ann buys, endpoints: [api/orders], only: { domains: [acme], principals: ["user:ann"] } }
    - { because: nobody comes in without a credential, endpoints: ["api/*", "ledger/*"], none: { anonymous: true } }
`;

/** Sentences of the assertions that fail, and whether each is shown by a request that gets through. */
function noticed(text: string): readonly string[] {
  const bundle = loadBundle([{ file: 'set.yaml', text }]);
  expect(bundle.faults).toEqual([]);
  const world = bundle.world!;
  const snapshot = compile(world);
  return runReach(bundle, NOW, { snapshot })
    .filter(({ passed }) => !passed)
    .map(({ because, differences }) => {
      for (const shown of differences.filter((words) => words.startsWith('request: '))) {
        const reading = parseRequest(JSON.parse(shown.slice('request: '.length)), { mode: 'offline', now: NOW });
        if ('faults' in reading) throw new Error(shown);
        expect(decide(snapshot, reading.request).decision).toBe('allow');
        expect(specify(world, reading.request).decision).toBe('allow');
      }
      return because;
    });
}

describe('mistakes in policies are noticed', () => {
  it('and a sound set is none', () => {
    expect(noticed(SET)).toEqual([]);
  });

  const settle = 'services: [settle] }, what: { services: [ledger]';
  const inPay = '{ domains: [acme.pay], identities: [{ mechanism: spiffe';
  const noBulk = '{ id: no-bulk, effect: deny, what: { ';
  it.each<{ because: string; edits: readonly (readonly [from: string, to: string])[]; sentences: readonly string[] }>([
    {
      because: 'zero trust is switched off',
      edits: [['zeroTrust: true', 'zeroTrust: false']],
      sentences: ['only settle writes the ledger'],
    },
    {
      because: 'an exit is opened',
      edits: [['egress: closed, boundary: []', 'boundary: []']],
      sentences: ['only settle talks to the bank'],
    },
    {
      because: 'a rule forgets who',
      edits: [[`who: { ${settle}`, 'what: { services: [ledger]']],
      sentences: ['only settle writes the ledger'],
    },
    {
      because: 'an out-rule forgets who',
      edits: [['out, who: { services: [settle] }', 'out']],
      sentences: ['only settle talks to the bank'],
    },
    {
      because: 'a service is let in that nothing proves any more: no mistake yet',
      edits: [[settle, settle.replace('settle', 'settle, legacy')]],
      sentences: [],
    },
    {
      because: 'and then its old certificate is trusted again',
      edits: [
        [settle, settle.replace('settle', 'settle, legacy')],
        ['trust: [spiffe]', 'trust: [spiffe, old-mtls]'],
      ],
      sentences: ['only settle writes the ledger'],
    },
    {
      because: 'another issuer is accepted',
      edits: [['access: [login]', 'access: [login, partner]']],
      sentences: ['orders are read by people of the company and its services'],
    },
    {
      because: 'a method is left out',
      edits: [[', methods: [GET] }', ' }']],
      sentences: ['orders are changed inside alone'],
    },
    {
      because: 'a role inherits too much',
      edits: [['{ name: guest }', '{ name: guest, inherits: [chief] }']],
      sentences: ['of outsiders only ann buys'],
    },
    {
      because: 'a role is given to one person too many',
      edits: [['"user:ann"', '"user:ann", "user:bob"']],
      sentences: ['of outsiders only ann buys'],
    },
    {
      because: 'a role is given to a group, which a credential of anybody may name',
      edits: [['"user:ann"', '"user:ann", "group:board"']],
      sentences: ['of outsiders only ann buys'],
    },
    {
      because: 'everybody is accepted, and a rule lets them in',
      edits: [
        ['access: [login]', 'access: [login, anonymous]'],
        ['who: { roles: [buyer] }', 'who: { anonymous: true }'],
      ],
      sentences: [
        'orders are read by people of the company and its services',
        'of outsiders only ann buys',
        'nobody comes in without a credential',
      ],
    },
    {
      because: 'a service is moved to where its rule does not concern it',
      edits: [[inPay, inPay.replace('acme.pay', 'acme.shop')]],
      sentences: ['only settle writes the ledger', 'only settle talks to the bank'],
    },
    {
      because: 'one path of many is opened',
      edits: [[noBulk, '{ id: bulk, effect: allow, scope: subtree, what: { endpoints: [api/orders], ']],
      sentences: ['orders are changed inside alone', 'of outsiders only ann buys'],
    },
    {
      because: 'everything is marked, which is interior to the company no more',
      edits: [
        ['boundary: [api/orders]', 'boundary: ["api/*"]'],
        ['what: { endpoints: [api/orders], methods', 'what: { services: [api], methods'],
      ],
      sentences: ['what is internal stays inside'],
    },
  ])('$because', ({ edits, sentences }) => {
    let text = SET;
    for (const [from, to] of edits) {
      expect(text).toContain(from);
      text = text.replace(from, to);
    }
    expect(noticed(text)).toEqual(sentences);
  });
});
