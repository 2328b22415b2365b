import type { AdminFlags } from './connection.js';
import { explanationText, NO_SOURCES } from './explain-text.js';
import { ServerClient } from './server-client.js';
import type { ExitCode, Terminal } from './terminal.js';

/** As servers give them to decisions. */
const DECISION_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function isDecisionId(text: string): boolean {
  return DECISION_ID.test(text);
}

/** Why a recorded decision came out as it did, by the revision of that time. */
export async function explainDecision(
  terminal: Terminal,
  id: string,
  flags: AdminFlags,
  format: 'text' | 'json',
): Promise<ExitCode> {
  const client = await ServerClient.of(terminal, flags);
  const { decision, explanation } = await client.explainDecision(id);
  if (format === 'json') {
    await terminal.out.write(`${JSON.stringify({ decision, explanation }, null, 2)}\n`);
    return 0;
  }
  const revision = decision.revision === null ? 'no revision' : `revision ${decision.revision.number}`;
  await terminal.aside.line(`decided at ${decision.time} by ${revision}, asked by ${decision.enforcementPoint}`);
  await terminal.out.write(explanationText(explanation, NO_SOURCES, terminal.out.colours));
  return 0;
}
