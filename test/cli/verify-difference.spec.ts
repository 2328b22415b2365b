import { specify, type Outcome } from '#engine';
import { loadBundle } from '#policy';
import { requestsFor, SPECIFICATION, verify, type Voice } from '#verification';
import type { ValidBundle } from '../../apps/cli/src/policies.js';
import { differenceText } from '../../apps/cli/src/verify-difference.js';
import { SHOP } from './program.js';

const UNRELATED = `---
apiVersion: dharma/v1
kind: Domain
metadata: { name: unrelated }
spec: {}
`;
const bundle = loadBundle([{ file: 'shop.yaml', text: SHOP + UNRELATED }]) as ValidBundle;

/** A fast engine with one planted fault. */
function faulty(fault: (outcome: Outcome) => Outcome): Voice {
  return { name: 'fast', prepare: (world) => (request) => fault(specify(world, request)) };
}

async function shown(voices: readonly Voice[], format: 'text' | 'json'): Promise<string> {
  const found = await verify({
    world: bundle.world,
    requests: first(2000),
    voices: voices.map((voice) => ({ voice, share: 1 })),
  });
  if (found.kind !== 'difference') throw new Error('the planted fault was not found');
  return differenceText(bundle, found, voices, `seed 1, request ${found.index + 1}`, format);
}

function* first(count: number) {
  const requests = requestsFor(bundle.world, 1);
  for (let index = 0; index < count; index += 1) yield requests.next().value;
}

describe('a difference between engines', () => {
  it('is shown with both answers, the request, and only the policies it takes', async () => {
    const keepsLonger = faulty((outcome) =>
      outcome.reason === 'ALLOW_SLOW' ? { ...outcome, ttlSeconds: 31 } : outcome,
    );
    const text = await shown([SPECIFICATION, keepsLonger], 'text');
    expect(text).toMatch(
      /^the engines differ \(seed 1, request \d+\)\n\nspecification  \{"decision":"allow".*\nfast           \{.*"ttlSeconds":31/,
    );
    expect(text).toMatch(/\nrequest\n\{"target":/);
    const yaml = text.slice(text.indexOf('policies\n') + 'policies\n'.length);
    expect(yaml).toContain('kind: Policy');
    expect(yaml).not.toContain('unrelated');
    expect(loadBundle([{ file: 'shrunk.yaml', text: yaml }]).faults).toEqual([]);
  });

  it('says so when it takes no policies at all, and in JSON', async () => {
    const confused = faulty((outcome) =>
      outcome.reason === 'INVALID_REQUEST' ? { ...outcome, reason: 'UNKNOWN_ENDPOINT' } : outcome,
    );
    expect(await shown([SPECIFICATION, confused], 'text')).toContain('policies: none are needed to show it');
    expect(JSON.parse(await shown([SPECIFICATION, confused], 'json'))).toMatchObject({
      agreed: false,
      answers: { specification: { reason: 'INVALID_REQUEST' }, fast: { reason: 'UNKNOWN_ENDPOINT' } },
    });
  });

  it('says so when it does not come back', async () => {
    let times = 0;
    const moody: Voice = {
      name: 'fast',
      prepare: (world) => (request) => ({
        ...specify(world, request),
        ttlSeconds: times++ === 0 ? 99 : specify(world, request).ttlSeconds,
      }),
    };
    expect(await shown([SPECIFICATION, moody], 'text')).toContain('an engine is not deterministic');
  });
});
