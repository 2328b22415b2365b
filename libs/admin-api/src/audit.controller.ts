import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { parseInstant } from '#policy';
import { ActPage, ActQuery, actView } from './dto/audit.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { OperatorRights } from './operator-rights.js';
import { CurrentOperator, type Operator } from './operators.js';
import { behindCursor, DEFAULT_LIMIT, readAhead } from './paging.js';
import { PolicySets } from './policy-sets.js';
import { invalid } from './request.pipe.js';

@ApiTags('audit')
@ApiBearerAuth()
@Controller('admin/v1/audit')
export class AuditController {
  constructor(
    @Inject(PolicySets) private readonly sets: PolicySets,
    @Inject(OperatorRights) private readonly rights: OperatorRights,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Every administrative act, one link of a chain each',
    description:
      'Each has the hash of the one before, and one of its own over everything it says; `dharma audit verify` reads them all and names the first that was tampered with. Refused acts have `refused`, the code of the problem. For those who may read everything.',
  })
  @ApiOkResponse({ type: ActPage })
  @ApiProblems('request-invalid', 'operator-unknown', 'operator-not-entitled', 'no-history', 'store-unavailable')
  async list(@Query() query: ActQuery, @CurrentOperator() operator: Operator): Promise<ActPage> {
    // A chain with links left out could not be verified, and each names operators, addresses and objects of anybody.
    await this.rights.demand(operator, 'read', '*');
    const { act, object, revision, order = 'newest', limit = DEFAULT_LIMIT, next } = query;
    const [since, until] = [instantIn('since', query.since), instantIn('until', query.until)];
    const behind = next === undefined ? undefined : Number(behindCursor(next));
    if (behind !== undefined && !Number.isSafeInteger(behind)) {
      throw invalid([{ pointer: '/next', message: 'this is no cursor of ours' }]);
    }
    const found = await this.sets.history.audit.list(
      { operator: query.operator, act, object, revision, since, until },
      { order, behind, limit: limit + 1 },
    );
    const page = readAhead(found, ({ sequence }) => String(sequence), limit);
    return { items: page.items.map(actView), next: page.next };
  }
}

function instantIn(member: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  throw invalid([{ pointer: `/${member}`, message: 'this is no instant of RFC 3339, like 2027-06-30T00:00:00Z' }]);
}
