import { Body, Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ActContext } from '#administration';
import { Acts, CurrentContext } from './acts.js';
import { Credentials } from './credentials.js';
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
import { CurrentOperator, type Operator } from './operators.js';

const WHAT = 'operator';
const PROBLEMS = ['request-invalid', 'operator-unknown', 'no-history', 'store-unavailable'] as const;

@ApiTags('operators')
@ApiBearerAuth()
@Controller('admin/v1/operators')
export class OperatorsController {
  constructor(@Inject(Credentials) private readonly credentials: Credentials) {}

  @Post()
  @Acts('operator.create', ({ body }) => `operator/${body.name}`)
  @ApiOperation({ summary: 'Make a token for an operator; the secret is shown once' })
  @ApiCreatedResponse({ type: NewOperatorView })
  @ApiProblems(...PROBLEMS, 'store-read-only')
  async create(
    @Body() { name, expiresAt }: NewOperatorBody,
    @CurrentOperator() { name: createdBy }: Operator,
    @CurrentContext() context: ActContext,
  ): Promise<NewOperatorView> {
    const holder = { kind: 'operator-token', name } as const;
    const { credential, token } = await this.credentials.create(holder, expiresAt, createdBy, context);
    return { ...operatorView(credential), token };
  }

  @Get()
  @ApiOperation({ summary: 'Operators without their secrets, revoked ones included' })
  @ApiOkResponse({ type: OperatorPage })
  @ApiProblems(...PROBLEMS)
  async list(@Query() page: PageQuery): Promise<OperatorPage> {
    const { items, next } = await this.credentials.list(WHAT, page);
    return { items: items.map(operatorView), next };
  }

  @Delete(':id')
  @Acts('operator.revoke', ({ params }) => `operator/${params['id']}`)
  @ApiOperation({ summary: "Revoke an operator's token: from now on it opens nothing" })
  @ApiOkResponse({ type: OperatorView })
  @ApiProblems(...PROBLEMS, 'credential-unknown', 'store-read-only')
  async revoke(
    @Param() { id }: CredentialParams,
    @CurrentOperator() { name }: Operator,
    @CurrentContext() context: ActContext,
  ): Promise<OperatorView> {
    return operatorView(await this.credentials.revoke(WHAT, id, name, context));
  }
}
