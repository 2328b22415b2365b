/** The worked examples over the network: the same verdict through every door of a running server. */
import { jest } from '@jest/globals';
import { changedDocuments, workedExamples, type WorkedExample } from '../conformance/worked-examples.js';
import { openDoors, structOf, type Doors, type RequestJson } from '../support/doors.js';
import { keyOf, withEnforcementPoints } from '../support/enforcement-points.js';
import { putInForce, startTestServer, type TestServer } from '../support/server.js';

/** A server starts within it on a busy machine. */
jest.setTimeout(120_000);

/** When all of them happen: callers cannot say a time over the network, so it is the server's. */
const NOW = Date.parse('2026-12-24T12:00:00Z');

interface Item {
  readonly role: 'trust' | 'access';
  readonly mechanism: string;
  readonly subject: string;
  readonly verified?: false;
}

let server: TestServer;
let doors: Doors;
let inForce = documentsOf(workedExamples[0]!);

beforeAll(async () => {
  // Whether the engines agree about these worlds is not asked here.
  server = await startTestServer(inForce, { 'check-milliseconds': '10' }, () => NOW);
  doors = openDoors(server.addresses);
});

afterAll(async () => {
  doors.close();
  await server.stop();
  expect(server.complaints).toEqual([]);
});

it('all of them happen at one time, which is the server’s', () => {
  expect(workedExamples).toHaveLength(90);
  expect(new Set(workedExamples.map(({ request }) => request['time']))).toEqual(new Set(['2026-12-24T12:00:00Z']));
});

// Those about the unchanged world first: then most of the others change it once.
const ordered = workedExamples.toSorted((left, right) => Number('change' in left) - Number('change' in right));

it.each(ordered.map((example) => [example.id, example.because, example] as const))(
  '%s %s',
  async (_id, _because, example) => {
    await inForceFor(example);
    const { request, key } = asked(example);
    for (const target of [example.request.target, example.address!]) {
      expect(await doors.decide({ ...request, target }, key)).toMatchObject(example.expect);
      expect(await doors.grpcDecide({ ...request, target }, key)).toMatchObject(example.expect);
    }
    const { decision, decisionId } = await doors.check(attributesOf(example), key);
    expect(decision).toBe(example.expect['decision']);
    const { meeting: _meeting, crossed: _crossed, ...logged } = example.expect;
    const record = server.events.findLast((event) => event.kind === 'decision' && event.decisionId === decisionId);
    expect(record).toMatchObject(logged);
  },
);

async function inForceFor(example: WorkedExample): Promise<void> {
  const documents = documentsOf(example);
  if (documents === inForce) return;
  await putInForce(server, documents);
  inForce = documents;
}

function documentsOf({ change }: WorkedExample): string {
  return withEnforcementPoints(changedDocuments(change))
    .map((document) => JSON.stringify(document))
    .join('\n---\n');
}

/** Without what only the server may say: what is unverified is said by someone who may not assert it. */
function asked(example: WorkedExample): { readonly request: RequestJson; readonly key: string } {
  const { time: _time, evidence, ...request } = example.request;
  const items = (evidence ?? []) as readonly Item[];
  const isUnverified = items.some(({ verified }) => verified === false);
  return {
    request: { ...request, evidence: items.map(({ verified: _verified, ...item }) => item) },
    key: keyOf(isUnverified ? 'blind' : 'edge', 'acme'),
  };
}

/**
 * The example as Envoy asks it: the certificate of the caller as the connection shows it, everything else as the
 * gateway's filters assert it.
 */
function attributesOf(example: WorkedExample): object {
  const { request } = asked(example);
  const items = request.evidence as readonly Item[];
  const certificate = items.find(({ role }) => role === 'trust');
  const asserted = items.filter((item) => item !== certificate);
  return {
    request: { http: { ...example.address, headers: request.headers ?? {} } },
    contextExtensions: request.attributes ?? {},
    ...(certificate && { source: { principal: certificate.subject } }),
    ...(asserted.length > 0 && {
      metadataContext: { filterMetadata: { dharma: structOf({ evidence: asserted }) } },
    }),
  };
}
