import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import { type AdminFlags, adminConnection, type Connection } from './connection.js';
import { exchange, type Message, type Reply, Unreachable } from './exchange.js';
import { printable } from './printable.js';
import {
  actsShape,
  approvedShape,
  type AuditAct,
  type Diff,
  diffShape,
  documentsShape,
  fleetShape,
  fourEyesShape,
  keysShape,
  newKeyShape,
  newOperatorShape,
  operatorsShape,
  pastExplanationShape,
  type Plan,
  planShape,
  problemShape,
  type Proposal,
  proposalPlanShape,
  proposalShape,
  proposalsShape,
  type Published,
  publishedShape,
  quotaShape,
  type Revision,
  revisionShape,
  revisionsShape,
  type ServerDocument,
  type RecordedDecision,
  recordedDecisionsShape,
  type ServerProblem,
  type ServerStatus,
  statusShape,
  suspensionShape,
} from './server-shapes.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

/** Files of one source. */
export interface SourceBundle {
  readonly source: string;
  readonly files: readonly { readonly file: string; readonly text: string }[];
  /** Whether documents of the source that are not here go; absent: they do. */
  readonly prune?: boolean;
}

export interface Publishing extends SourceBundle {
  readonly base: Plan['base'];
  readonly because: string;
  readonly gitCommit?: string;
  readonly gitAuthor?: string;
  /** Publications with one key are one publication; absent: this one is like no other. */
  readonly idempotencyKey?: string;
}

/** What is proposed: one of four. */
export type Proposing = { readonly because: string } & (
  | Omit<Publishing, 'idempotencyKey'>
  | { readonly restore: number; readonly base: Plan['base'] }
  | { readonly resume: string }
  | { readonly endFourEyes: string }
);

/** What an operator's token shall be able to; neither: what is granted to its name. */
export type OperatorRights =
  | { readonly scope?: { readonly domain: string; readonly roles: readonly string[] } }
  | { readonly groups?: readonly string[] };

/** Which recorded decisions are decided again. */
export type Replayed = { readonly last: number } | { readonly since: string };

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
/** A server that is asked too often says how long to wait; whoever reads a long list waits. */
const RATE_TRIES = 5;
const RATE_SECONDS = 30;

