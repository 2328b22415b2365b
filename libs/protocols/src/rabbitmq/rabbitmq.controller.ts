import { Controller, Header, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { DecisionPoint } from '#decision';
import type { HttpRequest } from '#http';
import { Callers } from '../callers.js';
import { knownCaller } from '../known-caller.js';
import { when } from '../when.js';
import { type RabbitCheck, toQuestion, toWord } from './rabbitmq.codec.js';

/** What RabbitMQ's `rabbitmq_auth_backend_http` asks: forms for questions, words for answers. */
@Controller('rabbitmq')
export class RabbitMqController {
  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Callers) private readonly callers: Callers,
  ) {}

  @Post('user')
  @HttpCode(200)
  @Header('content-type', 'text/plain')
  user(@Req() request: HttpRequest) {
    return this.#answer('user', request);
  }

  @Post('vhost')
  @HttpCode(200)
  @Header('content-type', 'text/plain')
  vhost(@Req() request: HttpRequest) {
    return this.#answer('vhost', request);
  }

  @Post('resource')
  @HttpCode(200)
  @Header('content-type', 'text/plain')
  resource(@Req() request: HttpRequest) {
    return this.#answer('resource', request);
  }

  @Post('topic')
  @HttpCode(200)
  @Header('content-type', 'text/plain')
  topic(@Req() request: HttpRequest) {
    return this.#answer('topic', request);
  }

  #answer(check: RabbitCheck, { raw, body }: HttpRequest): string | Promise<string> {
    const caller = knownCaller(this.callers, raw);
    const asked = toQuestion(check, body);
    return when(this.decisionPoint.answer(asked.question, caller), (answer) => toWord(answer, asked));
  }
}
