import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { DecisionPoint } from '#decision';
import { Problem } from '#problem';
import { Callers } from '../caller.js';
import type { HttpRequest } from '../http-message.js';
import { toDecisionAnswer, toQuestion } from './native.codec.js';

/** Dharma's own JSON. */
@Controller('v1')
export class NativeController {
  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Callers) private readonly callers: Callers,
  ) {}

  @Post('decide')
  @HttpCode(200)
  decide(@Req() { raw, body }: HttpRequest) {
    const caller = this.callers.overHttp(raw.socket.remoteAddress);
    if (caller.kind === 'stranger') throw new Problem('enforcement-point-unknown', { reason: caller.reason });
    if (!Buffer.isBuffer(body)) throw new Problem('request-not-json', { fault: 'it is empty' });
    return toDecisionAnswer(this.decisionPoint.answer(toQuestion(body)));
  }
}
