import {
  type CallHandler,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { catchError, type Observable } from 'rxjs';
import type { ActContext, ActKind } from '#administration';
import { GIVEN_OPERATOR, PublicationRefused, storable, StoreFault } from '#administration';
import { Problem } from '#problem';
import { toProblem } from './admin-problem.filter.js';
import { Admission } from './admission.js';
import type { OperatorRequest } from './operators.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';

/** What a route does, for the audit log. */
interface RouteAct {
  readonly act: ActKind;
  /** What it is done to, where the answer is no; where it is yes the store knows better. */
  readonly object: (request: ActRequest) => string;
}

/** The parts of a request that say what is acted on; judged by the time that they are read. */
interface ActRequest {
  readonly params: { readonly [name: string]: string };
  readonly query: { readonly [name: string]: string };
  // oxlint-disable-next-line typescript/no-explicit-any -- the body of any route that acts
  readonly body: any;
}

const ROUTE_ACT = Symbol('RouteAct');
const MAXIMUM_OBJECT = 1_000;

/** Every route that changes something says by this what it does. */
export const Acts = (act: ActKind, object: RouteAct['object']) => SetMetadata(ROUTE_ACT, { act, object });

/** What the audit log is told of the request. */
export const CurrentContext = createParamDecorator((_: unknown, context: ExecutionContext): ActContext =>
  contextOf(context.switchToHttp().getRequest<OperatorRequest>()),
);

/** Writes down what an operator tried and was not allowed, or could not be. */
@Injectable()
export class RefusedActs implements NestInterceptor {
  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(Admission) private readonly admission: Admission,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const route = this.reflector.get<RouteAct | undefined>(ROUTE_ACT, context.getHandler());
    if (route === undefined) return next.handle();
    const request = context.switchToHttp().getRequest<OperatorRequest & ActRequest>();
    return next.handle().pipe(
      catchError(async (fault: unknown) => {
        const problem = toProblem(fault);
        if (problem instanceof Problem && saysSomething(problem)) await this.#record(route, request, problem);
        throw fault;
      }),
    );
  }

  /** An answer that is no stays one, written down or not. */
  async #record({ act, object }: RouteAct, request: OperatorRequest & ActRequest, { code }: Problem): Promise<void> {
    const { history, onRefused } = this.parts;
    const { operator } = request;
    if (history === null || operator === null || operator === undefined) return;
    if (!this.admission.isRefusalKept(operator.id)) return;
    try {
      await history.audit.append({
        ...contextOf(request),
        operator: operator.name,
        act,
        object: storable(object(request)).slice(0, MAXIMUM_OBJECT),
        refused: code,
      });
    } catch (fault) {
      if (!(fault instanceof StoreFault || fault instanceof PublicationRefused)) throw fault;
      onRefused?.('act-unrecorded');
    }
  }
}

/**
 * Whether a refusal tells of an attempt: forbidden, not to be found, not to be kept, or about something else than was looked
 * at. A request that is malformed, late or repeated is none.
 */
function saysSomething({ code, kind }: Problem): boolean {
  return [403, 404, 422].includes(kind.status) || CONFLICTS_THAT_TELL.has(code);
}

const CONFLICTS_THAT_TELL: ReadonlySet<string> = new Set([
  'documents-of-another-source',
  'proposal-differs',
  'proposal-outdated',
]);

function contextOf({ operator, requestId, clientAddress }: OperatorRequest): ActContext {
  // The token that the server was started with is no credential of the store, nor is one of an identity provider.
  const isKept = operator?.id !== GIVEN_OPERATOR && operator?.guest === undefined;
  const credential = isKept ? operator?.id : undefined;
  return { credential, requestId, address: clientAddress ?? undefined };
}
