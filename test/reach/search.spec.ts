/** Callers that chance seldom finds, one of each kind. */
import { compile, specify } from '#engine';
import { loadBundle } from '#policy';
import { type Callers, Effort, othersThan, Reachability } from '#reach';

const NOW = Date.parse('2026-12-24T12:00:00Z');

const worldWith = (rules: readonly string[]) => {
  const text = `apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec:
  mechanisms:
    - { name: spiffe, role: trust, kind: spiffe, spiffe: { trustDomain: x.example } }
    - { name: login, role: access, kind: jwt, jwt: { issuer: "https://login.example/", audiences: [a] } }
    - { name: keys, role: access, kind: apiKey, apiKey: { header: x-key, keys: [] } }
  trust: [spiffe]
  access: [login, keys]
  boundary: ["orders/*"]
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: east }
spec: {}
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: west }
spec: {}
---
apiVersion: dharma/v1
kind: Service
metadata: { name: eastern }
spec: { domains: [east], identities: [{ mechanism: keys, subject: east-key }, { mechanism: keys, subject: "east-2-**" }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: western }
spec: { domains: [west], identities: [{ mechanism: keys, subject: "west-**" }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec:
  domains: [shop]
  hosts: ["*.orders.example"]
  endpoints:
    - { name: http, preflight: allow, operations: [{ methods: [GET], path: "/a/{x}/**" }, { path: /b }] }
    - { name: topic, kind: async, operations: [{ topic: "orders.*.done", actions: [publish, consume] }] }
    - { name: record, kind: resource, operations: [{ resourceType: record, actions: [view, edit] }] }
---
apiVersion: dharma/v1
kind: RoleSet
metadata: { name: roles, domain: shop }
spec:
  roles: [{ name: reader }, { name: chief, inherits: [reader] }]
  assignments: [{ role: chief, principals: ["user:ann"] }, { role: reader, principals: ["group:readers"] }]
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec:
  rules:
${rules.map((rule, index) => `    - { id: r${index}, ${rule} }`).join('\n')}
`;
  const bundle = loadBundle([{ file: 'x.yaml', text }]);
  expect(bundle.faults).toEqual([]);
  return bundle.world!;
};

const OUTSIDE: Callers = { domains: ['shop'] };

