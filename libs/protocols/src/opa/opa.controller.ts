import { Controller, HttpCode, Inject, Logger, Post, Req } from '@nestjs/common';
import { DecisionPoint, type Answer, type Question } from '#decision';
import type { HttpRequest } from '#http';
import type { KnownCaller } from '#identity';
import { Callers } from '../callers.js';
import { Challenge } from '../challenge.js';
import { knownCaller } from '../known-caller.js';
import { TRACE_HEADER, traceIn } from '../trace.js';
import { when } from '../when.js';
import { type OpaDocument, toAllow, toDecision, toFilter, toHttp, toPlaces, toQuestions } from './opa.codec.js';

/** Whatever can ask OPA. */
@Controller('v1/data/dharma')
export class OpaController {
  readonly #logger = new Logger(OpaController.name);

  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Callers) private readonly callers: Callers,
    @Inject(Challenge) private readonly challenge: Challenge,
  ) {}

  @Post('allow')
  @HttpCode(200)
  allow(@Req() request: HttpRequest) {
    return when(this.#answer('allow', request), toAllow);
  }

  @Post('decision')
  @HttpCode(200)
  decision(@Req() request: HttpRequest) {
    return when(this.#answer('decision', request), toDecision);
  }

  @Post('http')
  @HttpCode(200)
  http(@Req() request: HttpRequest) {
    return when(this.#answer('http', request), (answer) => {
      const { complaint, ...reply } = toHttp(answer, this.challenge.value);
      if (complaint !== undefined) this.#logger.warn(complaint);
      return reply;
    });
  }

  /** Gives way to others: a list can be long. */
  @Post('filter')
  @HttpCode(200)
  async filter(@Req() { raw, body }: HttpRequest) {
    const caller = knownCaller(this.callers, raw);
    const answers: Answer[] = [];
    const breath = this.decisionPoint.breath();
    for (const question of toFilter(body, traceIn(raw.headers[TRACE_HEADER]))) {
      if (breath.isOver) await breath.next();
      answers.push(await this.decisionPoint.answer(question, caller));
    }
    return toPlaces(answers);
  }

  #answer(document: OpaDocument, { raw, body }: HttpRequest): Answer | Promise<Answer> {
    const caller = knownCaller(this.callers, raw);
    const questions = toQuestions(document, body, traceIn(raw.headers[TRACE_HEADER]));
    return questions.length === 1 ? this.decisionPoint.answer(questions[0]!, caller) : this.#all(questions, caller);
  }

  /** The first denial, or else the last allow. */
  async #all(questions: readonly Question[], caller: KnownCaller): Promise<Answer> {
    let answer: Answer | undefined;
    for (const question of questions) {
      answer = await this.decisionPoint.answer(question, caller);
      if (answer.outcome.decision === 'deny') return answer;
    }
    return answer!;
  }
}
