/** A server program whose clients write headers that say who they are, and what it makes of them. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Issuer } from '../../identity/issuers.js';
import { clientOf, type Untyped } from '../../protocols/check-listeners.js';
import { Metadata } from '../../support/grpc.js';
import { endpointOf, sendRaw } from '../../support/http.js';
import { type Program, startProgram, stopPrograms } from '../../support/program.js';

/** The ways in which a gateway says what the client sent; `check-lines` is `header_map`. */
type Convention = 'nginx' | 'caddy' | 'envoy' | 'check' | 'check-lines' | 'decide';
type Field = readonly [name: string, value: string];

/** `refused`: malformed, or asked by nobody who is known. `denied`: understood, and not allowed to whoever this may be. */
type Told = 'allowed' | 'denied' | 'refused';

export interface Spoof {
  readonly because: string;
  readonly over: Convention;
  /** Which part of the shop is asked for: each needs another proof, and `public` none. */
  readonly ask: 'public' | 'account' | 'partners' | 'portal' | 'office';
  /** `forbidden`: somebody is known, who is not allowed; gateways are told the same as of what is refused. */
  readonly expect: Told | 'forbidden';
  /** What the client sent and the gateway passes on, with `{token}`, `{key}` and such for what is made in the test. */
  readonly headers?: readonly Field[];
  /** Fields of the convention that do not come. */
  readonly without?: readonly string[];
  /** Fields of the call itself, where the client's headers are elsewhere. */
  readonly call?: readonly Field[];
  /** Who asks: `edge` unless it says otherwise; `blind` may assert nothing. */
  readonly by?: 'edge' | 'blind' | 'nobody';
}

export interface SpoofedServer {
  readonly program: Program;
  ask(spoof: Spoof): Promise<Told>;
  /** How often anyone connected to the address that attackers name. */
  fetches(): number;
  /** Connects to it, to see that it counts. */
  connect(): Promise<void>;
  stop(): Promise<void>;
}

const EDGE = 'edge-1.a-secret-of-the-edge';
const BLIND = 'blind-1.a-secret-of-the-blind';
const PARTNER = 'partner-1.a-secret-of-the-partner';
const HOST = 'shop.example';

