import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Revision, StoreFault } from '#administration';
import { ApiProblems } from './dto/problem.dto.js';
import { revisionView } from './dto/revision.dto.js';
import { StatusView } from './dto/status.dto.js';
import { OperatorRights } from './operator-rights.js';
import { CurrentOperator, type Operator } from './operators.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { inTime } from './patience.js';

const UNTOLD = '…';
const NO_ADDRESSES = { grpc: UNTOLD, http: UNTOLD, admin: UNTOLD };

@ApiTags('server')
@ApiBearerAuth()
@Controller('admin/v1/status')
export class StatusController {
  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(OperatorRights) private readonly rights: OperatorRights,
  ) {}

  @Get()
  @ApiOperation({ summary: 'What this server does, decides by and listens on' })
  @ApiOkResponse({ type: StatusView })
  @ApiProblems('operator-unknown', 'server-silent')
  async status(@CurrentOperator() operator: Operator): Promise<StatusView> {
    const [status, newest] = await Promise.all([inTime(this.parts.server.status()), this.#newest()]);
    if (operator.standing.kind === 'root') return { ...status, newest: newest && revisionView(newest) };
    // What is wrong may name anything of the policy; that something is wrong, nothing. Where servers are is for those who
    // may read everything, as in the fleet.
    const { ready, feed } = status;
    return {
      ...status,
      addresses: (await this.#seesAll(operator)) ? status.addresses : NO_ADDRESSES,
      ready: { ready: ready.ready },
      feed: { state: feed.state },
      newest: newest && (await this.rights.revisionListed(operator, newest)),
    };
  }

  async #seesAll(operator: Operator): Promise<boolean> {
    try {
      return (await this.rights.now(operator)).sight.isWhole;
    } catch (fault) {
      if (fault instanceof StoreFault) return false;
      throw fault;
    }
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
