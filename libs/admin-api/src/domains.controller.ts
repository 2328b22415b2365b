import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { domainInForce, domainTree } from '#administration';
import { Problem } from '#problem';
import { DomainPage, DomainParams, DomainView } from './dto/domain.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { PageQuery } from './dto/revision.dto.js';
import { pageOf } from './paging.js';
import { PolicySets } from './policy-sets.js';

@ApiTags('domains')
@ApiBearerAuth()
@Controller('admin/v1/domains')
export class DomainsController {
  constructor(@Inject(PolicySets) private readonly sets: PolicySets) {}

  @Get()
  @ApiOperation({ summary: 'The tree of domains, by name' })
  @ApiOkResponse({ type: DomainPage })
  @ApiProblems('request-invalid', 'operator-unknown', 'store-unavailable')
  async list(@Query() page: PageQuery): Promise<DomainPage> {
    const world = (await this.sets.newest()).world();
    return pageOf(world === null ? [] : domainTree(world), ({ name }) => name, page);
  }

  @Get(':name')
  @ApiOperation({ summary: 'What is in force at one domain, and which domain says it' })
  @ApiOkResponse({ type: DomainView })
  @ApiProblems('request-invalid', 'operator-unknown', 'domain-unknown', 'store-unavailable')
  async read(@Param() { name }: DomainParams): Promise<DomainView> {
    const world = (await this.sets.newest()).world();
    const domain = world === null ? null : domainInForce(world, name);
    if (domain === null) throw new Problem('domain-unknown', { name });
    return domain;
  }
}
