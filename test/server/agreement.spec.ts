/** Random requests about random worlds: a running server says over REST and gRPC what `dharma decide` says offline. */
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { specify, type AccessRequest } from '#engine';
import type { DecisionAnswer } from '#policy';
import { requestDocument } from '#verification';
import { dharma, folderWith } from '../cli/program.js';
import { situations, type Generated } from '../properties/worlds.js';
import { openDoors, saidInJson, type Doors, type RequestJson, type Said } from '../support/doors.js';
import { keyOf, withEnforcementPoints } from '../support/enforcement-points.js';
import { putInForce, startTestServer, type TestServer } from '../support/server.js';
import { SHOP } from '../support/shop.js';

/** Worlds are drawn and a server starts within it on a busy machine. */
jest.setTimeout(120_000);

const WORLDS = process.env['DHARMA_LONG'] === '1' ? 250 : 25;
/** As many as one batch may hold. */
const REQUESTS = 100;

/** Each is given at least once. */
const REASONS =
  'ALLOW_FAST ALLOW_SLOW ALLOW_EGRESS DENY_RULE NO_ALLOW_RULE ACCESS_EVIDENCE_MISSING NOT_VISIBLE UNKNOWN_ENDPOINT INVALID_REQUEST AMBIGUOUS_CALLER EGRESS_CLOSED TARGET_DOMAIN_SUSPENDED CALLER_SUSPENDED'.split(
    ' ',
  );

/** One request as it is asked offline and over the network. */
interface Asked {
  readonly offline: object;
  readonly network: RequestJson;
  /** Of the enforcement point that asks; it may ask this. */
  readonly key: string;
}

let now = Date.now();
let server: TestServer;
let doors: Doors;
const heard = { requests: 0, unverified: 0, reasons: new Set<string>() };

beforeAll(async () => {
  // Whether the engines agree about these worlds is not asked here.
  server = await startTestServer(SHOP, { 'check-milliseconds': '10' }, () => now);
  doors = openDoors(server.addresses);
});

afterAll(async () => {
  doors.close();
  await server.stop();
  expect(server.complaints).toEqual([]);
});

const sample = fc.sample(situations(REQUESTS), { numRuns: WORLDS, seed: 20_261_224 });

it.each(sample.map((situation, index) => [index, situation] as const))(
  'world %i',
  async (index, { generated, requests }) => {
    const documents = withEnforcementPoints(generated.documents)
      .map((document) => JSON.stringify(document))
      .join('\n---\n');
    // A batch is answered at one time.
    now = requests[0]!.time;
    const cases = requests.map((request) => askedOf(generated, { ...request, time: now }));
    const [answers] = await Promise.all([saidOffline(documents, cases), putInForce(server, documents)]);
    for (const key of new Set(cases.map((asked) => asked.key))) {
      const said = answers.filter((_, at) => cases[at]!.key === key);
      const asked = cases.flatMap((one) => (one.key === key ? [one.network] : []));
      expect(await doors.decideBatch(asked, key)).toEqual(said);
      const byGrpc = index % 5 === 0 ? doors.grpcDecideStream : doors.grpcDecideMany;
      expect(await byGrpc(asked, key)).toEqual(said.map(asAMessageSays));
      note(said, key);
    }
  },
);

it('nothing was left out, and answers of every kind were among them', () => {
  expect(heard.requests).toBe(WORLDS * REQUESTS);
  expect(heard.unverified).toBeGreaterThan(100);
  expect([...heard.reasons]).toEqual(expect.arrayContaining(REASONS));
});

function note(said: readonly Said[], key: string): void {
  heard.requests += said.length;
  if (key.startsWith('blind')) heard.unverified += said.length;
  for (const { reason } of said) heard.reasons.add(reason);
}

/**
 * Over the network nobody says what is verified: it is what an enforcement point asserts that may assert it. So where
 * one item is not, someone asks who may assert nothing.
 */
function askedOf(generated: Generated, request: AccessRequest): Asked {
  const isBelieved = request.evidence.every(({ verified }) => verified);
  const evidence = request.evidence.map((item) => ({ ...item, verified: isBelieved }));
  // Offline nobody in particular asks, at the usual circumstances.
  const { carries: _carries, ...usual } = {
    ...request,
    evidence,
    askedFrom: '*',
    policyAgeSeconds: 0,
    maxTtlSeconds: 30,
  };
  const offline = requestDocument(usual).request;
  const { time: _time, ...network } = offline;
  const items = (offline['evidence'] ?? []) as readonly { readonly verified?: boolean }[];
  return {
    offline,
    network: {
      ...(network as unknown as RequestJson),
      evidence: items.map(({ verified: _verified, ...item }) => item),
    },
    key: keyOf(isBelieved ? 'edge' : 'blind', entitledTop(generated, usual)),
  };
}

/** A top-level domain whose enforcement points may ask this: one that holds the target, any where none does. */
function entitledTop({ world, domains }: Generated, request: AccessRequest): string {
  const { endpoint } = specify(world, request);
  const placements = [...world.services.values()]
    .flatMap(({ endpoints }) => endpoints)
    .find(({ id }) => id === endpoint)?.placements;
  return (placements?.[0] ?? domains[0]!).split('.')[0]!;
}

async function saidOffline(documents: string, cases: readonly Asked[]): Promise<readonly Said[]> {
  const folder = folderWith({ 'world.yaml': documents });
  const lines = cases.map(({ offline }) => `${JSON.stringify(offline)}\n`);
  const { code, stdout, stderr } = await dharma(['decide', '--policies', folder], { stdin: lines.join('') });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => saidInJson(JSON.parse(line) as DecisionAnswer));
}

/** A message cannot tell an empty list from none. */
function asAMessageSays(said: Said): Said {
  return said.accepts?.length === 0 ? { ...said, accepts: undefined } : said;
}
