import { status } from '@grpc/grpc-js';
import { Controller, Inject, type OnModuleDestroy } from '@nestjs/common';
import { GrpcMethod, RpcException } from '@nestjs/microservices';
import { Subject, distinctUntilChanged, interval, map, merge, startWith, takeUntil, type Observable } from 'rxjs';

/** Whether this server is ready to decide. */
export abstract class ServingStatus {
  readonly #listeners = new Set<() => void>();

  abstract isServing(): boolean;

  /** Calls the listener when {@link isServing} may say something else than before; returns how to end that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  protected changed(): void {
    for (const tell of this.#listeners) tell();
  }
}

interface HealthRequest {
  readonly service: string;
}

interface HealthResponse {
  readonly status: 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

/** The services whose health is known; the empty name is the whole server. */
const SERVICES = new Set(['', 'envoy.service.auth.v3.Authorization', 'dharma.v1.Decisions']);

/** Part of being ready is how the process does, which nobody announces. */
const LOOK_AGAIN_MILLISECONDS = 1000;

@Controller()
export class GrpcHealthController implements OnModuleDestroy {
  readonly #changes = new Subject<void>();
  readonly #ended = new Subject<void>();
  readonly #stopListening: () => void;

  constructor(@Inject(ServingStatus) private readonly serving: ServingStatus) {
    this.#stopListening = serving.onChange(() => this.#changes.next());
  }

  @GrpcMethod('grpc.health.v1.Health', 'Check')
  check({ service }: HealthRequest): HealthResponse {
    const health = this.#healthOf(service);
    if (health.status !== 'SERVICE_UNKNOWN') return health;
    throw new RpcException({ code: status.NOT_FOUND, message: 'there is no such service' });
  }

  /** The state now, and each time it is another one. */
  @GrpcMethod('grpc.health.v1.Health', 'Watch')
  watch({ service }: HealthRequest): Observable<HealthResponse> {
    return merge(this.#changes, interval(LOOK_AGAIN_MILLISECONDS)).pipe(
      startWith(undefined),
      map(() => this.#healthOf(service)),
      distinctUntilChanged((before, now) => before.status === now.status),
      takeUntil(this.#ended),
    );
  }

  onModuleDestroy(): void {
    this.#stopListening();
    this.#ended.next();
  }

  #healthOf(service: string): HealthResponse {
    if (!SERVICES.has(service)) return { status: 'SERVICE_UNKNOWN' };
    return { status: this.serving.isServing() ? 'SERVING' : 'NOT_SERVING' };
  }
}
