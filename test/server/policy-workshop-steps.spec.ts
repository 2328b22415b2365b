/** Steps that follow each other faster than they are checked, by a thread that says what a test wants. */
import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { compile, imageOf } from '#engine';
import { identitySettings } from '#identity';
import { loadBundle } from '#policy';
import { packed } from '../../apps/server/src/policy/packed-image.js';
import { startWorkshop, stopWorkshops } from '../support/policy-workshop.js';

const text = 'apiVersion: dharma/v1\nkind: Domain\nmetadata: { name: acme }\nspec: {}\n';
const { documents, world } = loadBundle([{ file: 'acme.yaml', text }]);
const identity = identitySettings(documents.map(({ document }) => document));

const provenance = { author: 'ann', source: 'shop', because: 'a test' };

function revision(number: number) {
  return { epoch: 1, number, contentHash: `${number}`.repeat(64).slice(0, 64), publishedAt: 0, provenance, base: null };
}

interface Asked {
  readonly ticket: number;
  readonly source: { readonly revision: { readonly number: number } };
  readonly revision: { readonly number: number };
}

/** @param check  what checking a revision ends with; its snapshot may be one that the thread compiled, or a step's */
function threadThat(check: (number: number, isCompiled: boolean) => object): () => Worker {
  const known = new Map<number, { readonly number: number; readonly isCompiled: boolean }>();
  const answer = (name: string, argument: unknown): unknown => {
    switch (name) {
      case 'prepare': {
        const { ticket, source } = argument as Asked;
        known.set(ticket, { number: source.revision.number, isCompiled: true });
        const image = packed(imageOf(compile(world!)));
        return { kind: 'ready', mark: source.revision, identity, image, diskFaults: [] };
      }
      case 'step': {
        const asked = argument as Asked;
        known.set(asked.ticket, { number: asked.revision.number, isCompiled: false });
        return { kind: 'step', step: { assignments: [], entities: [], rules: { gone: [], put: [] } }, identity };
      }
      case 'check': {
        const { number, isCompiled } = known.get(argument as number)!;
        return check(number, isCompiled);
      }
      case 'test':
        return [];
      default:
        return undefined;
    }
  };
  return () => {
    const thread = Object.assign(new EventEmitter(), {
      postMessage: ({ call, name, argument }: { call: number; name: string; argument: unknown }) => {
        const value = answer(name, argument);
        setImmediate(() => thread.emit('message', { reply: call, value }));
      },
      terminate: () => Promise.resolve(0),
    });
    return thread as unknown as Worker;
  };
}

const AGREEMENT = { kind: 'agreement', requests: 1 };
const DIFFERENCE = { kind: 'difference', request: {}, statements: [] };
const INTERRUPTED = { kind: 'interrupted' };

afterEach(stopWorkshops);

it('puts back the last revision that was checked, when two steps were not', async () => {
  const startThread = threadThat((number) => (number === 7 ? AGREEMENT : number === 8 ? INTERRUPTED : DIFFERENCE));
  const started = startWorkshop({ startThread, databaseUrl: 'none' });
  await started.workshop.putInForce({ kind: 'revision', revision: revision(7) });
  await started.said('policy-verified');
  await started.workshop.putInForce({ kind: 'revision', revision: revision(8) });
  await started.workshop.putInForce({ kind: 'revision', revision: revision(9) });
  expect(await started.said('policy-difference')).toMatchObject({ revision: 9, rolledBack: true });
  expect(started.live.inForce?.revision).toBe(7);
});
