import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Revision, StoreFault } from '#administration';
import { ApiProblems } from './dto/problem.dto.js';
import { revisionView } from './dto/revision.dto.js';
import { StatusView } from './dto/status.dto.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { inTime } from './patience.js';

@ApiTags('server')
@ApiBearerAuth()
@Controller('admin/v1/status')
export class StatusController {
  constructor(@Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts) {}

  @Get()
  @ApiOperation({ summary: 'What this server does, decides by and listens on' })
  @ApiOkResponse({ type: StatusView })
  @ApiProblems('operator-unknown', 'server-silent')
  async status(): Promise<StatusView> {
    const [status, newest] = await Promise.all([inTime(this.parts.server.status()), this.#newest()]);
    return { ...status, newest: newest === null ? null : revisionView(newest) };
  }

  /** A store that cannot be reached is what this route is asked about, so it is no fault here. */
  async #newest(): Promise<Revision | null> {
    try {
      return (await this.parts.history?.store.newest()) ?? null;
    } catch (fault) {
      if (fault instanceof StoreFault) return null;
      throw fault;
    }
  }
}
