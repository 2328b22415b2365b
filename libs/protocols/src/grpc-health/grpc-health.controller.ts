import { status } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod, RpcException } from '@nestjs/microservices';

/** Whether this server is ready to decide. */
export abstract class ServingStatus {
  abstract isServing(): boolean;
}

/** The services whose health is known; the empty name is the whole server. */
const SERVICES = new Set(['', 'envoy.service.auth.v3.Authorization']);

@Controller()
export class GrpcHealthController {
  constructor(@Inject(ServingStatus) private readonly serving: ServingStatus) {}

  @GrpcMethod('grpc.health.v1.Health', 'Check')
  check({ service }: { readonly service: string }): { readonly status: 'SERVING' | 'NOT_SERVING' } {
    if (!SERVICES.has(service)) throw new RpcException({ code: status.NOT_FOUND, message: 'there is no such service' });
    return { status: this.serving.isServing() ? 'SERVING' : 'NOT_SERVING' };
  }
}
