import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ServerConfig } from './config.js';
import { CheckGrpcServer } from './grpc-server.js';
import { clearSocket, printListenAddress, protectSocket, type ListenAddress } from './listen-address.js';
import { explained } from './listeners.js';
import type { ListenerCertificate } from './tls.js';

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
