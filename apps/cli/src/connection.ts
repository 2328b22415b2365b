import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { Stop, type Terminal } from './terminal.js';

/** How to reach a server, as flags. */
export interface ConnectionFlags {
  /** `http://host:port`, `https://host:port` or `unix:/path`. */
  readonly server?: string;
  /** File of PEM certificates to trust instead of the system's. */
  readonly ca?: string;
  /** Our own certificate and its key, for mutual TLS; both or none. */
  readonly cert?: string;
  readonly key?: string;
  /** Seconds to wait for an answer. */
  readonly timeout: number;
  /** A secret may travel without TLS to another machine. */
  readonly allowPlaintext: boolean;
}

export interface AdminFlags extends ConnectionFlags {
  readonly tokenFile?: string;
}

export interface Connection {
  /** As the user named it. */
  readonly shown: string;
  readonly address:
    | { readonly kind: 'tcp'; readonly isSecure: boolean; readonly host: string; readonly port: number }
    | { readonly kind: 'unix'; readonly path: string };
  /** What stands before every path; empty, or `/` and more without a slash at the end. */
  readonly prefix: string;
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly timeoutMilliseconds: number;
  /** Prove who we are. Secrets. */
  readonly headers: { readonly [name: string]: string };
  /** Where the secret in them came from, to be shown. */
  readonly secretFrom: string | undefined;
}

const ADMIN_DEFAULT = 'http://127.0.0.1:8282';
const CHECK_DEFAULT = 'http://127.0.0.1:8181';
/** A token of an identity provider may be that long. */
const MAXIMUM_SECRET_BYTES = 8192;

/**
 * The admin listener and an operator's token.
 *
 * @throws Stop with 2 when a flag or variable is wrong, or there is no token
 */
export async function adminConnection(terminal: Terminal, flags: AdminFlags): Promise<Connection> {
  const shown = flags.server ?? setting(terminal, 'DHARMA_SERVER') ?? ADMIN_DEFAULT;
  const connection = await connectionTo(terminal, shown, flags);
  const token = await operatorToken(terminal, flags.tokenFile, isThisMachine(connection));
  return withSecret(terminal, connection, flags, { authorization: `Bearer ${token.secret}` }, token.from);
}

/**
 * The check listener over HTTP.
 *
 * @param keyFile  holds an enforcement point's key, `<id>.<secret>`
 * @throws Stop with 2 when a flag is wrong
 */
export async function checkConnection(
  terminal: Terminal,
  flags: ConnectionFlags,
  keyFile: string | undefined,
): Promise<Connection> {
  const connection = await connectionTo(terminal, flags.server ?? CHECK_DEFAULT, flags);
  if (keyFile === undefined) return connection;
  const key = await secretIn(terminal, keyFile);
  return withSecret(terminal, connection, flags, { 'x-dharma-key': key }, `\`${keyFile}\``);
}

async function connectionTo(terminal: Terminal, shown: string, flags: ConnectionFlags): Promise<Connection> {
  const { address, prefix } = addressOf(shown);
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    throw new Stop(2, '`--cert` and `--key` belong together: name both files or none');
  }
  const pem = async (path: string | undefined): Promise<Buffer | undefined> =>
    path === undefined ? undefined : bytesOf(terminal, path);
  const [ca, cert, key] = await Promise.all([flags.ca, flags.cert, flags.key].map(pem));
  if (!(address.kind === 'tcp' && address.isSecure) && (ca ?? cert) !== undefined) {
    throw new Stop(2, `\`${shown}\` has no TLS for the certificates; name the server as \`https://…\``);
  }
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  try {
    createSecureContext(tls);
  } catch {
    // What OpenSSL says of it helps nobody.
    const named = [flags.ca, flags.cert, flags.key].flatMap((path) => (path === undefined ? [] : [`\`${path}\``]));
    throw new Stop(
      2,
      `${named.join(', ')} hold no certificate and key that belong together, in PEM without a password`,
    );
  }
  return {
    shown,
    address,
    prefix,
    tls,
    timeoutMilliseconds: flags.timeout * 1000,
    headers: {},
    secretFrom: undefined,
  };
}