export async function startSpoofedServer(): Promise<SpoofedServer> {
  const issuer = await Issuer.create('ES256', 'k');
  const stranger = await Issuer.create('ES256', 'k');
  let connections = 0;
  const attacker = createServer((_request, response) => void response.end());
  attacker.on('connection', () => (connections += 1));
  await new Promise<void>((listening) => attacker.listen(0, '127.0.0.1', listening));
  const address = `http://127.0.0.1:${(attacker.address() as AddressInfo).port}`;
  const made = await proofs(issuer, stranger, address);
  const folder = mkdtempSync(join(tmpdir(), 'dharma-spoofing-'));
  mkdirSync(join(folder, 'policies'));
  writeFileSync(join(folder, 'policies/shop.yaml'), shop(issuer));
  const ports = ['grpc', 'http', 'admin'].flatMap((name) => [`--${name}-address`, '127.0.0.1:0']);
  const program = startProgram(['--policies', join(folder, 'policies'), '--log-level', 'error', ...ports], {
    DHARMA_READY_FILE: join(folder, 'ready.json'),
  });
  await program.says('until Ctrl-C');
  const { http, grpc } = JSON.parse(readFileSync(join(folder, 'ready.json'), 'utf8')) as Addresses;
  const authorization = clientOf('envoy.service.auth.v3.Authorization', grpc);
  return {
    program,
    ask: (spoof) => {
      const filled = fields(spoof.headers, made);
      switch (spoof.over) {
        case 'check':
        case 'check-lines':
          return check(authorization, spoof, filled);
        case 'decide':
          return decide(http, spoof, filled, fields(spoof.call, made));
        default:
          return forwardAuth(http, spoof, filled);
      }
    },
    fetches: () => connections,
    connect: async () => void (await fetch(address)),
    async stop() {
      authorization.close();
      await stopPrograms();
      attacker.closeAllConnections();
      await new Promise((closed) => attacker.close(closed));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Addresses {
  readonly http: string;
  readonly grpc: string;
}

interface Proofs {
  readonly [name: string]: string;
}

async function proofs(issuer: Issuer, stranger: Issuer, attacker: string): Promise<Proofs> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: 'ann', iat: now - 10, exp: now + 3600 };
  const unsafe = (header: object) => stranger.token(claims, { ...header });
  return {
    edge: EDGE,
    blind: BLIND,
    key: PARTNER,
    attacker,
    token: await issuer.token(claims),
    forged: await stranger.token(claims),
    jku: await unsafe({ jku: `${attacker}/jwks` }),
    x5u: await unsafe({ x5u: `${attacker}/certificate` }),
    kid: await unsafe({ kid: `${attacker}/key` }),
    jwk: await unsafe({ jwk: stranger.publicJwk }),
    iss: await stranger.token({ ...claims, iss: attacker }),
  };
}

function fields(given: readonly Field[] | undefined, made: Proofs): readonly Field[] {
  return (given ?? []).map(([name, value]) => [name, value.replaceAll(/\{(\w+)\}/g, (_, what: string) => made[what]!)]);
}

async function forwardAuth(
  address: string,
  { over, ask, without, by }: Spoof,
  client: readonly Field[],
): Promise<Told> {
  const path = `/${ask}/1`;
  const reported: { readonly [convention: string]: readonly Field[] } = {
    nginx: [
      ['host', 'dharma'],
      ['x-original-method', 'GET'],
      ['x-original-host', HOST],
      ['x-original-uri', path],
    ],
    caddy: [
      ['host', HOST],
      ['x-forwarded-method', 'GET'],
      ['x-forwarded-host', HOST],
      ['x-forwarded-uri', path],
    ],
    envoy: [['host', HOST]],
  };
  const own = [...reported[over]!, ...keyField(by)].filter(([name]) => !without?.includes(name));
  const lines = [...own, ...client].map(([name, value]) => `${name}: ${value}`);
  const target = over === 'envoy' ? `/forward-auth/envoy${path}` : `/forward-auth/${over}`;
  const { status } = await sendRaw(endpointOf(address), [`GET ${target} HTTP/1.1`, ...lines]);
  if (status === 200) return 'allowed';
  if (status !== 401 && status !== 403 && status !== 400) throw new Error(`a gateway is told ${status}`);
  return status === 401 ? 'denied' : 'refused';
}

async function check(authorization: Untyped, { over, ask, by }: Spoof, client: readonly Field[]): Promise<Told> {
  const headers =
    over === 'check'
      ? { headers: Object.fromEntries(client) }
      : { headerMap: { headers: client.map(([key, value]) => ({ key, rawValue: Buffer.from(value) })) } };
  const attributes = { request: { http: { method: 'GET', host: HOST, path: `/${ask}/1`, ...headers } } };
  const metadata = new Metadata();
  for (const [name, value] of keyField(by)) metadata.add(name, value);
  const { status } = await new Promise<Untyped>((done, failed) => {
    authorization.Check({ attributes }, metadata, (fault: unknown, answer: unknown) =>
      fault ? failed(fault) : done(answer),
    );
  });
  if (status.code === 0) return 'allowed';
  return status.code === 16 ? 'denied' : 'refused';
}

async function decide(
  address: string,
  { ask, by }: Spoof,
  client: readonly Field[],
  call: readonly Field[],
): Promise<Told> {
  const credentials = Object.fromEntries(client);
  const body = JSON.stringify({
    target: { method: 'GET', host: HOST, path: `/${ask}/1` },
    headers: credentials,
    credentials,
  });
  const own: readonly Field[] = [
    ['host', 'dharma'],
    ['content-type', 'application/json'],
    ['content-length', `${Buffer.byteLength(body)}`],
    ...keyField(by),
  ];
  const lines = [...own, ...call].map(([name, value]) => `${name}: ${value}`);
  const answer = await sendRaw(endpointOf(address), ['POST /v1/decide HTTP/1.1', ...lines], body);
  if (answer.status === 401) return 'refused';
  if (answer.status !== 200) throw new Error(`a caller is told ${answer.status}: ${answer.body}`);
  const { decision, reason } = JSON.parse(answer.body) as { readonly decision: string; readonly reason: string };
  if (decision === 'allow') return 'allowed';
  return reason === 'INVALID_REQUEST' ? 'refused' : 'denied';
}

function keyField(by: Spoof['by'] = 'edge'): readonly Field[] {
  return by === 'nobody' ? [] : [['x-dharma-key', by === 'edge' ? EDGE : BLIND]];
}

/** Each part of the shop is for those with one proof, and nobody has two. */
function shop({ publicJwk }: Issuer): string {
  const hashed = (key: string): string =>
    createHash('sha256')
      .update(key.slice(key.indexOf('.') + 1))
      .digest('hex');
  return `
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec:
  access: [anonymous, tokens, partners, portal]
  trust: [mesh, net]
  boundary: ["orders/*"]
  mechanisms:
    - name: tokens
      role: access
      kind: jwt
      jwt: { issuer: "https://login.acme.example/", audiences: [acme-api], keys: { inline: ${JSON.stringify({ keys: [publicJwk] })} } }
    - name: partners
      role: access
      kind: apiKey
      apiKey: { header: x-api-key, keys: [{ id: partner-1, sha256: "${hashed(PARTNER)}", subject: partner-1 }] }
    - { name: portal, role: access, kind: asserted, asserted: { header: x-auth-request-user } }
    - { name: mesh, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example, header: x-forwarded-client-cert } }
    - { name: net, role: trust, kind: network, network: { cidrs: ["192.0.2.0/24"] } }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: till }
spec:
  domains: [shop]
  identities:
    - { mechanism: mesh, subject: "spiffe://acme.example/office" }
    - { mechanism: net, subject: 192.0.2.7 }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec:
  domains: [shop]
  hosts: [${HOST}]
  endpoints:
    - { name: public, operations: [{ path: "/public/**" }] }
    - { name: account, operations: [{ path: "/account/**" }] }
    - { name: partners, operations: [{ path: "/partners/**" }] }
    - { name: portal, operations: [{ path: "/portal/**" }] }
    - { name: office, operations: [{ path: "/office/**" }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec:
  rules:
    - { id: public, effect: allow, who: { anonymous: true }, what: { endpoints: [orders/public], methods: [GET] } }
    - { id: account, effect: allow, who: { mechanisms: [tokens], subjects: [ann] }, what: { endpoints: [orders/account] } }
    - { id: partners, effect: allow, who: { mechanisms: [partners], subjects: [partner-1] }, what: { endpoints: [orders/partners] } }
    - { id: portal, effect: allow, who: { mechanisms: [portal], subjects: [ann] }, what: { endpoints: [orders/portal] } }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: shop }
spec:
  credentials: [{ kind: apiKey, id: edge-1, sha256: "${hashed(EDGE)}" }]
  mayAssert: [portal, mesh, net]
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: blind, domain: shop }
spec: { credentials: [{ kind: apiKey, id: blind-1, sha256: "${hashed(BLIND)}" }] }
`;
}
