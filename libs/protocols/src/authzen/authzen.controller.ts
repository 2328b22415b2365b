import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { type Answer, DecisionPoint, Judgements, type Question } from '#decision';
import type { HttpRequest } from '#http';
import type { KnownCaller } from '#identity';
import { Problem } from '#problem';
import { Callers } from '../callers.js';
import { keyOrBearerOf } from '../key.js';
import { TRACE_HEADER, traceIn } from '../trace.js';
import { when } from '../when.js';
import { type Evaluations, isLast, toDecision, toEvaluation, toEvaluations, toItem } from './authzen.codec.js';
import { type Sought, toSearch, toSearchReply } from './search.codec.js';

/** OpenID AuthZEN Authorization API 1.0. */
@Controller('access/v1')
export class AuthzenController {
  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Callers) private readonly callers: Callers,
  ) {}

  @Post('evaluation')
  @HttpCode(200)
  evaluate(@Req() request: HttpRequest) {
    const caller = this.#caller(request);
    return this.#decide(toEvaluation(request.body, traceOf(request)), caller);
  }

  @Post('evaluations')
  @HttpCode(200)
  evaluateAll(@Req() request: HttpRequest) {
    const caller = this.#caller(request);
    const asked = toEvaluations(request.body, traceOf(request));
    return 'questions' in asked ? this.#decideAll(asked, caller) : this.#decide(asked, caller);
  }

  @Post('search/subject')
  @HttpCode(200)
  searchSubjects(@Req() request: HttpRequest) {
    return this.#search('subject', request);
  }

  @Post('search/resource')
  @HttpCode(200)
  searchResources(@Req() request: HttpRequest) {
    return this.#search('resource', request);
  }

  @Post('search/action')
  @HttpCode(200)
  searchActions(@Req() request: HttpRequest) {
    return this.#search('action', request);
  }

  async #search(sought: Sought, request: HttpRequest) {
    const caller = this.#caller(request);
    const asked = toSearch(sought, request.body, traceOf(request));
    return toSearchReply(asked, await this.decisionPoint.search(asked.search, caller));
  }

  #decide(question: Question, caller: KnownCaller) {
    return when(this.decisionPoint.answer(question, caller), toDecision);
  }

  /** One after the other: a semantic may end it early. */
  async #decideAll({ semantic, questions }: Evaluations, caller: KnownCaller) {
    const answers: Answer[] = [];
    const breath = this.decisionPoint.breath();
    const judgements = new Judgements();
    for (const question of questions) {
      // An answer that is there already lets nobody else in.
      if (breath.isOver) await breath.next();
      const answer = await this.decisionPoint.answer(question, caller, judgements);
      answers.push(answer);
      if (isLast(semantic, answer)) break;
    }
    return { evaluations: answers.map(toItem) };
  }

  #caller({ raw }: HttpRequest): KnownCaller {
    const caller = this.callers.overHttp(raw, keyOrBearerOf(raw));
    if (caller.kind === 'stranger') throw new Problem('enforcement-point-unknown', { reason: caller.reason });
    return caller;
  }
}

function traceOf({ raw }: HttpRequest): string | undefined {
  return traceIn(raw.headers[TRACE_HEADER]);
}
