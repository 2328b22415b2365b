import type { AccessRequest, Outcome } from '#engine';
import { jsonSchemas, loadBundle, runTests } from '#policy';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const TEXT = `apiVersion: dharma/v1
kind: Test
metadata: { name: cases }
spec:
  cases:
    - because: it is so
      request: { target: { endpoint: a/b } }
      expect: { decision: deny, reason: UNKNOWN_ENDPOINT, deniedAt: null }
    - because: it is not so
      request: { target: { endpoint: a/b }, time: 2026-06-01T00:00:00Z }
      expect: { decision: allow, rules: [p/a], crossed: [] }
`;

const outcome: Outcome = {
  decision: 'deny',
  reason: 'UNKNOWN_ENDPOINT',
  route: null,
  deniedAt: null,
  meeting: null,
  crossed: [],
  rules: [],
  obligations: [],
  actor: null,
  principal: null,
  ttlSeconds: 30,
  endpoint: null,
  path: null,
};

describe('tests beside policies', () => {
  const bundle = loadBundle([{ file: 'x.yaml', text: TEXT }]);

  it('say what differs, in words, with a place', () => {
    const asked: AccessRequest[] = [];
    const results = runTests(
      bundle,
      (request) => {
        asked.push(request);
        return outcome;
      },
      NOW,
    );
    expect(asked.map(({ time }) => new Date(time).toISOString())).toEqual([
      '2026-01-01T00:00:00.000Z',
      '2026-06-01T00:00:00.000Z',
    ]);
    expect(
      results.map(({ because, at, passed, differences }) => ({ because, line: at.line, passed, differences })),
    ).toEqual([
      { because: 'it is so', line: 6, passed: true, differences: [] },
      {
        because: 'it is not so',
        line: 9,
        passed: false,
        differences: ['`decision` is `deny`, expected `allow`', '`rules` is none, expected `p/a`'],
      },
    ]);
  });

  it('may compare obligations by part', () => {
    const text = TEXT.replace('deniedAt: null }', 'obligations: [{ kind: setHeader, value: gold }] }');
    const decide = (): Outcome => ({
      ...outcome,
      obligations: [{ kind: 'setHeader', name: 'x-tier', value: 'gold', critical: true, rule: 'p/a' }],
    });
    const of = (wanted: string) =>
      runTests(loadBundle([{ file: 'x.yaml', text: text.replace('gold', wanted) }]), decide, NOW)[0]!.passed;
    expect(of('gold')).toBe(true);
    expect(of('tin')).toBe(false);
  });
});

describe('the JSON Schemas', () => {
  it('are one for each kind, with a name, a title and a description', () => {
    const schemas = jsonSchemas();
    expect(Object.keys(schemas)).toEqual([
      'Domain',
      'Service',
      'Policy',
      'RoleSet',
      'EntitySet',
      'EnforcementPoint',
      'Test',
      'Request',
    ]);
    for (const [kind, schema] of Object.entries(schemas)) {
      expect(schema).toMatchObject({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: `urn:dharma:v1:${kind.toLowerCase()}`,
        title: kind,
        description: expect.any(String),
        additionalProperties: false,
      });
    }
  });

  it('say of the requests of tests what they say of requests', () => {
    const { Test, Request } = jsonSchemas() as { readonly [kind: string]: { readonly properties: object } };
    expect(Test).toMatchObject({
      properties: {
        spec: { properties: { cases: { items: { properties: { request: { properties: Request!.properties } } } } } },
      },
    });
  });
});
