import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { checkConnection, type ConnectionFlags } from '../connection.js';
import { Progress } from '../progress.js';
import { type ExitCode, Stop, type Terminal } from '../terminal.js';
import { startEcho, type Echo, type Receipt } from './echo.js';
import { dharmaReading } from './reading.js';
import { http2TricksOf } from './http2-tricks.js';
import { fieldsOf, sendByHttp2 } from './http2-wire.js';
import { type GatewayName, gatewayOf } from './remedies.js';
import { type Http2, reportJson, reportText } from './report.js';
import { type Attempt, judged } from './suite.js';
import type { Base, HeaderField, Http2Trick } from './trick.js';
import { tricksOf } from './tricks.js';
import { bytesOf, type GatewayAddress, PROBE_HEADER, type Reply, send } from './wire.js';
import { witnessOf } from './witness.js';

export interface GatewayOptions extends ConnectionFlags {
  /** Where the echo listens, `address:port`. */
  readonly upstreamEcho: string;
  /** Whose settings to show; absent: as its `Server` header says. */
  readonly gateway?: GatewayName;
  /** Instead of that of the URL. */
  readonly host?: string;
  /** Each `name=value`. */
  readonly header: readonly string[];
  readonly ownHeader: readonly string[];
  /** With `server`: holds the key of an enforcement point. */
  readonly keyFile?: string;
  /** Certificates to trust for the gateway, PEM. */
  readonly gatewayCa?: string;
  /** Seconds to wait for each answer of the gateway. */
  readonly patience: number;
  readonly format: 'text' | 'json';
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\x20-\x7e]*$/;
const HOST = /^[A-Za-z0-9.[\]:-]+$/;
/** Characters; what is shorter anybody could guess, and may stand in a path. */
const SHORTEST_SECRET = 6;
const HTTP2_AT_ONCE = 8;

/**
 * Sends tricks through a gateway to an echo of its own, and reports where gateway, Dharma and service read differently.
 *
 * @returns 1 when anything differs
 * @throws Stop with 3 when the gateway, or through it the echo, cannot be reached
 */
export async function doctorGateway(terminal: Terminal, url: string, options: GatewayOptions): Promise<ExitCode> {
  const { to, base } = await wayThrough(terminal, url, options);
  const connection =
    options.server === undefined ? undefined : await checkConnection(terminal, options, options.keyFile);
  const post = new Post(base.headers.map(([, value]) => value).filter(({ length }) => length >= SHORTEST_SECRET));
  const echo = await listening(options.upstreamEcho, post);
  try {
    const attempts = attemptsAt(terminal, to, base, post, options.patience);
    const plain = await theFirst(attempts, url, echo, to);
    const witness = connection && (await witnessOf(connection, base, plain.receipts[0]!));
    const byHttp1 = [plain, ...(await rest(attempts))];
    const byHttp2 = await http2Attempts(terminal, to, base, post, options.patience);
    // Judged when all is over: a gateway may be late with what it sends on.
    const results = await judged([...byHttp1, ...byHttp2.attempts], base, plain.receipts[0]!, witness);
    const gateway = options.gateway ?? gatewayOf(serverOf(plain.reply));
    const report = { url, gateway, judged: results, http2: byHttp2.http2 };
    await terminal.out.write(options.format === 'json' ? reportJson(report) : reportText(report, terminal.out.colours));
    return results.some(({ verdict }) => verdict === 'differs') ? 1 : 0;
  } finally {
    await echo.stop();
  }
}

/** What the echo got, by the request that it was part of. Other people's requests are nobody's. */
class Post {
  constructor(private readonly secrets: readonly string[]) {}

  readonly #run = randomBytes(6).toString('hex');
  readonly #receipts = new Map<string, Receipt[]>();

  /** Of a request that nobody has sent yet. */
  probe(): string {
    return `${this.#run}-${this.#receipts.size}`;
  }

