import { Problem } from '#problem';
import { isLocalOnly, parseListenAddress, type ListenAddress } from './listen-address.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Everything the server can be told, read once and frozen. */
export interface ServerConfig {
  readonly policies: string;
  readonly grpcAddress: ListenAddress;
  readonly httpAddress: ListenAddress;
  readonly adminAddress: ListenAddress;
  readonly allowPlaintext: boolean;
  readonly readyFile: string | undefined;
  readonly challenge: string;
  readonly maxTtlSeconds: number;
  readonly policyPollMilliseconds: number;
  readonly drainMilliseconds: number;
  readonly logLevel: LogLevel;
}

interface Setting<Value> {
  /** The environment variable is `DHARMA_` and this, the flag `--` and this in lower case with dashes. */
  readonly name: string;
  readonly sentence: string;
  /** The allowed values, with their unit. */
  readonly allowed: string;
  /** As one would write it; absent: it may be left out, or must be given. */
  readonly default?: string;
  /** Undefined when the text is not allowed. */
  readonly parse: (text: string) => Value | undefined;
}

type Settings = { readonly [Name in keyof ServerConfig]: Setting<NonNullable<ServerConfig[Name]>> };

const ADDRESS = '`address:port`, `[address]:port`, `localhost:port` or `unix:/path`; port 0 takes a free one';

const SETTINGS: Settings = {
  policies: {
    name: 'POLICIES',
    sentence: 'folder of policy documents to decide by, watched and loaded again when it changes',
    allowed: 'a folder',
    parse: (text) => text,
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
  allowPlaintext: {
    name: 'ALLOW_PLAINTEXT',
    sentence: 'listen beyond this machine without TLS',
    allowed: '`true` or `false`',
    default: 'false',
    parse: (text) => (text === 'true' || text === 'false' ? text === 'true' : undefined),
  },
  readyFile: {
    name: 'READY_FILE',
    sentence: 'file to write the addresses in use to, as JSON, once the server answers',
    allowed: 'a path',
    parse: (text) => text,
  },
  challenge: {
    name: 'CHALLENGE',
    sentence: 'value of `www-authenticate` on every 401, the same for all clients',
    allowed: 'up to 200 printable ASCII characters',
    default: 'Bearer',
    parse: (text) => (/^[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$/.test(text) ? text : undefined),
  },
  maxTtlSeconds: {
    name: 'MAX_TTL_SECONDS',
    sentence: 'longest time that an answer may be kept',
    allowed: '0 to 86400 seconds',
    default: '30',
    parse: wholeNumber(0, 86_400),
  },
  policyPollMilliseconds: {
    name: 'POLICY_POLL_MILLISECONDS',
    sentence: 'time between two looks at the policy folder',
    allowed: '20 to 60000 milliseconds',
    default: '500',
    parse: wholeNumber(20, 60_000),
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
    allowed: LOG_LEVELS.map((level) => `\`${level}\``).join(', '),
    default: 'info',
    parse: (text) => LOG_LEVELS.find((level) => level === text),
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
    if (values[member] === undefined) faults.push(`\`${variableOf(name)}\`: \`${text}\` is not ${allowed}`);
  }
  const config = Object.freeze(values) as unknown as ServerConfig;
  if (faults.length === 0) faults.push(...contradictions(config));
  if (faults.length > 0) throw new Problem('setting-invalid', { faults: faults.join('\n') });
  return config;
}

/** What Kubernetes puts into the environment of whoever runs beside a service named `dharma`. */
const NOT_OURS = /^DHARMA_(?:SERVICE|PORT)(?:_|$)/;

/** Variables that look like settings and are none, most likely mistyped or of another version. */
export function unknownVariables(environment: { readonly [variable: string]: string | undefined }): readonly string[] {
  const known = new Set(Object.values<Setting<unknown>>(SETTINGS).map(({ name }) => variableOf(name)));
  return Object.keys(environment).filter(
    (variable) => variable.startsWith('DHARMA_') && !known.has(variable) && !NOT_OURS.test(variable),
  );
}

function contradictions(config: ServerConfig): string[] {
  const faults: string[] = [];
  if (config.policies === undefined)
    faults.push('`DHARMA_POLICIES` (`--policies DIR`) must name a folder of policy documents');
  for (const listener of ['grpcAddress', 'httpAddress', 'adminAddress'] as const) {
    if (config.allowPlaintext || isLocalOnly(config[listener])) continue;
    faults.push(
      `\`${variableOf(SETTINGS[listener].name)}\` can be reached from other machines, where anyone on the way could read and ` +
        'change answers; listen on 127.0.0.1, or set `DHARMA_ALLOW_PLAINTEXT=true` if something else protects the way',
    );
  }
  return faults;
}

function unknownFlags(flags: object): string[] {
  const known = new Set(Object.values<Setting<unknown>>(SETTINGS).map(({ name }) => flagOf(name)));
  return Object.keys(flags).flatMap((flag) => (known.has(flag) ? [] : [`\`--${flag}\` is not a setting`]));
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
