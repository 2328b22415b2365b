import type { MessagePort, TransferListItem, Worker } from 'node:worker_threads';

/** One end of the way to another thread. */
export type Port = Pick<MessagePort | Worker, 'postMessage' | 'on' | 'off'>;

/** What a thread answers, by name. */
export type Handlers = { readonly [name: string]: (argument: never) => unknown };

/** What can be asked of a thread with these handlers. */
export type CallsOf<Answering extends Handlers> = <Name extends keyof Answering & string>(
  name: Name,
  argument: Parameters<Answering[Name]>[0],
  options?: { readonly transfer?: readonly TransferListItem[]; readonly milliseconds?: number },
) => Promise<Awaited<ReturnType<Answering[Name]>>>;

/** The other thread did not answer, or what it did failed there. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
}

interface Call {
  readonly call: number;
  readonly name: string;
  readonly argument: unknown;
}

type Reply = { readonly reply: number; readonly value: unknown } | { readonly reply: number; readonly fault: string };

/** Answers the calls that come in over a port. A handler that throws fails its call and nothing else. */
export function answerCalls(port: Port, handlers: Handlers): void {
  port.on('message', (message: Call) => {
    if (typeof message?.call !== 'number') return;
    void answered(message, handlers).then((reply) => port.postMessage(reply));
  });
}

async function answered({ call, name, argument }: Call, handlers: Handlers): Promise<Reply> {
  try {
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
    if (handler === undefined) return { reply: call, fault: `there is no \`${name}\` to call` };
    return { reply: call, value: await handler(argument as never) };
  } catch (fault) {
    return { reply: call, fault: String((fault as Error)?.message ?? fault) };
  }
}

/**
 * Calls what answers at the other end. A call fails after its milliseconds, and all of them when the thread ends.
 *
 * @returns the way to call; its promises reject with `CallFailed`
 */
export function callsTo<Answering extends Handlers>(port: Port): CallsOf<Answering> {
  const waiting = new Map<number, { done(value: never): void; failed(fault: CallFailed): void }>();
  let count = 0;
  let gone: string | undefined;
  const settle = (number: number) => {
    const call = waiting.get(number);
    waiting.delete(number);
    return call;
  };
  const end = (because: string) => {
    gone = because;
    for (const number of waiting.keys()) settle(number)!.failed(new CallFailed(because));
  };
  port.on('message', (message: Reply) => {
    if (typeof message?.reply !== 'number') return;
    if ('fault' in message) settle(message.reply)?.failed(new CallFailed(message.fault));
    else settle(message.reply)?.done(message.value as never);
  });
  port.on('exit', () => end('the thread has ended'));
  port.on('close', () => end('the thread has ended'));
  return (name, argument, { transfer = [], milliseconds } = {}) => {
    if (gone !== undefined) return Promise.reject(new CallFailed(gone));
    const number = (count += 1);
    return new Promise((done, failed) => {
      const timer =
        milliseconds === undefined
          ? undefined
          : setTimeout(
              () => settle(number)?.failed(new CallFailed(`\`${name}\` took longer than ${milliseconds} ms`)),
              milliseconds,
            );
      waiting.set(number, {
        done(value) {
          clearTimeout(timer);
          done(value);
        },
        failed(fault) {
          clearTimeout(timer);
          failed(fault);
        },
      });
      port.postMessage({ call: number, name, argument } satisfies Call, transfer);
    });
  };
}
