/** The pages of Envoy's family: what they have one write, and what arrives from who wrote it. Nothing of these runs here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { grpcClient, type CheckAnswer, type GrpcClient } from '../support/check-client.js';
import { checkBytes, type CheckShape } from '../support/check-wire.js';
import { endpointOf, sendRaw } from '../support/http.js';
import { startTestServer, type TestServer } from '../support/server.js';

const PAGES = ['istio', 'envoy-gateway', 'gateway-api', 'contour', 'kgateway', 'gloo'] as const;

const textOf = (page: string): string =>
  readFileSync(join(import.meta.dirname, `../../docs/gateways/${page}.md`), 'utf8');

const blocksOf = (page: string): readonly string[] =>
  [...textOf(page).matchAll(/```yaml\n(.*?)```/gs)].map(([, block]) => block!);

const documentsIn = (block: string): readonly unknown[] =>
  parseAllDocuments(block, { strict: true, uniqueKeys: true }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as unknown;
  });

interface Placed {
  readonly kind: string;
  readonly metadata: { readonly namespace: string };
}

const documentOf = (page: string, kind: string): Placed =>
  (blocksOf(page).flatMap(documentsIn) as Placed[]).find((document) => document.kind === kind)!;

const text = z.string().min(1);
const port = z.literal(9191);
const closed = z.literal(false);
const metadata = z.strictObject({ name: text, namespace: text });
const second = z.literal('1s');
const dharmaService = { name: z.literal('dharma'), namespace: z.literal('dharma').optional() };
const targetRefs = z
  .array(
    z.strictObject({
      group: z.literal('gateway.networking.k8s.io'),
      kind: z.enum(['Gateway', 'HTTPRoute']),
      name: text,
    }),
  )
  .min(1);
const removed = z.array(z.string().regex(/^[a-z0-9-]+$/)).refine((names) => names.includes('x-dharma-key'));
const gatewayPart = z.strictObject({ gateway: text });

const externalAuth = z.strictObject({
  type: z.literal('ExternalAuth'),
  externalAuth: z.discriminatedUnion('protocol', [
    z.strictObject({ protocol: z.literal('GRPC'), backendRef: z.strictObject({ ...dharmaService, port }) }),
    z.strictObject({
      protocol: z.literal('HTTP'),
      backendRef: z.strictObject({ ...dharmaService, port: z.literal(8181) }),
      http: z.strictObject({
        path: z.literal('/forward-auth/envoy'),
        allowedHeaders: z.array(text),
        allowedResponseHeaders: z.array(text).min(1),
      }),
    }),
  ]),
});

const resource = <Spec extends z.ZodRawShape>(apiVersion: string, kind: string, spec: Spec) =>
  z.strictObject({ apiVersion: z.literal(apiVersion), kind: z.literal(kind), metadata, spec: z.strictObject(spec) });

/** The members of each resource that a page may name; what would let requests pass unasked is not among them. */
const RESOURCES: { readonly [kind: string]: z.ZodType } = {
  IstioOperator: z.strictObject({
    apiVersion: z.literal('install.istio.io/v1alpha1'),
    kind: z.literal('IstioOperator'),
    spec: z.strictObject({
      meshConfig: z.strictObject({
        pathNormalization: z.strictObject({ normalization: z.enum(['MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES']) }),
        extensionProviders: z
          .array(
            z.strictObject({
              name: text,
              envoyExtAuthzGrpc: z.strictObject({
                service: text,
                port,
                timeout: second,
                failOpen: closed,
                clearRouteCache: closed.optional(),
                statusOnError: z.literal('503'),
              }),
            }),
          )
          .length(1),
      }),
    }),
  }),
  AuthorizationPolicy: resource('security.istio.io/v1', 'AuthorizationPolicy', {
    selector: z.strictObject({ matchLabels: z.record(text, text) }),
    action: z.literal('CUSTOM'),
    provider: z.strictObject({ name: text }),
    rules: z.tuple([z.strictObject({})]),
  }),
  SecurityPolicy: resource('gateway.envoyproxy.io/v1alpha1', 'SecurityPolicy', {
    targetRefs,
    extAuth: z.strictObject({
      failOpen: closed,
      grpc: z.strictObject({ backendRefs: z.array(z.strictObject({ ...dharmaService, port })).length(1) }),
    }),
  }),
  ClientTrafficPolicy: resource('gateway.envoyproxy.io/v1alpha1', 'ClientTrafficPolicy', {
    targetRefs,
    path: z.strictObject({ escapedSlashesAction: z.literal('RejectRequest'), disableMergeSlashes: closed }),
    headers: z.strictObject({
      withUnderscoresAction: z.literal('RejectRequest'),
      earlyRequestHeaders: z.strictObject({ remove: removed }),
    }),
  }),
  ReferenceGrant: resource('gateway.networking.k8s.io/v1beta1', 'ReferenceGrant', {
    from: z.array(z.strictObject({ group: text, kind: text, namespace: text })).min(1),
    to: z.tuple([z.strictObject({ group: z.literal(''), kind: z.literal('Service'), name: z.literal('dharma') })]),
  }),
  HTTPRoute: resource('gateway.networking.k8s.io/v1', 'HTTPRoute', {
    parentRefs: z.array(z.strictObject({ name: text })).min(1),
    hostnames: z.array(text).min(1),
    rules: z.array(
      z.strictObject({
        matches: z.array(z.strictObject({ path: z.strictObject({ type: z.literal('PathPrefix'), value: text }) })),
        filters: z.tuple([externalAuth]),
        backendRefs: z.array(z.strictObject({ name: text, port: z.number() })).min(1),
      }),
    ),
  }),
  ExtensionService: resource('projectcontour.io/v1alpha1', 'ExtensionService', {
    protocol: z.enum(['h2', 'h2c']),
    protocolVersion: z.literal('v3'),
    services: z.array(z.strictObject({ name: z.literal('dharma'), port })).length(1),
    timeoutPolicy: z.strictObject({ response: second }),
  }),
  HTTPProxy: resource('projectcontour.io/v1', 'HTTPProxy', {
    virtualhost: z.strictObject({
      fqdn: text,
      tls: z.strictObject({ secretName: text }),
      authorization: z.strictObject({
        extensionRef: z.strictObject({ apiVersion: z.literal('projectcontour.io/v1alpha1'), ...dharmaService }),
        responseTimeout: second,
        failOpen: closed,
        authPolicy: z.strictObject({ context: gatewayPart }),
      }),
    }),
    routes: z.array(
      z.strictObject({
        conditions: z.array(z.strictObject({ prefix: text })),
        services: z.array(z.strictObject({ name: text, port: z.number() })).min(1),
      }),
    ),
  }),
  GatewayExtension: resource('gateway.kgateway.dev/v1alpha1', 'GatewayExtension', {
    type: z.literal('ExtAuth'),
    extAuth: z.strictObject({
      failOpen: closed,
      clearRouteCache: closed,
      statusOnError: z.literal(503),
      grpcService: z.strictObject({ backendRef: z.strictObject({ ...dharmaService, port }) }),
    }),
  }),
  TrafficPolicy: resource('gateway.kgateway.dev/v1alpha1', 'TrafficPolicy', {
    targetRefs,
    extAuth: z.strictObject({ extensionRef: z.strictObject(dharmaService), contextExtensions: gatewayPart }),
  }),
  ListenerPolicy: resource('gateway.kgateway.dev/v1alpha1', 'ListenerPolicy', {
    targetRefs,
    default: z.strictObject({
      httpSettings: z.strictObject({ earlyRequestHeaderModifier: z.strictObject({ remove: removed }) }),
    }),
  }),
  Settings: resource('gloo.solo.io/v1', 'Settings', {
    extauth: z.strictObject({
      extauthzServerRef: z.strictObject({ name: text, namespace: text }),
      transportApiVersion: z.literal('V3'),
      requestTimeout: second,
      failureModeAllow: closed,
    }),
  }),
  VirtualService: resource('gateway.solo.io/v1', 'VirtualService', {
    virtualHost: z.strictObject({
      domains: z.array(text).min(1),
      options: z.strictObject({
        extauth: z.strictObject({ customAuth: z.strictObject({ contextExtensions: gatewayPart }) }),
      }),
      routes: z.array(
        z.strictObject({
          matchers: z.array(z.strictObject({ prefix: text })),
          routeAction: z.strictObject({
            single: z.strictObject({ upstream: z.strictObject({ name: text, namespace: text }) }),
          }),
        }),
      ),
    }),
  }),
};

