import type { IncomingMessage } from 'node:http';
import { headerLines } from '#wire';
import type { Decided, DecisionRequest } from '../decision.js';
import type { DharmaClient } from '../dharma-client.js';
import { changeHeaders } from './message-headers.js';
import { type Incoming, questionAbout } from './question.js';
import { servedHost } from './served-host.js';
import { type Refusal, refusal, verdictOn } from './verdict.js';

export interface EnforcementSettings {
  /**
   * The host by which the policies know this service, or several where the program routes by host. A request to another one
   * is refused: the program may answer it by code that belongs to other rules.
   */
  readonly host: string | readonly string[];
  /** The program answers every `Host` alike: none is refused, and the first of {@link host} is asked about. Default: no. */
  readonly anyHost?: boolean;
  /** What the program itself knows of who calls, such as the certificate of its own connection. */
  readonly evidence?: (message: IncomingMessage) => DecisionRequest['evidence'];
  /** What the program itself knows of the request. */
  readonly attributes?: (message: IncomingMessage) => DecisionRequest['attributes'];
  /** Whether the program carries out `rateLimit` obligations, which {@link decisionOn} gives it. Default: no. */
  readonly carriesRateLimits?: boolean;
  /** Hears why a request was refused that no policy denied. */
  readonly log?: (because: string) => void;
}

const DECISIONS = new WeakMap<object, Decided>();

/**
 * The decision by which a request was let pass.
 *
 * @param request  Node's message, or the request that a framework made of it and keeps it in as `raw`
 */
export function decisionOn(request: object): Decided | undefined {
  const { raw } = request as { readonly raw?: object };
  return DECISIONS.get(request) ?? (raw && DECISIONS.get(raw));
}

/** Stands before the handlers of a program, as a gateway stands before a service. */
export class Enforcer {
  readonly #hosts: readonly string[];

  constructor(
    private readonly client: DharmaClient,
    private readonly settings: EnforcementSettings,
  ) {
    this.#hosts = [settings.host].flat();
    if (this.#hosts.length === 0 || this.#hosts.some((host) => typeof host !== 'string' || host === '')) {
      throw new TypeError('`host` is the host by which your policies know this service');
    }
  }

  /**
   * Asks about a request, and changes its headers as the answer says.
   *
   * @param named  the target, where it is not the address
   * @returns undefined when the request may pass; never rejects
   */
  async refusalOf(
    message: IncomingMessage & Pick<Incoming, 'originalUrl'>,
    named?: () => DecisionRequest['target'],
  ): Promise<Refusal | undefined> {
    const refused = await this.#refusalOf(message, named).catch((fault: unknown) =>
      refusal('unavailable', undefined, { because: `asking failed: ${String(fault)}` }),
    );
    if (refused?.because !== undefined) this.#tell(refused.because);
    return refused;
  }

  async #refusalOf(
    message: IncomingMessage & Pick<Incoming, 'originalUrl'>,
    named?: () => DecisionRequest['target'],
  ): Promise<Refusal | undefined> {
    const { anyHost = false, evidence, attributes, carriesRateLimits = false } = this.settings;
    const host = anyHost ? this.#hosts[0] : servedHost(message, this.#hosts);
    if (host === undefined) return refusal('forbidden', undefined, { because: '`Host` is none of this program' });
    const question = questionAbout(message, host, {
      target: named?.(),
      evidence: evidence?.(message),
      attributes: attributes?.(message),
    });
    if (question.kind === 'unclear') return refusal('forbidden', undefined, { because: question.because });
    const gone = new AbortController();
    const hangUp = (): void => gone.abort();
    message.socket.once('close', hangUp);
    const decision = await this.client.decide(question.request, { tell: true, signal: gone.signal });
    message.socket.off('close', hangUp);
    const verdict = verdictOn(
      decision,
      { names: headerLines(message).map(([name]) => name), path: question.path },
      carriesRateLimits,
    );
    if (verdict.kind === 'refusal') return verdict;
    changeHeaders(message, verdict.removed, verdict.set);
    DECISIONS.set(message, verdict.decision);
    return undefined;
  }

  #tell(because: string): void {
    try {
      this.settings.log?.(because);
    } catch {
      // Whoever listens must not turn a refusal into anything else.
    }
  }
}
