import { All, Controller, Inject, Req, Res } from '@nestjs/common';
import { DecisionPoint } from '#decision';
import { headerLines, type HttpReply, type HttpRequest } from '#http';
import { Challenge } from '../challenge.js';
import { Listeners, peerOverHttp } from '../peer.js';
import { toQuestion, toReply } from './nginx.codec.js';

/** One path a header convention: a gateway overwrites the headers of its own and passes all others on. */
@Controller('forward-auth')
export class ForwardAuthController {
  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Listeners) private readonly listeners: Listeners,
    @Inject(Challenge) private readonly challenge: Challenge,
  ) {}

  @All('nginx')
  async nginx(@Req() { raw }: HttpRequest, @Res() reply: HttpReply): Promise<void> {
    const caller = this.decisionPoint.caller(peerOverHttp(this.listeners.http, raw, undefined));
    // Not 401: the gateway would pass that on as the client's own.
    if (caller.kind === 'stranger') return void reply.status(403).send();
    const answer = await this.decisionPoint.answer(toQuestion(headerLines(raw)), caller);
    const { status, headers } = toReply(answer, this.challenge.value);
    reply.status(status).headers(headers).send();
  }
}
