import {
  AUDITOR_KEY,
  type CheckListeners,
  CLIENT_KEY,
  EDGE_KEY,
  KEYED_SHOP,
  startCheckListeners,
} from '../protocols/check-listeners.js';
import { dharma, folderWith } from './program.js';

const OFFICE = ['--host', 'shop.example', '--path', '/admin'];
const REQUEST = {
  target: { host: 'shop.example', method: 'GET', path: '/admin' },
  credentials: { 'x-api-key': CLIENT_KEY },
};

let server: CheckListeners;
let cwd: string;
beforeAll(async () => {
  server = await startCheckListeners(KEYED_SHOP);
  cwd = folderWith({
    'shop.yaml': KEYED_SHOP,
    'edge.key': EDGE_KEY,
    'auditor.key': AUDITOR_KEY,
    'wrong.key': 'auditor-1.guess',
    'partner.json': JSON.stringify(REQUEST),
  });
});
afterAll(() => server.stop());

const explained = (...argv: readonly string[]) => {
  const url = `http://${server.http.host}:${server.http.port}`;
  return dharma(['explain', '--server', url, ...argv], { cwd });
};

describe('dharma explain and a check listener', () => {
  it('say what the folder says', async () => {
    const { code, stdout, stderr } = await explained('--key-file', 'auditor.key', ...OFFICE);
    const offline = await dharma(['explain', '--policies', 'shop.yaml', ...OFFICE], { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: offline.stdout.replaceAll(/ {2}shop\.yaml:\d+:\d+/g, '') });
    expect(stderr).toMatch(/answers by revision 1, confirmed \d+ s ago, as decision decision-\d+\n$/);
  });

  it("explain what a client's own credential leads to", async () => {
    const { code, stdout } = await explained('--key-file', 'auditor.key', 'partner.json');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^ALLOW ALLOW_SLOW, by office\/partners /),
    });
  });

  it.each`
    because                                     | argv                           | message
    ${'nobody says who asks'}                   | ${[]}                          | ${'only known enforcement points may ask'}
    ${'the key is wrong'}                       | ${['--key-file', 'wrong.key']} | ${'(what was sent is from `wrong.key`)'}
    ${'the caller may decide, and not explain'} | ${['--key-file', 'edge.key']}  | ${'may not ask for one'}
  `('refuse when $because', async ({ argv, message }) => {
    const ran = await explained(...argv, ...OFFICE);
    expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(message) });
  });
});
