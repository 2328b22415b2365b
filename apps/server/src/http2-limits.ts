import { constants, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

export interface Http2Limits {
  /** Of the fields of a call, names and values and 32 for each (RFC 9113, section 6.5.2). */
  readonly headerListBytes: number;
  /** Within it a peer has sent its settings and acknowledged ours, which bind it only then. */
  readonly greetingMilliseconds: number;
  /** Within it a call has asked in full; streams of questions have an end of their own. */
  readonly requestMilliseconds: number;
  /** For so long nothing may be sent or taken on a stream. */
  readonly idleMilliseconds: number;
  /** Streams of one connection that may end before their time in a window. */
  readonly resets: number;
  readonly resetWindowMilliseconds: number;
}

/** Cancelled calls come in bursts, when the patience of a gateway ends; a flood of them goes on. */
export const CHECK_LIMITS: Http2Limits = {
  headerListBytes: 64 * 1024,
  greetingMilliseconds: 5000,
  requestMilliseconds: 5000,
  idleMilliseconds: 300_000,
  resets: 500,
  resetWindowMilliseconds: 10_000,
};

/** Calls that ask as long as they like. */
const STREAMING = new Set([
  '/dharma.v1.Decisions/DecideStream',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
]);
/** A call on which nothing may happen for days. */
const WATCH = '/grpc.health.v1.Health/Watch';

/** Streams that ended before their time, since the window began. */
interface ResetBudget {
  spent: number;
  /** Milliseconds, of the monotonic clock. */
  since: number;
}

/** Bounds what the peers of an HTTP/2 server may keep waiting, and how often they may change their minds. */
export function limitHttp2(server: Http2Server, limits: Http2Limits): void {
  const budgets = new WeakMap<ServerHttp2Session, ResetBudget>();
  server.updateSettings({ maxHeaderListSize: limits.headerListBytes });
  server.on('session', (session) => {
    budgets.set(session, { spent: 0, since: performance.now() });
    expectGreeting(session, limits);
  });
  server.on('stream', (stream, headers) => {
    limitTime(stream, headers[':path'], limits);
    const { session } = stream;
    const budget = session && budgets.get(session as ServerHttp2Session);
    if (!budget) return;
    stream.once('close', () => {
      // Whoever reset it, the client or we for what the client sent; nghttp2 itself counts the client's alone.
      if (!stream.aborted && stream.rstCode === constants.NGHTTP2_NO_ERROR) return;
      if (spend(budget, performance.now(), limits)) return;
      session.destroy(new Error('too many streams were reset'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
    });
  });
}

function expectGreeting(session: ServerHttp2Session, { greetingMilliseconds }: Http2Limits): void {
  const late = setTimeout(() => session.destroy(), greetingMilliseconds);
  session.once('localSettings', () => clearTimeout(late));
  session.once('close', () => clearTimeout(late));
}

function limitTime(
  stream: ServerHttp2Stream,
  path: string | undefined,
  { idleMilliseconds, requestMilliseconds }: Http2Limits,
): void {
  if (path !== WATCH) stream.setTimeout(idleMilliseconds, () => stream.close(constants.NGHTTP2_CANCEL));
  if (path !== undefined && STREAMING.has(path)) return;
  const late = setTimeout(endLate, requestMilliseconds, stream);
  stream.once('end', () => clearTimeout(late));
  stream.once('close', () => clearTimeout(late));
}

/** In the words of gRPC where nothing was said yet. */
function endLate(stream: ServerHttp2Stream): void {
  if (!stream.headersSent) {
    const said = {
      [constants.HTTP2_HEADER_STATUS]: constants.HTTP_STATUS_OK,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc+proto',
      'grpc-status': 4,
      'grpc-message': 'the request did not arrive in time',
    };
    stream.respond(said, { endStream: true });
  }
  stream.close(constants.NGHTTP2_NO_ERROR);
}

/** @returns whether there was anything left of it */
function spend(budget: ResetBudget, now: number, { resets, resetWindowMilliseconds }: Http2Limits): boolean {
  if (now - budget.since > resetWindowMilliseconds) {
    budget.since = now;
    budget.spent = 0;
  }
  budget.spent += 1;
  return budget.spent <= resets;
}
