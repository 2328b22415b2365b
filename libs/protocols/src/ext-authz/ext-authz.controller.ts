import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject, Logger } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { DecisionPoint } from '#decision';
import { Callers, type GrpcCall } from '../callers.js';
import { Challenge } from '../challenge.js';
import { TRACE_HEADER, traceIn } from '../trace.js';
import { attempt, when } from '../when.js';
import type { CheckRequest, CheckResponse } from './check-message.js';
import { refusedWithoutDecision, sentIn, toCheckResponse, toQuestion } from './ext-authz.codec.js';

/** Envoy's external authorization, and everyone's who speaks it. */
@Controller()
export class ExtAuthzController {
  readonly #logger = new Logger(ExtAuthzController.name);

  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Callers) private readonly callers: Callers,
    @Inject(Challenge) private readonly challenge: Challenge,
  ) {}

  @GrpcMethod('envoy.service.auth.v3.Authorization', 'Check')
  check(message: CheckRequest, metadata: Metadata, call: GrpcCall): CheckResponse | Promise<CheckResponse> {
    return attempt(
      () => {
        const caller = this.callers.overGrpc(call);
        if (caller.kind === 'stranger') return refusedWithoutDecision();
        const question = toQuestion(message, traceIn(metadata.get(TRACE_HEADER)[0]));
        const carries = question.kind === 'request' ? question.request.carries : undefined;
        return when(this.decisionPoint.answer(question, caller), (answer) =>
          toCheckResponse(answer, this.challenge.value, sentIn(message), carries),
        );
      },
      (fault) => {
        // A gRPC error would let the request pass where the gateway fails open.
        this.#logger.error(fault);
        return refusedWithoutDecision();
      },
    );
  }
}
