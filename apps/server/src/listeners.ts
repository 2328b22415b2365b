import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { DynamicModule, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ProblemFilter, valuesOf } from '#http';
import { Problem } from '#problem';
import { capConnections, CHECK_CAPS } from './connection-caps.js';
import type { ListenerCertificate } from './tls.js';
import { clearSocket, printListenAddress, protectSocket, type ListenAddress } from './listen-address.js';

/** A gateway copies the client's headers beside its own; what is above is 431, which no gateway takes for an allow. */
const MAX_HEADER_BYTES = 64 * 1024;
/** More than any client sends through a gateway, and few enough to look at. */
const MAX_HEADER_FIELDS = 256;
const HEADERS_TIMEOUT_MILLISECONDS = 5000;
/** A check is small. */
const REQUEST_TIMEOUT_MILLISECONDS = 10_000;
/** Node looks at its timeouts only as often as this. */
const TIMEOUT_CHECK_MILLISECONDS = 1000;
/** Longer than gateways keep idle connections, so that it is they who close. */
const KEEP_ALIVE_MILLISECONDS = 75_000;

export interface HttpListenerOptions {
  /** Largest body. */
  readonly bodyBytes: number;
  /** Present: speaks TLS alone; closed with the application. */
  readonly certificate?: ListenerCertificate | undefined;
  /** From the first byte of a request to its last; for checks unless it is given. */
  readonly requestTimeoutMilliseconds?: number;
}

/** An HTTP listener that hands JSON bodies on as bytes and reads no other. */
export async function createHttpListener(
  module: DynamicModule,
  logger: LoggerService,
  { bodyBytes, certificate, requestTimeoutMilliseconds = REQUEST_TIMEOUT_MILLISECONDS }: HttpListenerOptions,
): Promise<NestFastifyApplication> {
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MILLISECONDS,
    connectionsCheckingInterval: TIMEOUT_CHECK_MILLISECONDS,
  };
  const adapter = new FastifyAdapter({
    bodyLimit: bodyBytes,
    requestTimeout: requestTimeoutMilliseconds,
    keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
    forceCloseConnections: 'idle',
    // The decision point itself says that it shuts down, in the words of each protocol.
    return503OnClosing: false,
    ...(certificate === undefined ? { http: limits } : { https: { ...limits, ...certificate.serverOptions } }),
  });
  const instance = adapter.getInstance();
  instance.addHook('onRequest', ({ raw }, reply, done) => {
    const fault = faultIn(raw);
    // Node loses what follows an offer to speak otherwise, and an answer would be taken for that to the lost request.
    if (fault !== undefined || raw.headers.upgrade !== undefined) reply.header('connection', 'close');
    done(fault);
  });
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    bodyParser: false,
    logger,
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter());
  const server: HttpServer | HttpsServer = app.getHttpServer();
  // Node drops what is above in silence; one more shows that there was too much.
  server.maxHeadersCount = MAX_HEADER_FIELDS + 1;
  capConnections(server, CHECK_CAPS);
  if (certificate !== undefined) {
    certificate.follow((context) => (server as HttpsServer).setSecureContext(context));
    instance.addHook('onClose', async () => certificate.close());
  }
  return app;
}

/**
 * What is wrong with the head of a request, before its body is read. Node's parser is stricter than most, but lets some pass
 * that another program on the way could have read in another way.
 */
function faultIn(request: IncomingMessage): Problem | undefined {
  const { rawHeaders, headers, method, httpVersion } = request;
  if (rawHeaders.length / 2 > MAX_HEADER_FIELDS) {
    return new Problem('header-fields-too-many', { limit: MAX_HEADER_FIELDS });
  }
  if (httpVersion !== '1.1' && (httpVersion !== '1.0' || headers['transfer-encoding'] !== undefined)) {
    return new Problem('request-malformed', { fault: 'it is no HTTP/1.1' });
  }
  if (valuesOf(request, 'host').length > 1) return new Problem('request-malformed', { fault: 'it names two hosts' });
  // A check call carries the client's header, and no body.
  const encoding = method === 'GET' ? undefined : headers['content-encoding']?.toLowerCase();
  return encoding === undefined || encoding === 'identity' ? undefined : new Problem('content-encoding-unsupported');
}

/**
 * @param socketGroup  who may open a unix socket besides its owner
 * @returns the address in use
 */
export async function listenHttp(
  app: NestFastifyApplication,
  address: ListenAddress,
  setting: string,
  socketGroup?: string,
): Promise<ListenAddress> {
  return explained(address, setting, async () => {
    if (address.kind === 'unix') {
      await clearSocket(address.path);
      await app.listen(address.path);
      protectSocket(address.path, socketGroup);
      return address;
    }
    await app.listen({ host: address.host, port: address.port });
    const { port } = app.getHttpServer().address() as AddressInfo;
    return { ...address, port };
  });
}

/**
 * Listens, or says which setting is at fault.
 *
 * @throws Problem `address-unavailable`
 */
export async function explained<Result>(
  address: ListenAddress,
  setting: string,
  listen: () => Promise<Result>,
): Promise<Result> {
  try {
    return await listen();
  } catch (fault) {
    throw new Problem('address-unavailable', {
      setting,
      address: printListenAddress(address),
      fault: (fault as Error).message,
    });
  }
}
