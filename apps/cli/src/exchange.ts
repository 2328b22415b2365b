import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure, type RequestOptions } from 'node:https';
import type { Connection } from './connection.js';
import { Stop } from './terminal.js';

export interface Message {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly headers?: { readonly [name: string]: string };
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** No answer came, or none of a Dharma server; whether the server acted is not known. */
export class Unreachable extends Stop {
  constructor(message: string) {
    super(3, message);
  }
}

const CONNECT_MILLISECONDS = 5_000;
/** A plan of the largest bundle fits. */
const MAXIMUM_REPLY_BYTES = 256 * 1024 * 1024;

/**
 * One request and its answer. Redirections are not followed: they would carry the secret elsewhere.
 *
 * @throws Unreachable
 */
export function exchange(connection: Connection, message: Message): Promise<Reply> {
  const { address, tls } = connection;
  const body = message.body === undefined ? undefined : Buffer.from(JSON.stringify(message.body));
  const options: RequestOptions = {
    ...(address.kind === 'unix' ? { socketPath: address.path } : { host: address.host, port: address.port }),
    ...tls,
    method: message.method,
    path: connection.prefix + message.path,
    agent: false,
    headers: {
      accept: 'application/json, application/problem+json',
      ...(body && { 'content-type': 'application/json', 'content-length': String(body.byteLength) }),
      ...connection.headers,
      ...message.headers,
    },
  };
  return new Promise((answered, failed) => {
    const isSecure = address.kind === 'tcp' && address.isSecure;
    const sent: ClientRequest = isSecure ? requestSecure(options) : requestPlain(options);
    const giveUp = (because: string): void => void sent.destroy(new Late(because));
    const { timeoutMilliseconds } = connection;
    const connecting = setTimeout(
      () => giveUp(`no connection within ${CONNECT_MILLISECONDS / 1000} s`),
      Math.min(CONNECT_MILLISECONDS, timeoutMilliseconds),
    );
    const answering = setTimeout(() => giveUp(`no answer within ${timeoutMilliseconds / 1000} s`), timeoutMilliseconds);
    sent.once('socket', (socket) => {
      socket.once(isSecure ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
    });
    const settle = (): void => {
      clearTimeout(connecting);
      clearTimeout(answering);
    };
    const refuse = (fault: Error): void => {
      settle();
      failed(new Unreachable(whyNot(connection, fault)));
    };
    sent.once('error', refuse);
    sent.once('response', (response) => {
      textOf(response).then((text) => {
        settle();
        answered({ status: response.statusCode ?? 0, contentType: response.headers['content-type'] ?? '', text });
      }, refuse);
    });
    sent.end(body);
  });
}

class Late extends Error {}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > MAXIMUM_REPLY_BYTES) throw new Late(`the answer is larger than ${MAXIMUM_REPLY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const REASONS: { readonly [code: string]: string } = {
  ECONNREFUSED: 'nothing listens there; is `dharma serve` running?',
  ENOENT: 'there is no such socket; is `dharma serve` running?',
  EACCES: 'this user may not open the socket',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name could not be looked up',
  ECONNRESET: 'the connection was closed before an answer; does the server speak TLS as the address says?',
  EPROTO: 'the server does not speak TLS; name it as `http://…`',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself; name what to trust with `--ca FILE`',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of an authority not trusted here; name it with `--ca FILE`',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of an authority not trusted here; name it with `--ca FILE`',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of an authority not trusted here; name it with `--ca FILE`',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

function whyNot({ shown }: Connection, fault: Error): string {
  const { code = '' } = fault as NodeJS.ErrnoException;
  return `\`${shown}\` could not be reached: ${REASONS[code] ?? (code === '' ? fault.message : `${fault.message} (${code})`)}`;
}
