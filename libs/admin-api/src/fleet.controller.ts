import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { behind } from '#administration';
import { FleetQuery, FleetView, serverView } from './dto/fleet.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { PolicySets } from './policy-sets.js';

@ApiTags('server')
@ApiBearerAuth()
@Controller('admin/v1/fleet')
export class FleetController {
  constructor(@Inject(PolicySets) private readonly sets: PolicySets) {}

  @Get()
  @ApiOperation({
    summary: 'Servers that follow this history, by their own word, and the revision each decides by',
    description:
      'Each says so every ten seconds, and at once when another revision is in force; who was silent for ten minutes is forgotten. With `revision`, `behind` names the servers that were heard of in the last 30 seconds and are not there yet: ask again until it is empty.',
  })
  @ApiOkResponse({ type: FleetView })
  @ApiProblems('request-invalid', 'operator-unknown', 'no-history', 'store-unavailable')
  async list(@Query() { revision, epoch }: FleetQuery): Promise<FleetView> {
    const servers = await this.sets.history.fleet.list();
    return {
      items: servers.map(serverView),
      behind: revision === undefined ? null : behind(servers, { epoch, number: revision }).map(({ server }) => server),
    };
  }
}
