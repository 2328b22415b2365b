import { Body, Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ActContext, CredentialHolder } from '#administration';
import { Problem } from '#problem';
import { Acts, CurrentContext } from './acts.js';
import { Credentials } from './credentials.js';
import { CredentialParams, KeyPage, keyView, KeyView, NewKeyBody, NewKeyView } from './dto/credential.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { PageQuery } from './dto/revision.dto.js';
import { CurrentOperator, type Operator } from './operators.js';
import { PolicySets } from './policy-sets.js';
import { invalid } from './request.pipe.js';

const WHAT = 'key';
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
  @Acts('key.create', ({ body }) =>
    body.mechanism ? `mechanism/${body.mechanism}` : `enforcement-point/${body.enforcementPoint}`,
  )
  @ApiOperation({ summary: 'Make a key for an enforcement point or a client; the secret is shown once' })
  @ApiCreatedResponse({ type: NewKeyView })
  @ApiProblems(...PROBLEMS, 'enforcement-point-undeclared', 'api-key-mechanism-undeclared', 'store-read-only')
  async create(
    @Body() body: NewKeyBody,
    @CurrentOperator() { name: createdBy }: Operator,
    @CurrentContext() context: ActContext,
  ): Promise<NewKeyView> {
    const holder = holderIn(body);
    await this.#declared(holder);
    const { credential, token } = await this.credentials.create(holder, body.expiresAt, createdBy, context);
    return { ...keyView(credential), key: token };
  }

  @Get()
  @ApiOperation({ summary: 'Keys without their secrets, revoked ones included' })
  @ApiOkResponse({ type: KeyPage })
  @ApiProblems(...PROBLEMS)
  async list(@Query() page: PageQuery): Promise<KeyPage> {
    const { items, next } = await this.credentials.list(WHAT, page);
    const uses = await this.credentials.lastUses(items);
    return { items: items.map((credential) => keyView(credential, uses.get(credential.id))), next };
  }

  @Delete(':id')
  @Acts('key.revoke', ({ params }) => `key/${params['id']}`)
  @ApiOperation({ summary: 'Revoke a key: from now on it opens nothing' })
  @ApiOkResponse({ type: KeyView })
  @ApiProblems(...PROBLEMS, 'credential-unknown', 'store-read-only')
  async revoke(
    @Param() { id }: CredentialParams,
    @CurrentOperator() { name }: Operator,
    @CurrentContext() context: ActContext,
  ): Promise<KeyView> {
    return keyView(await this.credentials.revoke(WHAT, id, name, context));
  }

  /** @throws Problem `enforcement-point-undeclared`, `api-key-mechanism-undeclared` */
  async #declared({ kind, name }: CredentialHolder): Promise<void> {
    const set = await this.sets.newestPublished();
    if (kind === 'client-key') {
      if (!set.hasMechanism(name, 'apiKey')) throw new Problem('api-key-mechanism-undeclared', { name });
    } else if (!set.hasEnforcementPoint(name)) {
      throw new Problem('enforcement-point-undeclared', { name });
    }
  }
}

/** @throws Problem `request-invalid` */
function holderIn({ enforcementPoint, mechanism, subject, scopes, groups }: NewKeyBody): CredentialHolder {
  if (mechanism === undefined) {
    const strange = Object.entries({ subject, scopes, groups }).filter(([, value]) => value !== undefined);
    if (strange.length > 0) {
      throw invalid(strange.map(([name]) => ({ pointer: `/${name}`, message: 'this goes with a `mechanism`' })));
    }
    if (enforcementPoint === undefined) {
      throw invalid([{ pointer: '/enforcementPoint', message: 'say for which one the key is, or name a `mechanism`' }]);
    }
    return { kind: 'enforcement-point-key', name: enforcementPoint };
  }
  if (enforcementPoint !== undefined) {
    throw invalid([{ pointer: '/enforcementPoint', message: 'a key is for an enforcement point or for a client' }]);
  }
  if (subject === undefined) throw invalid([{ pointer: '/subject', message: 'say whom the key stands for' }]);
  return { kind: 'client-key', name: mechanism, client: { subject, scopes: scopes ?? [], groups: groups ?? [] } };
}
