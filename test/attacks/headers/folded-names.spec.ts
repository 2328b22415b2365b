/**
 * Names of headers that programs behind a gateway fold into one: over case, `_`, `.` and `-`. An alias of a header in
 * which someone is identified, or which the convention itself uses, is refused, also where nobody would have read it.
 */
import { jest } from '@jest/globals';
import { corpus } from '../corpus.js';
import { type Spoof, type SpoofedServer, startSpoofedServer } from './spoofing.js';

jest.setTimeout(120_000);

const ALIASES = corpus<Spoof>('headers/folded-names.json');

let server: SpoofedServer;

beforeAll(async () => {
  server = await startSpoofedServer();
});

afterAll(() => server.stop());

it.each(ALIASES.map((spoof) => [spoof.over, spoof.ask, spoof.because, spoof] as const))(
  '%s about %s: %s',
  async (over, _ask, _because, spoof) => {
    expect(await server.ask(spoof)).toBe(spoof.expect);
    const plain = { because: '', over, expect: 'allowed' } as const;
    expect(await server.ask({ ...plain, ask: 'public' })).toBe('allowed');
    expect(await server.ask({ ...plain, ask: 'office' })).toBe('denied');
  },
);
