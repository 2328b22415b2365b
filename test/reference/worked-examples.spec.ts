import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { World } from '#engine';
import { loadBundle, parseRequest } from '#policy';
import { loadReference } from '#reference';

const VECTORS = new URL('../vectors/worked-examples/', import.meta.url);

interface Document {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  spec: { [member: string]: unknown };
}

interface Change {
  readonly remove?: readonly string[];
  readonly add?: readonly Document[];
  readonly set?: { readonly [domain: string]: { readonly [member: string]: unknown } };
  readonly identities?: { readonly [service: string]: unknown };
}

interface Case {
  readonly id: string;
  readonly because: string;
  readonly request: { readonly target: object; readonly time: string };
  readonly address: object;
  readonly expect: { readonly [member: string]: unknown };
  readonly change?: Change;
}

const cases: readonly Case[] = JSON.parse(readFileSync(new URL('cases.json', VECTORS), 'utf8'));
const yaml = readFileSync(new URL('world.yaml', VECTORS), 'utf8');

function documents(): readonly Document[] {
  return parseAllDocuments(yaml).map((document) => document.toJS());
}

/** The world of the examples with the change of one case. */
function worldWith({ remove = [], add = [], set = {}, identities = {} }: Change): World {
  const changed = documents().flatMap((document) => {
    const { kind, metadata, spec } = document;
    if (kind === 'Domain') Object.assign(spec, set[metadata.name]);
    if (kind === 'Service' && metadata.name in identities) spec['identities'] = identities[metadata.name];
    if (kind !== 'Policy') return [document];
    const rules = (spec['rules'] as { id: string }[]).filter(({ id }) => !remove.includes(`${metadata.name}/${id}`));
    return rules.length === 0 ? [] : [{ ...document, spec: { ...spec, rules } }];
  });
  const text = [...changed, ...add].map((document) => JSON.stringify(document)).join('\n---\n');
  const bundle = loadBundle([{ file: 'world.yaml', text }]);
  expect(bundle.faults).toEqual([]);
  return bundle.world!;
}

async function answer({ request, change = {} }: Case, target: object): Promise<object> {
  const reading = parseRequest({ ...request, target }, { mode: 'offline', now: 0 });
  if (!('request' in reading)) throw new Error(JSON.stringify(reading));
  return (await loadReference(worldWith(change))).decide(reading.request);
}

describe('worked examples', () => {
  it('are ninety', () => {
    expect(cases).toHaveLength(90);
  });

  it.each(cases.map((each) => [each.id, each.because, each] as const))('%s by name: %s', async (_, __, each) => {
    expect(await answer(each, each.request.target)).toMatchObject(each.expect);
  });

  it.each(cases.map((each) => [each.id, each.because, each] as const))('%s by address: %s', async (_, __, each) => {
    expect(await answer(each, each.address)).toMatchObject(each.expect);
  });
});
