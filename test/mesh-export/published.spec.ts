/** Exports hold by the schemas that the projects publish, and these schemas find what is wrong. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { World } from '#engine';
import { meshExport, type MeshTarget } from '#mesh-export';
import { loadBundle } from '#policy';
import { RUNS } from '../properties/runs.js';
import { NOW, worlds } from '../properties/worlds.js';
import { publishedFaults } from './published.js';
import { withNamespaces } from './sandwich.js';

const TARGETS = ['istio', 'kubernetes-networkpolicy', 'cilium', 'linkerd'] as const;

function exported(world: World, target: MeshTarget, undecided: 'refuse' | 'pass'): readonly object[] {
  const spiffe = [...world.mechanisms.values()].filter(({ kind }) => kind === 'spiffe');
  const trustDomains = new Map(spiffe.map(({ name }) => [name, 'x.example']));
  return meshExport(world, trustDomains, { target, undecided, now: NOW, podLabel: 'app', port: 80 }).resources;
}

describe.each(TARGETS)('%s', (target) => {
  it('takes what is written for random worlds', () => {
    let count = 0;
    fc.assert(
      fc.property(worlds, fc.constantFrom('refuse', 'pass'), ({ world }, undecided) => {
        for (const resource of exported(withNamespaces(world), target, undecided)) {
          expect(publishedFaults(resource)).toEqual([]);
          count++;
        }
      }),
      { numRuns: Math.ceil(RUNS.law / 3) },
    );
    expect(count).toBeGreaterThan(10);
  });

  it.each(readdirSync('policies/examples'))('takes what is written for the example %s', (example) => {
    const folder = join('policies/examples', example);
    const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
    const { world } = loadBundle(files.map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') })));
    for (const undecided of ['refuse', 'pass'] as const) {
      const resources = exported(withNamespaces(world!), target, undecided);
      expect(resources.flatMap(publishedFaults)).toEqual([]);
    }
  });
});

const metadata = { name: 'a', namespace: 'b' };
const istio = (spec: object, more: object = {}) => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata,
  spec,
  ...more,
});
const network = (spec: object, more: object = {}) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata,
  spec: { podSelector: {}, ...spec },
  ...more,
});
const cilium = (spec: object) => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata,
  spec: { endpointSelector: {}, ...spec },
});
const linkerd = (kind: string, spec: object) => ({
  apiVersion: kind === 'Server' ? 'policy.linkerd.io/v1beta3' : 'policy.linkerd.io/v1alpha1',
  kind,
  metadata,
  spec,
});
const pods = { podSelector: { matchLabels: { app: 'a' } } };
const server = { kind: 'Server', name: 'a' };
const to = (operation: object) => istio({ rules: [{ to: [{ operation }] }] });

it.each`
  because                                      | resource                                                                                               | fault
  ${'it is as it should be'}                   | ${to({ hosts: ['a'], paths: ['/a'] })}                                                                 | ${undefined}
  ${'so is this'}                              | ${network({ ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }] })}                             | ${undefined}
  ${'a member of the resource is unknown'}     | ${istio({}, { specs: {} })}                                                                            | ${'specs'}
  ${'one of the spec is'}                      | ${istio({ rule: [] })}                                                                                 | ${'rule'}
  ${'one of an operation is'}                  | ${to({ host: ['a'] })}                                                                                 | ${'host'}
  ${'one of a source is'}                      | ${istio({ rules: [{ from: [{ source: { principal: ['a'] } }] }] })}                                    | ${'principal'}
  ${'one of the metadata is'}                  | ${istio({}, { metadata: { ...metadata, namespaces: 'b' } })}                                           | ${'namespaces'}
  ${'there is no such action'}                 | ${istio({ action: 'REFUSE' })}                                                                         | ${'/spec/action'}
  ${'a list is one text'}                      | ${to({ hosts: 'a' })}                                                                                  | ${'/spec/rules/0/to/0/operation/hosts'}
  ${'no version of the kind is meant'}         | ${{ ...istio({}), apiVersion: 'security.istio.io/v2' }}                                                | ${'there is no schema'}
  ${'there is no spec'}                        | ${{ apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', metadata }}                       | ${'spec'}
  ${'a member of a network policy is unknown'} | ${network({ egres: [] })}                                                                              | ${'egres'}
  ${'one of a peer is'}                        | ${network({ ingress: [{ from: [{ podSelectors: {} }] }] })}                                            | ${'podSelectors'}
  ${'one of a selector is'}                    | ${network({ podSelector: { labels: {} } })}                                                            | ${'labels'}
  ${'a label is no text'}                      | ${network({ podSelector: { matchLabels: { app: 1 } } })}                                               | ${'/spec/podSelector/matchLabels/app'}
  ${'a block has no address'}                  | ${network({ ingress: [{ from: [{ ipBlock: {} }] }] })}                                                 | ${'cidr'}
  ${"this of Cilium's is as it should be"}     | ${cilium({ ingress: [{ fromEntities: ['all'] }] })}                                                    | ${undefined}
  ${'a member of a rule is unknown'}           | ${cilium({ ingress: [{ fromEntity: ['all'] }] })}                                                      | ${'fromEntity'}
  ${'there is no such entity'}                 | ${cilium({ ingress: [{ fromEntities: ['strangers'] }] })}                                              | ${'/spec/ingress/0/fromEntities/0'}
  ${'a label cannot have this value'}          | ${cilium({ ingress: [], endpointSelector: { matchLabels: { app: 'a b' } } })}                          | ${'/spec/endpointSelector/matchLabels/app'}
  ${'it says nothing'}                         | ${cilium({})}                                                                                          | ${'ingress'}
  ${"this of Linkerd's is as it should be"}    | ${linkerd('Server', { ...pods, port: 80, accessPolicy: 'deny' })}                                      | ${undefined}
  ${'so is a port with a name'}                | ${linkerd('Server', { ...pods, port: 'http' })}                                                        | ${undefined}
  ${'a server is of no pods'}                  | ${linkerd('Server', { port: 80 })}                                                                     | ${'podSelector'}
  ${'a server has no port'}                    | ${linkerd('Server', pods)}                                                                             | ${'port'}
  ${'a member of a server is unknown'}         | ${linkerd('Server', { ...pods, port: 80, policy: 'deny' })}                                            | ${'policy'}
  ${'a server is not of this version'}         | ${{ ...linkerd('Server', {}), apiVersion: 'policy.linkerd.io/v1alpha1' }}                              | ${'there is no schema'}
  ${'nothing is required'}                     | ${linkerd('AuthorizationPolicy', { targetRef: server })}                                               | ${'requiredAuthenticationRefs'}
  ${'what is required has no name'}            | ${linkerd('AuthorizationPolicy', { targetRef: server, requiredAuthenticationRefs: [{ kind: 'A' }] })}  | ${'/spec/requiredAuthenticationRefs/0'}
  ${'nobody is known'}                         | ${linkerd('MeshTLSAuthentication', {})}                                                                | ${'identityRefs'}
  ${'somebody is known by both'}               | ${linkerd('MeshTLSAuthentication', { identities: ['*'], identityRefs: [{ kind: 'ServiceAccount' }] })} | ${'oneOf'}
  ${'a network has no address'}                | ${linkerd('NetworkAuthentication', { networks: [{}] })}                                                | ${'cidr'}
`('a published schema says what is wrong: $because', ({ resource, fault }) => {
  const faults = publishedFaults(resource);
  expect(faults.join('\n')).toContain(fault ?? '');
  expect(faults.length === 0).toBe(fault === undefined);
});
