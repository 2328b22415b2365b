/**
 * A real Envoy with exported RBAC in front of nothing at all. For each world it runs both exports: what is let through
 * where the undecided is refused Dharma allows, what is refused where it passes Dharma denies. Where both agree the
 * export decides alone, and there must be no difference.
 */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { Agent, request as requestOver } from 'node:https';
import { type AccessRequest, canonicalPath, compile, decide, type Evidence, type Target, type World } from '#engine';
import { ENVOY_RUNTIME, meshExport } from '#mesh-export';
import { loadBundle, readFolder } from '#policy';
import { requestsFor } from '#verification';
import { NOW, worlds } from '../properties/worlds.js';
import { type Authority, createAuthority, hasOpenssl, pemOf } from '../support/certificates.js';
import { type Envoy, startEnvoy } from '../support/envoy-listeners.js';

const RANDOM_WORLDS = 6;
const REQUESTS_A_WORLD = 250;
/** Every combination is asked, in the world that is made of addresses. */
const HOSTS = [
  'api.acme.example',
  'API.acme.example.:443',
  'x.files.acme.example',
  'one.files.acme.example',
  'x.y.files.acme.example',
  'x.deep.files.acme.example',
  'deep.files.acme.example',
  'claimed.files.acme.example',
  'stock.acme.example',
  'files.acme.example',
];
const PATHS = [
  '/items',
  '/items/',
  '/items/7',
  '/items/special',
  '/items/%73pecial',
  '/items/7/8',
  '/items/%C3%A9',
  '/items/%c3%a9',
  '/items/%C3',
  '/items/..',
  '/items/a;b',
  '/items//7',
  '/items/a%2Fb',
  '/items/7?q=%zz',
  '/items/7?q=%C3%A9;/../',
  '/about',
  '/about/',
  '/pub',
  '/pub/x',
  '/pub/x/y',
  '/a.b-c/%20/~x',
  '/preflighted',
  '/one',
  '/',
  '/internal/x',
];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'OPTIONS'];
const AT_ONCE = 8;

interface Subjected {
  readonly name: string;
  readonly world: World;
  /** By mechanism. */
  readonly trustDomains: ReadonlyMap<string, string>;
}

/** Who calls: nobody that is known, or one with a certificate. */
interface Peer {
  readonly subject: string | undefined;
  /** Keeps its connections, for a handshake takes longer than an answer. */
  readonly agent: Agent;
}

(hasOpenssl ? describe : describe.skip)('behind Envoy with exported RBAC', () => {
  let authority: Authority;
  let envoy: Envoy;
  let subjected: readonly Subjected[];
  const peers = new Map<string | undefined, Peer>();

  beforeAll(async () => {
    authority = createAuthority('mesh');
    subjected = [
      await fromFolder('travel', '../../policies/examples/travel'),
      await fromFolder('addresses', '../mesh-export/worlds/addresses'),
      ...fc.sample(worlds, { seed: 11, numRuns: RANDOM_WORLDS }).map(({ world }, index) => ({
        name: `random world ${index + 1}`,
        world,
        trustDomains: spiffeMechanisms(world, 'x.example'),
      })),
    ];
    const ca = readFileSync(authority.cert);
    for (const subject of [undefined, ...subjected.flatMap(({ world }) => subjectsIn(world))]) {
      if (peers.has(subject)) continue;
      const own = subject === undefined ? {} : pemOf(authority.issue('workload', { uri: subject }));
      peers.set(subject, {
        subject,
        agent: new Agent({ keepAlive: true, maxSockets: 2, servername: 'localhost', ca, ...own }),
      });
    }
    const server = authority.issue('envoy');
    envoy = await startEnvoy(
      subjected.flatMap(({ world, trustDomains }) =>
        (['refuse', 'pass'] as const).map((undecided) => ({
          filter: meshExport(world, trustDomains, {
            target: 'envoy-rbac',
            undecided,
            now: NOW,
            podLabel: 'app',
            port: 80,
          }).resources[0]!,
          certificate: server,
          authority: authority.cert,
        })),
      ),
      ENVOY_RUNTIME,
    );
  });

  afterAll(async () => {
    for (const { agent } of peers.values()) agent.destroy();
    await envoy?.stop();
    authority?.remove();
  });

  it('lets through and refuses what Dharma does, and differs nowhere where it decides alone', async () => {
    const seen = { alone: { allow: 0, deny: 0 }, open: 0 };
    const differences: string[] = [];
    for (const [index, { name, world, trustDomains }] of subjected.entries()) {
      const snapshot = compile(world);
      const asked = questions(
        name,
        world,
        trustDomains,
        [undefined, ...subjectsIn(world)].map((subject) => peers.get(subject)!),
      );
      await atOnce(asked, AT_ONCE, async ({ request, peer }) => {
        const [refusing, passing] = await Promise.all(
          [0, 1].map((which) => ask(envoy.ports[index * 2 + which]!, request, peer)),
        );
        const { decision, reason } = decide(snapshot, request);
        const difference = (what: string): void => {
          const { target } = request;
          differences.push(
            `${name}: ${what}, Dharma says ${reason}: ${JSON.stringify({ target, peer: peer.subject })}`,
          );
        };
        if (refusing === 200 && decision !== 'allow') difference('Envoy lets through');
        if (!isSpelledOut(request) || ![200, 403].includes(passing!)) return;
        if (passing === 403 && decision !== 'deny') difference('Envoy refuses');
        if (refusing === passing) seen.alone[decision]++;
        else seen.open++;
      });
    }
    expect(differences).toEqual([]);
    expect(seen.alone.allow).toBeGreaterThan(50);
    expect(seen.alone.deny).toBeGreaterThan(500);
    expect(seen.open).toBeGreaterThan(50);
  });
});

