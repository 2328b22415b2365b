import { parseMasked, parseMember } from '#decision-log';
import { Problem } from '#problem';
import { isLocalOnly, parseListenAddress, type ListenAddress } from './listen-address.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const MIGRATE_MODES = ['auto', 'check', 'off'] as const;
export const MODES = ['enforce', 'observe'] as const;

/** Everything the server can be told, read once and frozen. */
export interface ServerConfig {
  readonly policies: string | undefined;
  /** Holds a password: for the driver alone. */
  readonly databaseUrl: string | undefined;
  readonly migrate: (typeof MIGRATE_MODES)[number];
  readonly dataDir: string;
  readonly firstPolicies: string | undefined;
  readonly grpcAddress: ListenAddress;
  readonly httpAddress: ListenAddress;
  readonly adminAddress: ListenAddress;
  readonly probeAddress: ListenAddress | undefined;
  readonly grpcTlsCert: string | undefined;
  readonly grpcTlsKey: string | undefined;
  readonly grpcTlsClientCa: string | undefined;
  readonly httpTlsCert: string | undefined;
  readonly httpTlsKey: string | undefined;
  readonly httpTlsClientCa: string | undefined;
  readonly adminTlsCert: string | undefined;
  readonly adminTlsKey: string | undefined;
  readonly adminTlsClientCa: string | undefined;
  readonly allowPlaintext: boolean;
  readonly socketGroup: string | undefined;
  readonly operatorTokenFile: string | undefined;
  readonly operatorIssuer: string | undefined;
  readonly operatorAudience: string | undefined;
  readonly operatorGroupsClaim: string;
  readonly adminRate: number;
  readonly adminRateBurst: number;
  readonly adminRateWrongTokens: number;
  readonly adminBundleBytes: number;
  readonly adminTestCases: number;
  readonly readyFile: string | undefined;
  readonly mode: (typeof MODES)[number];
  readonly challenge: string;
  /** Without a slash at its end. */
  readonly publicUrl: string | undefined;
  readonly metadataKey: string | undefined;
  readonly maxTtlSeconds: number;
  readonly minRevisionWaitMilliseconds: number;
  readonly policyPollMilliseconds: number;
  readonly storePollMilliseconds: number;
  readonly notify: boolean;
  readonly checkMilliseconds: number;
  readonly checkRequests: number;
  /** `host` or `host:port`, in lower case. */
  readonly issuerHosts: ReadonlySet<string> | undefined;
  readonly issuerCa: string | undefined;
  readonly evidenceWaitMilliseconds: number;
  readonly drainMilliseconds: number;
  readonly logLevel: LogLevel;
  readonly logAllowShare: number;
  readonly decisionLog: ReadonlySet<DecisionSinkName>;
  readonly decisionLogFile: string;
  readonly decisionLogUrl: string | undefined;
  readonly decisionLogOtlpUrl: string | undefined;
  readonly decisionLogTokenFile: string | undefined;
  readonly decisionLogAllows: ReadonlyMap<string, number> | undefined;
  readonly decisionLogShow: readonly string[] | undefined;
  readonly decisionLogMask: readonly string[] | undefined;
  readonly decisionLogPerSecond: number;
  readonly decisionLogDays: number;
}

/** Where records of decisions can go. */
export const DECISION_SINKS = ['store', 'file', 'http', 'otlp'] as const;
export type DecisionSinkName = (typeof DECISION_SINKS)[number];

/** The listeners that may speak TLS. */
export type ListenerName = 'grpc' | 'http' | 'admin';

/** Files in PEM with which a listener proves itself, and by which it judges its clients. */
export interface TlsFiles {
  readonly listener: ListenerName;
  readonly cert: string;
  readonly key: string;
  /** Present: who has no certificate by these issuers is not let in. */
  readonly clientCa: string | undefined;
}

interface Setting<Value> {
  /** The environment variable is `DHARMA_` and this, the flag `--` and this in lower case with dashes. */
  readonly name: string;
  readonly sentence: string;
  /** The allowed values, with their unit. */
  readonly allowed: string;
  /** As one would write it; absent: it may be left out. */
  readonly default?: string;
  /** Its value is never shown. */
  readonly isSecret?: true;
  /** Undefined when the text is not allowed. */
  readonly parse: (text: string) => Value | undefined;
}

