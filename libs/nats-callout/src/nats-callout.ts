import { connect, type Msg, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { KeyPair } from '@nats-io/nkeys';
import { readAuthorizationRequest } from './authorization-request.js';
import { type Issuing, writeAuthorizationResponse } from './authorization-response.js';
import { type Asking, permissionsOf } from './permissions.js';

export interface CalloutSettings extends Asking, Issuing {
  /** Opens what servers seal, and seals answers; absent: servers must not seal. */
  readonly curve: KeyPair | undefined;
  readonly nats: Pick<NodeConnectionOptions, 'servers' | 'user' | 'pass' | 'tls'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Hears of every refusal and fault, in words that say nothing secret. */
  readonly log: (sentence: string) => void;
}

const SUBJECT = '$SYS.REQ.USER.AUTH';
/** Several of this program share the work. */
const QUEUE = 'dharma';
const SERVER_KEY_HEADER = 'Nats-Server-Xkey';
/** Logins that are judged at a time; NATS refuses those on top when it has waited long enough. */
const MOST_AT_A_TIME = 256;

/** Answers NATS servers that ask who a client is. Whatever goes wrong is a refusal, or a silence that NATS takes for one. */
export class NatsCallout {
  #atWork = 0;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly settings: CalloutSettings,
  ) {}

  /** @throws Error when NATS cannot be reached, or does not let us in */
  static async start(settings: CalloutSettings): Promise<NatsCallout> {
    const connection = await connect({ ...settings.nats, name: 'dharma', maxReconnectAttempts: -1 });
    const callout = new NatsCallout(connection, settings);
    connection.subscribe(SUBJECT, {
      queue: QUEUE,
      callback: (fault, message) => {
        if (fault) settings.log(`NATS does not let us listen: ${fault.message}`);
        else void callout.#answer(message);
      },
    });
    await connection.flush();
    return callout;
  }

  /** Resolves when the connection is over for good; to why, where something went wrong. */
  async ended(): Promise<Error | undefined> {
    return (await this.connection.closed()) ?? undefined;
  }

  /** Answers what is asked already, and then no more. */
  async stop(): Promise<void> {
    await this.connection.drain();
  }

  async #answer(message: Msg): Promise<void> {
    if (this.#atWork >= MOST_AT_A_TIME) return this.settings.log('a login is not judged: there are too many at a time');
    this.#atWork += 1;
    try {
      const answer = await this.#answerTo(message);
      if (answer !== undefined) message.respond(answer);
    } catch (fault) {
      this.settings.log(`a login is not judged: ${(fault as Error).name}`);
    } finally {
      this.#atWork -= 1;
    }
  }

  async #answerTo(message: Msg): Promise<Uint8Array | string | undefined> {
    const { curve, log, now } = this.settings;
    const serverKey = message.headers?.get(SERVER_KEY_HEADER) ?? '';
    if ((serverKey === '') !== (curve === undefined)) {
      log(`a question is not read: it is ${serverKey === '' ? 'not sealed' : 'sealed, and there is no key for it'}`);
      return undefined;
    }
    const opened = curve === undefined ? message.data : curve.open(message.data, serverKey);
    const client = opened && readAuthorizationRequest(new TextDecoder().decode(opened), now());
    if (client === null || typeof client === 'string') {
      log(`a question is not read: ${client ?? 'it is sealed by another key'}`);
      return undefined;
    }
    const verdict = await permissionsOf(client, this.settings, now());
    if (verdict.kind === 'refused') log(`a login is refused: ${verdict.because}`);
    const response = await writeAuthorizationResponse(client, verdict, this.settings);
    return curve === undefined ? response : curve.seal(new TextEncoder().encode(response), serverKey);
  }
}
