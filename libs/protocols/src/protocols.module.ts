import { Module, type DynamicModule } from '@nestjs/common';
import { DecisionPoint } from '#decision';
import { Challenge } from './challenge.js';
import { ExtAuthzController } from './ext-authz/ext-authz.controller.js';
import { ForwardAuthController } from './forward-auth/forward-auth.controller.js';
import { GrpcHealthController, ServingStatus } from './grpc-health/grpc-health.controller.js';
import { NativeController } from './native/native.controller.js';
import { Listeners } from './peer.js';

export interface ProtocolParts {
  readonly decisionPoint: DecisionPoint;
  readonly listeners: Listeners;
  readonly serving: ServingStatus;
  /** The value of `www-authenticate` on every 401. */
  readonly challenge: string;
}

/** The protocols that this server speaks. */
@Module({})
export class ProtocolsModule {
  static with({ decisionPoint, listeners, serving, challenge }: ProtocolParts): DynamicModule {
    return {
      module: ProtocolsModule,
      controllers: [NativeController, ForwardAuthController, ExtAuthzController, GrpcHealthController],
      providers: [
        { provide: DecisionPoint, useValue: decisionPoint },
        { provide: Listeners, useValue: listeners },
        { provide: ServingStatus, useValue: serving },
        { provide: Challenge, useValue: new Challenge(challenge) },
      ],
    };
  }
}
