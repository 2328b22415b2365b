import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFolder } from '#policy';

describe('a folder of policies', () => {
  let base: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'dharma-policies-'));
  });
  afterEach(() => rm(base, { recursive: true }));

  async function write(files: { readonly [path: string]: string | Uint8Array }): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(join(base, path, '..'), { recursive: true });
      await writeFile(join(base, path), content);
    }
  }

  it('is every YAML and JSON file in it, by relative name', async () => {
    await write({
      'b.yaml': 'b',
      'a/c.yml': 'c',
      'a/d.json': '{}',
      'a/e.txt': 'e',
      '.git/f.yaml': 'f',
      'a/.hidden.yaml': 'h',
      'Z.yaml': 'z',
    });
    expect(await readFolder(base)).toEqual([
      { file: 'Z.yaml', text: 'z' },
      { file: 'a/c.yml', text: 'c' },
      { file: 'a/d.json', text: '{}' },
      { file: 'b.yaml', text: 'b' },
    ]);
  });

  it('follows links that stay in it, and no others', async () => {
    await write({ 'in/real/a.yaml': 'a', 'out/secret.yaml': 's' });
    const root = join(base, 'in');
    await symlink(join(root, 'real/a.yaml'), join(root, 'b.yaml'));
    await symlink(join(base, 'out/secret.yaml'), join(root, 'c.yaml'));
    await symlink(join(base, 'out'), join(root, 'd'));
    await symlink(root, join(root, 'circle'));
    await symlink('nowhere', join(root, 'e.yaml'));
    expect((await readFolder(root)).map(({ file }) => file)).toEqual(['b.yaml', 'real/a.yaml']);
  });

  it('may itself be reached by a link', async () => {
    await write({ 'real/a.yaml': 'a' });
    await symlink(join(base, 'real'), join(base, 'link'));
    expect(await readFolder(join(base, 'link'))).toEqual([{ file: 'a.yaml', text: 'a' }]);
  });

  it.each([
    ['it does not exist', 'missing', 'does not exist'],
    ['it is a file', 'file.yaml', 'is not a folder'],
    ['a file is not UTF-8', 'bytes', '`a.yaml` is not UTF-8'],
  ])('is refused because %s', async (_, path, message) => {
    await write({ 'file.yaml': 'a', 'bytes/a.yaml': Uint8Array.of(0x61, 0xff) });
    await expect(readFolder(join(base, path))).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });
});
