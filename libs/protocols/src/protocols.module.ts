import type { Server } from 'node:http';
import { Inject, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { DecisionPoint } from '#decision';
import { AuthzenController } from './authzen/authzen.controller.js';
import { MetadataController } from './authzen/metadata.controller.js';
import { PublicUrl } from './authzen/metadata.js';
import { type HookedServer, onAuthzenRequests } from './authzen/on-request.js';
import { Callers, Listeners } from './callers.js';
import { Challenge } from './challenge.js';
import { DecisionsController } from './dharma-v1/decisions.controller.js';
import { ExtAuthzController } from './ext-authz/ext-authz.controller.js';
import { answerAlways, type ReplySender } from './always-answered.js';
import { EmqxController } from './emqx/emqx.controller.js';
import { acceptForms, type BodyReader } from './forms.js';
import { ForwardAuthController } from './forward-auth/forward-auth.controller.js';
import { acceptCheckCalls } from './forward-auth/original-line.js';
import { GrpcHealthController, ServingStatus } from './grpc-health/grpc-health.controller.js';
import { keyOrBearerOf } from './key.js';
import { KubernetesController } from './kubernetes/kubernetes.controller.js';
import { NativeController } from './native/native.controller.js';
import { OpaController } from './opa/opa.controller.js';
import { RabbitMqController } from './rabbitmq/rabbitmq.controller.js';

export interface ProtocolParts {
  readonly decisionPoint: DecisionPoint;
  readonly listeners: Listeners;
  readonly serving: ServingStatus;
  /** The value of `www-authenticate` on every 401. */
  readonly challenge: string;
  /** The HTTP check listener's address as callers know it, without a slash at its end; absent: no metadata is told. */
  readonly publicUrl?: string | undefined;
  /** The same metadata as a JWT; absent: they are told unsigned. */
  readonly signedMetadata?: string | undefined;
}

/** The protocols that this server speaks. */
@Module({})
export class ProtocolsModule implements OnModuleInit {
  static with({
    decisionPoint,
    listeners,
    serving,
    challenge,
    publicUrl,
    signedMetadata,
  }: ProtocolParts): DynamicModule {
    return {
      module: ProtocolsModule,
      controllers: [
        NativeController,
        AuthzenController,
        MetadataController,
        ForwardAuthController,
        ExtAuthzController,
        DecisionsController,
        GrpcHealthController,
        OpaController,
        KubernetesController,
        RabbitMqController,
        EmqxController,
      ],
      providers: [
        { provide: DecisionPoint, useValue: decisionPoint },
        { provide: Callers, useValue: new Callers(decisionPoint, listeners) },
        { provide: ServingStatus, useValue: serving },
        { provide: Challenge, useValue: new Challenge(challenge) },
        { provide: PublicUrl, useValue: new PublicUrl(publicUrl, signedMetadata) },
      ],
    };
  }

  constructor(
    @Inject(HttpAdapterHost) private readonly http: HttpAdapterHost,
    @Inject(Callers) private readonly callers: Callers,
  ) {}

  onModuleInit(): void {
    const fastify = this.http.httpAdapter.getInstance() as BodyReader & ReplySender & HookedServer;
    onAuthzenRequests(fastify);
    acceptForms(fastify, '/rabbitmq/');
    answerAlways(fastify, (raw) => this.callers.overHttp(raw, keyOrBearerOf(raw)).kind === 'known');
    acceptCheckCalls(this.http.httpAdapter.getHttpServer() as Server);
  }
}
