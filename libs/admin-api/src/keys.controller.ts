import { Body, Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ActContext, CredentialHolder } from '#administration';
import { Problem } from '#problem';
import { Acts, CurrentContext } from './acts.js';
import { Credentials } from './credentials.js';
import { CredentialParams, KeyPage, keyView, KeyView, NewKeyBody, NewKeyView } from './dto/credential.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { PageQuery } from './dto/revision.dto.js';
import { notEntitled, OperatorRights } from './operator-rights.js';
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
    @Inject(OperatorRights) private readonly rights: OperatorRights,
  ) {}

  @Post()
  @Acts('key.create', ({ body }) =>
    body.mechanism ? `mechanism/${body.mechanism}` : `enforcement-point/${body.enforcementPoint}`,
  )
  @ApiOperation({ summary: 'Make a key for an enforcement point or a client; the secret is shown once' })
  @ApiCreatedResponse({ type: NewKeyView })
  @ApiProblems(
    ...PROBLEMS,
    'operator-not-entitled',
    'enforcement-point-undeclared',
    'api-key-mechanism-undeclared',
    'store-read-only',
  )
  async create(
    @Body() body: NewKeyBody,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
  ): Promise<NewKeyView> {
    const holder = holderIn(body);
    await this.#entitled(holder, operator);
    const { credential, token } = await this.credentials.create(holder, body.expiresAt, operator.name, context);
    return { ...keyView(credential), key: token };
  }

  @Get()
  @ApiOperation({ summary: 'Keys without their secrets, revoked ones included' })
  @ApiOkResponse({ type: KeyPage })
  @ApiProblems(...PROBLEMS)
  async list(@Query() page: PageQuery, @CurrentOperator() operator: Operator): Promise<KeyPage> {
    const { sight, places } = await this.rights.places(operator);
    const { items, next } = await this.credentials.list(WHAT, page, async (credential) =>
      sight.ofDomain(places(credential)),
    );
    const uses = await this.credentials.lastUses(items);
    return { items: items.map((credential) => keyView(credential, uses.get(credential.id))), next };
  }

  @Delete(':id')
  @Acts('key.revoke', ({ params }) => `key/${params['id']}`)
  @ApiOperation({ summary: 'Revoke a key: from now on it opens nothing' })
  @ApiOkResponse({ type: KeyView })
  @ApiProblems(...PROBLEMS, 'operator-not-entitled', 'credential-unknown', 'store-read-only')
  async revoke(
    @Param() { id }: CredentialParams,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
  ): Promise<KeyView> {
    const { holdings, sight, places } = await this.rights.places(operator);
    const found = await this.credentials.find(WHAT, id);
    const place = found === null ? '*' : places(found);
    if (found === null || !sight.ofDomain(place)) throw new Problem('credential-unknown', { what: WHAT, id });
    if (!holdings.may('mechanisms', place)) throw notEntitled('mechanisms', place);
    return keyView(await this.credentials.revoke(WHAT, id, operator.name, context));
  }

  /**
   * What somebody else administers is, to this operator, not declared.
   *
   * @throws Problem `enforcement-point-undeclared`, `api-key-mechanism-undeclared`, `operator-not-entitled`
   */
  async #entitled(holder: CredentialHolder, operator: Operator): Promise<void> {
    const { kind, name } = holder;
    const set = await this.sets.newestPublished();
    const { holdings, sight, places } = await this.rights.places(operator);
    const place = places(holder);
    if (kind === 'client-key') {
      if (!set.hasMechanism(name, 'apiKey') || !sight.ofDomain(place)) {
        throw new Problem('api-key-mechanism-undeclared', { name });
      }
    } else if (!set.hasEnforcementPoint(name) || !sight.ofDomain(place)) {
      throw new Problem('enforcement-point-undeclared', { name });
    }
    if (!holdings.may('mechanisms', place)) throw notEntitled('mechanisms', place);
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
