import { readFileSync } from 'node:fs';
import { loadBundle, parseRequest } from '#policy';

const FOLDER = new URL('../vectors/worked-examples/', import.meta.url);
const world = readFileSync(new URL('world.yaml', FOLDER), 'utf8');
const cases = JSON.parse(readFileSync(new URL('cases.json', FOLDER), 'utf8')) as readonly {
  readonly id: string;
  readonly request: unknown;
}[];

describe('the worked examples', () => {
  const bundle = loadBundle([{ file: 'world.yaml', text: world }]);

  it('load without faults', () => {
    expect(bundle.faults).toEqual([]);
    expect([...bundle.world!.domains.keys()]).toContain('acme.booking.flights');
    expect(bundle.world!.services.size).toBe(12);
  });

  it('say where a rule is written', () => {
    const at = bundle.whereIs('rule', 'payments-base/p3')!;
    expect(world.split('\n')[at.line - 1]!.slice(at.column - 1)).toMatch(/^\{ id: p3,/);
  });

  it.each(cases.map((example) => [example.id, example.request] as const))('%s is a request', (_, request) => {
    expect(parseRequest(request, { mode: 'offline', now: 0 })).not.toHaveProperty('faults');
  });
});
