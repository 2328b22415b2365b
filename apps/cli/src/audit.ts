import type { AdminFlags } from './connection.js';
import { instantBefore } from './instant-before.js';
import { printableJson } from './printable.js';
import { ServerClient } from './server-client.js';
import type { AuditAct } from './server-shapes.js';
import { tableText } from './table.js';
import type { ExitCode, Terminal } from './terminal.js';

export interface ListActsOptions extends AdminFlags {
  /** A name, or the id of a token. */
  readonly operator?: string;
  readonly act?: string;
  readonly object?: string;
  readonly revision?: number;
  /** RFC 3339, or a span before now like `2h`. */
  readonly since?: string;
  readonly until?: string;
  /** Of the newest that fit. */
  readonly limit: number;
  readonly format: 'text' | 'json';
}

const HASH_CHARACTERS = 12;

/** What was done, the newest first. */
export async function listActs(terminal: Terminal, { limit, format, ...options }: ListActsOptions): Promise<ExitCode> {
  const { operator, act, object, revision, since: from, until: to, ...flags } = options;
  const since = from === undefined ? undefined : instantBefore(terminal, '--since', from);
  const until = to === undefined ? undefined : instantBefore(terminal, '--until', to);
  const client = await ServerClient.of(terminal, flags);
  const acts: AuditAct[] = [];
  for await (const page of client.acts({ operator, act, object, revision, since, until, order: 'newest', limit })) {
    acts.push(...page);
    if (acts.length >= limit) break;
  }
  const found = acts.slice(0, limit);
  await terminal.out.write(format === 'json' ? `${printableJson(found, 2)}\n` : tableOf(found));
  if (found.length === 0) await terminal.aside.line('no act is like that');
  if (found.length === limit) await terminal.aside.line(`the newest ${limit}; \`--limit\` and \`--until\` show more`);
  return 0;
}

function tableOf(acts: readonly AuditAct[]): string {
  const rows = acts.map((act) => [
    String(act.sequence),
    act.at,
    act.operator,
    act.act,
    act.object,
    act.refused ?? 'done',
    act.revision === null ? '' : String(act.revision),
    act.credential ?? '',
    act.address ?? '',
    act.hash.slice(0, HASH_CHARACTERS),
  ]);
  const heading = ['ROW', 'AT', 'OPERATOR', 'ACT', 'OBJECT', 'OUTCOME', 'REVISION', 'TOKEN', 'FROM', 'HASH'];
  return tableText([heading, ...rows]);
}
