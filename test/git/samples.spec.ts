/** The samples for teams that keep policies in git. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import { dharma, SHOP } from '../cli/program.js';
import { newFolder, testRepository } from './repository.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const samples = join(root, 'docs', 'samples');

describe('the pre-commit hook', () => {
  const repository = testRepository({
    'policies/shop.yaml': SHOP.replace('["orders/*"]', '[orders/*]'),
    'policies/cases.yaml': `apiVersion: dharma/v1
kind: Test
metadata: { name: cases, domain: shop }
spec:
  cases:
    - because: nobody may change anything
      request: { target: { host: localhost, method: POST, path: / } }
      expect: { decision: deny }
`,
  });
  const bin = newFolder();
  writeFileSync(join(bin, 'dharma'), `#!/bin/sh\nexec '${process.execPath}' '${root}dist/apps/cli/src/main.js' "$@"\n`);
  chmodSync(join(bin, 'dharma'), 0o755);
  const hook = join(repository.folder, '.git', 'hooks', 'pre-commit');
  mkdirSync(join(hook, '..'), { recursive: true });
  copyFileSync(join(samples, 'pre-commit'), hook);

  function commit(more: NodeJS.ProcessEnv = {}): string {
    const environment = {
      ...more,
      ...process.env,
      PATH: `${bin}:${process.env['PATH']}`,
      GIT_CONFIG_GLOBAL: '/dev/null',
    };
    const who = ['-c', 'user.name=Ann', '-c', 'user.email=ann@acme.example'];
    try {
      execFileSync('git', [...who, 'commit', '-qm', 'next'], {
        cwd: repository.folder,
        env: environment,
        stdio: 'pipe',
      });
      return 'committed';
    } catch (fault) {
      return String((fault as { readonly stderr: Buffer }).stderr);
    }
  }

  it('judges what is staged, and not what lies beside it', () => {
    const good = readFileSync(join(repository.folder, 'policies', 'shop.yaml'), 'utf8');
    repository.write('policies/shop.yaml', good.replace('domain: shop }', 'domain: shopp }'));
    repository.git('add', '--all');
    repository.write('policies/shop.yaml', good);
    expect(commit()).toContain('policies/shop.yaml:13:');
    repository.write('policies/shop.yaml', good.replace('[GET]', '[GET, HEAD]'));
    repository.git('add', '--all');
    repository.write('policies/shop.yaml', 'not yet done');
    expect(commit()).toBe('committed');
    repository.write('policies/shop.yaml', good.replace('domains: [shop]', 'domains: [mall]'));
    repository.git('add', '--all');
    expect(commit()).toContain('the domain `mall` does not exist');
    expect(commit({ DHARMA_PART: 'true' })).toBe('committed');
  });

  it('refuses what a sync would refuse after the merge: a link', () => {
    repository.git('checkout', '--quiet', '--', '.');
    symlinkSync('shop.yaml', join(repository.folder, 'policies', 'link.yaml'));
    repository.git('add', '--all');
    expect(commit()).toMatch(/links and submodules are not synced:\n120000 .*policies\/link\.yaml/);
  });
});

describe.each(['github-actions.yaml', 'gitlab-ci.yaml'])('%s', (name) => {
  const text = readFileSync(join(samples, name), 'utf8');

  it('is YAML', () => {
    expect(parseDocument(text, { strict: true }).errors).toEqual([]);
  });

  it('refuses what a sync would refuse after the merge: a link', () => {
    const check = /^ *- (?:run: )?(if git ls-files .*)$/m.exec(text)?.[1] ?? '';
    const repository = testRepository({ 'policies/shop.yaml': SHOP });
    const ends = () => spawnSync('bash', ['-eo', 'pipefail', '-c', check], { cwd: repository.folder }).status;
    expect([check, ends()]).toEqual([expect.stringContaining('policies'), 0]);
    symlinkSync('shop.yaml', join(repository.folder, 'policies', 'link.yaml'));
    repository.commit('a link');
    expect(ends()).toBe(1);
  });

  it('calls verbs with flags that exist', async () => {
    const calls = [...text.matchAll(/dharma (fmt|validate|test|plan|diff|sync) ([^\n>|]*)/g)];
    expect(calls.length).toBeGreaterThan(4);
    for (const [, verb = '', rest = ''] of calls) {
      const flags = [...rest.matchAll(/--[a-z-]+/g)].map(([flag]) => flag);
      const { stdout: help } = await dharma([verb, '--help']);
      for (const flag of flags)
        expect({ verb, flag, exists: help.includes(flag) }).toEqual({ verb, flag, exists: true });
    }
  });
});
