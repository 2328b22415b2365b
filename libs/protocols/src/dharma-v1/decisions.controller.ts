import { Metadata, status, type ServerDuplexStream } from '@grpc/grpc-js';
import { Controller, Inject, Logger, type OnModuleDestroy } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, RpcException } from '@nestjs/microservices';
import { DecisionPoint } from '#decision';
import type { KnownCaller } from '#identity';
import { Problem } from '#problem';
import { TELL_HEADER } from '#wire';
import { Callers, type GrpcCall } from '../callers.js';
import { Challenge } from '../challenge.js';
import { isUnread } from '../grpc-definition.js';
import { MAX_BODY_BYTES } from '../json-text.js';
import { bounded } from '../native/native.codec.js';
import { isTold, tellingOf } from '../telling.js';
import { TRACE_HEADER, traceIn } from '../trace.js';
import { forEach, when } from '../when.js';
import type {
  DecideManyRequest,
  DecideManyResponse,
  DecideRequest,
  DecideResponse,
  DecideStreamRequest,
  DecideStreamResponse,
  ExplainResponse,
} from './decisions-message.js';
import { toDecideResponse, toExplainResponse, toQuestion } from './decisions.codec.js';

type UnaryCall = GrpcCall & { sendMetadata(metadata: Metadata): void };
type StreamCall = ServerDuplexStream<DecideStreamRequest, DecideStreamResponse>;

const SERVICE = 'dharma.v1.Decisions';

/** Dharma's own gRPC. */
@Controller()
export class DecisionsController implements OnModuleDestroy {
  readonly #logger = new Logger(DecisionsController.name);
  readonly #streams = new Set<StreamCall>();

  constructor(
    @Inject(DecisionPoint) private readonly decisionPoint: DecisionPoint,
    @Inject(Callers) private readonly callers: Callers,
    @Inject(Challenge) private readonly challenge: Challenge,
  ) {}

  @GrpcMethod(SERVICE, 'Decide')
  decide(message: DecideRequest, metadata: Metadata, call: UnaryCall): DecideResponse | Promise<DecideResponse> {
    const caller = this.#caller(call);
    requireRead(message);
    if (!isTold(metadata.get(TELL_HEADER)[0])) {
      const trace = traced(metadata, call);
      return when(this.decisionPoint.answer(toQuestion(message, trace), caller), toDecideResponse);
    }
    const trace = traceIn(metadata.get(TRACE_HEADER)[0]);
    return when(this.decisionPoint.answer(toQuestion(message, trace), caller), (answer) => {
      // A call has one head of metadata: what is told goes with the trace.
      sendBack(call, {
        ...tellingOf(answer, this.challenge.value),
        ...(trace !== undefined && { [TRACE_HEADER]: trace }),
      });
      return toDecideResponse(answer);
    });
  }

  @GrpcMethod(SERVICE, 'DecideMany')
  decideMany(
    message: DecideManyRequest,
    metadata: Metadata,
    call: UnaryCall,
  ): DecideManyResponse | Promise<DecideManyResponse> {
    const caller = this.#caller(call);
    requireRead(message);
    const trace = traced(metadata, call);
    const batch = orRpcException(() => bounded(message.requests));
    const answers = forEach(batch, this.decisionPoint.breath(), (request) =>
      this.decisionPoint.answer(toQuestion(request, trace), caller),
    );
    return when(answers, (all) => ({ answers: all.map(toDecideResponse) }));
  }

  @GrpcMethod(SERVICE, 'Explain')
  explain(message: DecideRequest, metadata: Metadata, call: UnaryCall): Promise<ExplainResponse> {
    const caller = this.#caller(call);
    if (!caller.mayExplain) throw rpcException(new Problem('explain-not-permitted'));
    requireRead(message);
    const trace = traced(metadata, call);
    return this.decisionPoint.explain(toQuestion(message, trace), caller).then(toExplainResponse);
  }

  /** Never rejects: nobody is there to hear it. */
  @GrpcStreamCall(SERVICE, 'DecideStream')
  async decideStream(call: StreamCall): Promise<void> {
    this.#streams.add(call);
    try {
      const trace = traced(call.metadata, call);
      // One after the other: the order of the answers, and the client's pace, come by themselves.
      for await (const message of requestsOf(call)) {
        // Who is known may have changed since the stream was opened.
        const caller = this.#caller(call);
        requireRead(message);
        const { id, request } = message;
        const answer = await this.decisionPoint.answer(toQuestion(request, trace), caller);
        if (!call.write({ id, answer: toDecideResponse(answer) })) await roomIn(call);
      }
      call.end();
    } catch (fault) {
      this.#endWith(call, fault);
    } finally {
      this.#streams.delete(call);
    }
  }

  /** Streams have no end of their own; whoever is in the middle of one turns to another server. */
  onModuleDestroy(): void {
    for (const call of this.#streams) {
      this.#streams.delete(call);
      end(call, status.UNAVAILABLE, 'the server shuts down');
    }
  }

  #caller(call: GrpcCall): KnownCaller {
    const caller = this.callers.overGrpc(call);
    if (caller.kind === 'stranger') {
      throw rpcException(new Problem('enforcement-point-unknown', { reason: caller.reason }));
    }
    return caller;
  }

  #endWith(call: StreamCall, fault: unknown): void {
    // Nobody listens any more, or has been told already.
    if (call.cancelled || !this.#streams.has(call)) return;
    if (fault instanceof RpcException) {
      const { code, message } = fault.getError() as { readonly code: status; readonly message: string };
      return end(call, code, message);
    }
    this.#logger.error(fault);
    end(call, status.INTERNAL, new Problem('internal-fault').message);
  }
}

/** The iterator would otherwise take the stream of the answers down with it. */
function requestsOf(call: StreamCall): AsyncIterable<DecideStreamRequest> {
  return call.iterator({ destroyOnReturn: false }) as AsyncIterable<DecideStreamRequest>;
}

function end(call: StreamCall, code: status, message: string): void {
  call.emit('error', Object.assign(new Error(message), { code }));
}

/** Resolves when the client has read enough for more to be written, or is gone. */
function roomIn(call: StreamCall): Promise<void> {
  return new Promise((room) => {
    const done = (): void => {
      call.off('drain', done);
      call.off('close', done);
      room();
    };
    call.on('drain', done);
    call.on('close', done);
  });
}

/** The trace context goes back as it came. */
function traced(metadata: Metadata, call: { sendMetadata(metadata: Metadata): void }): string | undefined {
  const trace = traceIn(metadata.get(TRACE_HEADER)[0]);
  if (trace === undefined) return undefined;
  sendBack(call, { [TRACE_HEADER]: trace });
  return trace;
}

function sendBack(call: { sendMetadata(metadata: Metadata): void }, values: { readonly [name: string]: string }): void {
  const own = new Metadata();
  for (const name in values) own.set(name, values[name]!);
  call.sendMetadata(own);
}

function requireRead(message: object): void {
  if (isUnread(message)) throw rpcException(new Problem('request-too-large', { limit: MAX_BODY_BYTES }));
}

function orRpcException<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (fault) {
    throw fault instanceof Problem ? rpcException(fault) : fault;
  }
}

/** A problem as a gRPC status; its code stands first in the message. */
function rpcException(problem: Problem): RpcException {
  return new RpcException({ code: status[problem.kind.grpc], message: `${problem.code}: ${problem.message}` });
}
