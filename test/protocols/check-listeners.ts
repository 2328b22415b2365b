import { createHash } from 'node:crypto';
import { type AddressInfo } from 'node:net';
import type { Server, ServiceClientConstructor } from '@grpc/grpc-js';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DecisionPoint as RealDecisionPoint, DecisionRecord } from '#decision';
import { built } from '../support/built.js';
import { credentials, grpcDefinition, loadPackageDefinition } from '../support/grpc.js';
import { SHOP } from '../support/shop.js';

const [
  { Logger },
  { NestFactory },
  { Server: GrpcServer, ServerCredentials },
  { ServerGrpc },
  { FastifyAdapter },
  { DecisionPoint, Explainer, LiveSnapshot },
  { compile, explain },
  { ProblemFilter },
  { Identity, identitySettings, KeyRing },
  { loadBundle },
  { addReflection, GRPC_PACKAGES, Listeners, MAX_BODY_BYTES, ProtocolsModule, ServingStatus },
] = await Promise.all([
  built<typeof import('@nestjs/common')>('@nestjs/common'),
  built<typeof import('@nestjs/core')>('@nestjs/core'),
  built<typeof import('@grpc/grpc-js')>('@grpc/grpc-js'),
  built<typeof import('@nestjs/microservices')>('@nestjs/microservices'),
  built<typeof import('@nestjs/platform-fastify')>('@nestjs/platform-fastify'),
  built<typeof import('#decision')>('#decision'),
  built<typeof import('#engine')>('#engine'),
  built<typeof import('#http')>('#http'),
  built<typeof import('#identity')>('#identity'),
  built<typeof import('#policy')>('#policy'),
  built<typeof import('#protocols')>('#protocols'),
]);

/** Generated clients and their messages have no types of their own. */
export type Untyped = any; // eslint-disable-line typescript/no-explicit-any

export const EDGE_KEY = 'edge-1.secret-of-the-edge';
export const AUDITOR_KEY = 'auditor-1.secret-of-the-auditor';
export const CLIENT_KEY = 'partner-1.secret-of-the-partner';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const secret = (key: string) => sha256(key.slice(key.indexOf('.') + 1));

/** The shop, behind an edge that must show a key, with an office for those whom the edge vouches for. */
export const KEYED_SHOP = `${SHOP.replace(
  'spec: { access: [anonymous], boundary: ["orders/*"] }',
  `spec:
  access: [anonymous, portal-user, partners]
  boundary: ["orders/*"]
  trust: [office-net, mesh]
  mechanisms:
    - { name: portal-user, role: access, kind: asserted, asserted: { principalType: user, header: x-auth-request-user } }
    - { name: partners, role: access, kind: apiKey, apiKey: { header: x-api-key, keys: [{ id: partner-1, sha256: "${secret(CLIENT_KEY)}", subject: partner-1 }] } }
    - { name: office-net, role: trust, kind: network, network: { cidrs: ["192.0.2.0/24"] } }
    - { name: mesh, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example } }`,
)}---
apiVersion: dharma/v1
kind: Service
metadata: { name: till }
spec:
  domains: [shop]
  hosts: [till.example]
  identities:
    - { mechanism: office-net, subject: "192.0.2.7" }
    - { mechanism: mesh, subject: "spiffe://acme.example/till" }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: office, domain: shop }
spec:
  rules:
    - { id: staff, effect: allow, who: { principals: ["user:ann"] }, what: { endpoints: [orders/office] } }
    - { id: partners, effect: allow, who: { subjects: [partner-1] }, what: { endpoints: [orders/office], methods: [GET] } }
    - { id: scoped, effect: allow, who: { scopes: ["orders:write"] }, what: { endpoints: [orders/office], methods: [PUT] } }
    - id: stamped
      effect: allow
      who: { principals: ["user:eve"] }
      what: { endpoints: [orders/office] }
      obligations: [{ kind: setHeader, name: X-Staff-Level, value: low }]
    - id: tiered
      effect: allow
      who: { principals: ["user:zoe"] }
      what: { endpoints: [orders/office] }
      obligations:
        - { kind: setQueryParameter, name: tier, value: "\${principal.id} & more" }
        - { kind: removeQueryParameter, name: debug }
    - { id: attested, effect: deny, what: { endpoints: [orders/office] }, when: 'has(attributes.api) && attributes.api == "closed"' }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: shop }
spec:
  credentials: [{ kind: apiKey, id: edge-1, sha256: "${secret(EDGE_KEY)}" }]
  mayAssert: [portal-user, office-net, mesh]
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: auditor, domain: shop }
spec:
  credentials: [{ kind: apiKey, id: auditor-1, sha256: "${secret(AUDITOR_KEY)}" }]
  mayExplain: true
`;

