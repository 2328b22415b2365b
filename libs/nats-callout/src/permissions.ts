import type { Decision, DecisionRequest, DharmaClient } from '#client';
import type { NatsClient } from './authorization-request.js';
import { subjectsFor, tokenOf, type WantedSubject } from './wanted-subjects.js';

/** Whom a client is, and what it may do for a while. */
export interface Granted {
  readonly kind: 'granted';
  /** `type:id`; the name by which NATS lists the connection. */
  readonly name: string;
  /** Whole subjects, in the order of the list. */
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** When NATS ends the connection, so that its client logs in anew; seconds since the epoch. */
  readonly until: number;
}

export interface Refused {
  readonly kind: 'refused';
  /** For the logs of NATS and of this program; says nothing of the client. */
  readonly because: string;
}

export interface Asking {
  readonly dharma: Pick<DharmaClient, 'decide' | 'decideMany'>;
  readonly wanted: readonly WantedSubject[];
  /** Longest time that what is granted lasts. */
  readonly lifetimeSeconds: number;
}

type Target = DecisionRequest['target'];

const LOG_IN: Target = { resource: { type: 'nats', id: 'server' }, action: { name: 'log-in' } };
const NOBODY = 'anonymous';
const USER = 'user:';
/** Bytes of questions in one message, each of which repeats the credential; a server takes 256 KiB. */
const MESSAGE_BYTES = 192 * 1024;
const MOST_QUESTIONS = 100;
/** A token that has expired counts for a moment longer where a mechanism is lenient. */
const LEAST_SECONDS = 10;

/**
 * Asks Dharma who a client is and what of the list it may do. The credential is verified by Dharma; nobody's word counts.
 *
 * @param now  milliseconds since the epoch
 */
export async function permissionsOf(
  client: NatsClient,
  { dharma, wanted, lifetimeSeconds }: Asking,
  now: number,
): Promise<Granted | Refused> {
  const about = (target: Target): DecisionRequest => ({
    target,
    ...(client.secret !== undefined && { credentials: { authorization: `Bearer ${client.secret}` } }),
  });
  const login = await dharma.decide(about(LOG_IN), { tell: true });
  if (!isAllowed(login)) return { kind: 'refused', because: becauseOf(login) };
  const principal = principalIn(login);
  if (principal === undefined) return { kind: 'refused', because: 'nobody told who it is' };
  // A program of the same name is another one.
  if (client.user !== undefined && principal !== `${USER}${client.user}`) {
    return { kind: 'refused', because: 'the credential is of somebody else' };
  }
  const own = principal.startsWith(USER) ? tokenOf(principal.slice(USER.length)) : undefined;
  const asked = subjectsFor(wanted, own);
  const decisions = await inMessages(
    asked.map(({ action, subject }) => about({ topic: subject, action })),
    (questions) => dharma.decideMany(questions),
  );
  // What is unknown for now may be allowed; a client that is let in without it would not ask again.
  const unknown = decisions.find(({ kind }) => kind === 'unavailable');
  if (unknown !== undefined) return { kind: 'refused', because: becauseOf(unknown) };
  const allowed = asked.filter((_, place) => isAllowed(decisions[place]!));
  const of = (action: WantedSubject['action']) =>
    allowed.filter((subject) => subject.action === action).map(({ subject }) => subject);
  return {
    kind: 'granted',
    name: principal === '' ? NOBODY : principal,
    publish: of('publish'),
    subscribe: [...of('consume'), ...(own === undefined ? [] : [`_INBOX.${own}.>`])],
    until: untilOf(client.secret, Math.floor(now / 1000), lifetimeSeconds),
  };
}

/** NATS carries out no obligations. */
function isAllowed(decision: Decision): boolean {
  return (
    decision.allowed && decision.kind === 'decided' && !decision.answer.obligations.some(({ critical }) => critical)
  );
}

function becauseOf(decision: Decision): string {
  return decision.kind === 'unavailable' ? `Dharma gives no answer: ${decision.failure.message}` : 'it is not allowed';
}

/** `type:id`; empty: nobody; undefined: it was not told. */
function principalIn(decision: Decision): string | undefined {
  const telling = decision.kind === 'decided' ? decision.telling : undefined;
  if (telling?.['x-dharma-view'] !== 'allow') return undefined;
  try {
    return decodeURIComponent(telling['x-dharma-principal']);
  } catch {
    return undefined;
  }
}

async function inMessages(
  questions: readonly DecisionRequest[],
  ask: (questions: readonly DecisionRequest[]) => Promise<readonly Decision[]>,
): Promise<readonly Decision[]> {
  const bytes = Math.max(1, ...questions.map((question) => Buffer.byteLength(JSON.stringify(question)) + 1));
  const size = Math.max(1, Math.min(MOST_QUESTIONS, Math.floor(MESSAGE_BYTES / bytes)));
  const messages = Array.from({ length: Math.ceil(questions.length / size) }, (_, message) =>
    questions.slice(message * size, (message + 1) * size),
  );
  return (await Promise.all(messages.map(ask))).flat();
}

/** @param seconds  since the epoch */
function untilOf(secret: string | undefined, seconds: number, lifetimeSeconds: number): number {
  const latest = seconds + lifetimeSeconds;
  const expiry = expiryIn(secret);
  return expiry === undefined ? latest : Math.min(latest, Math.max(expiry, seconds + LEAST_SECONDS));
}

/** What a token says of its end, in seconds since the epoch. It only ever makes a time shorter, so nobody has to verify it. */
function expiryIn(secret: string | undefined): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(secret!.split('.')[1]!, 'base64url').toString()) as {
      readonly exp?: unknown;
    };
    return typeof exp === 'number' && Number.isFinite(exp) ? Math.floor(exp) : undefined;
  } catch {
    return undefined;
  }
}
