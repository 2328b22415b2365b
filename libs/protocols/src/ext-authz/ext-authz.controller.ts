import type { ServerUnaryCall } from '@grpc/grpc-js';
import { Controller, Inject, Logger } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { DecisionPoint } from '#decision';
import { Challenge } from '../challenge.js';
import { Listeners, peerOverGrpc } from '../peer.js';
import type { CheckRequest, CheckResponse } from './check-message.js';
import { refusedWithoutDecision, toCheckResponse, toQuestion } from './ext-authz.codec.js';

/** Envoy's external authorization, and everyone's who speaks it. */
@Controller()
export class ExtAuthzController {
  private readonly logger = new Logger(ExtAuthzController.name);

  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Listeners) private readonly listeners: Listeners,
    @Inject(Challenge) private readonly challenge: Challenge,
  ) {}

  @GrpcMethod('envoy.service.auth.v3.Authorization', 'Check')
  async check(
    message: CheckRequest,
    _metadata: unknown,
    call: ServerUnaryCall<CheckRequest, CheckResponse>,
  ): Promise<CheckResponse> {
    try {
      const caller = this.decisionPoint.caller(peerOverGrpc(this.listeners.grpc, call.getPeer(), undefined));
      if (caller.kind === 'stranger') return refusedWithoutDecision();
      return toCheckResponse(await this.decisionPoint.answer(toQuestion(message), caller), this.challenge.value);
    } catch (fault) {
      // A gRPC error would let the request pass where the gateway fails open.
      this.logger.error(fault);
      return refusedWithoutDecision();
    }
  }
}
