import { Controller, HttpCode, Inject, Logger, Post, Req } from '@nestjs/common';
import { DecisionPoint, type Answer } from '#decision';
import type { HttpRequest } from '#http';
import { Callers } from '../callers.js';
import { Challenge } from '../challenge.js';
import { knownCaller } from '../known-caller.js';
import { TRACE_HEADER, traceIn } from '../trace.js';
import { when } from '../when.js';
import { type OpaDocument, toAllow, toDecision, toHttp, toQuestion } from './opa.codec.js';

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

  #answer(document: OpaDocument, { raw, body }: HttpRequest): Answer | Promise<Answer> {
    const caller = knownCaller(this.callers, raw);
    return this.decisionPoint.answer(toQuestion(document, body, traceIn(raw.headers[TRACE_HEADER])), caller);
  }
}
