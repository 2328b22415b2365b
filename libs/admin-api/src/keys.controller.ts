import { Body, Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Problem } from '#problem';
import { Credentials } from './credentials.js';
import { CredentialParams, KeyPage, keyView, KeyView, NewKeyBody, NewKeyView } from './dto/credential.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { PageQuery } from './dto/revision.dto.js';
import { CurrentOperator, type Operator } from './operators.js';
import { PolicySets } from './policy-sets.js';

const KIND = 'enforcement-point-key';
const PROBLEMS = ['request-invalid', 'operator-unknown', 'no-history', 'store-unavailable'] as const;

@ApiTags('keys')
@ApiBearerAuth()
@Controller('admin/v1/keys')
export class KeysController {
  constructor(
    @Inject(Credentials) private readonly credentials: Credentials,
    @Inject(PolicySets) private readonly sets: PolicySets,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Make a key for an enforcement point; the secret is shown once' })
  @ApiCreatedResponse({ type: NewKeyView })
  @ApiProblems(...PROBLEMS, 'enforcement-point-undeclared', 'store-read-only')
  async create(
    @Body() { enforcementPoint, expiresAt }: NewKeyBody,
    @CurrentOperator() { name: createdBy }: Operator,
  ): Promise<NewKeyView> {
    const declared = (await this.sets.newestPublished()).documents;
    if (!declared.some(({ kind, name }) => kind === 'EnforcementPoint' && name === enforcementPoint)) {
      throw new Problem('enforcement-point-undeclared', { name: enforcementPoint });
    }
    const asked = { name: enforcementPoint, expiresAt };
    const { credential, token } = await this.credentials.create(KIND, asked, createdBy);
    return { ...keyView(credential), key: token };
  }

  @Get()
  @ApiOperation({ summary: 'Keys without their secrets, revoked ones included' })
  @ApiOkResponse({ type: KeyPage })
  @ApiProblems(...PROBLEMS)
  async list(@Query() page: PageQuery): Promise<KeyPage> {
    const { items, next } = await this.credentials.list(KIND, page);
    return { items: items.map(keyView), next };
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Revoke a key: from now on it opens nothing' })
  @ApiOkResponse({ type: KeyView })
  @ApiProblems(...PROBLEMS, 'credential-unknown', 'store-read-only')
  async revoke(@Param() { id }: CredentialParams, @CurrentOperator() { name }: Operator): Promise<KeyView> {
    return keyView(await this.credentials.revoke(KIND, id, name));
  }
}
