import { loadBundle } from '#policy';

const files = [
  {
    file: 'domains.yaml',
    text: `apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec:
  zeroTrust: "yes"
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop.orders }
spec:
  acces: [anonymous]
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: depot }
spec:
  mechanisms:
    - { name: depot-mtls, role: trust, kind: mtls, mtls: { match: dns } }
  access: [depot-mtls]
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: office }
spec: &o {}
`,
  },
  {
    file: 'policies.yaml',
    text: `apiVersion: dharma/v1
kind: Policy
metadata: { name: depot, domain: depot }
spec:
  rules:
    - { id: a, effect: alow }
    - { id: b, effect: allow, what: { endpoints: [stock/list, stock/lisst] } }
    - id: c
      effect: deny
      when: 'request.path == "x" &&& true'
    - { id: d, effect: allow, obligations: [{ kind: setHeader, name: Cookie, value: x }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: broken, domain: depot }
spec: { rules: [{ id: a, effect: "deny }] }
`,
  },
  {
    file: 'services.yaml',
    text: `apiVersion: dharma/v1
kind: Service
metadata: { name: stock }
spec:
  domains: [depot]
  hosts: [stock.example]
  endpoints:
    - { name: list, operations: [{ path: "/list/{a}" }] }
    - { name: read, operations: [{ path: "/list/{b}" }] }
`,
  },
];

describe('ten faults of ten kinds', () => {
  const { faults, world } = loadBundle(files);

  it('give exactly ten messages, each with its place', () => {
    const lines = new Map(files.map(({ file, text }) => [file, text.split('\n')]));
    const found = faults.map(({ file, line, column, code }) => {
      const word = /^\S*/.exec(lines.get(file)![line - 1]!.slice(column - 1))![0];
      return `${file}:${line} ${code} ${word}`;
    });
    expect(found).toEqual([
      'domains.yaml:5 wrong-type "yes"',
      'domains.yaml:11 unknown-member acces:',
      'domains.yaml:19 mechanism-role depot-mtls]',
      'domains.yaml:24 yaml-anchor &o',
      'policies.yaml:6 invalid-value alow',
      'policies.yaml:7 unknown-endpoint stock/lisst]',
      'policies.yaml:10 bad-condition &',
      'policies.yaml:11 forbidden-header Cookie,',
      expect.stringMatching(/^policies\.yaml:1[78] yaml-syntax /),
      'services.yaml:9 address-conflict {',
    ]);
    expect(world).toBeNull();
  });

  it('say what could have been meant', () => {
    const messages = faults.map(({ message }) => message).join('\n');
    expect(messages).toContain('`yes` is not a boolean. Did you mean `true`');
    expect(messages).toContain('`acces` is not a member here. Did you mean `access`?');
    expect(messages).toContain('it is one of `allow`, `deny`. Did you mean `allow`?');
    expect(messages).toContain('the endpoint `stock/lisst` does not exist. Did you mean `stock/list`?');
  });

  it('do not depend on the order of files', () => {
    expect(loadBundle(files.toReversed()).faults).toEqual(faults);
  });
});
