import { Body, Controller, Delete, Get, Headers, Inject, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type ActContext, type Entity, type StoredDocument, withEntities, withoutEntity } from '#administration';
import type { HttpReply } from '#http';
import { Acts, CurrentContext } from './acts.js';
import { answered } from './answered.js';
import { EntityBody, EntityKeyQuery, EntityPage, EntityQuery } from './dto/fact.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { Published } from './dto/revision.dto.js';
import { entityKey } from './fact-order.js';
import { Facts } from './facts.js';
import { judgedKey, KEY_HEADER } from './idempotency-key.js';
import { OperatorRights } from './operator-rights.js';
import { CurrentOperator, type Operator } from './operators.js';
import { pageOf } from './paging.js';
import { EDIT_PROBLEMS } from './publishing-problems.js';

/** What is stored of people and things. */
@ApiTags('entities')
@ApiBearerAuth()
@Controller('admin/v1/entities')
export class EntitiesController {
  constructor(
    @Inject(OperatorRights) private readonly rights: OperatorRights,
    @Inject(Facts) private readonly facts: Facts,
  ) {}

  @Get()
  @ApiOperation({ summary: 'What the newest revision stores of people and things, by entity set, type and id' })
  @ApiOkResponse({ type: EntityPage })
  @ApiProblems('request-invalid', 'operator-unknown', 'store-unavailable')
  async list(
    @Query() { type, id, domain, entitySet, ...page }: EntityQuery,
    @CurrentOperator() operator: Operator,
  ): Promise<EntityPage> {
    const { newest, sight } = await this.rights.now(operator);
    const found = newest
      .entities()
      .filter(
        (one) =>
          sight.ofDomain(one.domain) &&
          (type === undefined || one.type === type) &&
          (id === undefined || one.id === id) &&
          (domain === undefined || one.domain === domain) &&
          (entitySet === undefined || one.entitySet === entitySet),
      );
    return pageOf(found, entityKey, page);
  }

  @Post()
  @Acts('revision.publish', ({ body }) => `EntitySet/${body.entitySet}`)
  @ApiOperation({
    summary: 'Store what is known of one person or thing',
    description: 'Publishes a revision with it, in the place of what was stored of the same type and id.',
  })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: Published })
  @ApiOkResponse({ type: Published, description: 'Nothing new was stored: `unchanged` or `repeated`.' })
  @ApiProblems(...EDIT_PROBLEMS, 'document-unknown', 'request-not-json', 'request-too-large')
  async store(
    @Body() body: EntityBody,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Published> {
    const changing = { operator, context, idempotencyKey: judgedKey(key) };
    const { type, id } = body;
    const attributes = body.attributes as Entity['attributes'];
    const text = (stored: StoredDocument) => withEntities(stored, [{ type, id, attributes }]);
    return answered(reply, await this.facts.change('EntitySet', body.entitySet, body, changing, text));
  }

  @Delete()
  @Acts('revision.publish', ({ query }) => `EntitySet/${query['entitySet']}`)
  @ApiOperation({
    summary: 'Store nothing of one person or thing any more',
    description: 'Publishes a revision without it. What is not there changes nothing.',
  })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: Published })
  @ApiOkResponse({ type: Published, description: 'Nothing new was stored: `unchanged` or `repeated`.' })
  @ApiProblems(...EDIT_PROBLEMS, 'document-unknown')
  async forget(
    @Query() query: EntityKeyQuery,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Published> {
    const changing = { operator, context, idempotencyKey: judgedKey(key) };
    const text = (stored: StoredDocument) => withoutEntity(stored, query);
    return answered(reply, await this.facts.change('EntitySet', query.entitySet, query, changing, text));
  }
}
