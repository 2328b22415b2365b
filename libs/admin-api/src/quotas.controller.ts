import { Body, Controller, Delete, Get, Headers, Inject, Param, Put, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ActContext } from '#administration';
import type { HttpReply } from '#http';
import { Acts, CurrentContext } from './acts.js';
import { answered } from './answered.js';
import { DomainParams } from './dto/domain.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { ChangedQuotaView, QuotaBody, QuotaLiftQuery, QuotaView } from './dto/quota.dto.js';
import { judgedKey, KEY_HEADER } from './idempotency-key.js';
import { CurrentOperator, type Operator } from './operators.js';
import { PUBLISHING_PROBLEMS } from './publishing-problems.js';
import { Quotas } from './quotas.js';

@ApiTags('domains')
@ApiBearerAuth()
@Controller('admin/v1/domains/:name/quota')
export class QuotasController {
  constructor(@Inject(Quotas) private readonly quotas: Quotas) {}

  @Get()
  @ApiOperation({ summary: 'What a domain and everything below may hold, and what they hold' })
  @ApiOkResponse({ type: QuotaView })
  @ApiProblems('request-invalid', 'operator-unknown', 'domain-unknown', 'store-unavailable')
  read(@Param() { name }: DomainParams, @CurrentOperator() operator: Operator): Promise<QuotaView> {
    return this.quotas.read(name, operator);
  }

  @Put()
  @Acts('revision.publish', ({ params }) => `Quota/${params['name']}`)
  @ApiOperation({
    summary: 'Limit what a domain and everything below may hold',
    description:
      'Publishes a revision with a Quota, which no bundle changes. Takes `owner` over the domain above. What is there already may stay; what would be more than there was, and more than the limit, is refused: `quota-exceeded`.',
  })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: ChangedQuotaView })
  @ApiOkResponse({ type: ChangedQuotaView, description: 'Nothing new was stored: `unchanged` or `repeated`.' })
  @ApiProblems(...PUBLISHING_PROBLEMS, 'domain-unknown')
  async set(
    @Param() { name }: DomainParams,
    @Body() { limits, because }: QuotaBody,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedQuotaView> {
    const changing = { because, operator, context, idempotencyKey: judgedKey(key) };
    return answered(reply, await this.quotas.set(name, { ...limits }, changing));
  }

  @Delete()
  @Acts('revision.publish', ({ params }) => `Quota/${params['name']}`)
  @ApiOperation({ summary: 'Lift the limits of a domain', description: 'Takes `owner` over the domain above.' })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: ChangedQuotaView })
  @ApiOkResponse({ type: ChangedQuotaView, description: 'Nothing new was stored: `unchanged` or `repeated`.' })
  @ApiProblems(...PUBLISHING_PROBLEMS, 'domain-unknown')
  async lift(
    @Param() { name }: DomainParams,
    @Query() { because }: QuotaLiftQuery,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedQuotaView> {
    const changing = { because, operator, context, idempotencyKey: judgedKey(key) };
    return answered(reply, await this.quotas.lift(name, changing));
  }
}