  take(receipt: Receipt): void {
    const probe = receipt.fields.find(([name]) => name.toLowerCase() === PROBE_HEADER)?.[1] ?? '';
    const fields = receipt.fields.map(([name, value]): HeaderField => [name, this.#hidden(value)]);
    this.#receipts.get(probe)?.push({ ...receipt, fields });
  }

  /** Hidden before anybody looks: whatever is said of a request later holds none of them. */
  #hidden(value: string): string {
    return this.secrets.reduce((shown, secret) => shown.replaceAll(secret, '…'), value);
  }

  /** What comes from now on under that probe; it goes on growing. */
  expect(probe: string): readonly Receipt[] {
    const receipts: Receipt[] = [];
    this.#receipts.set(probe, receipts);
    return receipts;
  }
}

async function* attemptsAt(
  terminal: Terminal,
  to: GatewayAddress,
  base: Base,
  post: Post,
  patience: number,
): AsyncGenerator<Attempt, void> {
  const tricks = tricksOf(base);
  const progress = new Progress(terminal.aside, terminal.now, 'request', tricks.length);
  for (const [index, trick] of tricks.entries()) {
    const probe = post.probe();
    const receipts = post.expect(probe);
    // One after the other: a gateway that falls behind would mix up what it answers to which.
    const reply = await send(to, bytesOf(trick, base, probe), patience * 1000).catch(unreachable);
    progress.update(index + 1);
    yield { trick, reply, receipts };
  }
  progress.finish();
}

/** By HTTP/2 too, where the gateway speaks it there; first the plain request, and nothing else unless that comes through. */
async function http2Attempts(
  terminal: Terminal,
  to: GatewayAddress,
  base: Base,
  post: Post,
  patience: number,
): Promise<{ readonly http2: Http2; readonly attempts: readonly Attempt[] }> {
  const tricks = http2TricksOf(base, to.tls === undefined ? 'http' : 'https');
  const progress = new Progress(terminal.aside, terminal.now, 'request by HTTP/2', tricks.length);
  const attempt = async (trick: Http2Trick): Promise<Attempt | undefined> => {
    const probe = post.probe();
    const receipts = post.expect(probe);
    const reply = await sendByHttp2(to, fieldsOf(trick, base, probe), patience * 1000).catch(unreachable);
    return reply === 'not spoken' ? undefined : { trick, reply, receipts };
  };
  const plain = await attempt(tricks[0]!);
  if (plain === undefined) return { http2: 'not spoken', attempts: [] };
  if (plain.receipts.length === 0) return { http2: 'closed', attempts: [plain] };
  const attempts: Attempt[] = [plain];
  const waiting = [...tricks.entries()].slice(1);
  let done = 1;
  const sendAll = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, trick] = next;
      const made = await attempt(trick);
      // Spoken a moment ago: a gateway that hangs up before it has said so has refused.
      attempts[index] = made ?? { trick, reply: { kind: 'hung up' }, receipts: [] };
      progress.update((done += 1));
    }
  };
  // Gateways hang up late on what they refuse; on connections of their own, answers cannot be mixed up.
  await Promise.all(Array.from({ length: HTTP2_AT_ONCE }, sendAll));
  progress.finish();
  return { http2: 'tried', attempts };
}

function unreachable(fault: NodeJS.ErrnoException): never {
  throw new Stop(3, `the gateway could not be reached: ${fault.message}`);
}

/** The plain request, which has to come through before anything else is sent. */
async function theFirst(
  attempts: AsyncGenerator<Attempt, void>,
  url: string,
  echo: Echo,
  to: GatewayAddress,
): Promise<Attempt> {
  const { value } = await attempts.next();
  const plain = value as Attempt;
  if (plain.receipts.length > 0) return plain;
  await attempts.return();
  throw new Stop(
    3,
    `\`${url}\` does not lead to the echo: a plain GET ${plainly(plain.reply)}, and nothing came to ${echo.address}. ` +
      `Have the gateway at ${to.host}:${to.port} send what it lets pass to ${echo.address}, as its one service, and name a path that everybody may GET, or a credential with \`--header\`. Nothing else was sent`,
  );
}

