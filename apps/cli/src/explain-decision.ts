import type { AdminFlags } from './connection.js';
import { explanationText, NO_SOURCES } from './explain-text.js';
import { printableJson } from './printable.js';
import { ServerClient } from './server-client.js';
import type { RecordedDecision } from './server-shapes.js';
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
  const presented = { dropped: decision.dropped, recorded: recordedLines(decision) };
  await terminal.out.write(explanationText(explanation, NO_SOURCES, terminal.out.colours, presented));
  return 0;
}

/** Whatever of the request has members. Whose it was, and what it asked for, the explanation says itself. */
function recordedLines({ request }: RecordedDecision): readonly string[] {
  if (request === null) return [];
  const { evidence, headers, attributes, claimed, context } = request;
  return [
    ...membersLine('request.headers', headers),
    ...membersLine('attributes', attributes),
    ...membersLine('claimed', claimed),
    ...membersLine('context', context),
    ...evidence.flatMap(({ role, mechanism, subject, scopes = [], groups = [], claims = {}, attributes: own = {} }) =>
      membersLine(`${role} ${mechanism} ${subject}`, {
        ...(scopes.length > 0 && { scopes }),
        ...(groups.length > 0 && { groups }),
        ...(Object.keys(claims).length > 0 && { claims }),
        ...(Object.keys(own).length > 0 && { attributes: own }),
      }),
    ),
  ];
}

function membersLine(name: string, map: { readonly [member: string]: unknown } = {}): readonly string[] {
  return Object.keys(map).length === 0 ? [] : [`${name}: ${printableJson(map)}`];
}