it.each`
  because                                                        | rules                                                                                                                                    | at                 | kind
  ${'no rule opens it'}                                          | ${['effect: allow, who: { anonymous: true }, what: { paths: [/elsewhere] }']}                                                            | ${'http GET'}      | ${'denied'}
  ${'a preflight passes without a rule'}                         | ${['effect: allow, who: { subjects: [nobody] }']}                                                                                        | ${'http OPTIONS'}  | ${'allowed'}
  ${'also where OPTIONS is no method of its own'}                | ${['effect: deny, what: { paths: [/b] }']}                                                                                               | ${'http OPTIONS'}  | ${'allowed'}
  ${'a deny stops a preflight too'}                              | ${['effect: deny']}                                                                                                                      | ${'http OPTIONS'}  | ${'denied'}
  ${'of two scopes the second is not forbidden'}                 | ${['effect: allow, who: { scopes: [a, b] }', 'effect: deny, who: { scopes: [a] }']}                                                      | ${'http GET'}      | ${'allowed'}
  ${'both are'}                                                  | ${['effect: allow, who: { scopes: [a, b] }', 'effect: deny, who: { scopes: [a, b] }']}                                                   | ${'http GET'}      | ${'denied'}
  ${'all scopes are asked for, and one is forbidden'}            | ${['effect: allow, who: { scopes: { allOf: [a, b] } }', 'effect: deny, who: { scopes: [b] }']}                                           | ${'http GET'}      | ${'denied'}
  ${'a client is asked for'}                                     | ${['effect: allow, who: { clients: [web] }']}                                                                                            | ${'http GET'}      | ${'allowed'}
  ${'a role is inherited'}                                       | ${['effect: allow, who: { roles: [reader], principals: ["user:ann"] }']}                                                                 | ${'http GET'}      | ${'allowed'}
  ${'a role comes with a group'}                                 | ${['effect: allow, who: { roles: [reader] }', 'effect: deny, who: { roles: [chief] }']}                                                  | ${'http GET'}      | ${'allowed'}
  ${'nobody else holds it'}                                      | ${['effect: allow, who: { roles: [chief] }', 'effect: deny, who: { subjects: [ann] }']}                                                  | ${'http GET'}      | ${'denied'}
  ${'of all subjects but one'}                                   | ${['effect: allow, who: { principals: ["user:*"] }', 'effect: deny, who: { subjects: [ann] }']}                                          | ${'http GET'}      | ${'allowed'}
  ${'strangers are barred, and a service has shown its key'}     | ${['effect: allow, who: { groups: [g] }', 'effect: deny, who: { domains: ["*"] }']}                                                      | ${'http GET'}      | ${'allowed'}
  ${'so are those from the east, whoever has their key'}         | ${['effect: allow, who: { groups: [g] }', 'effect: deny, who: { domains: ["*", east] }']}                                                | ${'http GET'}      | ${'allowed'}
  ${'a service has a second key, and the first is barred'}       | ${['effect: allow, who: { groups: [g] }', 'effect: deny, who: { domains: ["*", west] }', 'effect: deny, who: { subjects: [east-key] }']} | ${'http GET'}      | ${'allowed'}
  ${'and those from the west'}                                   | ${['effect: allow, who: { groups: [g] }', 'effect: deny, who: { domains: ["*", east, west] }']}                                          | ${'http GET'}      | ${'denied'}
  ${'a key is forbidden that would make known'}                  | ${['effect: allow, who: { groups: [g] }', 'effect: deny, who: { domains: ["*"] }', 'effect: deny, who: { mechanisms: [keys] }']}         | ${'http GET'}      | ${'denied'}
  ${'a condition of an allow is not looked into'}                | ${['effect: allow, when: attributes.night == true']}                                                                                     | ${'http GET'}      | ${'conditional'}
  ${'a condition of a deny neither'}                             | ${['effect: allow', 'effect: deny, when: attributes.night == true']}                                                                     | ${'http GET'}      | ${'conditional'}
  ${'an obligation that may have no value'}                      | ${['effect: allow, obligations: [{ kind: setHeader, name: x-tier, value: "${principal.claims.tier}" }]']}                                | ${'http GET'}      | ${'conditional'}
  ${'a condition that holds of what is asked'}                   | ${['effect: allow, when: request.method == "GET"']}                                                                                      | ${'http GET'}      | ${'allowed'}
  ${'a rule that only reports lets nobody in'}                   | ${['effect: allow, mode: report']}                                                                                                       | ${'http GET'}      | ${'denied'}
  ${'nor does one that has ended'}                               | ${['effect: allow, notAfter: 2026-12-24T12:00:00Z']}                                                                                     | ${'http GET'}      | ${'denied'}
  ${'a path below a parameter is allowed'}                       | ${['effect: allow, what: { paths: ["/a/{x}/deep/er"] }']}                                                                                | ${'http GET'}      | ${'allowed'}
  ${'every path is denied'}                                      | ${['effect: allow', 'effect: deny, what: { paths: ["/a/{x}/**", /b] }']}                                                                 | ${'http GET'}      | ${'denied'}
  ${'every path but one that ends in a slash'}                   | ${['effect: allow', 'effect: deny, what: { paths: ["/a/{x}", "/a/{x}/{y}/**", /b] }']}                                                   | ${'http GET'}      | ${'allowed'}
  ${'every path but those of one length'}                        | ${['effect: allow', 'effect: deny, what: { paths: ["/a/{x}", "/a/{x}/", "/a/{x}/{y}/", "/a/{x}/{y}/{z}/**", /b] }']}                     | ${'http GET'}      | ${'allowed'}
  ${'an operation for all methods is open by one that is named'} | ${['effect: allow, what: { methods: [PURGE] }']}                                                                                         | ${'http PURGE'}    | ${'allowed'}
  ${'and not by another'}                                        | ${['effect: allow, what: { methods: [PURGE] }']}                                                                                         | ${'http MOVE'}     | ${'denied'}
  ${'a topic is open to one action'}                             | ${['effect: allow, what: { actions: [consume] }']}                                                                                       | ${'topic consume'} | ${'allowed'}
  ${'and closed to the other'}                                   | ${['effect: allow, what: { actions: [consume] }']}                                                                                       | ${'topic publish'} | ${'denied'}
  ${'one resource is open'}                                      | ${['effect: allow, what: { resources: ["record:7"] }']}                                                                                  | ${'record view'}   | ${'allowed'}
  ${'of another type it is none'}                                | ${['effect: allow, what: { resources: ["file:7"] }']}                                                                                    | ${'record view'}   | ${'denied'}
  ${'all but one resource'}                                      | ${['effect: allow', 'effect: deny, what: { resources: ["record:7"] }']}                                                                  | ${'record view'}   | ${'allowed'}
  ${'an action that it does not answer is asked of nobody'}      | ${['effect: allow']}                                                                                                                     | ${'record delete'} | ${'nothing-asked'}
`('callers from outside get through or not: $because', ({ rules, at, kind }) => {
  const world = worldWith(rules as string[]);
  const reachability = new Reachability(world, compile(world), NOW, new Effort());
  const [endpoint, verb] = (at as string).split(' ') as [string, string];
  const filter = endpoint === 'http' ? { methods: [verb] } : { actions: [verb] };
  const finding = reachability.find(`orders/${endpoint}`, filter, othersThan(OUTSIDE));
  expect(finding.kind).toBe(kind);
  if (finding.kind === 'allowed') expect(specify(world, finding.witness.request)).toEqual(finding.witness.outcome);
});