interface Question {
  readonly request: AccessRequest & { readonly target: Extract<Target, { kind: 'address' }> };
  readonly peer: Peer;
}

/** Random requests by address, with whatever they bring, from callers that hold one certificate or none. */
function questions(
  name: string,
  world: World,
  trustDomains: Subjected['trustDomains'],
  callers: readonly Peer[],
): readonly Question[] {
  const asked: Question[] = [];
  const targets = name === 'addresses' ? everyAddress() : [];
  for (const { target: own, ...rest } of requestsFor(world, 5)) {
    if (asked.length === REQUESTS_A_WORLD + targets.length) break;
    const request = { ...rest, target: targets[asked.length] ?? own };
    if (request.target.kind !== 'address' || !isSendable(request.target)) continue;
    const peer = callers[asked.length % callers.length]!;
    const trust = peer.subject === undefined ? [] : evidenceOf(peer.subject, trustDomains, world);
    asked.push({
      peer,
      request: {
        ...request,
        target: request.target,
        evidence: [...trust, ...request.evidence.filter(({ role }) => role === 'access')],
        time: NOW + (asked.length % 5) * 1_800_000,
        askedFrom: '*',
        carries: [],
      },
    });
  }
  return asked;
}

function everyAddress(): readonly Target[] {
  return HOSTS.flatMap((host) =>
    PATHS.flatMap((path) => METHODS.map((method): Target => ({ kind: 'address', host, path, method }))),
  );
}

/** What a certificate proves: its subject, to every mechanism of its trust domain. */
function evidenceOf(subject: string, trustDomains: Subjected['trustDomains'], world: World): readonly Evidence[] {
  return [...trustDomains]
    .filter(
      ([name, trustDomain]) =>
        subject.startsWith(`spiffe://${trustDomain}/`) && world.mechanisms.get(name)!.role === 'trust',
    )
    .map(([mechanism]) => ({
      role: 'trust',
      mechanism,
      subject,
      verified: true,
      scopes: [],
      groups: [],
      claims: {},
      attributes: {},
    }));
}

/** Every exact SPIFFE ID, one of each pattern, and one that nobody is bound to. */
function subjectsIn(world: World): readonly string[] {
  const bound = [...world.services.values()]
    .flatMap(({ identities }) => identities)
    .filter(({ subject }) => subject.startsWith('spiffe://'))
    .map(({ subject }) => subject.replace('**', 'one-of-many'));
  return [...new Set([...bound, 'spiffe://x.example/stranger'])];
}

/** Whether the target is written as it is judged: other spellings of it the export refuses, and says so. */
function isSpelledOut({ target }: Question['request']): boolean {
  const canonical = canonicalPath(target.path);
  return canonical === undefined || (!canonical.encodedSlash && target.path.startsWith(canonical.path));
}

/** Whether a client of HTTP can be brought to send it; the rest is what gateways' own parsers are tried with. */
function isSendable({
  host,
  method,
  path,
}: {
  readonly host: string;
  readonly method: string;
  readonly path: string;
}): boolean {
  return /^[!-\u00ff]+$/.test(path) && /^[!-~]*$/.test(host) && /^[A-Z]+$/.test(method) && method !== 'CONNECT';
}

/** @returns the status; 0 where Envoy hung up */
function ask(port: number, { target, headers }: Question['request'], { agent }: Peer): Promise<number> {
  const { host, method, path } = target;
  const preflight = Object.fromEntries(
    ['origin', 'access-control-request-method'].flatMap((name) => {
      const value = headers[name];
      return value === undefined || !/^[!-~]+$/.test(value) ? [] : [[name, value]];
    }),
  );
  return new Promise((done) => {
    const asked = requestOver({ host: '127.0.0.1', port, agent, method, path, headers: { host, ...preflight } });
    asked.once('response', (response) => {
      response.resume();
      response.once('close', () => done(response.statusCode!));
    });
    asked.once('error', () => done(0));
    asked.end();
  });
}

async function atOnce<Item>(items: readonly Item[], width: number, work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

async function fromFolder(name: string, folder: string): Promise<Subjected> {
  const bundle = loadBundle(await readFolder(new URL(folder, import.meta.url).pathname));
  if (bundle.world === null) throw new Error(bundle.faults.map(({ message }) => message).join('\n'));
  const declared = bundle.documents.flatMap(({ document }) =>
    document.kind === 'Domain' ? (document.spec.mechanisms ?? []) : [],
  );
  const trustDomains = declared.flatMap((mechanism) =>
    mechanism.kind === 'spiffe' ? [[mechanism.name, mechanism.spiffe.trustDomain] as const] : [],
  );
  return { name, world: bundle.world, trustDomains: new Map(trustDomains) };
}

function spiffeMechanisms(world: World, trustDomain: string): ReadonlyMap<string, string> {
  const spiffe = [...world.mechanisms.values()].filter(({ kind }) => kind === 'spiffe');
  return new Map(spiffe.map(({ name }) => [name, trustDomain]));
}
