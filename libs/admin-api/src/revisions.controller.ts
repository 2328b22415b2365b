import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type ActContext, changeSummary, keyText, spokenChanges } from '#administration';
import type { HttpReply } from '#http';
import { Problem } from '#problem';
import { Acts, CurrentContext } from './acts.js';
import { DocumentPage } from './dto/document.dto.js';
import { DiffView, PlanView, PublishBody, RestoreBody, RestorePlanBody } from './dto/plan.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { DiffQuery, PageQuery, Published, RevisionPage, RevisionParams, RevisionView } from './dto/revision.dto.js';
import { OperatorRights } from './operator-rights.js';
import { CurrentOperator, type Operator } from './operators.js';
import { answered } from './answered.js';
import { KEY_HEADER, judgedKey } from './idempotency-key.js';
import { behindCursor, DEFAULT_LIMIT, pageOf, readAhead } from './paging.js';
import { PolicySets } from './policy-sets.js';
import { Publishing } from './publishing.js';
import { EDIT_PROBLEMS, PUBLISHING_PROBLEMS } from './publishing-problems.js';
import { invalid } from './request.pipe.js';

const READING_PROBLEMS = ['request-invalid', 'operator-unknown', 'no-history', 'store-unavailable'] as const;

@ApiTags('revisions')
@ApiBearerAuth()
@Controller('admin/v1/revisions')
export class RevisionsController {
  constructor(
    @Inject(PolicySets) private readonly sets: PolicySets,
    @Inject(Publishing) private readonly publishing: Publishing,
    @Inject(OperatorRights) private readonly rights: OperatorRights,
  ) {}

  @Post()
  @Acts('revision.publish', ({ body }) => `source/${body.source}`)
  @ApiOperation({
    summary: 'Publish a bundle that was planned',
    description:
      'The whole set must be valid with it, every Test document must pass that this publication has to do with, and all of it must be yours to change. Bodies up to 64 MiB. When others published since `base`, it is planned again on the newest revision, and the answer has `rebased`; where their documents and these have to do with one another, it is refused: `revision-superseded` has `current`, the newest revision, and `conflicts`, the documents and who changed them. `bundle-invalid` has `faults`, `warnings`, `tests` and `foreign`; `documents-of-another-source` has `foreign`; `documents-still-referenced` has `missed`; `forbidden-change` has `refusals`.',
  })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: Published })
  @ApiOkResponse({ type: Published, description: 'Nothing new was stored: `unchanged` or `repeated`.' })
  @ApiProblems(
    ...EDIT_PROBLEMS,
    'content-hash-differs',
    'request-not-json',
    'request-too-large',
    'document-too-large',
    'file-too-large',
    'bodies-too-many',
  )
  async publish(
    @Body() body: PublishBody,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Published> {
    return answered(reply, await this.publishing.publish(body, operator, judgedKey(key), context));
  }

  @Get()
  @ApiOperation({ summary: 'Revisions from the newest down' })
  @ApiOkResponse({ type: RevisionPage })
  @ApiProblems(...READING_PROBLEMS)
  async list(
    @Query() { limit = DEFAULT_LIMIT, next }: PageQuery,
    @CurrentOperator() operator: Operator,
  ): Promise<RevisionPage> {
    const below = next === undefined ? undefined : Number(behindCursor(next));
    if (below !== undefined && !Number.isSafeInteger(below)) {
      throw invalid([{ pointer: '/next', message: 'this is no cursor of ours' }]);
    }
    const found = await this.sets.history.store.list({ below, limit: limit + 1 });
    const page = readAhead(found, ({ number }) => String(number), limit);
    const items = page.items.map((revision) => this.rights.revisionListed(operator, revision));
    return { items: await Promise.all(items), next: page.next };
  }

  @Get(':n')
  @ApiOperation({ summary: 'One revision: who published it, when and why' })
  @ApiOkResponse({ type: RevisionView })
  @ApiProblems(...READING_PROBLEMS, 'revision-unknown')
  async read(@Param() { n }: RevisionParams, @CurrentOperator() operator: Operator): Promise<RevisionView> {
    const revision = await this.sets.history.store.revision(n);
    if (revision === null) throw new Problem('revision-unknown', { number: n });
    return this.rights.revisionTold(operator, revision);
  }

  @Get(':n/documents')
  @ApiOperation({ summary: 'The whole set as it was, in the order of kind and name' })
  @ApiOkResponse({ type: DocumentPage })
  @ApiProblems(...READING_PROBLEMS, 'revision-unknown')
  async documents(
    @Param() { n }: RevisionParams,
    @Query() page: PageQuery,
    @CurrentOperator() operator: Operator,
  ): Promise<DocumentPage> {
    const { sight } = await this.rights.now(operator);
    const seen = (await this.sets.at(n)).documents.filter((document) => sight.ofDocument(document));
    return pageOf(seen, keyText, page);
  }

  @Get(':n/diff')
  @ApiOperation({ summary: 'What it changed, in words' })
  @ApiOkResponse({ type: DiffView })
  @ApiProblems(...READING_PROBLEMS, 'revision-unknown')
  async diff(
    @Param() { n }: RevisionParams,
    @Query() { against }: DiffQuery,
    @CurrentOperator() operator: Operator,
  ): Promise<DiffView> {
    const { store } = this.sets.history;
    const revision = await store.revision(n);
    if (revision === null) throw new Problem('revision-unknown', { number: n });
    const from = against ?? revision.base ?? 0;
    const { sight } = await this.rights.now(operator);
    const seen = (await store.changes(from, n)).flatMap((change) => sight.ofChange(change));
    const changes = spokenChanges(seen);
    return { from, to: n, changes, summary: changeSummary(changes) };
  }

  @Post(':n/plan')
  @HttpCode(200)
  @ApiOperation({
    summary: 'What going back to it would change, and whether the set would be valid then',
    description:
      'Nothing is stored. `base` of the answer is the one to restore on: what is published then is what was planned, or 409.',
  })
  @ApiOkResponse({ type: PlanView })
  @ApiProblems(...READING_PROBLEMS, 'request-not-json', 'request-too-large', 'revision-unknown', 'no-decision-log')
  async plan(
    @Param() { n }: RevisionParams,
    @Body() body: RestorePlanBody,
    @CurrentOperator() operator: Operator,
  ): Promise<PlanView> {
    return this.publishing.planRestore(await this.sets.at(n), body, operator);
  }

  @Post(':n/restore')
  @Acts('revision.restore', ({ params }) => `revision/${params['n']}`)
  @ApiOperation({
    summary: 'Publish a new revision with the content of an old one',
    description:
      'Judged like any other: what was valid once may not be valid any more. `POST {n}/plan` says beforehand.',
  })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: Published })
  @ApiOkResponse({ type: Published, description: 'Nothing new was stored: `unchanged` or `repeated`.' })
  @ApiProblems(...PUBLISHING_PROBLEMS, 'revision-unknown')
  async restore(
    @Param() { n }: RevisionParams,
    @Body() body: RestoreBody,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Published> {
    const past = await this.sets.at(n);
    const restoring = { ...context, act: 'revision.restore', object: `revision/${n}` } as const;
    return answered(reply, await this.publishing.restore(past, body, operator, judgedKey(key), restoring));
  }
}
