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
      'guard.YAML': 'g',
    });
    expect(await readFolder(base)).toEqual([
      { file: 'Z.yaml', text: 'z' },
      { file: 'a/c.yml', text: 'c' },
      { file: 'a/d.json', text: '{}' },
      { file: 'b.yaml', text: 'b' },
      { file: 'guard.YAML', text: 'g' },
    ]);
  });

  it('follows links that stay in it, and needs no others that hold no policies', async () => {
    await write({ 'in/real/a.yaml': 'a', 'out/readme.md': 'r' });
    const root = join(base, 'in');
    await symlink(join(root, 'real/a.yaml'), join(root, 'b.yaml'));
    await symlink(join(base, 'out/readme.md'), join(root, 'readme.md'));
    await symlink(root, join(root, 'circle'));
    expect((await readFolder(root)).map(({ file }) => file)).toEqual(['b.yaml', 'real/a.yaml']);
  });

  it.each`
    because                                | name        | target                | message
    ${'a deny may stand there'}            | ${'c.yaml'} | ${'../../out/a.yaml'} | ${'`sub/c.yaml` is a link that leads out of the folder'}
    ${'denies may stand there'}            | ${'d'}      | ${'../../out'}        | ${'`sub/d` is a link that leads out of the folder'}
    ${'a name beside it is not inside it'} | ${'d'}      | ${'../../in-beside'}  | ${'`sub/d` is a link that leads out of the folder'}
    ${'a deny may have stood there'}       | ${'e.yaml'} | ${'nowhere'}          | ${'`sub/e.yaml` is a link that leads nowhere'}
    ${'it stands for itself'}              | ${'f'}      | ${'f'}                | ${'`sub/f` is a link that leads nowhere'}
  `('is refused for a link where $because: $name -> $target', async ({ name, target, message }) => {
    await write({ 'in/sub/a.yaml': 'a', 'out/a.yaml': 's', 'in-beside/b.yaml': 'b' });
    await symlink(target, join(base, 'in/sub', name));
    await expect(readFolder(join(base, 'in'))).rejects.toMatchObject({ message: expect.stringContaining(message) });
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
