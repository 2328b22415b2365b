import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { behind, type ServerSeen } from '#administration';
import { FleetQuery, FleetView, serverView } from './dto/fleet.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { OperatorRights } from './operator-rights.js';
import { CurrentOperator, type Operator } from './operators.js';
import { PolicySets } from './policy-sets.js';

@ApiTags('server')
@ApiBearerAuth()
@Controller('admin/v1/fleet')
export class FleetController {
  constructor(
    @Inject(PolicySets) private readonly sets: PolicySets,
    @Inject(OperatorRights) private readonly rights: OperatorRights,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Servers that follow this history, by their own word, and the revision each decides by',
    description:
      'Each says so every ten seconds, and at once when another revision is in force; who was silent for ten minutes is forgotten. With `revision`, `behind` names the servers that were heard of in the last 30 seconds and are not there yet: ask again until it is empty. Names and addresses are for those who may read everything; for others they are numbers in this answer.',
  })
  @ApiOkResponse({ type: FleetView })
  @ApiProblems('request-invalid', 'operator-unknown', 'no-history', 'store-unavailable')
  async list(@Query() { revision, epoch }: FleetQuery, @CurrentOperator() operator: Operator): Promise<FleetView> {
    const [listed, { sight }] = await Promise.all([this.sets.history.fleet.list(), this.rights.now(operator)]);
    const servers = sight.isWhole ? listed : listed.map(nameless);
    return {
      items: servers.map(serverView),
      behind: revision === undefined ? null : behind(servers, { epoch, number: revision }).map(({ server }) => server),
    };
  }
}

/** Whoever waits for a revision needs to know how many there are, and not who. */
function nameless(seen: ServerSeen, index: number): ServerSeen {
  return { ...seen, server: `server-${index + 1}`, address: '…' };
}