/** Which acts are listed, and from which end; `limit` of a page at most. */
export interface ActSearch {
  readonly operator?: string | undefined;
  readonly act?: string | undefined;
  readonly object?: string | undefined;
  readonly revision?: number | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly order: 'newest' | 'oldest';
  readonly limit: number;
}

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

  /**
   * Documents of the source that the bundle does not hold count as removed.
   *
   * @param replay  recorded decisions that are decided again: the newest so many, or since an instant (RFC 3339)
   * @param flips   whether to look for what would be decided otherwise, which takes seconds of a large set
   */
  plan(
    { source, files, prune = true }: SourceBundle,
    { replay, flips }: { readonly replay?: Replayed | undefined; readonly flips?: boolean } = {},
  ): Promise<Plan> {
    const body = { source, files, prune, replay, flips };
    return this.#ask({ method: 'POST', path: '/admin/v1/plan', body }, planShape);
  }

  /** What going back to a revision would change. */
  planRestore(number: number): Promise<Plan> {
    return this.#ask({ method: 'POST', path: `/admin/v1/revisions/${number}/plan`, body: {} }, planShape);
  }

  async publish({ base, prune = true, idempotencyKey = randomUUID(), ...rest }: Publishing): Promise<Published> {
    return this.#insist(
      {
        method: 'POST',
        path: '/admin/v1/revisions',
        headers: { 'idempotency-key': idempotencyKey },
        body: { ...rest, prune, base: baseOf(base) },
      },
      publishedShape,
    );
  }

  /** Publishes the content of revision `number` anew, on `base`. */
  async restore(number: number, base: Plan['base'], because: string): Promise<Published> {
    return this.#insist(
      {
        method: 'POST',
        path: `/admin/v1/revisions/${number}/restore`,
        headers: { 'idempotency-key': randomUUID() },
        body: { base: baseOf(base), because },
      },
      publishedShape,
    );
  }

  /** Pages of revisions from the newest down. */
  async *revisions(): AsyncGenerator<readonly Revision[]> {
    yield* this.#pages('/admin/v1/revisions', revisionsShape);
  }

  /** Null when nothing was ever published. */
  async newest(): Promise<Revision | null> {
    const { items } = await this.#ask({ method: 'GET', path: '/admin/v1/revisions?limit=1' }, revisionsShape);
    return items[0] ?? null;
  }

  /** What a list leaves out of a revision of others, this says where all that it changed is yours to read. */
  revision(number: number): Promise<Revision> {
    return this.#ask({ method: 'GET', path: `/admin/v1/revisions/${number}` }, revisionShape);
  }

  /** What a revision changed, or how it differs from another. */
  diff(number: number, against?: number): Promise<Diff> {
    const query = against === undefined ? '' : `?against=${against}`;
    return this.#ask({ method: 'GET', path: `/admin/v1/revisions/${number}/diff${query}` }, diffShape);
  }

  /** The whole set as it was, texts as they are stored: whoever shows them to people makes them harmless. */
  async documents(number: number): Promise<readonly ServerDocument[]> {
    const documents: ServerDocument[] = [];
    const path = `/admin/v1/revisions/${number}/documents`;
    for await (const items of this.#pages(path, documentsShape, asStored)) documents.push(...items);
    return documents;
  }

  /** Asks again when no answer came; the message has an idempotency key, or is answered alike however often it comes. */
  async #insist<Answer>(message: Message, shape: z.ZodType<Answer>): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#ask(message, shape);
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

  /**
   * The newest that hold what is asked for.
   *
   * @param filters  members of the query; undefined ones are left out
   */
  async decisions(
    filters: { readonly [name: string]: string | undefined },
    limit: number,
  ): Promise<readonly RecordedDecision[]> {
    const found: RecordedDecision[] = [];
    for (let next: string | null | undefined = ''; typeof next === 'string' && found.length < limit;) {
      const query = new URLSearchParams({ limit: String(Math.min(PAGE, limit - found.length)) });
      for (const [name, value] of Object.entries(filters)) if (value !== undefined) query.set(name, value);
      if (next !== '') query.set('next', next);
      const page = await this.#ask({ method: 'GET', path: `/admin/v1/decisions?${query}` }, recordedDecisionsShape);
      found.push(...page.items);
      next = page.items.length === 0 ? null : page.next;
    }
    return found;
  }

  explainDecision(id: string) {
    const path = `/admin/v1/decisions/${encodeURIComponent(id)}/explain`;
    return this.#ask({ method: 'GET', path }, pastExplanationShape);
  }

  /** @param above  a number that every server's is below, where this server's is not enough */
  beginEpoch(because: string, above: number | undefined) {
    return this.#ask({ method: 'POST', path: '/admin/v1/epochs', body: { because, above } }, publishedShape);
  }

  /** @param verb  what becomes of the domain, and of all below it */
  setSuspension(domain: string, verb: 'suspend' | 'resume', because: string) {
    const path = `/admin/v1/domains/${encodeURIComponent(domain)}/${verb}`;
    const headers = { 'idempotency-key': randomUUID() };
    return this.#insist({ method: 'POST', path, headers, body: { because } }, suspensionShape);
  }

  quota(domain: string) {
    return this.#ask({ method: 'GET', path: quotaPath(domain) }, quotaShape);
  }

  setQuota(domain: string, limits: object, because: string) {
    const headers = { 'idempotency-key': randomUUID() };
    return this.#insist({ method: 'PUT', path: quotaPath(domain), headers, body: { limits, because } }, publishedShape);
  }

  liftQuota(domain: string, because: string) {
    const headers = { 'idempotency-key': randomUUID() };
    const path = `${quotaPath(domain)}?${new URLSearchParams({ because })}`;
    return this.#insist({ method: 'DELETE', path, headers }, publishedShape);
  }

  fourEyes(domain: string) {
    return this.#ask({ method: 'GET', path: fourEyesPath(domain) }, fourEyesShape);
  }

  beginFourEyes(domain: string, because: string) {
    const headers = { 'idempotency-key': randomUUID() };
    return this.#insist({ method: 'PUT', path: fourEyesPath(domain), headers, body: { because } }, publishedShape);
  }

  /** Has somebody else decide. Its key makes one proposal of it, however often it is sent. */
  propose(proposing: Proposing): Promise<Proposal> {
    const headers = { 'idempotency-key': randomUUID() };
    const message = { method: 'POST', path: '/admin/v1/proposals', headers, body: proposalBody(proposing) } as const;
    return this.#insist(message, proposalShape);
  }

  proposals(): Promise<readonly Proposal[]> {
    return this.#all('/admin/v1/proposals', proposalsShape);
  }

  proposal(number: number) {
    return this.#ask({ method: 'GET', path: `/admin/v1/proposals/${number}` }, proposalPlanShape);
  }

  /** @param contentHash  of the changes that were looked at */
  approve(number: number, contentHash: string) {
    const path = `/admin/v1/proposals/${number}/approve`;
    // Whoever approved it is answered again.
    return this.#insist({ method: 'POST', path, body: { contentHash } }, approvedShape);
  }

  reject(number: number, because: string) {
    const path = `/admin/v1/proposals/${number}/reject`;
    return this.#ask({ method: 'POST', path, body: { because } }, proposalShape);
  }

  createKey(holder: KeyHolder, expiresAt: string | undefined) {
    return this.#ask({ method: 'POST', path: '/admin/v1/keys', body: { ...holder, expiresAt } }, newKeyShape);
  }

  createOperator(operator: OperatorRights & { readonly name: string }, expiresAt: string | undefined) {
    const body = { ...operator, expiresAt };
    return this.#ask({ method: 'POST', path: '/admin/v1/operators', body }, newOperatorShape);
  }

  /** Servers that follow the same history; `behind`: those that are not at a revision yet, where one is given. */
  fleet(revision?: { readonly epoch: number; readonly number: number }) {
    const query = revision === undefined ? '' : `?revision=${revision.number}&epoch=${revision.epoch}`;
    return this.#ask({ method: 'GET', path: `/admin/v1/fleet${query}` }, fleetShape);
  }

  /** Acts a page at a time, every character as it was hashed: what people see goes through {@link printable} first. */
  async *acts({ limit, ...search }: ActSearch): AsyncGenerator<readonly AuditAct[], void> {
    const query = new URLSearchParams({ limit: String(Math.min(limit, PAGE)) });
    for (const [name, value] of Object.entries(search)) if (value !== undefined) query.set(name, String(value));
    for (;;) {
      const page = await this.#ask({ method: 'GET', path: `/admin/v1/audit?${query}` }, actsShape, asStored);
      yield page.items;
      if (typeof page.next !== 'string' || page.items.length === 0) return;
      query.set('next', page.next);
    }
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
    for await (const page of this.#pages(path, shape)) items.push(...page);
    return items;
  }

  async *#pages<Item>(
    path: string,
    shape: z.ZodType<{ items: Item[]; next?: string | null | undefined }>,
    read: TextReading = printable,
  ): AsyncGenerator<readonly Item[]> {
    for (let next: string | null | undefined = ''; typeof next === 'string';) {
      const cursor: string = next === '' ? '' : `&next=${encodeURIComponent(next)}`;
      const page = await this.#ask({ method: 'GET', path: `${path}?limit=${PAGE}${cursor}` }, shape, read);
      yield page.items;
      next = page.items.length === 0 ? null : page.next;
    }
  }

  async #ask<Answer>(message: Message, shape: z.ZodType<Answer>, read: TextReading = printable): Promise<Answer> {
    return answerIn(this.#connection, await this.#send(message), shape, read);
  }

  async #send(message: Message): Promise<Reply> {
    for (let tries = 1; ; tries += 1) {
      const reply = await exchange(this.#connection, message);
      if (reply.status !== 429 || tries === RATE_TRIES) return reply;
      const problem = problemShape.safeParse(parse(reply.text, printable));
      const seconds = problem.data?.retryAfterSeconds ?? RATE_SECONDS + 1;
      if (seconds > RATE_SECONDS) return reply;
      await pause(seconds * 1000);
    }
  }
}

