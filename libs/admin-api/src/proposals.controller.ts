import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ActContext } from '#administration';
import type { HttpReply } from '#http';
import { Acts, CurrentContext } from './acts.js';
import { answered } from './answered.js';
import { ApiProblems } from './dto/problem.dto.js';
import {
  ApprovalBody,
  ApprovedView,
  ProposalBody,
  ProposalPage,
  ProposalParams,
  ProposalPlanView,
  ProposalView,
  ProposedView,
  RejectionBody,
} from './dto/proposal.dto.js';
import { PageQuery } from './dto/revision.dto.js';
import { judgedKey, KEY_HEADER } from './idempotency-key.js';
import { CurrentOperator, type Operator } from './operators.js';
import { Proposals } from './proposals.js';
import { EDIT_PROBLEMS } from './publishing-problems.js';

const PROBLEMS = ['request-invalid', 'operator-unknown', 'no-history', 'store-unavailable'] as const;
const ENDING_PROBLEMS = ['proposal-unknown', 'proposal-published', 'proposal-ended', 'store-read-only'] as const;

@ApiTags('proposals')
@ApiBearerAuth()
@Controller('admin/v1/proposals')
export class ProposalsController {
  constructor(@Inject(Proposals) private readonly proposals: Proposals) {}

  @Post()
  @Acts('proposal.create', ({ body }) => `source/${body.bundle?.source ?? 'proposal'}`)
  @ApiOperation({
    summary: 'Propose a change, for somebody else to approve',
    description:
      'Where two people decide (`PUT /admin/v1/domains/{name}/four-eyes`), this is the way to change anything. It is judged like a publication, and stored for a second person. Bodies up to 64 MiB. For single documents, assignments and entities send a bundle with `changed`.',
  })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: ProposedView })
  @ApiOkResponse({ type: ProposedView, description: 'Nothing new was stored: `repeated`.' })
  @ApiProblems(
    ...EDIT_PROBLEMS.filter((code) => code !== 'four-eyes-required'),
    'content-hash-differs',
    'request-not-json',
    'request-too-large',
    'document-too-large',
    'file-too-large',
    'bodies-too-many',
    'domain-unknown',
    'revision-unknown',
    'proposals-too-many',
  )
  async propose(
    @Body() body: ProposalBody,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ProposedView> {
    return answered(reply, await this.proposals.propose(body, operator, judgedKey(key), context));
  }

  @Get()
  @ApiOperation({ summary: 'Proposals from the newest down, ended ones included' })
  @ApiOkResponse({ type: ProposalPage })
  @ApiProblems(...PROBLEMS)
  list(@Query() page: PageQuery, @CurrentOperator() operator: Operator): Promise<ProposalPage> {
    return this.proposals.list(page, operator);
  }

  @Get(':number')
  @ApiOperation({ summary: 'One proposal, and what it would change now' })
  @ApiOkResponse({ type: ProposalPlanView })
  @ApiProblems(...PROBLEMS, 'proposal-unknown')
  read(@Param() { number }: ProposalParams, @CurrentOperator() operator: Operator): Promise<ProposalPlanView> {
    return this.proposals.read(number, operator);
  }

  @Post(':number/approve')
  @HttpCode(200)
  @Acts('proposal.approve', ({ params }) => `proposal/${params['number']}`)
  @ApiOperation({
    summary: 'Publish what somebody else proposed',
    description:
      'Both of you must be entitled to it now. When others published since, it is planned again on the newest revision; where that has to do with this, or makes it do something else, it is refused and has to be proposed anew. Whoever approved it before is answered again, with `repeated`; anybody else with `proposal-published`, whose `end` says who approved it and as which revision.',
  })
  @ApiOkResponse({ type: ApprovedView })
  @ApiProblems(
    ...EDIT_PROBLEMS.filter((code) => code !== 'idempotency-key-reused' && code !== 'four-eyes-required'),
    'content-hash-differs',
    'proposal-unknown',
    'proposal-published',
    'proposal-ended',
    'proposal-differs',
    'proposal-own',
    'proposal-outdated',
    'proposer-not-entitled',
  )
  approve(
    @Param() { number }: ProposalParams,
    @Body() { contentHash }: ApprovalBody,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
  ): Promise<ApprovedView> {
    return this.proposals.approve(number, contentHash, operator, context);
  }

  @Post(':number/reject')
  @HttpCode(200)
  @Acts('proposal.reject', ({ params }) => `proposal/${params['number']}`)
  @ApiOperation({
    summary: 'End a proposal for good',
    description: 'Yours, or one that you might do yourself.',
  })
  @ApiOkResponse({ type: ProposalView })
  @ApiProblems(...PROBLEMS, ...ENDING_PROBLEMS, 'forbidden-change')
  reject(
    @Param() { number }: ProposalParams,
    @Body() { because }: RejectionBody,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
  ): Promise<ProposalView> {
    return this.proposals.reject(number, because, operator, context);
  }
}