export interface CheckListeners {
  readonly http: { readonly host: string; readonly port: number };
  /** `address:port`. */
  readonly grpc: string;
  /** Every decision, oldest first. */
  readonly decisions: readonly DecisionRecord[];
  readonly serving: SwitchedStatus;
  readonly decisionPoint: RealDecisionPoint;
  /** Puts other documents in force. */
  put(documents: string): Promise<void>;
  stop(): Promise<void>;
}

export class SwitchedStatus extends ServingStatus {
  #serving = true;

  override isServing(): boolean {
    return this.#serving;
  }

  turn(serving: boolean): void {
    this.#serving = serving;
    this.changed();
  }
}

/** What a listener with mutual TLS needs, in PEM. */
export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

/** Both check listeners on free ports of this machine, with all of their protocols, before a real decision point. */
export async function startCheckListeners(documents: string, tls?: Tls): Promise<CheckListeners> {
  const live = new LiveSnapshot();
  const explainer = new ByTheDocuments();
  const decisions: DecisionRecord[] = [];
  let count = 0;
  const decisionPoint = new DecisionPoint({
    live,
    explainer,
    clock: Date.now,
    stopwatch: () => 0,
    newDecisionId: () => `decision-${(count += 1)}`,
    log: (event) => {
      if (event.kind === 'decision') decisions.push(event);
      if (event.kind === 'decision-fault') throw event.fault;
    },
    maxTtlSeconds: 30,
    minRevisionWaitMilliseconds: 50,
    mode: 'enforce',
  });
  const put = async (text: string): Promise<void> => {
    const { world, faults, documents: read } = loadBundle([{ file: 'shop.yaml', text }]);
    if (world === null) throw new Error(JSON.stringify(faults));
    explainer.world = world;
    live.replace({
      epoch: 1,
      revision: (live.inForce?.revision ?? 0) + 1,
      contentHash: sha256(text),
      snapshot: compile(world),
      identity: await Identity.prepare(identitySettings(read.map(({ document }) => document)), {
        keys: new KeyRing(),
        onlyLocal: true,
      }),
      confirmedAt: Date.now(),
    });
  };
  await put(documents);
  const serving = new SwitchedStatus();
  const listeners = new Listeners('tcp', 'tcp');
  const https = tls && { https: { ...tls, requestCert: true, rejectUnauthorized: true } };
  const adapter = new FastifyAdapter({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true, ...https });
  const instance = adapter.getInstance();
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  Logger.overrideLogger(false);
  const app = await NestFactory.create<NestFastifyApplication>(
    ProtocolsModule.with({ decisionPoint, listeners, serving, challenge: 'Bearer' }),
    adapter,
    { bodyParser: false, logger: false, abortOnError: false },
  );
  app.useGlobalFilters(new ProblemFilter());
  const strategy = new GrpcOnFreePort(tls);
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    http: { host: '127.0.0.1', port },
    grpc: `127.0.0.1:${strategy.port}`,
    decisions,
    serving,
    decisionPoint,
    put,
    stop: () => app.close(),
  };
}

/** A client of one service, at `address:port`; its methods have the names of the definition. */
export function clientOf(service: string, address: string, shown = credentials.createInsecure()): Untyped {
  const found = service
    .split('.')
    .reduce<Untyped>((at, name) => at[name], loadPackageDefinition(grpcDefinition())) as ServiceClientConstructor;
  return new found(address, shown);
}

class ByTheDocuments extends Explainer {
  world: Parameters<typeof explain>[0] | undefined;

  override explain(request: Parameters<typeof explain>[1]) {
    return Promise.resolve(explain(this.world!, request));
  }
}

class GrpcOnFreePort extends ServerGrpc {
  port = 0;

  constructor(private readonly tls: Tls | undefined) {
    super({
      package: GRPC_PACKAGES,
      packageDefinition: grpcDefinition(),
      onLoadPackageDefinition: addReflection,
      gracefulShutdown: true,
    });
  }

  override async createClient(): Promise<Server> {
    const server = new GrpcServer();
    const { tls } = this;
    const shown = tls
      ? ServerCredentials.createSsl(tls.ca, [{ private_key: tls.key, cert_chain: tls.cert }], true)
      : ServerCredentials.createInsecure();
    this.port = await new Promise<number>((bound, failed) => {
      server.bindAsync('127.0.0.1:0', shown, (fault, port) => (fault ? failed(fault) : bound(port)));
    });
    return server;
  }
}