/**
 * The answer of a server, of the shape that we know.
 *
 * @throws Refused when it is a problem; Unreachable when it is nothing a Dharma server says
 */
export function answerIn<Answer>(
  connection: Connection,
  reply: Reply,
  shape: z.ZodType<Answer>,
  read: TextReading = printable,
): Answer {
  const result = shape.safeParse(accept(connection, reply, read));
  if (result.success) return result.data;
  const [{ path, message } = { path: [], message: 'no reason' }] = result.error.issues;
  throw new Unreachable(
    `\`${connection.shown}\` answers in a way this version does not know (\`/${path.join('/')}\`: ${message}); are server and \`dharma\` of one version?`,
  );
}

/** What becomes of each text of an answer. */
type TextReading = (text: string) => string;

function asStored(text: string): string {
  return text;
}

function baseOf(base: Plan['base']) {
  return base === null ? null : { number: base.number, contentHash: base.contentHash };
}

function accept({ shown, secretFrom }: Connection, reply: Reply, read: TextReading = printable): unknown {
  const { status, contentType, text } = reply;
  if (status === 204) return undefined;
  const json = /^application\/(?:problem\+)?json\b/.test(contentType)
    ? parse(text, status < 400 ? read : printable)
    : undefined;
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

function proposalBody(proposing: Proposing): object {
  if (!('source' in proposing)) {
    return 'base' in proposing ? { ...proposing, base: baseOf(proposing.base) } : proposing;
  }
  const { source, files, prune = true, base, ...rest } = proposing;
  return { ...rest, bundle: { source, files, prune }, base: baseOf(base) };
}

function fourEyesPath(domain: string): string {
  return `/admin/v1/domains/${encodeURIComponent(domain)}/four-eyes`;
}

function quotaPath(domain: string): string {
  return `/admin/v1/domains/${encodeURIComponent(domain)}/quota`;
}

/** Somebody else's change is in the way; looking again helps. */
const CONFLICTS = new Set([
  'revision-superseded',
  'idempotency-key-reused',
  'documents-of-another-source',
  'documents-still-referenced',
  'proposal-differs',
  'proposal-ended',
  'proposal-outdated',
  'proposal-published',
]);

/** Nothing was judged; the same call is answered later. */
const NOT_NOW = new Set(['rate-exceeded', 'internal-fault']);

function exitCodeFor(code: string): ExitCode {
  if (NOT_NOW.has(code)) return 3;
  return CONFLICTS.has(code) ? 4 : 1;
}

function messageOf({ detail, remedy }: Pick<ServerProblem, 'detail' | 'remedy'>): string {
  return remedy === undefined ? detail : `${detail}\n${remedy}`;
}

/** Undefined when it is no JSON. */
function parse(text: string, read: TextReading): unknown {
  try {
    return JSON.parse(text, (_, value: unknown) => (typeof value === 'string' ? read(value) : value));
  } catch {
    return undefined;
  }
}
