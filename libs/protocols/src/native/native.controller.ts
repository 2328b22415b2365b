import { Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { DecisionPoint, type Answer, type ExplainedAnswer } from '#decision';
import type { KnownCaller } from '#identity';
import { Problem } from '#problem';
import { TELL_HEADER } from '#wire';
import { Callers } from '../callers.js';
import { Challenge } from '../challenge.js';
import type { HttpReply, HttpRequest } from '#http';
import { keyOrBearerOf } from '../key.js';
import { isTold, tellingOf } from '../telling.js';
import { TRACE_HEADER, traceIn } from '../trace.js';
import { forEach, when } from '../when.js';
import { toAsked, toBatch, toNativeAnswer, type Asked } from './native.codec.js';

/** Dharma's own JSON. */
@Controller('v1')
export class NativeController {
  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Callers) private readonly callers: Callers,
    @Inject(Challenge) private readonly challenge: Challenge,
  ) {}

  @Post('decide')
  @HttpCode(200)
  decide(@Req() request: HttpRequest, @Res({ passthrough: true }) reply: HttpReply) {
    const caller = this.#caller(request);
    return when(this.#answer(toAsked(request.body, traced(request, reply)), caller), (answer) => {
      if (isTold(request.raw.headers[TELL_HEADER])) reply.headers({ ...tellingOf(answer, this.challenge.value) });
      return toNativeAnswer(answer);
    });
  }

  @Post('decide/batch')
  @HttpCode(200)
  decideBatch(@Req() request: HttpRequest, @Res({ passthrough: true }) reply: HttpReply) {
    const caller = this.#caller(request);
    const batch = toBatch(request.body, traced(request, reply));
    for (const asked of batch) requirePermission(asked, caller);
    const answers = forEach(batch, this.decisionPoint.breath(), (asked) => this.#answer(asked, caller));
    return when(answers, (all) => ({ answers: all.map(toNativeAnswer) }));
  }

  @Post('explain')
  @HttpCode(200)
  explain(@Req() request: HttpRequest, @Res({ passthrough: true }) reply: HttpReply) {
    const caller = this.#caller(request);
    const { question } = toAsked(request.body, traced(request, reply));
    return when(this.#answer({ question, explain: true }, caller), toNativeAnswer);
  }

  #caller({ raw }: HttpRequest): KnownCaller {
    const caller = this.callers.overHttp(raw, keyOrBearerOf(raw));
    if (caller.kind === 'stranger') throw new Problem('enforcement-point-unknown', { reason: caller.reason });
    return caller;
  }

  #answer(asked: Asked, caller: KnownCaller): Answer | Promise<Answer | ExplainedAnswer> {
    requirePermission(asked, caller);
    const { question, explain } = asked;
    return explain ? this.decisionPoint.explain(question, caller) : this.decisionPoint.answer(question, caller);
  }
}

function requirePermission({ explain }: Asked, { mayExplain }: KnownCaller): void {
  if (explain && !mayExplain) throw new Problem('explain-not-permitted');
}

/** The trace context goes back as it came. */
function traced({ raw }: HttpRequest, reply: HttpReply): string | undefined {
  const trace = traceIn(raw.headers[TRACE_HEADER]);
  if (trace !== undefined) reply.header(TRACE_HEADER, trace);
  return trace;
}
