import { Controller, HttpCode, Inject, Logger, Post, Req } from '@nestjs/common';
import { DecisionPoint } from '#decision';
import type { HttpRequest } from '#http';
import { Problem } from '#problem';
import { Callers } from '../callers.js';
import { knownCaller } from '../known-caller.js';
import { attempt, when } from '../when.js';
import { toQuestion, toResult } from './emqx.codec.js';

const DENIED = { result: 'deny' } as const;

/** EMQX's HTTP authorizer. Any status but 200 it takes for no opinion, so even strangers are told `deny`. */
@Controller('emqx')
export class EmqxController {
  readonly #logger = new Logger(EmqxController.name);

  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Callers) private readonly callers: Callers,
  ) {}

  @Post('authorize')
  @HttpCode(200)
  authorize(@Req() { raw, body }: HttpRequest) {
    return attempt(
      () => {
        const caller = knownCaller(this.callers, raw);
        return when(this.decisionPoint.answer(toQuestion(body), caller), toResult);
      },
      (fault) => {
        if (!(fault instanceof Problem)) this.#logger.error(fault);
        return DENIED;
      },
    );
  }
}
