/**
 * Checks at a steady rate, from a process of their own: whatever else a bench has to do would be taken for a slow answer.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Ask, type Asked, askOverGrpc, askOverHttp } from './asking.js';
import type { Host } from './host.js';

/** Of each protocol, a second. */
export const RATE = 150;
export const PROTOCOLS = ['POST /v1/decide', 'Check'] as const;
export type Protocol = (typeof PROTOCOLS)[number];
/** Milliseconds that each check took, from the moment it was due. */
export type Took = { readonly [protocol in Protocol]: readonly number[] };

const CONNECTIONS = 64;

/** A call inside one domain; every second one names no endpoint, and so is denied and logged. */
export function asked(index: number, leaves: number): Asked {
  const service = (index * 7919) % leaves;
  return {
    host: `s${service}.example`,
    method: index % 2 === 0 ? 'GET' : 'PUT',
    path: `/v1/items/${index}`,
    caller: `spiffe://bench.example/s${service}`,
  };
}

export interface Load {
  /** The newest revision that an answer named. */
  readonly revision: number;
  /** What was answered since the last call. */
  take(): Promise<Took>;
  /** Resolves when what was asked is answered. */
  stop(): Promise<void>;
}

export async function startLoad(host: Host, leaves: number): Promise<Load> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(host.addresses), String(leaves)], {
    // Collectors that wait for a processor would be taken for a server that is slow.
    execArgv: ['--single-threaded-gc', '--max-semi-space-size=64'],
    serialization: 'advanced',
  });
  let revision = 0;
  const answers: ((took: Took) => void)[] = [];
  child.on('message', (message: { readonly revision: number } | { readonly took: Took }) => {
    if ('revision' in message) revision = message.revision;
    else answers.shift()!(message.took);
  });
  return {
    get revision() {
      return revision;
    },
    take: () =>
      new Promise((answer) => {
        answers.push(answer);
        child.send('take');
      }),
    async stop() {
      const exited = once(child, 'exit');
      child.send('stop');
      await exited;
    },
  };
}

/** What runs in the process that asks. */
function ask(addresses: Host['addresses'], leaves: number): void {
  const host = { addresses } as Host;
  const asks: { readonly [protocol in Protocol]: Ask } = {
    'POST /v1/decide': askOverHttp(host, CONNECTIONS),
    Check: askOverGrpc(host),
  };
  let took: { [protocol in Protocol]: number[] } = { 'POST /v1/decide': [], Check: [] };
  let underWay = 0;
  let revision = 0;
  let isStopping = false;

  const one = async (protocol: Protocol, due: number, question: Asked): Promise<void> => {
    underWay += 1;
    const answer = (await asks[protocol](question)) as { readonly revision?: number };
    underWay -= 1;
    took[protocol].push(performance.now() - due);
    if (answer.revision !== undefined && answer.revision > revision)
      process.send!({ revision: (revision = answer.revision) });
    if (isStopping && underWay === 0) process.exit();
  };

  const begin = performance.now();
  let count = 0;
  const timer = setInterval(() => {
    for (const now = performance.now(); begin + (count * 1000) / RATE <= now; count += 1)
      for (const protocol of PROTOCOLS) void one(protocol, begin + (count * 1000) / RATE, asked(count, leaves));
  }, 2);

  process.on('message', (message) => {
    if (message === 'take') {
      process.send!({ took });
      took = { 'POST /v1/decide': [], Check: [] };
    } else {
      isStopping = true;
      clearInterval(timer);
      if (underWay === 0) process.exit();
    }
  });
  process.once('disconnect', () => process.exit());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ask(JSON.parse(process.argv[2]!), Number(process.argv[3]));