async function rest(attempts: AsyncGenerator<Attempt, void>): Promise<readonly Attempt[]> {
  const all: Attempt[] = [];
  for await (const attempt of attempts) all.push(attempt);
  return all;
}

function plainly(reply: Reply): string {
  return reply.kind === 'answered' ? `was answered with ${reply.status}` : `got no answer (it ${said(reply.kind)})`;
}

function said(kind: Exclude<Reply['kind'], 'answered'>): string {
  return kind === 'silent' ? 'stayed silent' : 'hung up';
}

function serverOf(reply: Reply): string | undefined {
  return reply.kind === 'answered' ? reply.server : undefined;
}

async function wayThrough(
  terminal: Terminal,
  text: string,
  { host, header, ownHeader, gatewayCa }: GatewayOptions,
): Promise<{ readonly to: GatewayAddress; readonly base: Base }> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && url.username + url.password + url.search + url.hash === '';
  if (!isPlain || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw new Stop(2, `\`${text}\` is no gateway; name one as \`http://host:port/path\` or \`https://host:port/path\``);
  }
  const reading = dharmaReading(url.pathname);
  if (reading.kind === 'refused' || reading.hasEscapedSlash || reading.path !== url.pathname) {
    throw new Stop(2, `the path \`${url.pathname}\` can be read in two ways already; name a plain one`);
  }
  if (host !== undefined && !HOST.test(host))
    throw new Stop(2, `\`${host}\` is no host; name one as \`www.example.com\``);
  const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isSecure = url.protocol === 'https:';
  if (gatewayCa !== undefined && !isSecure) throw new Stop(2, `\`${text}\` has no TLS for \`--gateway-ca\``);
  const ca = gatewayCa === undefined ? undefined : await fileAt(terminal, gatewayCa);
  const servername = (host ?? name).replace(/:\d+$/, '');
  return {
    to: {
      host: name,
      port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
      ...(isSecure && { tls: { ...(ca && { ca }), ...(isIP(servername) === 0 && { servername }) } }),
    },
    base: {
      path: url.pathname,
      host: host ?? url.host,
      headers: header.map(headerOf),
      ownHeaders: ownHeader.map((own) => {
        if (!TOKEN.test(own)) throw new Stop(2, `\`${own}\` is no name of a header`);
        return own.toLowerCase();
      }),
    },
  };
}

function headerOf(text: string): HeaderField {
  const equals = text.indexOf('=');
  // As a gateway passes it on.
  const [name, value] = [text.slice(0, equals), text.slice(equals + 1).trim()];
  // The value may be a secret.
  if (equals < 0 || !TOKEN.test(name) || !VALUE.test(value)) {
    throw new Stop(2, '`--header` takes `name=value`, in plain characters');
  }
  return [name, value];
}

async function fileAt({ cwd }: Terminal, path: string): Promise<Buffer> {
  return readFile(resolve(cwd, path)).catch((fault: NodeJS.ErrnoException) => {
    throw new Stop(2, `cannot read \`${path}\`: ${fault.code ?? fault.message}`);
  });
}

async function listening(address: string, post: Post): Promise<Echo> {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(address) ?? [];
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) === 0 || Number(port) > 65_535) {
    throw new Stop(2, `\`${address}\` is no address to listen on; name one as \`127.0.0.1:3000\``);
  }
  return startEcho(bare, Number(port), (receipt) => post.take(receipt)).catch((fault: NodeJS.ErrnoException) => {
    throw new Stop(
      2,
      `the echo cannot listen on ${address} (${fault.code ?? fault.message}): stop the service there, or name another address with \`--upstream-echo\` and in the gateway`,
    );
  });
}
