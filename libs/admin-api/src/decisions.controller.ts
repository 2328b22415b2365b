import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type DecisionPlace, type DecisionStore, type RecordedDecision, requestOf } from '#decision-log';
import { Problem } from '#problem';
import {
  DecisionParams,
  DecisionsQuery,
  PastExplanationView,
  RecordedDecisionPage,
  recordedDecisionView,
  RecordedDecisionView,
} from './dto/decision.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { OperatorRights } from './operator-rights.js';
import { CurrentOperator, type Operator } from './operators.js';
import { behindCursor, DEFAULT_LIMIT, readAhead } from './paging.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { inTime } from './patience.js';
import { invalid } from './request.pipe.js';
import { DecisionSight } from './told-decision.js';

/** A revision of a hundred thousand rules is read and made ready for it. */
const EXPLAIN_MILLISECONDS = 60_000;
const PROBLEMS = ['request-invalid', 'operator-unknown', 'no-decision-log', 'store-unavailable'] as const;

@ApiTags('decisions')
@ApiBearerAuth()
@Controller('admin/v1/decisions')
export class DecisionsController {
  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(OperatorRights) private readonly rights: OperatorRights,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Recorded decisions, the newest first',
    description:
      'Every denial, and of the allows a share. A record arrives a moment after its decision. Of requests it holds what rules read, and nothing that opens a door. You see those whose endpoint is placed, or that were denied, in a domain that you may read; `…` stands for what others say.',
  })
  @ApiOkResponse({ type: RecordedDecisionPage })
  @ApiProblems(...PROBLEMS)
  async list(
    @Query() { from, to, limit = DEFAULT_LIMIT, next, ...filters }: DecisionsQuery,
    @CurrentOperator() operator: Operator,
  ): Promise<RecordedDecisionPage> {
    const store = this.#store;
    const sight = await this.#sight(operator);
    const query = {
      ...filters,
      domains: sight.domains,
      within: filters.principal === undefined ? undefined : sight.whole,
      from: instant('/from', from),
      to: instant('/to', to),
      behind: next === undefined ? undefined : placeIn(behindCursor(next)),
      limit: limit + 1,
    };
    const found = sight.answers(filters) ? await store.search(query) : [];
    const page = readAhead(found, ({ time, id }) => `${time} ${id}`, limit);
    return { items: page.items.map(({ record }) => recordedDecisionView(sight.told(record))), next: page.next };
  }

  @Get(':id')
  @ApiOperation({ summary: 'One recorded decision' })
  @ApiOkResponse({ type: RecordedDecisionView })
  @ApiProblems(...PROBLEMS, 'decision-unknown')
  async read(@Param() { id }: DecisionParams, @CurrentOperator() operator: Operator): Promise<RecordedDecisionView> {
    const store = this.#store;
    const sight = await this.#sight(operator);
    return recordedDecisionView(sight.told(await found(store, id, sight)));
  }

  @Get(':id/explain')
  @ApiOperation({
    summary: 'Why it was decided so, by the revision that decided it',
    description: 'A revision that is not in force is read for it, one at a time, which takes seconds for a large one.',
  })
  @ApiOkResponse({ type: PastExplanationView })
  @ApiProblems(
    ...PROBLEMS,
    'decision-unknown',
    'operator-not-entitled',
    'decision-masked',
    'decision-not-judged',
    'revision-unknown',
    'explanation-busy',
    'server-silent',
  )
  async explain(@Param() { id }: DecisionParams, @CurrentOperator() operator: Operator): Promise<PastExplanationView> {
    const store = this.#store;
    const decision = await found(store, id, await this.#sight(operator));
    // It tells what every domain says on the way from the caller to the endpoint.
    await this.rights.demand(operator, 'read', '*');
    const rebuilt = requestOf(decision);
    if (rebuilt.kind === 'masked') throw new Problem('decision-masked', { members: rebuilt.masked.join(', ') });
    const { revision: mark } = decision;
    if (rebuilt.kind === 'not-judged' || mark === null) {
      throw new Problem('decision-not-judged', { id, reason: decision.reason });
    }
    const explained = await inTime(
      this.parts.server.explainPast({ mark, request: rebuilt.request }),
      EXPLAIN_MILLISECONDS,
    );
    switch (explained.kind) {
      case 'explained':
        return { decision: recordedDecisionView(decision), explanation: explained.explanation };
      case 'revision-gone':
        throw new Problem('revision-unknown', { number: mark.number });
      case 'busy':
        throw new Problem('explanation-busy');
      default:
        return explained satisfies never;
    }
  }

  get #store(): DecisionStore {
    if (this.parts.decisions === undefined) throw new Problem('no-decision-log');
    return this.parts.decisions;
  }

  async #sight(operator: Operator): Promise<DecisionSight> {
    const { newest, sight } = await this.rights.now(operator);
    return new DecisionSight(sight, newest);
  }
}

/** @throws Problem `decision-unknown`, also for one that the operator does not see */
async function found(store: DecisionStore, id: string, sight: DecisionSight): Promise<RecordedDecision> {
  const record = await store.find(id, sight.domains);
  if (record === null) throw new Problem('decision-unknown', { id });
  return record;
}

/** @throws Problem `request-invalid`  for what ISO 8601 allows and RFC 3339 does not, such as a week */
function instant(pointer: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) throw invalid([{ pointer, message: 'this is no instant of RFC 3339' }]);
  return milliseconds;
}

/** @throws Problem `request-invalid` */
function placeIn(key: string): DecisionPlace {
  const [, time, id] = /^(\d{1,16}) (\S{1,64})$/.exec(key) ?? [];
  if (time === undefined || id === undefined) {
    throw invalid([{ pointer: '/next', message: 'this is no cursor of ours' }]);
  }
  return { time: Number(time), id };
}
