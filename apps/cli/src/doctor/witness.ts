import { z } from 'zod';
import type { Connection } from '../connection.js';
import { exchange } from '../exchange.js';
import { answerIn } from '../server-client.js';
import { Stop } from '../terminal.js';
import type { Receipt } from './echo.js';
import { addressIn, shown } from './judge.js';
import type { Witness } from './suite.js';
import type { Base } from './trick.js';

/** What is read of an answer. */
const answerShape = z.object({ decision: z.enum(['allow', 'deny']), reason: z.string() });

/**
 * A server that is asked, about each request that a service got, whether it would have let just that pass.
 *
 * @param plain  the plain request as the service got it
 * @throws Stop with 2 when the server denies even that: then the gateway tells it more than we can
 */
export async function witnessOf(connection: Connection, base: Base, plain: Receipt): Promise<Witness> {
  const client = Object.fromEntries(base.headers.map(([name, value]) => [name.toLowerCase(), value]));
  const ask = async (receipt: Receipt): Promise<z.infer<typeof answerShape>> => {
    const body = { target: addressIn(receipt), credentials: client, headers: client };
    return answerIn(connection, await exchange(connection, { method: 'POST', path: '/v1/decide', body }), answerShape);
  };
  const { decision, reason } = await ask(plain);
  if (decision === 'deny') {
    throw new Stop(
      2,
      `\`${connection.shown}\` denies the plain request that the gateway lets pass (${reason}): the gateway tells it more than can be told from here, so leave \`--server\` out`,
    );
  }
  return async (receipt, trick) => {
    const answer = await ask(receipt);
    if (answer.decision === 'allow') return [];
    const { method, host, path } = addressIn(receipt);
    return [
      {
        concern: trick.concern,
        what: `the service got ${shown(`${method} ${path}`)} for ${shown(host)}, and asked about that Dharma denies (${answer.reason})`,
      },
    ];
  };
}