/** Faults of a document by the table of its kind; the filter of a route stands alone on its page. */
function faultsIn(document: unknown): readonly string[] {
  const { kind } = document as { kind?: string };
  const shape = kind === undefined ? externalAuth : RESOURCES[kind];
  if (shape === undefined) return [`\`${kind}\` is no kind that a page may name`];
  return shape.safeParse(document).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

describe.each(PAGES)('the page of %s', (page) => {
  const documents = blocksOf(page).flatMap(documentsIn);

  it('has YAML with the members of its resources, and with those that keep it closed', () => {
    expect(documents.length).toBeGreaterThan(0);
    expect(documents.flatMap(faultsIn)).toEqual([]);
  });

  it('ends with a request that must be denied, since what selects nothing leaves everything open', () => {
    const last = textOf(page).trimEnd().split('\n\n').at(-1)!;
    expect(last).toContain('**Last, send a request that must be denied**');
    expect(last).toContain('curl -i ');
  });

  it('says that nothing of it runs in our tests', () => {
    expect(textOf(page)).toContain('*Shape tested*');
  });
});

it('the page of istio selects the gateway that its operator installs', () => {
  const policy = documentOf('istio', 'AuthorizationPolicy');
  expect(policy).toMatchObject({
    metadata: { namespace: 'istio-system' },
    spec: { selector: { matchLabels: { istio: 'ingressgateway' } } },
  });
});

it('the page of kgateway has its policies where their Gateway is: elsewhere they find none', () => {
  const places = ['TrafficPolicy', 'ListenerPolicy'].map((kind) => documentOf('kgateway', kind).metadata.namespace);
  expect(places).toEqual(['default', 'default']);
});

it('the page of contour says that a route in clear text is not asked about', () => {
  expect(textOf('contour')).toContain('| no `permitInsecure` in a route |');
});

it.each`
  because                           | page               | from                            | to
  ${'it would let requests pass'}   | ${'istio'}         | ${'failOpen: false'}            | ${'failOpen: true'}
  ${'a member is misspelt'}         | ${'istio'}         | ${'failOpen'}                   | ${'failopen'}
  ${'only some paths are asked'}    | ${'istio'}         | ${'rules: [{}]'}                | ${'rules: [{ to: [{ operation: { paths: ["/a"] } }] }]'}
  ${'bytes of a path would differ'} | ${'envoy-gateway'} | ${'RejectRequest, disable'}     | ${'KeepUnchanged, disable'}
  ${'clear text would be open'}     | ${'contour'}       | ${'- conditions: '}             | ${'- permitInsecure: true\n      conditions: '}
  ${'a route would be left out'}    | ${'contour'}       | ${'authPolicy: { context'}      | ${'authPolicy: { disabled: true, context'}
  ${'another version is spoken'}    | ${'gloo'}          | ${'transportApiVersion: V3'}    | ${'transportApiVersion: V2'}
  ${'one path would stand for all'} | ${'gateway-api'}   | ${'path: /forward-auth/envoy'}  | ${'path: /forward-auth/nginx'}
  ${'everything would be copied'}   | ${'gateway-api'}   | ${/allowedResponseHeaders: .*/} | ${'allowedResponseHeaders: []'}
`(
  'a page would be refused where $because',
  ({ page, from, to }: { page: string; from: string | RegExp; to: string }) => {
    const faults = blocksOf(page).map((block) => documentsIn(block.replace(from, to)).flatMap(faultsIn));
    expect(faults.flat()).not.toEqual([]);
  },
);

/** A mesh and a shop behind gateways that prove themselves by their addresses, as the pages advise. */
const MESH = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  access: [anonymous]
  trust: [mesh]
  boundary: ["orders/*"]
  mechanisms: [{ name: mesh, role: trust, kind: spiffe, spiffe: { trustDomain: cluster.local } }]
---
apiVersion: dharma/v1
kind: Service
metadata: { name: checkout }
spec: { domains: [acme], identities: [{ mechanism: mesh, subject: "spiffe://cluster.local/ns/checkout/sa/web" }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [acme], hosts: [orders.acme.example] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: orders, domain: acme }
spec:
  rules:
    - { id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET], paths: ["/public/**"] } }
    - id: edge
      effect: allow
      who: { anonymous: true }
      what: { paths: ["/edge/**"] }
      when: 'has(attributes.gateway) && attributes.gateway in ["contour", "edge", "gloo"]'
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: gateways, domain: acme }
spec: { credentials: [{ kind: network, cidrs: ["127.0.0.1/32"] }], mayAssert: [mesh] }
`;

const WORKLOAD = 'spiffe://cluster.local/ns/checkout/sa/web';
const CERTIFICATE_TYPED = { 'x-forwarded-client-cert': `By=spiffe://cluster.local/ns/orders/sa/api;URI=${WORKLOAD}` };
const host = 'orders.acme.example';

