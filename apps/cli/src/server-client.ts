import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import { type AdminFlags, adminConnection, type Connection } from './connection.js';
import { exchange, type Message, type Reply, Unreachable } from './exchange.js';
import {
  keysShape,
  newKeyShape,
  newOperatorShape,
  operatorsShape,
  type Plan,
  planShape,
  problemShape,
  type Published,
  publishedShape,
  type ServerProblem,
  type ServerStatus,
  statusShape,
} from './server-shapes.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

/** Files of one source. */
export interface SourceBundle {
  readonly source: string;
  readonly files: readonly { readonly file: string; readonly text: string }[];
}

export interface Publishing extends SourceBundle {
  readonly base: Plan['base'];
  readonly because: string;
  readonly gitCommit?: string;
  readonly gitAuthor?: string;
}

/** What an operator's token shall be able to; neither: what is granted to its name. */
export type OperatorRights =
  | { readonly scope?: { readonly domain: string; readonly roles: readonly string[] } }
  | { readonly groups?: readonly string[] };

/** Whose key it is. */
export type KeyHolder =
  | { readonly enforcementPoint: string }
  | {
      readonly mechanism: string;
      readonly subject: string;
      readonly scopes: readonly string[];
      readonly groups: readonly string[];
    };

/** The server answered, and its answer is no. */
export class Refused extends Stop {
  constructor(
    code: ExitCode,
    readonly problem: ServerProblem,
  ) {
    super(code, messageOf(problem));
  }
}

/** The same key makes it the same publication, however often it is sent. */
const PUBLISH_TRIES = 3;
const PUBLISH_PAUSE_MILLISECONDS = 300;
const PAGE = 500;

/** The admin API of one server. Every method throws Stop with a message for people and the exit code. */
export class ServerClient {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  static async of(terminal: Terminal, flags: AdminFlags): Promise<ServerClient> {
    return new ServerClient(await adminConnection(terminal, flags));
  }

  /** As the user named it. */
  get server(): string {
    return this.#connection.shown;
  }

  status(): Promise<ServerStatus> {
    return this.#ask({ method: 'GET', path: '/admin/v1/status' }, statusShape);
  }

  /** Documents of the source that the bundle does not hold count as removed. */
  plan({ source, files }: SourceBundle): Promise<Plan> {
    return this.#ask({ method: 'POST', path: '/admin/v1/plan', body: { source, files, prune: true } }, planShape);
  }

  async publish({ base, ...rest }: Publishing): Promise<Published> {
    const message: Message = {
      method: 'POST',
      path: '/admin/v1/revisions',
      headers: { 'idempotency-key': randomUUID() },
      body: {
        ...rest,
        prune: true,
        base: base === null ? null : { number: base.number, contentHash: base.contentHash },
      },
    };
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#ask(message, publishedShape);
      } catch (fault) {
        if (!(fault instanceof Unreachable) || tries === PUBLISH_TRIES) throw fault;
        await pause(PUBLISH_PAUSE_MILLISECONDS * tries);
      }
    }
  }

  keys() {
    return this.#all('/admin/v1/keys', keysShape);
  }

  operators() {
    return this.#all('/admin/v1/operators', operatorsShape);
  }

  /** @param above  a number that every server's is below, where this server's is not enough */
  beginEpoch(because: string, above: number | undefined) {
    return this.#ask({ method: 'POST', path: '/admin/v1/epochs', body: { because, above } }, publishedShape);
  }

  createKey(holder: KeyHolder, expiresAt: string | undefined) {
    return this.#ask({ method: 'POST', path: '/admin/v1/keys', body: { ...holder, expiresAt } }, newKeyShape);
  }

  createOperator(operator: OperatorRights & { readonly name: string }, expiresAt: string | undefined) {
    const body = { ...operator, expiresAt };
    return this.#ask({ method: 'POST', path: '/admin/v1/operators', body }, newOperatorShape);
  }

  /** @param kind  what the identifier names */
  async revoke(kind: 'keys' | 'operators', id: string): Promise<void> {
    accept(
      this.#connection,
      await this.#send({ method: 'DELETE', path: `/admin/v1/${kind}/${encodeURIComponent(id)}` }),
    );
  }

  async #all<Item>(
    path: string,
    shape: z.ZodType<{ items: Item[]; next?: string | null | undefined }>,
  ): Promise<readonly Item[]> {
    const items: Item[] = [];
    for (let next: string | null | undefined = ''; typeof next === 'string';) {
      const cursor: string = next === '' ? '' : `&next=${encodeURIComponent(next)}`;
      const page = await this.#ask({ method: 'GET', path: `${path}?limit=${PAGE}${cursor}` }, shape);
      items.push(...page.items);
      next = page.items.length === 0 ? null : page.next;
    }
    return items;
  }

  async #ask<Answer>(message: Message, shape: z.ZodType<Answer>): Promise<Answer> {
    return answerIn(this.#connection, await this.#send(message), shape);
  }

  #send(message: Message): Promise<Reply> {
    return exchange(this.#connection, message);
  }
}

/**
 * The answer of a server, of the shape that we know.
 *
 * @throws Refused when it is a problem; Unreachable when it is nothing a Dharma server says
 */
export function answerIn<Answer>(connection: Connection, reply: Reply, shape: z.ZodType<Answer>): Answer {
  const result = shape.safeParse(accept(connection, reply));
  if (result.success) return result.data;
  const [{ path, message } = { path: [], message: 'no reason' }] = result.error.issues;
  throw new Unreachable(
    `\`${connection.shown}\` answers in a way this version does not know (\`/${path.join('/')}\`: ${message}); are server and \`dharma\` of one version?`,
  );
}

function accept({ shown, secretFrom }: Connection, reply: Reply): unknown {
  const { status, contentType, text } = reply;
  if (status === 204) return undefined;
  const json = /^application\/(?:problem\+)?json\b/.test(contentType) ? parse(text) : undefined;
  if (json === undefined) {
    throw new Unreachable(`\`${shown}\` answers ${status}, but not as the listener of a Dharma server that is meant`);
  }
  if (status >= 200 && status < 300) return json;
  const problem = problemShape.safeParse(json);
  if (!problem.success) throw new Unreachable(`\`${shown}\` answers ${status} without a reason that is known here`);
  const { detail, remedy } = problem.data;
  // Ours to say, because the server cannot know where the secret comes from.
  const from = status === 401 && secretFrom !== undefined ? ` (what was sent is from ${secretFrom})` : '';
  if (status === 502 || status === 503 || status === 504) {
    throw new Unreachable(messageOf({ detail: `\`${shown}\` cannot answer now: ${detail}`, remedy }));
  }
  throw new Refused(exitCodeFor(problem.data.code), { ...problem.data, detail: `${detail}${from}` });
}

/** Somebody else's change is in the way; looking again helps. */
const CONFLICTS = new Set(['revision-superseded', 'idempotency-key-reused', 'documents-of-another-source']);

function exitCodeFor(code: string): ExitCode {
  return CONFLICTS.has(code) ? 4 : 1;
}

function messageOf({ detail, remedy }: Pick<ServerProblem, 'detail' | 'remedy'>): string {
  return remedy === undefined ? detail : `${detail}\n${remedy}`;
}

/** Undefined when it is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown) => (typeof value === 'string' ? printable(value) : value));
  } catch {
    return undefined;
  }
}

/** What others wrote must not steer our reader's terminal: no control characters, no reversal of the line. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\t\n]|[\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu, '\uFFFD');
}
