import * as http from 'node:http';
import * as https from 'node:https';
import { TELL_HEADER } from '#wire';
import { Transport, TransportFault, type Question, type Reply } from '../transport.js';
import { tellingIn } from '../telling-reading.js';
import { httpAddress, type HttpAddress } from './http-address.js';

export interface HttpSettings {
  /** `http://host:port`, `https://host:port`, or `unix:/path` */
  readonly url: string;
  /** The key of this enforcement point, `<id>.<secret>`. */
  readonly key?: string;
  /** In PEM: whom to believe in place of the system's authorities, and what to prove oneself with. */
  readonly tls?: {
    readonly ca?: string | Buffer;
    readonly cert?: string | Buffer;
    readonly key?: string | Buffer;
    readonly servername?: string;
  };
  /** Lets credentials go over a network as plain text. */
  readonly allowPlaintext?: boolean;
  /** Connections at most; further questions wait for one. */
  readonly connections?: number;
}

const ROUTES: { readonly [kind in Question['kind']]: string } = {
  decide: '/v1/decide',
  decideMany: '/v1/decide/batch',
  explain: '/v1/explain',
};
const DEFAULT_CONNECTIONS = 64;
/** An explanation may be long; nothing that is longer is read. */
const MAX_REPLY_BYTES = 4 * 1024 * 1024;
const WORTH_REPEATING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** `POST /v1/…` over connections that are kept. */
export class HttpTransport extends Transport {
  readonly #address: HttpAddress;
  readonly #agent: http.Agent;
  readonly #headers: http.OutgoingHttpHeaders;

  /** @throws TypeError what is wrong with the settings */
  constructor({ url, key, tls = {}, allowPlaintext = false, connections = DEFAULT_CONNECTIONS }: HttpSettings) {
    super();
    this.#address = httpAddress(url, allowPlaintext);
    const { ca, cert, key: privateKey, servername } = tls;
    const kept = { keepAlive: true, maxSockets: connections, scheduling: 'lifo' } as const;
    this.#agent =
      this.#address.kind === 'tcp' && this.#address.tls
        ? new https.Agent({ ...kept, ca, cert, key: privateKey, ...(servername !== undefined && { servername }) })
        : new http.Agent(kept);
    this.#headers = {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(key !== undefined && { 'x-dharma-key': key }),
    };
    if (key !== undefined) http.validateHeaderValue('x-dharma-key', key);
  }

  override async ask(question: Question, signal: AbortSignal): Promise<Reply> {
    const body = Buffer.from(
      JSON.stringify(question.kind === 'decideMany' ? { requests: question.requests } : question.request),
    );
    const response = await this.#send(question, body, signal);
    const text = await textOf(response);
    if (response.statusCode !== 200) throw refused(response, text);
    return { body: jsonOf(text), telling: tellingIn((name) => response.headers[name]) };
  }

  override close(): void {
    this.#agent.destroy();
  }

  #send(question: Question, body: Buffer, signal: AbortSignal): Promise<http.IncomingMessage> {
    const { request } = this.#address.kind === 'tcp' && this.#address.tls ? https : http;
    return new Promise((answered, failed) => {
      const fail = (fault: Error): void => failed(unreachable(fault));
      const sent = request({
        ...(this.#address.kind === 'unix'
          ? { socketPath: this.#address.path, host: 'dharma' }
          : { host: this.#address.host, port: this.#address.port }),
        agent: this.#agent,
        method: 'POST',
        path: ROUTES[question.kind],
        headers: {
          ...this.#headers,
          'content-length': body.byteLength,
          ...(question.kind === 'decide' && question.tell && { [TELL_HEADER]: 'yes' }),
        },
        signal,
      });
      sent.on('response', answered);
      sent.on('error', fail);
      sent.on('upgrade', (_response, socket) => {
        socket.destroy();
        fail(new Error('it speaks another protocol'));
      });
      sent.end(body);
    });
  }
}

function textOf(response: http.IncomingMessage): Promise<string> {
  return new Promise((read, failed) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on('data', (chunk: Buffer) => {
      length += chunk.byteLength;
      chunks.push(chunk);
      if (length <= MAX_REPLY_BYTES) return;
      response.destroy();
      failed(unreadable('it is too long'));
    });
    // Where the connection breaks, the error comes in place of the end.
    response.on('error', (fault) => failed(unreachable(fault)));
    response.on('end', () => read(Buffer.concat(chunks).toString('utf8')));
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable('it is no JSON');
  }
}

function refused({ statusCode = 0, headers }: http.IncomingMessage, text: string): TransportFault {
  const code = codeIn(text);
  const message = `the server answers ${statusCode}${code === undefined ? '' : ` (\`${code}\`)`}`;
  const seconds = Number(headers['retry-after'] ?? 0);
  return new TransportFault(
    { because: 'refused', message, ...(code !== undefined && { code }) },
    WORTH_REPEATING.has(statusCode),
    Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined,
  );
}

const CODE = /^[a-z][a-z0-9-]{0,63}$/;

/** The code of a problem, where the text is one; it goes into a log. */
function codeIn(text: string): string | undefined {
  try {
    const { code } = JSON.parse(text) as { readonly code?: unknown };
    return typeof code === 'string' && CODE.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

function unreadable(why: string): TransportFault {
  return new TransportFault({ because: 'unreadable', message: `the reply is no answer: ${why}` }, true);
}

function unreachable(fault: Error): TransportFault {
  const { code } = fault as NodeJS.ErrnoException;
  // Bytes that are no HTTP came from someone.
  if (code?.startsWith('HPE_') === true) return unreadable(`it is no HTTP (${code})`);
  return new TransportFault({ because: 'unreachable', message: code ?? fault.message }, true);
}
