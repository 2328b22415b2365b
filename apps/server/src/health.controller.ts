import { Controller, Get, Inject, Res } from '@nestjs/common';
import { Standing } from './standing.js';

interface Reply {
  status(code: number): unknown;
}

/** For probes: alive, and able to decide. */
@Controller()
export class HealthController {
  constructor(@Inject(Standing) private readonly standing: Standing) {}

  @Get('healthz')
  alive() {
    return { status: 'alive' };
  }

  @Get('readyz')
  ready(@Res({ passthrough: true }) reply: Reply) {
    const readiness = this.standing.readiness();
    if (!readiness.ready) reply.status(503);
    return readiness;
  }
}
