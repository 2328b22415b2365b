import type { World } from '#engine';
import { loadBundle } from '#policy';
import { domainInForce, domainTree } from './domain-in-force.js';

const SET = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  mechanisms:
    - { name: mesh, role: trust, kind: mtls, mtls: { match: dns } }
    - { name: office, role: trust, kind: network, network: { cidrs: ["10.0.0.0/8"] } }
    - { name: login, role: access, kind: asserted }
  trust: [mesh, office]
  access: [login]
  mode: report
  maxStalenessSeconds: 60
  boundary: [pay/all]
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.pay }
spec: { overlaps: [labs], zeroTrust: true, suspended: true, egress: closed, maxStalenessSeconds: 600, access: [], boundary: ["pay/*"], addresses: [pay.example/v1] }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.pay.vault }
spec: { mode: enforce }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: labs }
spec: { overlaps: [acme.pay] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: pay }
spec: { domains: [acme.pay, labs], endpoints: [{ name: all, domains: [acme.pay] }, { name: lab, domains: [labs] }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: outside, domain: "*" }
spec: { rules: [{ id: never, effect: deny, who: { subjects: [mallory] } }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: company, domain: acme }
spec: { rules: [{ id: freeze, effect: deny, mode: report }, { id: here, effect: allow }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: pay, domain: acme.pay }
spec: { rules: [{ id: read, effect: allow, scope: subtree }, { id: own, effect: deny, scope: self }] }
---
apiVersion: dharma/v1
kind: RoleSet
metadata: { name: staff, domain: acme }
spec: { roles: [{ name: chief, inherits: [clerk] }] }
`;

const bundle = loadBundle([{ file: 'set.yaml', text: SET }]);
if (bundle.world === null) throw new Error(JSON.stringify(bundle.faults));
const world: World = bundle.world;

describe('the tree of domains', () => {
  it('tells parents, what is in force, members and own rules', () => {
    expect(domainTree(world)).toEqual([
      { name: 'acme', parent: null, mode: 'report', zeroTrust: false, suspended: false, members: 0, rules: 2 },
      { name: 'acme.pay', parent: 'acme', mode: 'report', zeroTrust: true, suspended: true, members: 1, rules: 2 },
      {
        name: 'acme.pay.vault',
        parent: 'acme.pay',
        mode: 'enforce',
        zeroTrust: true,
        suspended: true,
        members: 0,
        rules: 0,
      },
      { name: 'labs', parent: null, mode: 'enforce', zeroTrust: false, suspended: false, members: 1, rules: 0 },
    ]);
  });
});

describe('what is in force at a domain', () => {
  const vault = domainInForce(world, 'acme.pay.vault')!;
  const pay = domainInForce(world, 'acme.pay')!;

  it.each`
    because                                            | of       | member                   | expected
    ${'what it says itself counts'}                    | ${vault} | ${'mode'}                | ${{ value: 'enforce', from: 'acme.pay.vault', inherited: false }}
    ${'else what the nearest above says'}              | ${pay}   | ${'mode'}                | ${{ value: 'report', from: 'acme', inherited: true }}
    ${'zero trust holds for everything inside'}        | ${vault} | ${'zeroTrust'}           | ${{ value: true, from: 'acme.pay', inherited: true }}
    ${'so does suspension'}                            | ${vault} | ${'suspended'}           | ${{ value: true, from: 'acme.pay', inherited: true }}
    ${'networks are not inherited'}                    | ${vault} | ${'trust'}               | ${{ value: ['mesh'], from: 'acme', inherited: true }}
    ${'an empty set seals those below too'}            | ${vault} | ${'access'}              | ${{ value: [], from: 'acme.pay', inherited: true }}
    ${'the strictest age counts, wherever it is said'} | ${pay}   | ${'maxStalenessSeconds'} | ${{ value: 60, from: 'acme', inherited: true }}
    ${'egress is not inherited'}                       | ${vault} | ${'egress'}              | ${'open'}
    ${'marks are its own'}                             | ${vault} | ${'marks'}               | ${[]}
    ${'claims are said as they are written'}           | ${pay}   | ${'addresses'}           | ${['pay.example/v1']}
    ${'domains below it are named'}                    | ${pay}   | ${'children'}            | ${['acme.pay.vault']}
    ${'roles above hold below'}                        | ${vault} | ${'roles'}               | ${[{ name: 'chief', inherits: ['clerk'], from: 'acme', inherited: true }]}
    ${'members are told with what is placed here'}     | ${pay}   | ${'services'}            | ${[{ name: 'pay', kind: 'workload', endpoints: ['pay/all'] }]}
  `('$because', ({ of, member, expected }) => {
    expect(of[member]).toEqual(expected);
  });

  it('tells a network of its owner', () => {
    expect(domainInForce(world, 'acme')!.trust.value).toEqual(['mesh', 'office']);
  });

  it('tells its own rules, those that reach down, and those of the world outside', () => {
    expect(pay.rules.map(({ id, from, inherited }) => [id, from, inherited])).toEqual([
      ['pay/own', 'acme.pay', false],
      ['pay/read', 'acme.pay', false],
      ['company/freeze', 'acme', true],
      ['outside/never', '*', true],
    ]);
    expect(vault.rules.map(({ id }) => id)).toEqual(['pay/read', 'company/freeze', 'outside/never']);
    expect(vault.rules[2]).toMatchObject({ words: 'deny everything for subject mallory everywhere', mode: 'enforce' });
  });

  it('tells the mechanisms that it names, and their owner', () => {
    expect(vault.mechanisms).toEqual([
      { name: 'mesh', role: 'trust', kind: 'mtls', principalType: 'client', from: 'acme', inherited: true },
    ]);
  });

  it('is nothing at a domain that is not there', () => {
    expect(domainInForce(world, 'acme.nowhere')).toBeNull();
    expect(domainInForce(world, '*')).toBeNull();
  });
});
