import { Body, Controller, Delete, Get, Headers, Inject, Param, Put, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ActContext } from '#administration';
import type { HttpReply } from '#http';
import { Acts, CurrentContext } from './acts.js';
import { answered } from './answered.js';
import { DomainParams } from './dto/domain.dto.js';
import { ChangedFourEyesView, FourEyesBody, FourEyesEndQuery, FourEyesView } from './dto/four-eyes.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { FourEyes } from './four-eyes.js';
import { judgedKey, KEY_HEADER } from './idempotency-key.js';
import { CurrentOperator, type Operator } from './operators.js';
import { PUBLISHING_PROBLEMS } from './publishing-problems.js';

@ApiTags('domains')
@ApiBearerAuth()
@Controller('admin/v1/domains/:name/four-eyes')
export class FourEyesController {
  constructor(@Inject(FourEyes) private readonly fourEyes: FourEyes) {}

  @Get()
  @ApiOperation({ summary: 'Whether two people decide in a domain, and which domain says so' })
  @ApiOkResponse({ type: FourEyesView })
  @ApiProblems('request-invalid', 'operator-unknown', 'domain-unknown', 'store-unavailable')
  read(@Param() { name }: DomainParams, @CurrentOperator() operator: Operator): Promise<FourEyesView> {
    return this.fourEyes.read(name, operator);
  }

  @Put()
  @Acts('revision.publish', ({ params }) => `FourEyes/${params['name']}`)
  @ApiOperation({
    summary: 'From now on two people decide in a domain and everything below',
    description:
      'Publishes a revision with a FourEyes, which no bundle changes. Takes `owner` over the domain. Whatever changes there needs a proposal that somebody else approves, ending this included: `POST /admin/v1/proposals`. One person alone may still suspend a domain.',
  })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: ChangedFourEyesView })
  @ApiOkResponse({ type: ChangedFourEyesView, description: 'Nothing new was stored: `unchanged` or `repeated`.' })
  @ApiProblems(...PUBLISHING_PROBLEMS, 'domain-unknown')
  async begin(
    @Param() { name }: DomainParams,
    @Body() { because }: FourEyesBody,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedFourEyesView> {
    const changing = { because, operator, context, idempotencyKey: judgedKey(key) };
    return answered(reply, await this.fourEyes.begin(name, changing));
  }

  @Delete()
  @Acts('revision.publish', ({ params }) => `FourEyes/${params['name']}`)
  @ApiOperation({
    summary: 'One person decides again',
    description: 'Refused while it is said, `four-eyes-required`: it takes two to end it. Propose it as `endFourEyes`.',
  })
  @ApiHeader(KEY_HEADER)
  @ApiOkResponse({ type: ChangedFourEyesView, description: 'Two people do not decide there: `unchanged`.' })
  @ApiProblems(...PUBLISHING_PROBLEMS, 'domain-unknown')
  async end(
    @Param() { name }: DomainParams,
    @Query() { because }: FourEyesEndQuery,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedFourEyesView> {
    const changing = { because, operator, context, idempotencyKey: judgedKey(key) };
    return answered(reply, await this.fourEyes.end(name, changing));
  }
}
