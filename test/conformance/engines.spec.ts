import { compile, decide, specify } from '#engine';
import type { AccessRequest, Outcome, World } from '#engine';
import { parseRequest } from '#policy';
import { loadReference } from '#reference';
import { workedExamples, worldOfExample } from './worked-examples.js';

const NOW = Date.parse('2026-12-24T12:00:00Z');

const voices: readonly (readonly [string, (world: World, request: AccessRequest) => Promise<Outcome>])[] = [
  ['specification', async (world, request) => specify(world, request)],
  ['fast', async (world, request) => decide(compile(world), request)],
  ['casbin', async (world, request) => (await loadReference(world)).decide(request)],
];

function requestOf(json: unknown): AccessRequest {
  const reading = parseRequest(json, { mode: 'offline', now: NOW });
  if (!('request' in reading)) throw new Error(JSON.stringify(reading.faults));
  return reading.request;
}

describe.each(voices)('%s', (_name, answer) => {
  it.each(workedExamples.map((example) => [example.id, example.because, example] as const))(
    '%s %s',
    async (_id, _because, example) => {
      const world = worldOfExample(example);
      expect(await answer(world, requestOf(example.request))).toMatchObject(example.expect);
      if (example.address !== undefined) {
        expect(await answer(world, requestOf({ ...example.request, target: example.address }))).toMatchObject(
          example.expect,
        );
      }
    },
  );
});
