/** What it costs to tell who asks, and to judge what comes along. */
import { hash } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type AccessRequest, compile, decide, type Evidence, type Snapshot } from '#engine';
import { Identity, identitySettings, type Judged, KeyRing, type KnownCaller, type Peer } from '#identity';
import { loadBundle } from '#policy';
import { benchWorld, NOW, slowRequests, WIDE } from './world.js';

export interface EvidenceCall {
  readonly name: string;
  readonly call: (index: number) => unknown;
}

/** One request, decided with its credential as it came, and with what was found of it beforehand. */
export interface CredentialCost {
  readonly name: string;
  readonly most: number;
  readonly judged: (index: number) => unknown;
  readonly ready: (index: number) => unknown;
}

/** Different tokens in use at one time, and different keys. */
const CLIENTS = 500;
const SECRET = 's'.repeat(43);
const NOTHING = { asserted: [], credentials: {}, reported: {} };

/** Each made anew from bytes, as headers are: text that was read before is cheaper to read again. */
const fresh = (bytes: Buffer): string => bytes.toString('latin1');

/** The clients of the slow path and the credentials that they show, a token and a key each. */
export interface Clients {
  readonly snapshot: Snapshot;
  readonly requests: readonly AccessRequest[];
  readonly tokens: Prover;
  readonly keys: Prover;
}

/** Who judges credentials of one kind, and one header for each request. */
interface Prover {
  readonly identity: Identity;
  readonly header: string;
  readonly values: readonly Buffer[];
}

export async function clients(): Promise<Clients> {
  const world = benchWorld({ rules: 100, assignments: 100, widths: WIDE });
  const snapshot = compile(world.world);
  const requests = slowRequests(world, 2 * CLIENTS)
    .filter((request) => decide(snapshot, request).reason === 'ALLOW_SLOW')
    .slice(0, CLIENTS);
  if (requests.length < CLIENTS) throw new Error('the bench asks questions that are not answered as it expects');
  const subjects = requests.map(({ evidence }) => evidence.find(({ role }) => role === 'access')!.subject);
  return { snapshot, requests, tokens: await tokens(subjects), keys: await keys(subjects) };
}

async function tokens(subjects: readonly string[]): Promise<Prover> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'a', alg: 'RS256' };
  const identity = await prepared({
    kind: 'jwt',
    jwt: { issuer: 'https://login.acme.example/', audiences: ['acme-api'], keys: { inline: { keys: [jwk] } } },
  });
  const seconds = Math.floor(NOW / 1000);
  const token = async (subject: string, index: number) =>
    new SignJWT({ scope: 'book:read book:write', groups: ['staff', 'travellers'], name: 'n'.repeat(60) })
      .setProtectedHeader({ alg: 'RS256', kid: 'a' })
      .setIssuer('https://login.acme.example/')
      .setAudience('acme-api')
      .setSubject(subject)
      .setJti(`${index}`)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + 3600)
      .sign(privateKey);
  const values = (await Promise.all(subjects.map(token))).map((text) => Buffer.from(`Bearer ${text}`));
  const prover = { identity, header: 'authorization', values };
  // From now on each was seen before.
  await Promise.all(values.map(async (value) => judgeBy(prover, fresh(value))));
  return prover;
}

async function keys(subjects: readonly string[]): Promise<Prover> {
  const secrets = subjects.map((_, index) => hash('sha256', `secret ${index}`, 'base64url'));
  const identity = await prepared({
    kind: 'apiKey',
    apiKey: {
      header: 'x-api-key',
      keys: subjects.map((subject, index) => ({ id: `p${index}`, sha256: hash('sha256', secrets[index]!), subject })),
    },
  });
  return { identity, header: 'x-api-key', values: secrets.map((secret, index) => Buffer.from(`p${index}.${secret}`)) };
}

function judgeBy({ identity, header }: Prover, value: string): Judged | Promise<Judged> {
  return identity.judge({ ...NOTHING, credentials: { [header]: value } }, edgeOf(identity), NOW);
}

const edges = new WeakMap<Identity, KnownCaller>();
function edgeOf(identity: Identity): KnownCaller {
  let edge = edges.get(identity);
  if (edge === undefined) {
    edge = identity.caller(peer({ key: `edge.${SECRET}` }), NOW) as KnownCaller;
    edges.set(identity, edge);
  }
  return edge;
}

