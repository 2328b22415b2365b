import { adminServer, STATUS } from './admin-server.js';
import { dharma } from './program.js';

const statusOf = async (json: object, argv: readonly string[] = []) => {
  const { environment } = await adminServer({ 'GET /admin/v1/status': { json } });
  return dharma(['status', ...argv], { environment });
};

describe('dharma status', () => {
  it('says what is in force, how fresh it is and where to ask', async () => {
    const { code, stdout, stderr } = await statusOf(STATUS);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.replace(/http:\S+,/, 'URL,')).toBe(`server    URL, dharma 0.1.0, up 1 d 2 h
ready     yes
mode      enforce
in force  revision 42 (epoch 1, c0ffee00c0ff), confirmed 3 s ago
newest    revision 42, published 1 h ago by bob from git: orders opens to partners
source    database
feed      current
grpc      127.0.0.1:9191
http      127.0.0.1:8181
admin     127.0.0.1:8282
`);
  });

  it.each`
    because                                | json                                                                              | code | line
    ${'it is not ready'}                   | ${{ ...STATUS, ready: { ready: false, because: 'no policy yet' }, policy: null }} | ${1} | ${'ready     no: no policy yet\n'}
    ${'no policy is in force'}             | ${{ ...STATUS, policy: null }}                                                    | ${0} | ${'in force  no policy\n'}
    ${'nothing was ever published'}        | ${{ ...STATUS, newest: null }}                                                    | ${0} | ${'newest    not known: nothing was published, or the store cannot be reached\n'}
    ${'a folder has no history'}           | ${{ ...STATUS, source: 'folder', newest: null }}                                  | ${0} | ${'source    folder\n'}
    ${'the feed has trouble'}              | ${{ ...STATUS, feed: { state: 'forked', detail: 'revision 41 differs' } }}        | ${0} | ${'feed      forked: revision 41 differs\n'}
    ${'the feed has nothing to add'}       | ${{ ...STATUS, feed: { state: 'current', detail: '' } }}                          | ${0} | ${'feed      current\n'}
    ${'something is wrong all the same'}   | ${{ ...STATUS, ready: { ready: true, degraded: ['the store is away'] } }}         | ${0} | ${'but       the store is away\n'}
    ${'observing is the first thing said'} | ${{ ...STATUS, mode: 'observe' }}                                                 | ${0} | ${'OBSERVE MODE: every request is allowed and nothing is enforced (DHARMA_MODE=observe)\nserver'}
  `('$because', async ({ json, code, line }) => {
    const ran = await statusOf(json);
    expect(ran).toMatchObject({ code, stdout: expect.stringContaining(line) });
  });

  it('gives JSON to programs', async () => {
    const { stdout } = await statusOf({ ...STATUS, more: 'than we know' }, ['--format', 'json']);
    expect(JSON.parse(stdout)).toEqual(STATUS);
  });
});
