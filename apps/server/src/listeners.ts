import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { DynamicModule, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ProblemFilter } from '#http';
import { MAX_BODY_BYTES } from '#protocols';
import { Problem } from '#problem';
import type { ServerConfig } from './config.js';
import { CheckGrpcServer } from './grpc-server.js';
import type { ListenerCertificate } from './tls.js';
import { clearSocket, printListenAddress, protectSocket, type ListenAddress } from './listen-address.js';

/** A gateway copies the client's headers beside its own; what is above is 431, which no gateway takes for an allow. */
const MAX_HEADER_BYTES = 64 * 1024;
const HEADERS_TIMEOUT_MILLISECONDS = 10_000;
const REQUEST_TIMEOUT_MILLISECONDS = 15_000;
/** Node looks at its timeouts only as often as this. */
const TIMEOUT_CHECK_MILLISECONDS = 2_000;
/** More than gateways open, fewer than a process has file descriptors for. */
const MAX_CONNECTIONS = 10_000;
/** Longer than gateways keep idle connections, so that it is they who close. */
const KEEP_ALIVE_MILLISECONDS = 75_000;

/**
 * An HTTP listener that hands JSON bodies on as bytes and reads no other.
 *
 * @param certificate  present: speaks TLS alone; closed with the application
 */
export async function createHttpListener(
  module: DynamicModule,
  logger: LoggerService,
  certificate?: ListenerCertificate,
): Promise<NestFastifyApplication> {
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MILLISECONDS,
    connectionsCheckingInterval: TIMEOUT_CHECK_MILLISECONDS,
  };
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MILLISECONDS,
    keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
    forceCloseConnections: 'idle',
    // The decision point itself says that it shuts down, in the words of each protocol.
    return503OnClosing: false,
    ...(certificate === undefined ? { http: limits } : { https: { ...limits, ...certificate.serverOptions } }),
  });
  const instance = adapter.getInstance();
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    bodyParser: false,
    logger,
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter());
  const server: HttpServer | HttpsServer = app.getHttpServer();
  server.maxConnections = MAX_CONNECTIONS;
  if (certificate !== undefined) {
    certificate.follow((context) => (server as HttpsServer).setSecureContext(context));
    instance.addHook('onClose', async () => certificate.close());
  }
  return app;
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
 * @param certificate  present: speaks TLS alone; closed with the application
 * @returns the address in use
 */
export async function listenGrpc(
  app: NestFastifyApplication,
  config: ServerConfig,
  certificate?: ListenerCertificate,
): Promise<ListenAddress> {
  const address = config.grpcAddress;
  return explained(address, 'DHARMA_GRPC_ADDRESS', async () => {
    if (address.kind === 'unix') await clearSocket(address.path);
    const server = new CheckGrpcServer(printListenAddress(address), certificate);
    app.connectMicroservice({ strategy: server });
    await app.startAllMicroservices();
    if (address.kind === 'tcp') return { ...address, port: server.port };
    protectSocket(address.path, config.socketGroup);
    return address;
  });
}

async function explained<Result>(
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
