import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compile, decide, type AccessRequest, type World } from '#engine';
import { loadBundle, parseRequest } from '#policy';
import { requestsFor } from './random-request.js';
import { requestDocument } from '#policy';

const root = join(import.meta.dirname, '../../..');
const worlds = [
  'test/vectors/worked-examples',
  'policies/examples/travel',
  'policies/examples/healthcare',
  'policies/examples/retail',
].filter((folder) => existsSync(join(root, folder)));

describe('random requests', () => {
  it('are the same for the same seed and others for another', () => {
    const world = worldOf('test/vectors/worked-examples');
    expect(take(200, world, 7)).toEqual(take(200, world, 7));
    expect(take(200, world, 7)).not.toEqual(take(200, world, 8));
  });

  it('can be had about an empty world', () => {
    const world = loadBundle([]).world!;
    expect(take(3, world, 1).map(({ target }) => target.kind)).toEqual(['address', 'address', 'address']);
  });

  it.each(worlds)('reach every kind of answer that %s can give, the slow path in one of ten', (folder) => {
    const world = worldOf(folder);
    const snapshot = compile(world);
    const reasons = take(3000, world, 1).map((request) => decide(snapshot, request).reason);
    const slow = reasons.filter((reason) => reason === 'ALLOW_SLOW').length;
    expect(slow).toBeGreaterThanOrEqual(300);
    for (const reason of [
      'ALLOW_FAST',
      'NO_ALLOW_RULE',
      'NOT_VISIBLE',
      'UNKNOWN_ENDPOINT',
      'INVALID_REQUEST',
      'AMBIGUOUS_CALLER',
    ]) {
      expect(reasons).toContain(reason);
    }
  });

  it('can be written as JSON and read again', () => {
    for (const request of take(500, worldOf('test/vectors/worked-examples'), 3)) {
      const reading = parseRequest(requestDocument(request).request, { mode: 'offline', now: 0 });
      const { askedFrom: _, policyAgeSeconds: __, carries: ___, maxTtlSeconds: ____, ...said } = request;
      expect('request' in reading ? reading.request : reading.faults).toMatchObject(JSON.parse(JSON.stringify(said)));
    }
  });
});

function take(count: number, world: World, seed: number): readonly AccessRequest[] {
  const requests = requestsFor(world, seed);
  return Array.from({ length: count }, () => requests.next().value);
}

function worldOf(folder: string): World {
  const files = readdirSync(join(root, folder)).filter((file) => file.endsWith('.yaml'));
  const { world, faults } = loadBundle(
    files.map((file) => ({ file, text: readFileSync(join(root, folder, file), 'utf8') })),
  );
  expect(faults).toEqual([]);
  return world!;
}
