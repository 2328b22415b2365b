import type { AccessRequest, World } from '#engine';
import { format, loadBundle, type PolicyDocument } from '#policy';
import { stringify } from 'yaml';
import { agree, hear } from './agreement.js';
import { fewestItems, smallestJson } from './reduce.js';
import type { Answerer, Voice } from './voices.js';

export interface Suspect {
  readonly documents: readonly PolicyDocument[];
  readonly request: AccessRequest;
}

export interface Shrunk extends Suspect {
  readonly world: World;
  /** The documents as canonical YAML, loadable as they are. */
  readonly yaml: string;
}

/** Whether the fault that is being hunted shows for this world and request. */
export type Shows = (world: World, request: AccessRequest) => Promise<boolean>;

/** Candidates tried at most; a large set comes out larger rather than late. */
const MAXIMUM_CANDIDATES = 20_000;

/** Two of the voices differ. */
export function differenceOf(voices: readonly Voice[]): Shows {
  return async (world, request) => {
    const answerers = new Map<Voice['name'], Answerer>();
    for (const voice of voices) answerers.set(voice.name, await voice.prepare(world));
    return !agree(await hear(answerers, request));
  };
}

/**
 * Takes away documents, rules, members and evidence for as long as the fault still shows and the set still loads without
 * an error, until nothing more can go.
 *
 * @returns undefined when the fault does not show in the first place
 */
export async function shrink(suspect: Suspect, shows: Shows): Promise<Shrunk | undefined> {
  let candidates = 0;
  const holds = async (documents: readonly PolicyDocument[], request: AccessRequest): Promise<boolean> => {
    candidates += 1;
    if (candidates > MAXIMUM_CANDIDATES) return false;
    const world = worldOf(documents);
    return world !== null && shows(world, request);
  };
  let { documents, request } = suspect;
  if (!(await holds(documents, request))) return undefined;
  for (;;) {
    const before = sizeOf(documents, request);
    documents = await fewestItems(documents, (fewer) => holds(fewer, request));
    request = await smallestRequest(request, (smaller) => holds(documents, smaller));
    for (let index = 0; index < documents.length; index += 1) {
      const smaller = await smallestSpec(documents[index]!, (candidate) =>
        holds(documents.with(index, candidate), request),
      );
      documents = documents.with(index, smaller);
    }
    if (candidates > MAXIMUM_CANDIDATES || sizeOf(documents, request) === before) break;
  }
  return { documents, request, world: worldOf(documents)!, yaml: yamlOf(documents) };
}

function worldOf(documents: readonly PolicyDocument[]): World | null {
  return loadBundle(documents.map((document, index) => ({ file: `${index}.json`, text: JSON.stringify(document) })))
    .world;
}

/** Descriptions and labels go; names stay, because others refer to them. */
async function smallestSpec(
  document: PolicyDocument,
  holds: (candidate: PolicyDocument) => Promise<boolean>,
): Promise<PolicyDocument> {
  const { description: _, labels: __, ...metadata } = document.metadata;
  const bare = { ...document, metadata } as PolicyDocument;
  const start = (await holds(bare)) ? bare : document;
  const spec = await smallestJson(start.spec, (candidate) => holds({ ...start, spec: candidate } as PolicyDocument));
  return { ...start, spec } as PolicyDocument;
}

/** Takes evidence, claims and other members away from a request for as long as the fault still shows. */
export async function smallestRequest(
  request: AccessRequest,
  holds: (candidate: AccessRequest) => Promise<boolean>,
): Promise<AccessRequest> {
  let smaller: AccessRequest = request;
  const attempt = async (change: Partial<AccessRequest>): Promise<void> => {
    const candidate = { ...smaller, ...change };
    if (await holds(candidate)) smaller = candidate;
  };
  if (smaller.carries !== undefined) await attempt({ carries: undefined });
  if (smaller.askedFrom !== '*') await attempt({ askedFrom: '*' });
  if (smaller.policyAgeSeconds !== 0) await attempt({ policyAgeSeconds: 0 });
  for (const member of ['headers', 'attributes', 'claimed', 'context'] as const) {
    const map = await smallestJson(smaller[member], (candidate) => holds({ ...smaller, [member]: candidate }));
    smaller = { ...smaller, [member]: map };
  }
  smaller = {
    ...smaller,
    evidence: await fewestItems(smaller.evidence, (evidence) => holds({ ...smaller, evidence })),
  };
  for (let index = 0; index < smaller.evidence.length; index += 1) {
    for (const member of ['claims', 'attributes', 'scopes', 'groups'] as const) {
      const item = smaller.evidence[index]!;
      const changed = (candidate: unknown): AccessRequest => ({
        ...smaller,
        evidence: smaller.evidence.with(index, { ...item, [member]: candidate }),
      });
      smaller = changed(await smallestJson<unknown>(item[member], (candidate) => holds(changed(candidate))));
    }
    const { expiresAt, ...forever } = smaller.evidence[index]!;
    if (expiresAt !== undefined) await attempt({ evidence: smaller.evidence.with(index, forever) });
  }
  return smaller;
}

function sizeOf(documents: readonly PolicyDocument[], request: AccessRequest): number {
  return JSON.stringify([documents, request]).length;
}

function yamlOf(documents: readonly PolicyDocument[]): string {
  const text = documents.map((document) => stringify(document)).join('---\n');
  const formatted = format({ file: 'shrunk.yaml', text });
  return 'text' in formatted ? formatted.text : text;
}
