import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { protectSocket } from './listen-address.js';

/** A group that this process may give files to: root to any, others to their own. */
const isRoot = process.getuid!() === 0;
const [name = '', , number = ''] =
  readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, , gid]) => (isRoot ? gid !== '0' : Number(gid) === process.getgid!())) ?? [];

describe('a socket', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dharma-socket-'));
    path = join(folder, 'socket');
    writeFileSync(path, '');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each`
    because                             | group        | gid
    ${'a group has a name'}             | ${name}      | ${Number(number)}
    ${'a group has a number'}           | ${number}    | ${Number(number)}
    ${'unset, it is as the process is'} | ${undefined} | ${process.getgid!()}
  `('may be opened by its owner and its group alone: $because', ({ group, gid }) => {
    protectSocket(path, group);
    const { mode, gid: found } = statSync(path);
    expect([mode & 0o777, found]).toEqual([0o660, gid]);
  });

  it('is given to no group that does not exist', () => {
    expect(() => protectSocket(path, 'no-such-group')).toThrow('there is no group `no-such-group`');
  });
});
