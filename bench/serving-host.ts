/** One server to be measured, as a process of its own: Dharma as it ships, or the same listeners with an empty handler. */
import 'reflect-metadata';
import { Controller, HttpCode, Module, Post, Req } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { MAX_BODY_BYTES } from '#protocols';
import { readConfig } from '../apps/server/src/config.js';
import { printListenAddress } from '../apps/server/src/listen-address.js';
import { listenGrpc } from '../apps/server/src/grpc-listener.js';
import { createHttpListener, listenHttp } from '../apps/server/src/listeners.js';
import { serve } from '../apps/server/src/main.js';
import { NestLog, openLog } from '../apps/server/src/telemetry.js';

/** The first word beside the variant: a folder of policies, or the settings of a server with a database as JSON. */
const [variant = '', given = '', recorded = '[]'] = process.argv.slice(2);

/** What Dharma answered to the requests of the bench, so that both servers send the same bytes. */
const answers = JSON.parse(recorded) as readonly { readonly decision: object; readonly checked: object }[];

@Controller()
class EmptyController {
  #asked = 0;

  @Post('v1/decide')
  @HttpCode(200)
  decide(@Req() _request: unknown) {
    return this.#next().decision;
  }

  @GrpcMethod('envoy.service.auth.v3.Authorization', 'Check')
  check() {
    return this.#next().checked;
  }

  #next() {
    return answers[this.#asked++ % answers.length]!;
  }
}

@Module({ controllers: [EmptyController] })
class EmptyModule {}

const flags = {
  'grpc-address': '127.0.0.1:0',
  'http-address': '127.0.0.1:0',
  'admin-address': '127.0.0.1:0',
  ...(variant === 'stored' ? (JSON.parse(given) as { readonly [flag: string]: string }) : { policies: given }),
};

process.on('message', (message) => {
  if (message === 'cpu') process.send!({ cpu: process.cpuUsage() });
});
process.once('disconnect', () => process.exit());

if (variant !== 'empty') {
  await serve({
    flags,
    environment: {},
    version: 'bench',
    onReady: ({ addresses }) => void process.send!({ addresses }),
  });
} else {
  const config = readConfig({}, flags);
  const frameworkLog = new NestLog(openLog(config.logLevel).logger);
  const app = await createHttpListener({ module: EmptyModule } as never, frameworkLog, { bodyBytes: MAX_BODY_BYTES });
  const grpc = printListenAddress(await listenGrpc(app, config));
  const http = printListenAddress(await listenHttp(app, config.httpAddress, 'DHARMA_HTTP_ADDRESS'));
  process.send!({ addresses: { grpc, http } });
}
