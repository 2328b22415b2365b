import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import type { HttpReply } from '#http';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { inTime } from './patience.js';

/** For kubelets, load balancers and Prometheus; nobody has to say who they are. */
@Controller()
export class ProbesController {
  constructor(@Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts) {}

  @Get('healthz')
  async alive() {
    await inTime(this.parts.server.status());
    return { status: 'alive' };
  }

  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: HttpReply) {
    const { ready, mode, policy } = await inTime(this.parts.server.status());
    reply.status(ready.ready ? 200 : 503);
    return { ...ready, mode, revision: policy?.number ?? null };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics(): Promise<string> {
    return inTime(this.parts.server.metrics());
  }
}
