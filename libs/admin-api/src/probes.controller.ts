import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { HttpReply } from '#http';
import { ApiProblems } from './dto/problem.dto.js';
import { AliveView, ReadyView } from './dto/status.dto.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { inTime } from './patience.js';

/** For kubelets, load balancers and Prometheus; nobody has to say who they are. */
@ApiTags('probes')
@Controller()
export class ProbesController {
  constructor(@Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts) {}

  @Get('healthz')
  @ApiOperation({ summary: 'Whether the serving thread answers' })
  @ApiOkResponse({ type: AliveView })
  @ApiProblems('server-silent')
  async alive(): Promise<AliveView> {
    await inTime(this.parts.server.status());
    return { status: 'alive' };
  }

  @Get('readyz')
  @ApiOperation({ summary: 'Whether a verified policy is in force and the engine decides by it' })
  @ApiOkResponse({ type: ReadyView })
  @ApiResponse({ status: 503, type: ReadyView, description: 'It is not, and why; or `server-silent` as a problem.' })
  async ready(@Res({ passthrough: true }) reply: HttpReply): Promise<ReadyView> {
    const { ready, mode, policy } = await inTime(this.parts.server.status());
    reply.status(ready.ready ? 200 : 503);
    return { ...ready, mode, revision: policy?.number ?? null };
  }

  @Get('metrics')
  @ApiOperation({ summary: 'Metrics as Prometheus reads them' })
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' } } } })
  @ApiProblems('server-silent')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics(): Promise<string> {
    return inTime(this.parts.server.metrics());
  }
}