describe('what arrives', () => {
  let dharma: TestServer;
  let client: GrpcClient;
  beforeAll(async () => {
    dharma = await startTestServer(MESH);
    client = grpcClient(dharma.addresses.grpc);
  });
  afterAll(async () => {
    client?.close();
    await dharma?.stop();
  });

  const told = ({ okResponse }: CheckAnswer, name: string): string | undefined =>
    okResponse?.headers.find(({ header }) => header.key === name)?.header.value;

  it.each`
    system             | because                                                     | shape                                                                                   | code  | actor
    ${'Istio'}         | ${'the mesh vouches for the workload'}                      | ${{ path: '/orders/1', principal: WORKLOAD, headers: CERTIFICATE_TYPED }}               | ${0}  | ${'checkout'}
    ${'Istio'}         | ${'a certificate in a header is nobody’s'}                  | ${{ path: '/orders/1', headers: CERTIFICATE_TYPED }}                                    | ${16} | ${undefined}
    ${'Istio'}         | ${'a workload of another trust domain is nobody'}           | ${{ path: '/orders/1', principal: 'spiffe://other.local/ns/checkout/sa/web' }}          | ${16} | ${undefined}
    ${'Istio'}         | ${'the name that a client gives its cluster is nobody’s'}   | ${{ path: '/orders/1', headers: { 'x-envoy-downstream-service-cluster': 'checkout' } }} | ${16} | ${undefined}
    ${'Envoy Gateway'} | ${'all headers come along, and none is evidence'}           | ${{ path: '/public/list?page=2', headers: { 'x-forwarded-for': '192.0.2.9' } }}         | ${0}  | ${''}
    ${'Envoy Gateway'} | ${'the port of the listener is no part of the host'}        | ${{ path: '/public/list', host: `${host}:8443` }}                                       | ${0}  | ${''}
    ${'Envoy Gateway'} | ${'a client cannot say what a route says'}                  | ${{ path: '/edge/list', headers: { gateway: 'edge', 'x-gateway': 'edge' } }}            | ${16} | ${undefined}
    ${'Gateway API'}   | ${'the same question, whoever implements it'}               | ${{ path: '/public/list' }}                                                             | ${0}  | ${''}
    ${'Gateway API'}   | ${'an implementation that does not normalise is judged so'} | ${{ path: '/public/..;/orders' }}                                                       | ${7}  | ${undefined}
    ${'Contour'}       | ${'its context arrives as context extensions'}              | ${{ path: '/edge/list', contextExtensions: { gateway: 'contour' } }}                    | ${0}  | ${''}
    ${'Contour'}       | ${'a route with another context is another'}                | ${{ path: '/edge/list', contextExtensions: { gateway: 'lab' } }}                        | ${16} | ${undefined}
    ${'kgateway'}      | ${'its context extensions arrive as they are'}              | ${{ path: '/edge/list', contextExtensions: { gateway: 'edge' } }}                       | ${0}  | ${''}
    ${'Gloo'}          | ${'its context extensions arrive as they are'}              | ${{ path: '/edge/list', contextExtensions: { gateway: 'gloo' } }}                       | ${0}  | ${''}
    ${'Gloo'}          | ${'a method that no rule allows'}                           | ${{ path: '/public/list', method: 'POST' }}                                             | ${16} | ${undefined}
  `(
    'from $system is answered with $code: $because',
    async ({ shape, code, actor }: { shape: Partial<CheckShape>; code: number; actor?: string }) => {
      const answer = await client.checkBytes(checkBytes({ path: '/', host, ...shape }));
      expect(answer.status.code).toBe(code);
      expect(told(answer, 'x-dharma-actor')).toBe(actor);
    },
  );

  it.each`
    because                                                  | target                                 | status
    ${'the client’s path stands behind ours'}                | ${'/forward-auth/envoy/public/list'}   | ${200}
    ${'and its query with it'}                               | ${'/forward-auth/envoy/public/list?a'} | ${200}
    ${'nobody may read it'}                                  | ${'/forward-auth/envoy/orders/1'}      | ${401}
    ${'one path for everybody says nothing of the client’s'} | ${'/forward-auth/envoy'}               | ${403}
    ${'nor does its query'}                                  | ${'/forward-auth/envoy?path=/public'}  | ${403}
  `('from the Gateway API by HTTP is answered with $status: $because', async ({ target, status }) => {
    const lines = [`GET ${target} HTTP/1.1`, `Host: ${host}`, 'Content-Length: 0'];
    const answer = await sendRaw(endpointOf(dharma.addresses.http), lines);
    expect(answer.status).toBe(status);
  });
});
