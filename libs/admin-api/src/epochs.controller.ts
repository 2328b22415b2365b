import { Body, Controller, Inject, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type ActContext, RevisionUnknown } from '#administration';
import { Problem } from '#problem';
import { Acts, CurrentContext } from './acts.js';
import { ApiProblems } from './dto/problem.dto.js';
import { EpochBody, Published, revisionView } from './dto/revision.dto.js';
import { OperatorRights } from './operator-rights.js';
import { CurrentOperator, type Operator } from './operators.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { inTime } from './patience.js';
import { PolicySets } from './policy-sets.js';

/** The source that revisions which only begin an epoch are filed under. */
const SOURCE = 'epoch';

/** What an operator says after a database came back from a backup: servers shall follow this history. */
@ApiTags('revisions')
@ApiBearerAuth()
@Controller('admin/v1/epochs')
export class EpochsController {
  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(PolicySets) private readonly sets: PolicySets,
    @Inject(OperatorRights) private readonly rights: OperatorRights,
  ) {}

  @Post()
  @Acts('epoch.begin', () => 'epoch')
  @ApiOperation({
    summary: 'Accept the history of a restored database: begin its next epoch',
    description:
      'Servers never go back by themselves. This appends a revision with the content of the newest one, in a new epoch, numbered above everything that this server has seen and above `above`; every server follows it.',
  })
  @ApiCreatedResponse({ type: Published })
  @ApiProblems(
    'request-invalid',
    'operator-unknown',
    'operator-not-entitled',
    'no-history',
    'revision-unknown',
    'publication-refused',
    'server-silent',
    'store-unavailable',
    'store-read-only',
  )
  async begin(
    @Body() { because, above = 0 }: EpochBody,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
  ): Promise<Published> {
    await this.rights.demand(operator, 'ownership', '*');
    const { store } = this.sets.history;
    const { policy } = await inTime(this.parts.server.status());
    try {
      const provenance = { author: operator.name, source: SOURCE, because };
      const revision = await store.beginEpoch(provenance, Math.max(above, policy?.number ?? 0), context);
      return { revision: revisionView(revision) };
    } catch (fault) {
      if (fault instanceof RevisionUnknown) throw new Problem('revision-unknown', { number: fault.number });
      throw fault;
    }
  }
}
