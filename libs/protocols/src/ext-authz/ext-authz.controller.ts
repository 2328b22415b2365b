import type { ServerUnaryCall } from '@grpc/grpc-js';
import { Controller, Inject, Logger } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { DecisionPoint } from '#decision';
import { Callers } from '../caller.js';
import { Challenge } from '../challenge.js';
import type { CheckRequest, CheckResponse } from './check-message.js';
import { refusedWithoutDecision, toCheckResponse, toQuestion } from './ext-authz.codec.js';

/** Envoy's external authorization, and everyone's who speaks it. */
@Controller()
export class ExtAuthzController {
  private readonly logger = new Logger(ExtAuthzController.name);

  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Callers) private readonly callers: Callers,
    @Inject(Challenge) private readonly challenge: Challenge,
  ) {}

  @GrpcMethod('envoy.service.auth.v3.Authorization', 'Check')
  check(message: CheckRequest, _metadata: unknown, call: ServerUnaryCall<CheckRequest, CheckResponse>): CheckResponse {
    try {
      if (this.callers.overGrpc(call.getPeer()).kind === 'stranger') return refusedWithoutDecision();
      return toCheckResponse(this.decisionPoint.answer(toQuestion(message)), this.challenge.value);
    } catch (fault) {
      // A gRPC error would let the request pass where the gateway fails open.
      this.logger.error(fault);
      return refusedWithoutDecision();
    }
  }
}