type Settings = { readonly [Name in keyof ServerConfig]: Setting<NonNullable<ServerConfig[Name]>> };

/** In the one way that all programs write it: callers compare it byte by byte. */
const PUBLIC_URL =
  /^https:\/\/(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[1-9]\d{0,4})?(?:\/[A-Za-z0-9._~-]{1,100}){0,8}$/;

const TRUE_OR_FALSE = '`true` or `false`';
const ADDRESS = '`address:port`, `[address]:port`, `localhost:port` or `unix:/path`; port 0 takes a free one';

const PEM_FILE = 'a file in PEM';
const COLLECTOR = '`https://…`, or `http://` to this machine; no user and password in it';
const MEMBERS = 'such as `request.headers.user-agent`, `context.*`, joined by commas';
const LISTENERS = { GRPC: 'gRPC', HTTP: 'HTTP', ADMIN: 'admin' } as const;

const SETTINGS: Settings = {
  policies: {
    name: 'POLICIES',
    sentence: 'folder of policy documents to decide by instead of a database, watched and loaded again when it changes',
    allowed: 'a folder',
    parse: asWritten,
  },
  databaseUrl: {
    name: 'DATABASE_URL',
    sentence:
      'address of the PostgreSQL that holds the revisions; without it and a folder, one of its own runs in the data folder',
    allowed: '`postgresql://user:password@host:port/database`',
    isSecret: true,
    parse: (text) => (/^postgres(?:ql)?:\/\/\S+$/.test(text) ? text : undefined),
  },
  migrate: {
    name: 'MIGRATE',
    sentence: 'whether the start brings the tables up to date, only checks that they are, or does neither',
    allowed: oneOf(MIGRATE_MODES),
    default: 'auto',
    parse: (text) => MIGRATE_MODES.find((mode) => mode === text),
  },
  dataDir: {
    name: 'DATA_DIR',
    sentence:
      'folder of what outlives a restart: the last good revision, the first operator token, the PostgreSQL of its own',
    allowed: 'a folder',
    default: '.dharma',
    parse: asWritten,
  },
  firstPolicies: {
    name: 'FIRST_POLICIES',
    sentence: 'folder of policy documents that an empty database begins with',
    allowed: 'a folder',
    parse: asWritten,
  },
  grpcAddress: {
    name: 'GRPC_ADDRESS',
    sentence: 'where gateways and sidecars ask by gRPC',
    allowed: ADDRESS,
    default: '127.0.0.1:9191',
    parse: parseListenAddress,
  },
  httpAddress: {
    name: 'HTTP_ADDRESS',
    sentence: 'where gateways and applications ask by HTTP',
    allowed: ADDRESS,
    default: '127.0.0.1:8181',
    parse: parseListenAddress,
  },
  adminAddress: {
    name: 'ADMIN_ADDRESS',
    sentence: 'where operators and probes ask',
    allowed: ADDRESS,
    default: '127.0.0.1:8282',
    parse: parseListenAddress,
  },
  probeAddress: {
    name: 'PROBE_ADDRESS',
    sentence: 'where health, readiness and metrics are answered alone, without TLS, for kubelet and Prometheus',
    allowed: ADDRESS,
    parse: parseListenAddress,
  },
  grpcTlsCert: certificateFile('GRPC'),
  grpcTlsKey: keyFile('GRPC'),
  grpcTlsClientCa: clientCaFile('GRPC'),
  httpTlsCert: certificateFile('HTTP'),
  httpTlsKey: keyFile('HTTP'),
  httpTlsClientCa: clientCaFile('HTTP'),
  adminTlsCert: certificateFile('ADMIN'),
  adminTlsKey: keyFile('ADMIN'),
  adminTlsClientCa: clientCaFile('ADMIN'),
  allowPlaintext: {
    name: 'ALLOW_PLAINTEXT',
    sentence: 'listen beyond this machine without TLS',
    allowed: TRUE_OR_FALSE,
    default: 'false',
    parse: trueOrFalse,
  },
  socketGroup: {
    name: 'SOCKET_GROUP',
    sentence: 'group that may open the unix sockets besides their owner; unset, it is the group of the process',
    allowed: 'the name or number of a group',
    parse: (text) => (/^(?:[A-Za-z_][A-Za-z0-9_.-]{0,31}|\d{1,9})$/.test(text) ? text : undefined),
  },
  operatorTokenFile: {
    name: 'OPERATOR_TOKEN_FILE',
    sentence: 'file with a token by which an operator may come in, besides those that were minted',
    allowed: 'a path',
    parse: asWritten,
  },
  operatorIssuer: {
    name: 'OPERATOR_ISSUER',
    sentence:
      'identity provider (OIDC issuer) whose tokens let operators in; what they may, `administrators` grant to their groups',
    allowed: '`https://…`, as `iss` says it; `http://…` for a host of `DHARMA_ISSUER_HOSTS`',
    parse: issuerUrl,
  },
  operatorAudience: {
    name: 'OPERATOR_AUDIENCE',
    sentence: 'what `aud` of those tokens has to hold',
    allowed: '1 to 500 visible ASCII characters',
    parse: (text) => (/^[\x21-\x7e]{1,500}$/.test(text) ? text : undefined),
  },
  operatorGroupsClaim: {
    name: 'OPERATOR_GROUPS_CLAIM',
    sentence: 'claim of those tokens that holds groups, such as `groups` or `realm_access.roles`',
    allowed: '1 to 200 visible ASCII characters',
    default: 'groups',
    parse: (text) => (/^[\x21-\x7e]{1,200}$/.test(text) ? text : undefined),
  },
  adminRate: {
    name: 'ADMIN_RATE',
    sentence:
      'requests that one operator may make on the admin listener in the long run; above that they are told to wait',
    allowed: '1 to 10000 a second',
    default: '100',
    parse: wholeNumber(1, 10_000),
  },
  adminRateBurst: {
    name: 'ADMIN_RATE_BURST',
    sentence: 'requests that one operator may make there at once, after a pause',
    allowed: '1 to 100000',
    default: '500',
    parse: wholeNumber(1, 100_000),
  },
  adminRateWrongTokens: {
    name: 'ADMIN_RATE_WRONG_TOKENS',
    sentence: 'wrong tokens that are looked up for one client address, at once and in the long run',
    allowed: '1 to 10000 a minute',
    default: '60',
    parse: wholeNumber(1, 10_000),
  },
  adminBundleBytes: {
    name: 'ADMIN_BUNDLE_BYTES',
    sentence:
      'largest body of a request that plans, publishes or proposes a bundle; a set holds 64 MiB of documents at most',
    allowed: '1048576 to 268435456 bytes',
    default: '67108864',
    parse: wholeNumber(1_048_576, 268_435_456),
  },
  adminTestCases: {
    name: 'ADMIN_TEST_CASES',
    sentence:
      'test cases that all tests of a set may have together, cells of matrices and asserted endpoints included: each publication asks all of them',
    allowed: '0 to 10000000',
    default: '50000',
    parse: wholeNumber(0, 10_000_000),
  },
  readyFile: {
    name: 'READY_FILE',
    sentence: 'file to write the addresses in use to, as JSON, once the server answers',
    allowed: 'a path',
    parse: asWritten,
  },
  mode: {
    name: 'MODE',
    sentence: 'whether it decides, or allows everything (`observe`) and only logs and counts what it would have said',
    allowed: oneOf(MODES),
    default: 'enforce',
    parse: (text) => MODES.find((mode) => mode === text),
  },
  challenge: {
    name: 'CHALLENGE',
    sentence: 'value of `www-authenticate` on every 401, the same for all clients',
    allowed: 'up to 200 printable ASCII characters',
    default: 'Bearer',
    parse: (text) => (/^[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$/.test(text) ? text : undefined),
  },
  publicUrl: {
    name: 'PUBLIC_URL',
    sentence: 'where callers reach the HTTP check listener, for the metadata of AuthZEN; unset, there are none',
    allowed: '`https://host`, `https://host:port`, or either with a path; no slash at its end, no query',
    parse: (text) => (PUBLIC_URL.test(text) && URL.canParse(text) ? text : undefined),
  },
  metadataKey: {
    name: 'METADATA_KEY',
    sentence: 'private key (Ed25519, P-256 or RSA) with which the metadata of AuthZEN are signed; read at the start',
    allowed: PEM_FILE,
    parse: asWritten,
  },
  maxTtlSeconds: {
    name: 'MAX_TTL_SECONDS',
    sentence: 'longest time that an answer may be kept',
    allowed: '0 to 86400 seconds',
    default: '30',
    parse: wholeNumber(0, 86_400),
  },
  minRevisionWaitMilliseconds: {
    name: 'MIN_REVISION_WAIT_MILLISECONDS',
    sentence: 'longest time that an answer waits for the revision its caller has seen',
    allowed: '0 to 10000 milliseconds',
    default: '1000',
    parse: wholeNumber(0, 10_000),
  },
  policyPollMilliseconds: {
    name: 'POLICY_POLL_MILLISECONDS',
    sentence: 'time between two looks at the policy folder',
    allowed: '20 to 60000 milliseconds',
    default: '500',
    parse: wholeNumber(20, 60_000),
  },
  storePollMilliseconds: {
    name: 'STORE_POLL_MILLISECONDS',
    sentence: 'time between two looks for a new revision in the database',
    allowed: '100 to 5000 milliseconds',
    default: '5000',
    parse: wholeNumber(100, 5000),
  },
  notify: {
    name: 'NOTIFY',
    sentence: 'hear of new revisions at once, over one connection that listens; `false` behind a pooler',
    allowed: TRUE_OR_FALSE,
    default: 'true',
    parse: trueOrFalse,
  },
  checkMilliseconds: {
    name: 'CHECK_MILLISECONDS',
    sentence: 'longest time that the engines are compared before a revision is put in force',
    allowed: '10 to 10000 milliseconds',
    default: '300',
    parse: wholeNumber(10, 10_000),
  },
  checkRequests: {
    name: 'CHECK_REQUESTS',
    sentence:
      'requests on which the engines are compared, before and after a revision is put in force; ends after 30 seconds, and takes only the processor time that decisions leave',
    allowed: '1 to 1000000',
    default: '20000',
    parse: wholeNumber(1, 1_000_000),
  },
  issuerHosts: {
    name: 'ISSUER_HOSTS',
    sentence:
      'hosts of issuers that may be asked without TLS and at addresses that are not public, such as one on this machine or in the cluster',
    allowed: '`host` or `host:port`, joined by commas',
    parse: hostList,
  },
  issuerCa: {
    name: 'ISSUER_CA',
    sentence: 'certificates by which issuers may prove themselves, besides those that Node trusts; read at each fetch',
    allowed: PEM_FILE,
    parse: asWritten,
  },
  evidenceWaitMilliseconds: {
    name: 'EVIDENCE_WAIT_MILLISECONDS',
    sentence: 'longest time that a decision waits for an issuer: for keys that are missing, or its word about a token',
    allowed: '0 to 5000 milliseconds',
    default: '100',
    parse: wholeNumber(0, 5_000),
  },
  drainMilliseconds: {
    name: 'DRAIN_MILLISECONDS',
    sentence: 'time to go on answering after readiness says no, so that callers can turn elsewhere',
    allowed: '0 to 10000 milliseconds',
    default: '0',
    parse: wholeNumber(0, 10_000),
  },
  logLevel: {
    name: 'LOG_LEVEL',
    sentence: 'least severe log lines to write; denies are `info`',
    allowed: oneOf(LOG_LEVELS),
    default: 'info',
    parse: (text) => LOG_LEVELS.find((level) => level === text),
  },
  logAllowShare: {
    name: 'LOG_ALLOW_SHARE',
    sentence: 'share of the allows that are logged, drawn by lot',
    allowed: '0 to 1, such as `0.01`',
    default: '0',
    parse: share,
  },
  decisionLog: {
    name: 'DECISION_LOG',
    sentence:
      'where records of decisions go: `store` (the database, or without one the last 10,000 in memory), `file`, `http`, `otlp`',
    allowed: '`store`, `file`, `http`, `otlp`, joined by commas; or `off`',
    default: 'store',
    parse: (text) => (text === 'off' ? new Set() : everyPart(text, sinkName, (names) => new Set(names))),
  },
  decisionLogFile: {
    name: 'DECISION_LOG_FILE',
    sentence: 'file that records are added to, one line of JSON each; `-` is standard output',
    allowed: 'a path, or `-`',
    default: '-',
    parse: asWritten,
  },
  decisionLogUrl: {
    name: 'DECISION_LOG_URL',
    sentence: 'collector that takes records as lines of JSON (`application/x-ndjson`)',
    allowed: COLLECTOR,
    parse: collectorUrl,
  },
  decisionLogOtlpUrl: {
    name: 'DECISION_LOG_OTLP_URL',
    sentence: 'collector that takes records as OpenTelemetry logs (OTLP over HTTP, in JSON)',
    allowed: COLLECTOR,
    parse: collectorUrl,
  },
  decisionLogTokenFile: {
    name: 'DECISION_LOG_TOKEN_FILE',
    sentence: 'file with the bearer token for both collectors, read at each batch',
    allowed: 'a path',
    parse: asWritten,
  },
  decisionLogAllows: {
    name: 'DECISION_LOG_ALLOWS',
    sentence: 'share of the allows that are recorded, by domain and below; elsewhere it is `DHARMA_LOG_ALLOW_SHARE`',
    allowed: '`domain=share`, joined by commas, such as `acme=0.01,acme.payments=1`',
    parse: (text) => everyPart(text, domainShare, sharesOf),
  },
  decisionLogShow: {
    name: 'DECISION_LOG_SHOW',
    sentence: 'members of requests that are recorded although no rule reads them',
    allowed: MEMBERS,
    parse: (text) =>
      everyPart(
        text,
        (part) => (parseMember(part) === undefined ? undefined : part),
        (parts) => parts,
      ),
  },
  decisionLogMask: {
    name: 'DECISION_LOG_MASK',
    sentence: 'members of requests that are not recorded although a rule reads them, and parameters of paths',
    allowed: `${MEMBERS}; also \`request.params.id\``,
    parse: (text) =>
      everyPart(
        text,
        (part) => (parseMasked(part) === undefined ? undefined : part),
        (parts) => parts,
      ),
  },
  decisionLogPerSecond: {
    name: 'DECISION_LOG_PER_SECOND',
    sentence: 'records a second at most; what is above is counted and not recorded',
    allowed: '1 to 100000',
    default: '200',
    parse: wholeNumber(1, 100_000),
  },
  decisionLogDays: {
    name: 'DECISION_LOG_DAYS',
    sentence: 'days that records stay in the database, besides today',
    allowed: '1 to 3650 days',
    default: '14',
    parse: wholeNumber(1, 3_650),
  },
};

/** One setting, for help texts. */
export interface SettingDescription {
  readonly flag: string;
  readonly variable: string;
  readonly sentence: string;
  readonly allowed: string;
  readonly default?: string;
}

/** Every setting, in the order in which people meet them. */
export function describeSettings(): readonly SettingDescription[] {
  return Object.values<Setting<unknown>>(SETTINGS).map(({ name, sentence, allowed, default: standard }) => ({
    flag: flagOf(name),
    variable: variableOf(name),
    sentence,
    allowed,
    default: standard,
  }));
}

/**
 * @param flags  values by flag name without dashes, such as `http-address`; a flag beats its variable
 * @throws Problem `setting-invalid`, naming every wrong setting and what it may be
 */
export function readConfig(
  environment: { readonly [variable: string]: string | undefined },
  flags: { readonly [flag: string]: string | undefined },
): ServerConfig {
  const faults: string[] = unknownFlags(flags);
  const values: { [name: string]: unknown } = {};
  for (const [member, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const { name, allowed, parse } = setting;
    const text = flags[flagOf(name)] ?? environment[variableOf(name)] ?? setting.default;
    if (text === undefined) continue;
    values[member] = text === '' ? undefined : parse(text);
    if (values[member] === undefined) {
      const value = setting.isSecret === true ? 'its value, which is not shown here,' : `\`${text}\``;
      faults.push(`\`${variableOf(name)}\`: ${value} is not ${allowed}`);
    }
  }
  const config = Object.freeze(values) as unknown as ServerConfig;
  if (faults.length === 0) faults.push(...contradictions(config));
  if (faults.length > 0) throw new Problem('setting-invalid', { faults: faults.join('\n') });
  return config;
}

/** How a listener speaks TLS; undefined where it does not. */
export function tlsFiles(config: ServerConfig, listener: ListenerName): TlsFiles | undefined {
  const { cert, key, clientCa } = TLS[listener];
  const [certFile, keyFile] = [config[cert], config[key]];
  if (certFile === undefined || keyFile === undefined) return undefined;
  return { listener, cert: certFile, key: keyFile, clientCa: config[clientCa] };
}

const TLS = {
  grpc: { address: 'grpcAddress', cert: 'grpcTlsCert', key: 'grpcTlsKey', clientCa: 'grpcTlsClientCa' },
  http: { address: 'httpAddress', cert: 'httpTlsCert', key: 'httpTlsKey', clientCa: 'httpTlsClientCa' },
  admin: { address: 'adminAddress', cert: 'adminTlsCert', key: 'adminTlsKey', clientCa: 'adminTlsClientCa' },
} as const satisfies { readonly [listener in ListenerName]: { readonly [part: string]: keyof ServerConfig } };

/** What the other verbs of the command line read, and what Kubernetes sets beside a service named `dharma`. */
const NOT_OURS = /^DHARMA_(?:SERVER$|TOKEN$|TOKEN_FILE$|(?:SERVICE|PORT)(?:_|$))/;

/** Variables that look like settings and are none, most likely mistyped or of another version. */
export function unknownVariables(environment: { readonly [variable: string]: string | undefined }): readonly string[] {
  const known = new Set(Object.values<Setting<unknown>>(SETTINGS).map(({ name }) => variableOf(name)));
  return Object.keys(environment).filter(
    (variable) => variable.startsWith('DHARMA_') && !known.has(variable) && !NOT_OURS.test(variable),
  );
}

function contradictions(config: ServerConfig): string[] {
  const faults: string[] = [];
  if (config.policies !== undefined && config.databaseUrl !== undefined) {
    faults.push('`DHARMA_POLICIES` and `DHARMA_DATABASE_URL` exclude each other: decide by a folder or by a database');
  }
  if (config.metadataKey !== undefined && config.publicUrl === undefined) {
    faults.push('`DHARMA_METADATA_KEY` needs `DHARMA_PUBLIC_URL`: without it there are no metadata to sign');
  }
  for (const [one, other] of [
    ['operatorIssuer', 'operatorAudience'],
    ['operatorAudience', 'operatorIssuer'],
  ] as const) {
    if (config[one] !== undefined && config[other] === undefined) {
      faults.push(`${settingOf(other)} is missing: ${settingOf(one)} is set, and a token counts by both`);
    }
  }
  for (const [sink, url] of [
    ['http', 'decisionLogUrl'],
    ['otlp', 'decisionLogOtlpUrl'],
  ] as const) {
    if (config.decisionLog.has(sink) && config[url] === undefined) {
      faults.push(`${settingOf(url)} is missing: \`DHARMA_DECISION_LOG\` names \`${sink}\``);
    }
  }
  for (const [sink, place] of [
    ['http', 'decisionLogUrl'],
    ['otlp', 'decisionLogOtlpUrl'],
    ['file', 'decisionLogFile'],
  ] as const) {
    const isSet = config[place] !== undefined && config[place] !== '-';
    if (isSet && config.decisionLog.size > 0 && !config.decisionLog.has(sink)) {
      faults.push(
        `${settingOf(place)} is set, and \`DHARMA_DECISION_LOG\` does not name \`${sink}\`: nothing would get there`,
      );
    }
  }
  for (const { address, cert, key, clientCa } of Object.values(TLS)) {
    const [hasCert, hasKey] = [config[cert] !== undefined, config[key] !== undefined];
    if (hasCert !== hasKey) {
      const [missing, given] = hasCert ? [key, cert] : [cert, key];
      faults.push(
        `${settingOf(missing)} is missing: a certificate and its key go together, and ${settingOf(given)} is set`,
      );
    } else if (config[clientCa] !== undefined && !hasCert) {
      faults.push(
        `${settingOf(clientCa)} needs ${settingOf(cert)} and ${settingOf(key)}: only TLS asks for certificates`,
      );
    } else if (!hasCert && !config.allowPlaintext && !isLocalOnly(config[address])) {
      faults.push(
        `${settingOf(address)} can be reached from other machines, where anyone on the way could read and change answers; ` +
          `set ${settingOf(cert)} and ${settingOf(key)}, listen on 127.0.0.1, or set \`DHARMA_ALLOW_PLAINTEXT=true\` ` +
          'if something else protects the way',
      );
    }
  }
  return faults;
}

function settingOf(member: keyof ServerConfig): string {
  return `\`${variableOf(SETTINGS[member].name)}\``;
}

function unknownFlags(flags: object): string[] {
  const known = new Set(Object.values<Setting<unknown>>(SETTINGS).map(({ name }) => flagOf(name)));
  return Object.keys(flags).flatMap((flag) => (known.has(flag) ? [] : [`\`--${flag}\` is not a setting`]));
}

type Listener = Uppercase<ListenerName>;

function certificateFile(listener: Listener): Setting<string> {
  return {
    name: `${listener}_TLS_CERT`,
    sentence: `certificate of the ${LISTENERS[listener]} listener, its issuers after it; read again when it changes`,
    allowed: PEM_FILE,
    parse: asWritten,
  };
}

function keyFile(listener: Listener): Setting<string> {
  return {
    name: `${listener}_TLS_KEY`,
    sentence: `private key of the ${LISTENERS[listener]} listener; read again when it changes`,
    allowed: PEM_FILE,
    parse: asWritten,
  };
}

function clientCaFile(listener: Listener): Setting<string> {
  return {
    name: `${listener}_TLS_CLIENT_CA`,
    sentence: `issuers of client certificates; set, the ${LISTENERS[listener]} listener lets nobody in without one`,
    allowed: PEM_FILE,
    parse: asWritten,
  };
}

function asWritten(text: string): string {
  return text;
}

function oneOf(values: readonly string[]): string {
  return values.map((value) => `\`${value}\``).join(', ');
}

function trueOrFalse(text: string): boolean | undefined {
  return text === 'true' || text === 'false' ? text === 'true' : undefined;
}

function hostList(text: string): ReadonlySet<string> | undefined {
  const hosts = text.split(',').map((host) => host.trim().toLowerCase());
  return hosts.every((host) => /^(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/.test(host))
    ? new Set(hosts)
    : undefined;
}

function share(text: string): number | undefined {
  return /^(?:0(?:\.\d{1,9})?|1(?:\.0{1,9})?)$/.test(text) ? Number(text) : undefined;
}

/** A list with commas between its parts. */
function everyPart<Part, Whole>(
  text: string,
  parse: (part: string) => Part | undefined,
  whole: (parts: readonly Part[]) => Whole | undefined,
): Whole | undefined {
  const parts = text.split(',').map((part) => parse(part.trim()));
  return parts.includes(undefined) ? undefined : whole(parts as readonly Part[]);
}

function sinkName(text: string): DecisionSinkName | undefined {
  return DECISION_SINKS.find((name) => name === text);
}

function domainShare(text: string): readonly [string, number] | undefined {
  const [, domain, part] = /^(?=[^=]{1,253}=)([a-z0-9-]+(?:\.[a-z0-9-]+)*)=([\d.]+)$/.exec(text) ?? [];
  const parsed = part === undefined ? undefined : share(part);
  return domain === undefined || parsed === undefined ? undefined : [domain, parsed];
}

/** Undefined where a domain has two. */
function sharesOf(parts: readonly (readonly [string, number])[]): ReadonlyMap<string, number> | undefined {
  const shares = new Map(parts);
  return shares.size === parts.length ? shares : undefined;
}

/** Whether it may be asked without TLS is judged where it is asked. */
function issuerUrl(text: string): string | undefined {
  if (!/^https?:\/\/[\x21-\x7e]{1,300}$/.test(text) || !URL.canParse(text)) return undefined;
  const { username, password, search, hash } = new URL(text);
  return username + password + search + hash === '' ? text : undefined;
}

/** Records are about people: on their way to another machine nobody may read them. */
function collectorUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return undefined;
  const isHere = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isHere) ? text : undefined;
}

function wholeNumber(least: number, most: number): (text: string) => number | undefined {
  return (text) => {
    const value = Number(text);
    return /^\d{1,9}$/.test(text) && value >= least && value <= most ? value : undefined;
  };
}

function variableOf(name: string): string {
  return `DHARMA_${name}`;
}

function flagOf(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
