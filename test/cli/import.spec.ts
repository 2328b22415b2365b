import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { dharma, folderWith } from './program.js';

const MODEL = `[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
`;
const FILES = {
  'model.conf': MODEL,
  'policy.csv': 'p, clerk, data1, read\ng, ann, clerk\n',
  'api.yaml': 'openapi: 3.0.3\ninfo: { title: Shop }\npaths: { /a: { get: {} }, "/{x}.json": { get: {} } }\n',
  'manifests/web.yaml': 'kind: Service\nmetadata: { name: web }\nspec: { selector: { app: web } }\n',
};
const CASBIN = ['import', 'casbin', '--model', 'model.conf', '--policy', 'policy.csv'];
const OPENAPI = ['import', 'openapi', 'api.yaml', '--domain', 'shop', '--host', 'shop.example'];
const KUBERNETES = ['import', 'kubernetes', 'manifests'];

describe('dharma import', () => {
  it.each`
    from            | argv
    ${'casbin'}     | ${CASBIN}
    ${'OpenAPI'}    | ${OPENAPI}
    ${'Kubernetes'} | ${KUBERNETES}
  `('writes valid, canonical documents from $from', async ({ argv }) => {
    const cwd = folderWith(FILES);
    const { code, stdout } = await dharma([...argv, '--out', 'out'], { cwd });
    expect(code).toBe(0);
    expect(stdout.split('\n')).toContainEqual(expect.stringMatching(/^services\/\S+\.yaml$/));
    expect(await dharma(['validate', 'out'], { cwd })).toMatchObject({ code: 0 });
    expect(await dharma(['fmt', '--check', 'out'], { cwd })).toMatchObject({ code: 0, stdout: '' });
    const streamed = await dharma(argv, { cwd });
    expect(await dharma(['fmt', '--check', '-'], { stdin: streamed.stdout })).toMatchObject({ code: 0 });
    const json = JSON.parse((await dharma([...argv, '--format', 'json'], { cwd })).stdout);
    expect(json).toEqual({ documents: expect.any(Array), remarks: expect.any(Array) });
  });

  it('lists on standard error what the documents do not say', async () => {
    const { stderr } = await dharma(OPENAPI, { cwd: folderWith(FILES) });
    expect(stderr).toMatch(/^note: Domain shop: each is written as a new one; .*leave it out/);
    expect(stderr).toMatch(/^narrower: path `\/\{x\}\.json`: /m);
    expect(stderr).toContain('note: the domain: no endpoint is marked');
  });

  it('goes into a set that has a mechanism of that name already, under another name', async () => {
    const cwd = folderWith(FILES);
    for (const [domain, mechanism] of [
      ['east', 'mesh'],
      ['west', 'west-mesh'],
    ] as const) {
      const argv = [...KUBERNETES, '--domain', domain, '--mechanism', mechanism, '--out', `out/${domain}`];
      expect(await dharma(argv, { cwd })).toMatchObject({ code: 0 });
    }
    const { stdout } = await dharma(['validate', 'out'], { cwd });
    // Its one service is of both clusters, and no trust mechanism is.
    expect(stdout.match(/declared twice/g)).toHaveLength(1);
    expect(stdout).not.toContain('mechanism');
    const argv = [...KUBERNETES, '--mechanism', 'Mesh'];
    expect(await dharma(argv, { cwd })).toMatchObject({ code: 1, stderr: expect.stringContaining('Mesh') });
  });

  it.each`
    because                            | argv                                                 | code | message
    ${'the matcher is not understood'} | ${[...CASBIN, '--model', 'manifests/web.yaml']}      | ${1} | ${'nothing was written:'}
    ${'there is no such file'}         | ${[...CASBIN, '--model', 'nowhere']}                 | ${2} | ${'cannot read `nowhere`'}
    ${'a domain of casbin has no dot'} | ${[...CASBIN, '--domain', 'a.b']}                    | ${2} | ${'one name without a dot'}
    ${'nor has one of Kubernetes'}     | ${[...KUBERNETES, '--domain', 'a.b']}                | ${2} | ${'one name without a dot'}
    ${'there is no such folder'}       | ${['import', 'kubernetes', 'nowhere']}               | ${2} | ${'no folder or file `nowhere`'}
    ${'no domain is named'}            | ${['import', 'openapi', 'api.yaml']}                 | ${2} | ${'--domain'}
    ${'the folder holds something'}    | ${[...OPENAPI, '--out', 'manifests']}                | ${1} | ${'is not empty'}
    ${'it holds what is not ours'}     | ${[...OPENAPI, '--out', 'manifests', '--overwrite']} | ${1} | ${'is not where an export puts documents'}
    ${'a name is none'}                | ${[...CASBIN, '--service', '../../evil']}            | ${1} | ${'nothing was written:'}
  `('writes nothing and exits with $code: $because', async ({ argv, code, message }) => {
    const cwd = folderWith(FILES);
    const ran = await dharma(argv, { cwd });
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
    expect(readdirSync(cwd).sort()).toEqual(['api.yaml', 'manifests', 'model.conf', 'policy.csv']);
    expect(readdirSync(join(cwd, 'manifests'))).toEqual(['web.yaml']);
  });

  it.each`
    because                | place          | told
    ${'out of the folder'} | ${'elsewhere'} | ${'`domains` is a link that leads out of the folder'}
    ${'to another one'}    | ${'out/other'} | ${'is no folder'}
  `('does not write through a link $because', async ({ place, told }: Record<string, string>) => {
    const cwd = folderWith({ ...FILES, [`${place}/.keep`]: '', 'out/.keep': '' });
    symlinkSync(join(cwd, place!), join(cwd, 'out', 'domains'));
    const ran = await dharma([...OPENAPI, '--out', 'out', '--overwrite'], { cwd });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(told!) });
    expect(ran.stderr).not.toContain('wrong on our side');
    expect(readdirSync(join(cwd, place!))).toEqual(['.keep']);
  });
});
