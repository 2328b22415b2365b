import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { DecisionPoint } from '#decision';
import type { HttpRequest } from '#http';
import { Problem } from '#problem';
import { Listeners, peerOverHttp } from '../peer.js';
import { toDecisionAnswer, toQuestion } from './native.codec.js';

/** Dharma's own JSON. */
@Controller('v1')
export class NativeController {
  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Listeners) private readonly listeners: Listeners,
  ) {}

  @Post('decide')
  @HttpCode(200)
  async decide(@Req() { raw, body }: HttpRequest) {
    const caller = this.decisionPoint.caller(peerOverHttp(this.listeners.http, raw, undefined));
    if (caller.kind === 'stranger') throw new Problem('enforcement-point-unknown', { reason: caller.reason });
    if (!Buffer.isBuffer(body)) throw new Problem('request-not-json', { fault: 'it is empty' });
    return toDecisionAnswer(await this.decisionPoint.answer(toQuestion(body), caller));
  }
}
