import { All, Controller, Inject, Req, Res } from '@nestjs/common';
import { DecisionPoint } from '#decision';
import { Callers } from '../caller.js';
import { Challenge } from '../challenge.js';
import { headerLines, type HttpReply, type HttpRequest } from '../http-message.js';
import { toQuestion, toReply } from './nginx.codec.js';

/** One path a header convention: a gateway overwrites the headers of its own and passes all others on. */
@Controller('forward-auth')
export class ForwardAuthController {
  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Callers) private readonly callers: Callers,
    @Inject(Challenge) private readonly challenge: Challenge,
  ) {}

  @All('nginx')
  nginx(@Req() { raw }: HttpRequest, @Res() reply: HttpReply): void {
    // Not 401: the gateway would pass that on as the client's own.
    if (this.callers.overHttp(raw.socket.remoteAddress).kind === 'stranger') return void reply.status(403).send();
    const { status, headers } = toReply(this.decisionPoint.answer(toQuestion(headerLines(raw))), this.challenge.value);
    reply.status(status).headers(headers).send();
  }
}
