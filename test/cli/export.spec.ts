import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MESH_TARGETS } from '#mesh-export';
import { parseAllDocuments } from 'yaml';
import { dharma, folderWith, SHOP } from './program.js';

const shop = folderWith({ 'shop.yaml': SHOP });

describe('dharma export', () => {
  it.each(MESH_TARGETS)('writes %s, and lists what that does not say', async (target) => {
    const { code, stdout, stderr } = await dharma(['export', '--target', target, shop]);
    expect(code).toBe(0);
    expect(parseAllDocuments(stdout).flatMap(({ errors }) => errors)).toEqual([]);
    for (const line of stderr.trimEnd().split('\n')) expect(stdout).toContain(`# - ${line.replace(/^\w+: /, '')}\n`);
  });

  it('writes the same as JSON, for programs', async () => {
    const { code, stdout } = await dharma(['export', '--target', 'envoy-rbac', '--format', 'json', shop]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      target: 'envoy-rbac',
      undecided: 'refuse',
      resources: [{ name: 'envoy.filters.http.rbac', typed_config: { rules: { action: 'ALLOW' } } }],
      remarks: [{ effect: 'refused', concerns: 'target', name: 'a request target', because: expect.any(String) }],
    });
  });

  it('writes a file, and says which', async () => {
    const cwd = folderWith({ 'policies/shop.yaml': SHOP });
    const { stdout } = await dharma(['export', '--target', 'istio', '--out', 'mesh/istio.yaml', 'policies'], { cwd });
    expect(stdout).toBe('mesh/istio.yaml\n');
    expect(readFileSync(join(cwd, 'mesh/istio.yaml'), 'utf8')).toMatch(/^# Written by `dharma export`/);
  });

  it.each`
    because                         | argv                                                                          | code
    ${'no target is meant'}         | ${['export', shop]}                                                           | ${2}
    ${'that is no target'}          | ${['export', '--target', 'iptables', shop]}                                   | ${2}
    ${'that is no port'}            | ${['export', '--target', 'linkerd', '--port', '0', shop]}                     | ${2}
    ${'there is nothing to export'} | ${['export', '--target', 'istio', 'nowhere']}                                 | ${2}
    ${'the policies are not valid'} | ${['export', '--target', 'istio', folderWith({ 'a.yaml': 'kind: Nothing' })]} | ${1}
  `('writes nothing: $because', async ({ argv, code }) => {
    expect(await dharma(argv)).toMatchObject({ code, stdout: '' });
  });
});
