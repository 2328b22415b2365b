/** One server to be measured, as a process of its own: Dharma as it ships, or the same listeners with an empty handler. */
import 'reflect-metadata';
import { Controller, HttpCode, Module, Post, Req } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { readConfig } from '../apps/server/src/config.js';
import { printListenAddress } from '../apps/server/src/listen-address.js';
import { createHttpListener, listenGrpc, listenHttp } from '../apps/server/src/listeners.js';
import { serve } from '../apps/server/src/main.js';
import { NestLog, openLog } from '../apps/server/src/telemetry.js';

/** Answers as large as Dharma's, without a thought. */
const ANSWER = {
  decision: 'allow',
  reason: 'ALLOW_SLOW',
  route: 'slow',
  deniedAt: null,
  meeting: '*',
  crossed: ['shop'],
  rules: ['shop/read'],
  obligations: [],
  revision: 1,
  ageSeconds: 0,
  decisionId: '47688731-0000-4000-8000-000000000000',
  ttlSeconds: 30,
};
const CHECKED = { status: { code: 0 }, okResponse: { headers: [], headersToRemove: [] } };

@Controller()
class EmptyController {
  @Post('v1/decide')
  @HttpCode(200)
  decide(@Req() _request: unknown) {
    return ANSWER;
  }

  @GrpcMethod('envoy.service.auth.v3.Authorization', 'Check')
  check() {
    return CHECKED;
  }
}

@Module({ controllers: [EmptyController] })
class EmptyModule {}

const [variant = '', policies = ''] = process.argv.slice(2);
const flags = {
  'grpc-address': '127.0.0.1:0',
  'http-address': '127.0.0.1:0',
  'admin-address': '127.0.0.1:0',
  policies,
};

process.on('message', (message) => {
  if (message === 'cpu') process.send!({ cpu: process.cpuUsage() });
});
process.once('disconnect', () => process.exit());

if (variant === 'dharma') {
  await serve({
    flags,
    environment: {},
    version: 'bench',
    onReady: ({ addresses }) => void process.send!({ addresses }),
  });
} else {
  const config = readConfig({}, flags);
  const app = await createHttpListener({ module: EmptyModule } as never, new NestLog(openLog(config.logLevel).logger));
  const grpc = printListenAddress(await listenGrpc(app, config));
  const http = printListenAddress(await listenHttp(app, config.httpAddress, 'DHARMA_HTTP_ADDRESS'));
  process.send!({ addresses: { grpc, http } });
}
