import { denied, explain, type World } from '#engine';
import { answerOf, requestFromText } from '#policy';
import { Problem, type ProblemCode } from '#problem';
import { answererOf, type Answerer, type EngineName } from './engines.js';
import { linesOf, type Line } from './lines.js';
import { loadPolicies } from './policies.js';
import type { ExitCode, Terminal } from './terminal.js';

export interface DecideOptions {
  readonly policies: string;
  readonly engine: EngineName;
}

/** Bytes of one request, as over the network. */
const MAXIMUM_LINE_BYTES = 1024 * 1024;
/** The folder is read once; a server that reads it calls that revision 1 too. */
const REVISION = 1;

type BadLine = { readonly error: { readonly code: ProblemCode; readonly message: string; readonly line: number } };

/**
 * One JSON request a line in, one JSON answer a line out, in order and as they come. The decision ids count lines, so
 * that equal questions get equal answers.
 *
 * @returns 1 when any line was no request
 */
export async function decide(terminal: Terminal, { policies, engine }: DecideOptions): Promise<ExitCode> {
  const { world } = await loadPolicies(terminal, policies);
  const answer = await answererOf(engine, world);
  let code: ExitCode = 0;
  for await (const lines of linesOf(terminal.stdin, MAXIMUM_LINE_BYTES)) {
    const answers: string[] = [];
    for (const line of lines) {
      const answered = await answerTo(line, world, answer, terminal.now());
      if ('error' in answered) code = 1;
      answers.push(`${JSON.stringify(answered)}\n`);
    }
    await terminal.out.write(answers.join(''));
  }
  return code;
}

async function answerTo(line: Line, world: World, answer: Answerer, now: number): Promise<object | BadLine> {
  const bad = (problem: Problem): BadLine => ({
    error: { code: problem.code, message: problem.message, line: line.number },
  });
  if (line.kind !== 'text') {
    return line.kind === 'too-long'
      ? bad(new Problem('request-too-large', { limit: MAXIMUM_LINE_BYTES }))
      : bad(new Problem('request-not-json', { fault: 'the bytes are no UTF-8' }));
  }
  const reading = requestFromText(line.text, { mode: 'offline', now });
  if ('faults' in reading) {
    const fault = reading.faults.map(({ pointer, message }) =>
      pointer === '' ? message : `\`${pointer}\`: ${message}`,
    );
    return bad(new Problem('request-malformed', { fault: fault.join('; ') }));
  }
  const { request, minRevision } = reading;
  const outcome =
    minRevision !== undefined && minRevision > REVISION ? denied('POLICY_TOO_OLD') : await answer(request);
  return answerOf(outcome, {
    revision: REVISION,
    ageSeconds: 0,
    decisionId: `line-${line.number}`,
    explanation: reading.explain ? explain(world, request) : undefined,
  });
}