/** The slow path at 100 rules with and without the judging, so that nothing hides behind a larger decision. */
export function credentialCosts({ snapshot, requests, tokens, keys }: Clients): readonly CredentialCost[] {
  const cost = (name: string, most: number, prover: Prover): CredentialCost => {
    const actors = requests.map(({ evidence }) => evidence[0]!);
    const found = prover.values.map((value) => (judgeBy(prover, fresh(value)) as Judged).evidence);
    const decided = (index: number, evidence: readonly Evidence[]) =>
      decide(snapshot, { ...requests[index]!, evidence: [actors[index]!, ...evidence] });
    // Reading the header's bytes into a text is the listener's work, with or without a verifier behind it.
    const ready = (index: number) => [fresh(prover.values[index]!), decided(index, found[index]!)] as const;
    const judged = (index: number) => {
      const { evidence } = judgeBy(prover, fresh(prover.values[index]!)) as Judged;
      return decided(index, evidence);
    };
    for (let index = 0; index < CLIENTS; index++) {
      const answers = [judged(index), ready(index)[1]];
      if (answers.some(({ reason }) => reason !== 'ALLOW_SLOW')) throw new Error(`${name} is not answered as expected`);
    }
    return { name, most, judged, ready };
  };
  return [cost('a token seen before', 2, tokens), cost('an API key', 3, keys)].map(({ judged, ready, ...rest }) => ({
    ...rest,
    judged: (index) => judged(index % CLIENTS),
    ready: (index) => ready(index % CLIENTS),
  }));
}

export function evidenceCalls({ tokens, keys }: Clients): readonly EvidenceCall[] {
  const { identity } = tokens;
  const principal = Buffer.from('spiffe://acme.example/ns/orders/sa/api');
  return [
    { name: 'a caller by its address', call: () => identity.caller(peer({ address: '10.1.2.3' }), NOW) },
    { name: 'a caller by its key', call: () => identity.caller(peer({ key: `edge.${SECRET}` }), NOW) },
    { name: 'nothing presented', call: () => identity.judge(NOTHING, edgeOf(identity), NOW) },
    {
      name: `a token seen before (RS256, ${tokens.values[0]!.length - 'Bearer '.length} characters)`,
      call: (index) => judgeBy(tokens, fresh(tokens.values[index % CLIENTS]!)),
    },
    { name: 'an API key', call: (index) => judgeBy(keys, fresh(keys.values[index % CLIENTS]!)) },
    {
      name: 'a SPIFFE ID that the gateway reports',
      call: () =>
        identity.judge({ ...NOTHING, certificate: { principal: fresh(principal), pem: '' } }, edgeOf(identity), NOW),
    },
  ];
}

function peer(differing: Partial<Peer>): Peer {
  return { listener: 'tcp', address: undefined, key: undefined, certificateUris: [], ...differing };
}

/** @param login  what the mechanism of that name is */
async function prepared(login: object): Promise<Identity> {
  const mechanisms = [
    { name: 'login', role: 'access', ...login },
    { name: 'mesh', role: 'trust', kind: 'spiffe', spiffe: { trustDomain: 'acme.example' } },
  ];
  const credentials = [
    { kind: 'apiKey', id: 'edge', sha256: hash('sha256', SECRET) },
    { kind: 'network', cidrs: ['10.0.0.0/8'] },
  ];
  const documents = [
    { kind: 'Domain', metadata: { name: 'acme' }, spec: { mechanisms } },
    {
      kind: 'EnforcementPoint',
      metadata: { name: 'edge', domain: 'acme' },
      spec: { credentials, mayAssert: ['mesh'] },
    },
  ];
  const text = documents.map((document) => JSON.stringify({ apiVersion: 'dharma/v1', ...document })).join('\n---\n');
  const bundle = loadBundle([{ file: 'bench.yaml', text }]);
  if (bundle.faults.length > 0) throw new Error(bundle.faults[0]!.message);
  const settings = identitySettings(bundle.documents.map(({ document }) => document));
  return Identity.prepare(settings, { keys: new KeyRing(), onlyLocal: true });
}
