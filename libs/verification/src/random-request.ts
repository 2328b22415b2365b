import { OBLIGATION_KINDS } from '#engine';
import type { AccessRequest, Attributes, Target, World } from '#engine';
import { Chance } from './chance.js';
import { randomEvidence } from './random-evidence.js';
import { randomTarget } from './random-target.js';
import { randomScene, type Scene } from './scene.js';
import { type Vocabulary, vocabularyOf } from './vocabulary.js';

/** When most requests happen, so that equal seeds give equal requests on every day. */
const USUAL_TIME = Date.parse('2026-12-24T12:00:00Z');

/**
 * Requests about a world without end, biased so that the interesting paths of a decision happen: boundary endpoints with
 * accepted credentials and covering rules, constants that conditions compare with, instants around validity edges, and a
 * few hostile spellings. Equal worlds and seeds give equal requests.
 *
 * @param seed  any integer
 */
export function* requestsFor(world: World, seed: number): Generator<AccessRequest, never> {
  const chance = new Chance(seed);
  const vocabulary = vocabularyOf(world);
  for (;;) {
    const scene = randomScene(chance, vocabulary);
    yield scene === undefined ? aboutNothing(chance) : aboutScene(chance, scene);
  }
}

function aboutScene(chance: Chance, scene: Scene): AccessRequest {
  const { vocabulary } = scene;
  const time = randomTime(chance, vocabulary);
  const target = randomTarget(chance, scene);
  const preflight = preflightOf(chance, scene, target);
  const limit = chance.pick(vocabulary.stalenessLimits);
  return {
    target: preflight?.target ?? target,
    evidence: randomEvidence(chance, scene, time),
    headers: { ...headersOf(chance, scene), ...preflight?.headers },
    attributes: scene.invented('attributes', 10),
    claimed: scene.invented('claimed', 10),
    context: scene.invented('context', 10),
    time,
    askedFrom: chance.percent(94) ? '*' : (chance.pick(vocabulary.domainNames) ?? '*'),
    policyAgeSeconds: limit !== undefined && chance.percent(15) ? Math.max(0, limit + chance.below(3) - 1) : 0,
    ...(chance.percent(12) ? { carries: chance.some(OBLIGATION_KINDS, 50) } : {}),
    maxTtlSeconds: chance.percent(80) ? 30 : chance.oneOf(0, 1, 3600),
  };
}

function aboutNothing(chance: Chance): AccessRequest {
  const none: Attributes = Object.create(null);
  return {
    target: { kind: 'address', host: 'nowhere.example', method: 'GET', path: chance.oneOf('/', '/a', '/../a') },
    evidence: [],
    headers: {},
    attributes: none,
    claimed: none,
    context: none,
    time: USUAL_TIME,
    askedFrom: '*',
    policyAgeSeconds: 0,
    maxTtlSeconds: 30,
  };
}

/** Mostly the usual time; else at an edge of validity, or a moment before or after it. */
function randomTime(chance: Chance, { instants }: Vocabulary): number {
  const edge = chance.percent(30) ? chance.pick(instants) : undefined;
  if (edge !== undefined) return edge + chance.oneOf(-1_000, -1, 0, 1, 1_000, -20_500);
  return chance.percent(90) ? USUAL_TIME : USUAL_TIME + chance.below(7 * 24) * 3_600_000;
}

function headersOf(chance: Chance, scene: Scene): { readonly [name: string]: string } {
  const headers: { [name: string]: string } = Object.create(null);
  for (const [name, value] of Object.entries(scene.invented('request.headers', 10))) {
    if (typeof value === 'string') headers[name.toLowerCase()] = value;
  }
  if (chance.percent(5)) headers['accept-language'] = chance.oneOf('pt', 'en, pt;q=0.5');
  return headers;
}

/** The preflight a browser would send before this request, sometimes not quite one. */
function preflightOf(
  chance: Chance,
  { endpoint }: Scene,
  target: Target,
): Pick<AccessRequest, 'target' | 'headers'> | undefined {
  if ((target.kind !== 'address' && target.kind !== 'endpoint') || target.method === undefined) return undefined;
  if (!chance.percent(endpoint.preflight === 'allow' ? 25 : 2)) return undefined;
  const asked = chance.percent(95) ? target.method : chance.oneOf('G T', '', 'TRACE');
  const both = { origin: 'https://shop.example', 'access-control-request-method': asked };
  return { target: { ...target, method: 'OPTIONS' }, headers: chance.percent(90) ? both : { origin: both.origin } };
}
