import { Body, Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ActContext } from '#administration';
import { Acts, CurrentContext } from './acts.js';
import {
  CredentialParams,
  NewOperatorBody,
  NewOperatorView,
  OperatorPage,
  operatorView,
  OperatorView,
} from './dto/credential.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { PageQuery } from './dto/revision.dto.js';
import { OperatorTokens } from './operator-tokens.js';
import { CurrentOperator, type Operator } from './operators.js';

const PROBLEMS = ['request-invalid', 'operator-unknown', 'no-history', 'store-unavailable'] as const;

@ApiTags('operators')
@ApiBearerAuth()
@Controller('admin/v1/operators')
export class OperatorsController {
  constructor(@Inject(OperatorTokens) private readonly tokens: OperatorTokens) {}

  @Post()
  @Acts('operator.create', ({ body }) => `operator/${body.name}`)
  @ApiOperation({ summary: 'Make a token for an operator, who may at most what you may; the secret is shown once' })
  @ApiCreatedResponse({ type: NewOperatorView })
  @ApiProblems(...PROBLEMS, 'operator-not-entitled', 'publication-refused', 'store-read-only')
  async create(
    @Body() body: NewOperatorBody,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
  ): Promise<NewOperatorView> {
    // Before it is made: what fails behind that would take the secret with it.
    const warnings = await this.tokens.scopeWarnings(body, operator);
    const { credential, token } = await this.tokens.create(body, operator, context);
    return { ...operatorView(credential), token, ...(warnings.length > 0 && { warnings }) };
  }

  @Get()
  @ApiOperation({ summary: 'Your token and those made by it, without their secrets, revoked ones included' })
  @ApiOkResponse({ type: OperatorPage })
  @ApiProblems(...PROBLEMS)
  async list(@Query() page: PageQuery, @CurrentOperator() operator: Operator): Promise<OperatorPage> {
    const { items, next } = await this.tokens.list(page, operator);
    return { items: items.map(operatorView), next };
  }

  @Delete(':id')
  @Acts('operator.revoke', ({ params }) => `operator/${params['id']}`)
  @ApiOperation({ summary: "Revoke an operator's token: from now on it opens nothing" })
  @ApiOkResponse({ type: OperatorView })
  @ApiProblems(...PROBLEMS, 'credential-unknown', 'store-read-only')
  async revoke(
    @Param() { id }: CredentialParams,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
  ): Promise<OperatorView> {
    return operatorView(await this.tokens.revoke(id, operator, context));
  }
}
