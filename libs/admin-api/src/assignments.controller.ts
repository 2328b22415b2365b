import { Body, Controller, Delete, Get, Headers, Inject, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type ActContext, type StoredDocument, withAssignments, withoutAssignment } from '#administration';
import type { HttpReply } from '#http';
import { Acts, CurrentContext } from './acts.js';
import { answered } from './answered.js';
import { AssignmentKeyQuery, AssignmentPage, AssignmentQuery, NewAssignmentsBody } from './dto/fact.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { Published } from './dto/revision.dto.js';
import { assignmentKey } from './fact-order.js';
import { Facts } from './facts.js';
import { judgedKey, KEY_HEADER } from './idempotency-key.js';
import { OperatorRights } from './operator-rights.js';
import { CurrentOperator, type Operator } from './operators.js';
import { pageOf } from './paging.js';
import { EDIT_PROBLEMS } from './publishing-problems.js';
import { roleWarnings } from './role-warnings.js';

/** Who holds which role. A joiner is one small revision, whatever else there is. */
@ApiTags('assignments')
@ApiBearerAuth()
@Controller('admin/v1/assignments')
export class AssignmentsController {
  constructor(
    @Inject(OperatorRights) private readonly rights: OperatorRights,
    @Inject(Facts) private readonly facts: Facts,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Who holds which role in the newest revision, by role set, role and principal' })
  @ApiOkResponse({ type: AssignmentPage })
  @ApiProblems('request-invalid', 'operator-unknown', 'store-unavailable')
  async list(
    @Query() { role, principal, domain, roleSet, ...page }: AssignmentQuery,
    @CurrentOperator() operator: Operator,
  ): Promise<AssignmentPage> {
    const { newest, sight } = await this.rights.now(operator);
    const found = newest
      .assignments()
      .filter(
        (one) =>
          sight.ofDomain(one.domain) &&
          (role === undefined || one.role === role) &&
          (principal === undefined || one.principal === principal) &&
          (domain === undefined || one.domain === domain) &&
          (roleSet === undefined || one.roleSet === roleSet),
      );
    return pageOf(found, assignmentKey, page);
  }

  @Post()
  @Acts('revision.publish', ({ body }) => `RoleSet/${body.roleSet}`)
  @ApiOperation({
    summary: 'Give a role to principals',
    description:
      'Publishes a revision in which they hold it. Who holds it already changes nothing. A role that nothing knows at that domain is given, with a word in `warnings`.',
  })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: Published })
  @ApiOkResponse({ type: Published, description: 'Nothing new was stored: `unchanged` or `repeated`.' })
  @ApiProblems(...EDIT_PROBLEMS, 'document-unknown', 'request-not-json', 'request-too-large')
  async assign(
    @Body() body: NewAssignmentsBody,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Published> {
    const changing = { operator, context, idempotencyKey: judgedKey(key) };
    const text = (stored: StoredDocument) => withAssignments(stored, body.role, body.principals);
    const published = await this.facts.change('RoleSet', body.roleSet, body, changing, text);
    const { newest } = await this.rights.now(operator);
    return answered(reply, { ...published, ...roleWarnings(newest, body.roleSet, [body.role]) });
  }

  @Delete()
  @Acts('revision.publish', ({ query }) => `RoleSet/${query['roleSet']}`)
  @ApiOperation({
    summary: 'Take a role from a principal',
    description: 'Publishes a revision in which it holds the role no longer. Who does not hold it changes nothing.',
  })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: Published })
  @ApiOkResponse({ type: Published, description: 'Nothing new was stored: `unchanged` or `repeated`.' })
  @ApiProblems(...EDIT_PROBLEMS, 'document-unknown')
  async withdraw(
    @Query() query: AssignmentKeyQuery,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Published> {
    const changing = { operator, context, idempotencyKey: judgedKey(key) };
    const text = (stored: StoredDocument) => withoutAssignment(stored, query.role, query.principal);
    return answered(reply, await this.facts.change('RoleSet', query.roleSet, query, changing, text));
  }
}
