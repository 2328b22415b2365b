import { foldedHeaderName, type HeaderLine, headerLines } from '#wire';
import { DharmaClient } from '../dharma-client.js';
import { questionAbout } from '../enforcement/question.js';
import { type Refusal, refusal, type Verdict, verdictOn } from '../enforcement/verdict.js';

/** What is configured for a service or a route of Kong. */
export interface KongConfig {
  readonly url: string;
  readonly key?: string;
  /** By which the policies know the service; a client's `Host` could name another. */
  readonly host: string;
  readonly timeout_milliseconds?: number;
  readonly allow_plaintext?: boolean;
}

/** What is used of Kong's plugin development kit; every function asks Kong, and rejects where Kong refuses. */
export interface Kong {
  readonly request: {
    getMethod(): Promise<string>;
    getRawPath(): Promise<string>;
    getRawQuery(): Promise<string>;
    /** Names in lower case, with a list where a name came more than once. */
    getHeaders(most: number): Promise<object>;
  };
  readonly service: {
    readonly request: {
      setHeader(name: string, value: string): Promise<unknown>;
      clearHeader(name: string): Promise<unknown>;
    };
  };
  readonly ctx: { readonly shared: { set(name: string, value: string): Promise<unknown> } };
  readonly response: {
    exit(status: number, body: string, headers: { readonly [name: string]: string }): Promise<unknown>;
  };
  readonly log: { warn(message: string): Promise<unknown> };
}

/** Most header fields that Kong tells a plugin of; where there are more, some would not be judged. */
const MAX_HEADERS = 1000;
/** Where the line of Lua in Kong's configuration looks whether this plugin let the request pass. */
const PASSED = 'dharma';

/** Asks about every request. The plugin server lets requests pass whose plugin throws, so nothing here does. */
export class KongPlugin {
  readonly #client: DharmaClient | undefined;
  readonly #host: string;

  constructor({ url, key, host, timeout_milliseconds: timeoutMilliseconds, allow_plaintext }: KongConfig) {
    this.#host = host;
    try {
      this.#client = new DharmaClient({ url, key, timeoutMilliseconds, allowPlaintext: allow_plaintext === true });
    } catch {
      // Kong would go on without a plugin that cannot be made; this one refuses everything.
      this.#client = undefined;
    }
  }

  async access(kong: Kong): Promise<void> {
    const refused = await this.#refusalOf(kong).catch((fault: unknown) => failed(fault));
    if (refused === undefined) return;
    if (refused.because !== undefined) await kong.log.warn(`dharma: ${refused.because}`).catch(() => {});
    await kong.response.exit(refused.status, refused.body, refused.headers).catch(() => {});
  }

  async #refusalOf(kong: Kong): Promise<Refusal | undefined> {
    const verdict = await this.#verdictOn(kong);
    if (verdict.kind === 'refusal') return verdict;
    const { request } = kong.service;
    for (const name of verdict.removed) await request.clearHeader(name);
    for (const [name, value] of verdict.set) await request.setHeader(name, value);
    await kong.ctx.shared.set(PASSED, 'passed');
    return undefined;
  }

  async #verdictOn({ request }: Kong): Promise<Verdict> {
    if (this.#client === undefined || !isText(this.#host)) return failed('the plugin is configured wrongly');
    // One after the other: all go over one pipe.
    const method = await request.getMethod();
    const path = await request.getRawPath();
    const query = await request.getRawQuery();
    const rawHeaders = linesOf(await request.getHeaders(MAX_HEADERS));
    if (rawHeaders.length >= MAX_HEADERS * 2) return refusal('forbidden', undefined, { because: 'too many headers' });
    const url = isText(query) ? `${path}?${query}` : path;
    const question = questionAbout({ method, url, rawHeaders }, this.#host, {});
    if (question.kind === 'unclear') return refusal('forbidden', undefined, { because: question.because });
    const decision = await this.#client.decide(question.request, { tell: true });
    const lines = headerLines({ rawHeaders });
    const verdict = verdictOn(decision, { names: lines.map(([name]) => name), path: question.path }, false);
    return verdict.kind === 'pass' && takesOut(lines, verdict.set)
      ? refusal('forbidden', verdict.decision.answer.decisionId, {
          because: '`Connection` names what the service is told',
        })
      : verdict;
  }
}

/** Kong clears the headers that a client's `Connection` names, after all plugins: also those that a plugin has set. */
function takesOut(lines: readonly HeaderLine[], set: ReadonlyMap<string, string>): boolean {
  const told = new Set([...set.keys()].map(foldedHeaderName));
  return lines
    .filter(([name]) => name === 'connection')
    .flatMap(([, value]) => value.split(','))
    .map((name) => foldedHeaderName(name.trim()))
    .some((name) => told.has(name) || name.startsWith('x-dharma-'));
}

function linesOf(headers: object): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]: [string, unknown]) =>
    (Array.isArray(value) ? value : [value]).flatMap((each) => [name, String(each)]),
  );
}

function failed(fault: unknown): Refusal {
  return refusal('unavailable', undefined, { because: `asking failed: ${String(fault)}` });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
