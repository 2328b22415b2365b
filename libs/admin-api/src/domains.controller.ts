import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { domainInForce, domainTree } from '#administration';
import { Problem } from '#problem';
import { DomainPage, DomainParams, DomainView } from './dto/domain.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { PageQuery } from './dto/revision.dto.js';
import { OperatorRights } from './operator-rights.js';
import { CurrentOperator, type Operator } from './operators.js';
import { pageOf } from './paging.js';

@ApiTags('domains')
@ApiBearerAuth()
@Controller('admin/v1/domains')
export class DomainsController {
  constructor(@Inject(OperatorRights) private readonly rights: OperatorRights) {}

  @Get()
  @ApiOperation({ summary: 'The tree of domains, by name' })
  @ApiOkResponse({ type: DomainPage })
  @ApiProblems('request-invalid', 'operator-unknown', 'store-unavailable')
  async list(@Query() page: PageQuery, @CurrentOperator() operator: Operator): Promise<DomainPage> {
    const { newest, sight } = await this.rights.now(operator);
    const world = newest.world();
    const seen = world === null ? [] : domainTree(world).filter(({ name }) => sight.ofDomain(name));
    return pageOf(seen, ({ name }) => name, page);
  }

  @Get(':name')
  @ApiOperation({ summary: 'What is in force at one domain, and which domain says it' })
  @ApiOkResponse({ type: DomainView })
  @ApiProblems('request-invalid', 'operator-unknown', 'domain-unknown', 'store-unavailable')
  async read(@Param() { name }: DomainParams, @CurrentOperator() operator: Operator): Promise<DomainView> {
    const { newest, sight } = await this.rights.now(operator);
    const world = newest.world();
    const domain = world === null || !sight.ofDomain(name) ? null : domainInForce(world, name);
    if (domain === null) throw new Problem('domain-unknown', { name });
    // What domains above say in their own words is theirs to tell.
    const isSeen = ({ from }: { readonly from: string }) => sight.isWhole || sight.ofDomain(from);
    return {
      ...domain,
      rules: domain.rules.filter(isSeen),
      roles: domain.roles.filter(isSeen),
      mechanisms: domain.mechanisms.filter(({ from }) => sight.knows(from)),
    };
  }
}
