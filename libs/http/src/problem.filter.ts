import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { PROBLEM_MEDIA_TYPE, Problem } from '#problem';
import type { HttpReply, HttpRequest } from './http-message.js';

/** Every error leaves as `application/problem+json`, and what is no {@link Problem} says nothing about itself. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(fault: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const problem = this.#problemOf(fault, http.getRequest<HttpRequest>());
    http
      .getResponse<HttpReply>()
      .status(problem.kind.status)
      .headers({ ...problem.kind.headers, 'content-type': PROBLEM_MEDIA_TYPE })
      .send(Buffer.from(JSON.stringify(problem.details())));
  }

  #problemOf(fault: unknown, { raw, routeOptions }: HttpRequest): Problem {
    if (fault instanceof Problem) return fault;
    const status = fault instanceof HttpException ? fault.getStatus() : (fault as { statusCode?: unknown })?.statusCode;
    if (status === 404) return new Problem('route-unknown', { method: raw.method ?? '', path: pathOf(raw.url ?? '') });
    if (status === 413) return new Problem('request-too-large', { limit: routeOptions?.bodyLimit ?? 0 });
    if (status === 415) return new Problem('content-type-unsupported');
    if (typeof status === 'number' && status >= 400 && status < 500) {
      return new Problem('request-malformed', { fault: (fault as Error).message });
    }
    this.logger.error(fault);
    return new Problem('internal-fault');
  }
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}
