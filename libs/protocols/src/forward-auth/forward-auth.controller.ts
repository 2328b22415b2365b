import { Controller, Get, Inject, Logger, Req, Res } from '@nestjs/common';
import { DecisionPoint } from '#decision';
import { Callers } from '../callers.js';
import { Challenge } from '../challenge.js';
import { type HeaderLine, headerLines, type HttpReply, type HttpRequest } from '#http';
import { keyOf } from '../key.js';
import { attempt, when } from '../when.js';
import { toQuestion, toReply, type Convention, type ForwardAuthReply } from './convention.js';
import { CONVENTIONS } from './conventions.js';
import { originalLine } from './original-line.js';

/** Gateways that ask by HTTP; every method arrives here as GET, see `acceptCheckCalls`. */
@Controller('forward-auth')
export class ForwardAuthController {
  readonly #logger = new Logger(ForwardAuthController.name);

  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Callers) private readonly callers: Callers,
    @Inject(Challenge) private readonly challenge: Challenge,
  ) {}

  @Get('nginx')
  nginx(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    return this.#answer(CONVENTIONS.nginx, request, reply);
  }

  @Get('caddy')
  caddy(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    return this.#answer(CONVENTIONS.caddy, request, reply);
  }

  @Get('ingress-nginx')
  ingressNginx(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    return this.#answer(CONVENTIONS['ingress-nginx'], request, reply);
  }

  @Get('traefik')
  traefik(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    return this.#answer(CONVENTIONS.traefik, request, reply);
  }

  @Get('haproxy')
  haproxy(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    return this.#answer(CONVENTIONS.haproxy, request, reply);
  }

  @Get('apache')
  apache(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    return this.#answer(CONVENTIONS.apache, request, reply);
  }

  @Get('apisix')
  apisix(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    return this.#answer(CONVENTIONS.apisix, request, reply);
  }

  @Get('envoy')
  envoy(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    return this.#answer(CONVENTIONS.envoy, request, reply);
  }

  #answer(convention: Convention, { raw }: HttpRequest, reply: HttpReply): void | Promise<void> {
    return attempt(
      () => {
        const caller = this.callers.overHttp(raw, keyOf(raw));
        // Not 401: the gateway would pass that on as the client's own.
        if (caller.kind === 'stranger') return void reply.status(403).send();
        const lines = headerLines(raw);
        const question = toQuestion(convention, lines, originalLine(raw));
        return when(this.decisionPoint.answer(question, caller), (answer) =>
          this.#send(toReply(convention, answer, this.challenge.value, namesOf(lines)), reply),
        );
      },
      (fault) => {
        this.#logger.error(fault);
        reply.status(convention.unavailable).send();
      },
    );
  }

  #send({ status, headers, body, complaint }: ForwardAuthReply, reply: HttpReply): void {
    if (complaint !== undefined) this.#logger.warn(complaint);
    // As bytes: to a text the framework would add a character set.
    reply
      .status(status)
      .headers(headers)
      .send(body === undefined ? undefined : Buffer.from(body));
  }
}

function namesOf(lines: readonly HeaderLine[]): readonly string[] {
  return lines.map(([name]) => name);
}
