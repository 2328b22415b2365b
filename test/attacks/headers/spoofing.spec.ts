/**
 * Headers that say who someone is, over every convention: only the genuine proof is believed, and from those alone who
 * may report it; nothing that an attacker names is fetched.
 */
import { jest } from '@jest/globals';
import { corpus } from '../corpus.js';
import { type Spoof, type SpoofedServer, startSpoofedServer } from './spoofing.js';

jest.setTimeout(120_000);

const SPOOFS = corpus<Spoof>('headers/spoofing.json');

let server: SpoofedServer;

beforeAll(async () => {
  server = await startSpoofedServer();
});

afterAll(() => server.stop());

it('are as many as were promised, no two alike', () => {
  expect(SPOOFS.length).toBeGreaterThanOrEqual(60);
  const texts = SPOOFS.map(({ because: _because, ...spoof }) => JSON.stringify(spoof));
  expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([]);
});

it.each(SPOOFS.map((spoof) => [spoof.over, spoof.ask, spoof.because, spoof] as const))(
  '%s about %s: %s',
  async (over, _ask, _because, spoof) => {
    const seen = await server.ask(spoof);
    expect(seen).toBe(spoof.expect === 'forbidden' ? 'refused' : spoof.expect);
    // Whatever was said before, the next one is judged as if nothing had been.
    const plain = { because: '', over, expect: 'allowed' } as const;
    expect(await server.ask({ ...plain, ask: 'public' })).toBe('allowed');
    expect(await server.ask({ ...plain, ask: 'office' })).toBe('denied');
  },
);

describe('after all of this', () => {
  it('it is the same process, which has had no trouble', () => {
    expect([server.program.process.exitCode, server.program.process.signalCode]).toEqual([null, null]);
    expect(server.program.output.error).toBe('');
  });

  it('nobody has fetched what attackers named, though it could be counted', async () => {
    expect(server.fetches()).toBe(0);
    await server.connect();
    expect(server.fetches()).toBe(1);
  });
});
