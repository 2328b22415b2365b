import { Body, Controller, Get, Headers, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type ActContext, domainInForce, domainTree } from '#administration';
import type { HttpReply } from '#http';
import { Problem } from '#problem';
import { Acts, CurrentContext } from './acts.js';
import { answered } from './answered.js';
import { DomainPage, DomainParams, DomainView, SuspensionBody, SuspensionView } from './dto/domain.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { PageQuery } from './dto/revision.dto.js';
import { judgedKey, KEY_HEADER } from './idempotency-key.js';
import { CurrentOperator, type Operator } from './operators.js';
import { pageOf } from './paging.js';
import { PolicySets } from './policy-sets.js';
import { PUBLISHING_PROBLEMS } from './publishing-problems.js';
import { Suspensions } from './suspensions.js';

@ApiTags('domains')
@ApiBearerAuth()
@Controller('admin/v1/domains')
export class DomainsController {
  constructor(
    @Inject(PolicySets) private readonly sets: PolicySets,
    @Inject(Suspensions) private readonly suspensions: Suspensions,
  ) {}

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

  @Post(':name/suspend')
  @Acts('revision.publish', ({ params }) => `Suspension/${params['name']}`)
  @ApiOperation({
    summary: 'Suspend a domain and everything below it, until it is resumed',
    description:
      'Publishes a revision with a Suspension. No bundle ends it, and failing tests do not stand in its way. A domain that is suspended already changes nothing.',
  })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: SuspensionView })
  @ApiOkResponse({ type: SuspensionView, description: 'Nothing new was stored: `unchanged` or `repeated`.' })
  @ApiProblems(...PUBLISHING_PROBLEMS, 'domain-unknown')
  async suspend(
    @Param() { name }: DomainParams,
    @Body() { because }: SuspensionBody,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentOperator() { name: author }: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<SuspensionView> {
    const changing = { because, author, context, idempotencyKey: judgedKey(key) };
    return answered(reply, await this.suspensions.suspend(name, changing));
  }

  @Post(':name/resume')
  @Acts('revision.publish', ({ params }) => `Suspension/${params['name']}`)
  @ApiOperation({
    summary: 'Let a suspended domain go on',
    description:
      'Publishes a revision without its Suspension. `suspendedBy` names the domains that still suspend it: those around it, or the domain itself by its document.',
  })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: SuspensionView })
  @ApiOkResponse({ type: SuspensionView, description: 'Nothing new was stored: `unchanged` or `repeated`.' })
  @ApiProblems(...PUBLISHING_PROBLEMS, 'domain-unknown', 'suspended-by-document')
  async resume(
    @Param() { name }: DomainParams,
    @Body() { because }: SuspensionBody,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentOperator() { name: author }: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<SuspensionView> {
    const changing = { because, author, context, idempotencyKey: judgedKey(key) };
    return answered(reply, await this.suspensions.resume(name, changing));
  }
}
