import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type ChannelCredentials,
  Client,
  credentials,
  Metadata,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { DecideManyResponse, DecideResponse, ExplainResponse } from '#protocols';
import { TELL_HEADER } from '#wire';
import { tellingIn } from '../telling-reading.js';
import { Transport, TransportFault, type Question, type Reply } from '../transport.js';
import { bodyOf, messageOf } from './messages.js';

export interface GrpcSettings {
  /** `host:port`, or `unix:/path` */
  readonly address: string;
  /** The key of this enforcement point, `<id>.<secret>`. */
  readonly key?: string;
  /** Files in PEM: whom to believe, and what to prove oneself with. Absent: plain text. */
  readonly tls?: { readonly caFile: string; readonly certFile?: string; readonly keyFile?: string };
  /** Lets credentials go over a network as plain text. */
  readonly allowPlaintext?: boolean;
}

const METHODS = { decide: 'Decide', decideMany: 'DecideMany', explain: 'Explain' } as const;
const PLAIN = /^(?:unix:|localhost:|127(?:\.\d{1,3}){3}:|\[::1\]:)/;
const MAX_REPLY_BYTES = 4 * 1024 * 1024;
/** The server's own state, or a connection that broke; anything else would be said again. */
const WORTH_REPEATING: ReadonlySet<status> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.INTERNAL,
  status.UNKNOWN,
]);

/** `dharma.v1.Decisions` over one connection that is kept. */
export class GrpcTransport extends Transport {
  readonly #client: Client;
  readonly #service: ServiceDefinition;
  readonly #key: string | undefined;

  /** @throws TypeError what is wrong with the settings */
  constructor({ address, key, tls, allowPlaintext = false }: GrpcSettings) {
    super();
    if (tls === undefined && !PLAIN.test(address) && !allowPlaintext) {
      throw new TypeError('`address` leads over a network without TLS: give `tls`, or say `allowPlaintext: true`');
    }
    this.#key = key;
    this.#service = serviceDefinition();
    this.#client = new Client(address, channelCredentials(tls), {
      // The client above counts and bounds its own tries.
      'grpc.enable_retries': 0,
      'grpc.max_receive_message_length': MAX_REPLY_BYTES,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
    });
  }

  override async ask(question: Question, signal: AbortSignal): Promise<Reply> {
    switch (question.kind) {
      case 'decide': {
        const metadata = this.#metadata();
        if (question.tell) metadata.set(TELL_HEADER, 'yes');
        const { message, head } = await this.#call<DecideResponse>(
          METHODS.decide,
          messageOf(question.request),
          metadata,
          signal,
        );
        return { body: bodyOf(message), telling: tellingIn((name) => head.get(name)[0]) };
      }
      case 'decideMany': {
        const requests = question.requests.map(messageOf);
        const { message } = await this.#call<DecideManyResponse>(
          METHODS.decideMany,
          { requests },
          this.#metadata(),
          signal,
        );
        return { body: { answers: message.answers.map((answer) => bodyOf(answer)) } };
      }
      case 'explain': {
        const { message } = await this.#call<ExplainResponse>(
          METHODS.explain,
          messageOf(question.request),
          this.#metadata(),
          signal,
        );
        return { body: message.answer && bodyOf(message.answer, message.explanation) };
      }
      default:
        return question satisfies never;
    }
  }

  override close(): void {
    this.#client.close();
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    if (this.#key !== undefined) metadata.set('x-dharma-key', this.#key);
    return metadata;
  }

  #call<Message>(
    method: string,
    message: object,
    metadata: Metadata,
    signal: AbortSignal,
  ): Promise<{ readonly message: Message; readonly head: Metadata }> {
    const { path, requestSerialize, responseDeserialize } = this.#service[method]!;
    return new Promise((answered, failed) => {
      let head = new Metadata();
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize as (bytes: Buffer) => Message,
        message,
        metadata,
        (fault: ServiceError | null, answer?: Message) => {
          signal.removeEventListener('abort', cancel);
          if (fault !== null) failed(faultOf(fault));
          else if (answer === undefined) failed(faultOf({ code: status.INTERNAL, details: '' }));
          else answered({ message: answer, head });
        },
      );
      const cancel = (): void => call.cancel();
      call.once('metadata', (received) => (head = received));
      if (signal.aborted) cancel();
      else signal.addEventListener('abort', cancel);
    });
  }
}

/** The same folder lies beside sources, build and package. */
function serviceDefinition(): ServiceDefinition {
  const folder = fileURLToPath(new URL('../../../protocols/proto', import.meta.url));
  const definition = loadSync('dharma/v1/decisions.proto', {
    includeDirs: [folder],
    defaults: true,
    oneofs: true,
    enums: String,
    longs: Number,
  });
  return definition['dharma.v1.Decisions'] as ServiceDefinition;
}

function channelCredentials(tls: GrpcSettings['tls']): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { caFile, certFile, keyFile } = tls;
  if ((certFile === undefined) !== (keyFile === undefined)) throw new TypeError('`certFile` and `keyFile` go together');
  return credentials.createSsl(
    readFileSync(caFile),
    keyFile === undefined ? null : readFileSync(keyFile),
    certFile === undefined ? null : readFileSync(certFile),
  );
}

const CODE = /^([a-z][a-z0-9-]{0,63}): /;

function faultOf({ code, details }: Pick<ServiceError, 'code' | 'details'>): TransportFault {
  const name = status[code] ?? String(code);
  const message = `the call ended with ${name}`;
  if (code === status.UNAVAILABLE) return new TransportFault({ because: 'unreachable', message }, true);
  const problem = CODE.exec(details)?.[1];
  return new TransportFault(
    { because: 'refused', message, ...(problem !== undefined && { code: problem }) },
    WORTH_REPEATING.has(code),
  );
}
