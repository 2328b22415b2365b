import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { DecisionPoint } from '#decision';
import type { HttpReply, HttpRequest } from '#http';
import { Callers } from '../callers.js';
import { knownCaller } from '../known-caller.js';
import { TRACE_HEADER, traceIn } from '../trace.js';
import { when } from '../when.js';
import { toQuestion, toReview } from './kubernetes.codec.js';

/** The authorization webhook of Kubernetes. */
@Controller('kubernetes')
export class KubernetesController {
  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Callers) private readonly callers: Callers,
  ) {}

  @Post('authorize')
  authorize(@Req() { raw, body }: HttpRequest, @Res({ passthrough: true }) reply: HttpReply) {
    const caller = knownCaller(this.callers, raw);
    const question = toQuestion(body, traceIn(raw.headers[TRACE_HEADER]));
    return when(this.decisionPoint.answer(question, caller), (answer) => {
      const { status, review } = toReview(answer);
      reply.status(status);
      return review;
    });
  }
}
