import { isUtf8 } from 'node:buffer';
import { lookup as lookUp, type LookupAddress } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { Outbound, type OutboundFault, type OutboundReply, type OutboundRequest } from '#identity';
import { isPublicAddress } from './public-address.js';

/** From the first byte sent to the last one received. */
const MAXIMUM_MILLISECONDS = 3_000;
const MAXIMUM_BYTES = 256 * 1024;

export interface GuardedOutboundParts {
  /** `host` or `host:port`, in lower case: they may be asked without TLS, and at addresses that are not public. */
  readonly hosts: ReadonlySet<string>;
  /** Files of certificates in PEM that are trusted besides Node's own; read each time. */
  readonly caFiles: readonly string[];
  /** Looks up all addresses of a name. */
  readonly lookup?: typeof lookUp;
}

/** Names that RFC 6761 lets nobody have; they are not even looked up. */
const EXAMPLES = /(?:^|\.)(?:example|invalid)\.?$/;

/** Why a request failed, in words that may be logged. */
class Refusal extends Error {
  /** @param answer  what can be told of an answer that came */
  constructor(
    because: string,
    readonly answer: Pick<OutboundFault, 'status' | 'retryAfterSeconds'> = {},
  ) {
    super(because);
  }
}

/**
 * Asks issuers. A policy says where they are, so what can be reached is held to the internet at large: https, public
 * addresses, no redirects. The address that was judged is the one that is connected to, whatever a name means a moment later.
 */
export class GuardedOutbound extends Outbound {
  readonly #parts: GuardedOutboundParts;

  constructor(parts: GuardedOutboundParts) {
    super();
    this.#parts = parts;
  }

  override async ask(request: OutboundRequest): Promise<OutboundReply> {
    const signal = AbortSignal.timeout(MAXIMUM_MILLISECONDS);
    try {
      return { kind: 'text', text: await this.#asked(request, signal) };
    } catch (fault) {
      if (signal.aborted) return { kind: 'fault', because: TOO_LATE };
      return { kind: 'fault', because: wordsFor(fault), ...(fault instanceof Refusal && fault.answer) };
    }
  }

  async #asked({ url: text, form, authorization }: OutboundRequest, signal: AbortSignal): Promise<string> {
    if (!URL.canParse(text)) throw new Refusal('its address is no URL');
    const url = new URL(text);
    const isListed = this.#isListed(url);
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isListed))
      throw new Refusal('its address is not https, and its host is not among `DHARMA_ISSUER_HOSTS`');
    if (url.username !== '' || url.password !== '') throw new Refusal('its address holds a password');
    if (EXAMPLES.test(url.hostname) && !isListed)
      throw new Refusal('its host is a name for examples, which leads nowhere');
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    // Node looks nothing up for an address, so it is judged here.
    if (isIP(host) !== 0 && !isListed) requirePublic([host]);
    const body = form && new URLSearchParams(form).toString();
    const options: RequestOptions & { ca?: string[] } = {
      method: body === undefined ? 'GET' : 'POST',
      agent: false,
      signal,
      lookup: this.#lookupFor(isListed),
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': 'dharma',
        ...(authorization !== undefined && { authorization }),
        ...(body !== undefined && {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': Buffer.byteLength(body),
        }),
      },
      ...(url.protocol === 'https:' && this.#parts.caFiles.length > 0 && { ca: await this.#trusted() }),
    };
    return new Promise((done, failed) => {
      const send = url.protocol === 'https:' ? requestHttps : requestHttp;
      const asking = send(url, options, (response) => void bodyOf(response).then(done, failed));
      asking.once('error', failed);
      asking.end(body);
    });
  }

  /** What is given takes the place of what Node trusts by itself, so that stands beside it. */
  async #trusted(): Promise<string[]> {
    try {
      const own = await Promise.all(this.#parts.caFiles.map((file) => readFile(file, 'utf8')));
      return [...rootCertificates, ...own];
    } catch {
      throw new Refusal('the certificates of `DHARMA_ISSUER_CA` cannot be read');
    }
  }

  #isListed({ hostname, port, protocol }: URL): boolean {
    const { hosts } = this.#parts;
    const effective = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
    return hosts.has(hostname) || hosts.has(`${hostname}:${effective}`);
  }

  /** What is looked up is judged and handed to the socket in one go. */
  #lookupFor(isListed: boolean): LookupFunction {
    const look = this.#parts.lookup ?? lookUp;
    return (hostname, options, answer) => {
      look(hostname, { family: options.family, hints: options.hints, all: true }, (fault, addresses) => {
        if (fault !== null) return answer(fault, []);
        try {
          if (!isListed) requirePublic(addresses.map(({ address }: LookupAddress) => address));
        } catch (refusal) {
          return answer(refusal as Error, []);
        }
        if (options.all === true) return answer(null, addresses);
        return answer(null, addresses[0]!.address, addresses[0]!.family);
      });
    };
  }
}

/** One that is not public spoils all: nobody publishes both. */
function requirePublic(addresses: readonly string[]): void {
  if (addresses.length === 0 || !addresses.every(isPublicAddress))
    throw new Refusal('its address is not public, and its host is not among `DHARMA_ISSUER_HOSTS`');
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const { statusCode: status = 0, headers } = response;
  const fault = headFault(status, headers);
  if (fault !== undefined) {
    response.destroy();
    const wanted = headers['retry-after'] ?? '';
    throw new Refusal(fault, { status, ...(SECONDS.test(wanted) && { retryAfterSeconds: Number(wanted) }) });
  }
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MAXIMUM_BYTES) throw new Refusal(TOO_LARGE, { status });
    pieces.push(piece);
  }
  const bytes = Buffer.concat(pieces);
  if (!isUtf8(bytes)) throw new Refusal('its answer is no UTF-8', { status });
  return bytes.toString();
}

/** A date may stand there too, by a clock that is not ours. */
const SECONDS = /^[0-9]{1,9}$/;
const TOO_LATE = `it does not answer within ${MAXIMUM_MILLISECONDS / 1000} s`;
const TOO_LARGE = `its answer is larger than ${MAXIMUM_BYTES} bytes`;

function headFault(status: number, headers: IncomingMessage['headers']): string | undefined {
  if (status >= 300 && status < 400) return `it answers with a redirect (${status}), which is not followed`;
  if (status !== 200) return `it answers with status ${status}`;
  if (!['', 'identity'].includes(headers['content-encoding'] ?? '')) return 'its answer is compressed';
  if (Number(headers['content-length'] ?? 0) > MAXIMUM_BYTES) return TOO_LARGE;
  return undefined;
}

/** Codes say what is wrong; messages may hold what was received. */
function wordsFor(fault: unknown): string {
  if (fault instanceof Refusal) return fault.message;
  const { code } = fault as { readonly code?: unknown };
  return `it cannot be reached (${typeof code === 'string' ? code : 'unknown fault'})`;
}