function addressOf(text: string): Pick<Connection, 'address' | 'prefix'> {
  const wrong = (): Stop =>
    new Stop(2, `\`${text}\` is no server; name one as \`https://host:port\`, \`http://host:port\` or \`unix:/path\``);
  if (text.startsWith('unix:/')) return { address: { kind: 'unix', path: text.slice('unix:'.length) }, prefix: '' };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && url.username + url.password + url.search + url.hash === '';
  if (!isPlain || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') throw wrong();
  const isSecure = url.protocol === 'https:';
  return {
    address: {
      kind: 'tcp',
      isSecure,
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    },
    prefix: url.pathname.replace(/\/+$/, ''),
  };
}

function withSecret(
  terminal: Terminal,
  connection: Connection,
  flags: ConnectionFlags,
  headers: Connection['headers'],
  secretFrom: string,
): Connection {
  requireSafeWay(terminal, connection, flags);
  return { ...connection, headers, secretFrom };
}

/** @throws Stop with 2 where a secret would travel without TLS to another machine, and nobody has said that it may */
export function requireSafeWay(
  terminal: Terminal,
  connection: Connection,
  { allowPlaintext }: Pick<ConnectionFlags, 'allowPlaintext'>,
): void {
  const { address, shown } = connection;
  const isOpen = address.kind === 'tcp' && !address.isSecure && !isThisMachine(connection);
  if (isOpen && !allowPlaintext && setting(terminal, 'DHARMA_ALLOW_PLAINTEXT') !== 'true') {
    throw new Stop(
      2,
      `anyone on the way to \`${shown}\` could read the secret; use \`https://…\`, or \`--allow-plaintext\` if something else protects the way`,
    );
  }
}

function isThisMachine({ address }: Connection): boolean {
  return address.kind === 'unix' || /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/.test(address.host);
}

interface Token {
  readonly secret: string;
  readonly from: string;
}

/** Never a flag: lists of processes show flags to everyone. */
async function operatorToken(terminal: Terminal, file: string | undefined, isLocal: boolean): Promise<Token> {
  const named = file ?? setting(terminal, 'DHARMA_TOKEN_FILE');
  if (named !== undefined) return { secret: await secretIn(terminal, named), from: `\`${named}\`` };
  const given = setting(terminal, 'DHARMA_TOKEN');
  if (given !== undefined) {
    return { secret: judgeSecret(given, '`DHARMA_TOKEN`'), from: '`DHARMA_TOKEN`' };
  }
  // The file of a server here is of no use to one elsewhere, who would learn it.
  const left = join(setting(terminal, 'DHARMA_DATA_DIR') ?? '.dharma', 'operator-token');
  const found = isLocal ? await secretIn(terminal, left).catch(() => undefined) : undefined;
  if (found !== undefined) return { secret: found, from: `\`${left}\`` };
  throw new Stop(
    2,
    'there is no operator token; name a file with `--token-file` or `DHARMA_TOKEN_FILE`, or set `DHARMA_TOKEN`',
  );
}

/** @throws Stop with 2 where the file holds no line that can be a token or key */
export async function secretIn(terminal: Terminal, path: string): Promise<string> {
  return judgeSecret((await bytesOf(terminal, path)).toString('utf8').trim(), `\`${path}\``);
}

/** What cannot stand in a header is no token; it is not shown either. */
function judgeSecret(text: string, from: string): string {
  if (text.length <= MAXIMUM_SECRET_BYTES && /^[\x21-\x7e]+$/.test(text)) return text;
  throw new Stop(2, `${from} holds no token or key: it is one line \`<id>.<secret>\``);
}

/** @throws Stop with 2 */
export async function bytesOf(terminal: Terminal, path: string): Promise<Buffer> {
  return readFile(resolve(terminal.cwd, path)).catch((fault: NodeJS.ErrnoException) => {
    throw new Stop(2, `cannot read \`${path}\`: ${fault.code ?? fault.message}`);
  });
}

/** An empty variable is none. */
function setting({ environment }: Terminal, variable: string): string | undefined {
  const value = environment[variable];
  return value === '' ? undefined : value;
}
