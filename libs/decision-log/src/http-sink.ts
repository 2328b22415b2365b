import { DecisionSink, SinkFault } from './decision-sink.js';

export interface HttpSinkParts {
  /** `https:`, or `http:` on this very machine. */
  readonly url: string;
  /** Read at each batch, so that a token that changes needs no restart; undefined: none is sent. */
  readonly readToken: (() => Promise<string>) | undefined;
  readonly fetch?: typeof fetch;
}

const TIMEOUT_MILLISECONDS = 10_000;

/** Batches of JSON lines to an HTTP endpoint, as collectors of logs take them. */
export class HttpSink extends DecisionSink {
  readonly #parts: HttpSinkParts;

  constructor(parts: HttpSinkParts) {
    super();
    this.#parts = parts;
  }

  override async write(lines: readonly string[]): Promise<void> {
    await post(this.#parts, 'application/x-ndjson', `${lines.join('\n')}\n`);
  }

  override async close(): Promise<void> {}
}

/**
 * Sends one body and waits for the answer's status.
 *
 * @throws SinkFault  that names neither the address nor anything that was sent or answered: either may hold a secret
 */
export async function post(
  { url, readToken, fetch: send = fetch }: HttpSinkParts,
  contentType: string,
  body: string,
): Promise<void> {
  let token: string | undefined;
  try {
    token = await readToken?.();
  } catch (fault) {
    throw new SinkFault(`the token file cannot be read: ${(fault as NodeJS.ErrnoException).code ?? 'fault'}`, true);
  }
  let status: number;
  try {
    const answer = await send(url, {
      method: 'POST',
      headers: { 'content-type': contentType, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body,
      // A redirection would take records, and the token, to a place that nobody named.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    status = answer.status;
    await answer.body?.cancel();
  } catch (fault) {
    throw new SinkFault(`the collector cannot be reached: ${reasonOf(fault)}`, true);
  }
  if (status >= 200 && status < 300) return;
  throw new SinkFault(`the collector answers ${status}`, status === 408 || status === 429 || status >= 500);
}

function reasonOf(fault: unknown): string {
  const { name, cause } = fault as { readonly name?: string; readonly cause?: { readonly code?: unknown } };
  if (name === 'TimeoutError') return 'no answer in time';
  return typeof cause?.code === 'string' ? cause.code : 'the connection failed';
}
