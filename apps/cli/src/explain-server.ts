import { z } from 'zod';
import type { Explanation } from '#engine';
import { type DecisionAnswer, parseRequest, requestFromText } from '#policy';
import { checkConnection, type ConnectionFlags } from './connection.js';
import { exchange } from './exchange.js';
import { readRequest, type RequestFlags, requestOfFlags } from './explain-request.js';
import { explanationText, NO_SOURCES } from './explain-text.js';
import { decisionShape, explanationShape } from './explanation-shape.js';
import { answerIn } from './server-client.js';
import { droppedShape } from './server-shapes.js';
import { spanText } from './span.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

const faultShape = z.object({ pointer: z.string(), message: z.string() });

type ServerAnswer = DecisionAnswer & {
  readonly explanation?: Explanation | null;
  readonly dropped?: z.infer<typeof droppedShape>;
  readonly detail?: readonly z.infer<typeof faultShape>[];
};

const answerShape = z.custom<ServerAnswer>(
  (value) =>
    decisionShape
      .extend({
        revision: z.number(),
        ageSeconds: z.number(),
        decisionId: z.string(),
        explanation: explanationShape.nullish(),
        dropped: droppedShape.optional(),
        detail: z.array(faultShape).optional(),
      })
      .safeParse(value).success,
  'it is no answer with an explanation',
);

/**
 * Has a server answer one request and say why.
 *
 * @param keyFile  holds the key of an enforcement point that may ask for explanations
 * @param asked    the text of a request, or flags that say it
 */
export async function explainByServer(
  terminal: Terminal,
  flags: ConnectionFlags,
  keyFile: string | undefined,
  asked: string | RequestFlags,
  format: 'text' | 'json',
): Promise<ExitCode> {
  const connection = await checkConnection(terminal, flags, keyFile);
  const body = requestFor(asked);
  const reply = await exchange(connection, { method: 'POST', path: '/v1/explain', body });
  const answer = answerIn(connection, reply, answerShape);
  if (format === 'json') {
    await terminal.out.write(`${JSON.stringify(answer, null, 2)}\n`);
    return 0;
  }
  const { revision, ageSeconds, decisionId, explanation, dropped = [] } = answer;
  await terminal.aside.line(
    `${connection.shown} answers by revision ${revision}, confirmed ${spanText(ageSeconds)} ago, as decision ${decisionId}`,
  );
  await terminal.out.write(
    explanation === undefined || explanation === null
      ? unexplained(answer)
      : explanationText(explanation, NO_SOURCES, terminal.out.colours, { dropped, recorded: [] }),
  );
  return 0;
}

/** Judged before it travels, so that faults read the same as for a folder. */
function requestFor(asked: string | RequestFlags): unknown {
  const options = { mode: 'network', now: 0 } as const;
  if (typeof asked === 'string') {
    readRequest(requestFromText(asked, options));
    return JSON.parse(asked);
  }
  if (asked.time !== undefined) throw new Stop(2, '`--time` is for `--policies`: a server has a clock of its own');
  // Which role a mechanism has only the server knows; `--trust` says the other one.
  const json = requestOfFlags(asked, () => 'access');
  readRequest(parseRequest(json, options));
  return json;
}

/** The request could not be read, or the server is in no state to decide. */
function unexplained({ decision, reason, detail }: ServerAnswer): string {
  const faults = (detail ?? []).map(({ pointer, message }) => `  \`${pointer}\`: ${message}\n`);
  return [`${decision.toUpperCase()} ${reason}\n`, ...faults].join('');
}
