/** Every token of the corpus is judged: those that count are believed as whom they name, all others for a reason not. */
import type { Identity, Judged } from '#identity';
import { callerNamed, identityOf, NOW, presented, reasons, shown } from '../../identity/identities.js';
import { NOW_SECONDS } from '../../identity/issuers.js';
import { type Attacker, startAttacker } from '../../support/attacker.js';
import { headersOf, type Sent } from './case.js';
import { ACCEPTED, REFUSED } from './corpus.js';
import { makeKeys, Mint } from './mint.js';
import { tokenWorld } from './world.js';

const keys = makeKeys();
let attacker: Attacker;
let identity: Identity;
let mint: Mint;

beforeAll(async () => {
  attacker = await startAttacker();
  identity = await identityOf(tokenWorld(keys));
  mint = new Mint(keys, NOW_SECONDS, attacker.url);
});

afterAll(async () => {
  identity.close();
  await attacker.stop();
});

function judge(sent: Sent): Judged | Promise<Judged> {
  return identity.judge(presented({ credentials: headersOf(sent) }), callerNamed(identity, 'edge'), NOW);
}

describe('a token counts', () => {
  it.each(ACCEPTED)('though $because', async ({ send, as, item }) => {
    const judged = await judge(send(mint));
    expect(shown(judged)).toEqual([as]);
    expect(judged).toMatchObject({ dropped: [], hasVerifiedCredential: true, hasFalseCredential: false });
    expect(judged.evidence[0]).toMatchObject({ role: 'access', ...item });
  });
});

describe('a token does not count', () => {
  it.each(REFUSED)('because $because', async ({ send, reason, isForOthers }) => {
    const sent = send(mint);
    const judged = await judge(sent);
    expect(judged).toMatchObject({ evidence: [], hasVerifiedCredential: false, hasFalseCredential: !isForOthers });
    expect(reasons(judged).join()).toContain(reason);
    expect(reasons(judged)).toHaveLength(reason === '' ? 0 : 1);
    // What was judged once is judged the same from memory.
    expect(await judge(sent)).toEqual(judged);
  });
});

it('is a corpus of more than thirty that count and more than two hundred that do not', () => {
  expect(ACCEPTED.length).toBeGreaterThanOrEqual(60);
  expect(REFUSED.length).toBeGreaterThanOrEqual(240);
  for (const cases of [ACCEPTED, REFUSED]) {
    expect(new Set(cases.map(({ because }) => because)).size).toBe(cases.length);
  }
});

it('differs from row to row: no two tokens that do not count are the same text', () => {
  const texts = REFUSED.map(({ send }) => JSON.stringify(headersOf(send(mint))));
  expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([]);
});

it('has made nobody fetch anything', () => {
  expect(attacker.connections).toBe(0);
});
