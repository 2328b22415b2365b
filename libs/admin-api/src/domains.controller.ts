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
import { OperatorRights } from './operator-rights.js';
import { CurrentOperator, type Operator } from './operators.js';
import { pageOf } from './paging.js';
import { PUBLISHING_PROBLEMS } from './publishing-problems.js';
import { Suspensions } from './suspensions.js';

@ApiTags('domains')
@ApiBearerAuth()
@Controller('admin/v1/domains')
export class DomainsController {
  constructor(
    @Inject(OperatorRights) private readonly rights: OperatorRights,
    @Inject(Suspensions) private readonly suspensions: Suspensions,
  ) {}

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
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<SuspensionView> {
    const changing = { because, operator, context, idempotencyKey: judgedKey(key) };
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
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<SuspensionView> {
    const changing = { because, operator, context, idempotencyKey: judgedKey(key) };
    return answered(reply, await this.suspensions.resume(name, changing));
  }
}
