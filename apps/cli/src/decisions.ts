import type { AdminFlags } from './connection.js';
import { instantBefore } from './instant-before.js';
import { ServerClient } from './server-client.js';
import type { RecordedDecision } from './server-shapes.js';
import { tableText } from './table.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface DecisionsOptions extends AdminFlags {
  /** RFC 3339, or a span before now like `2h`. */
  readonly from?: string;
  readonly to?: string;
  readonly domain?: string;
  readonly endpoint?: string;
  readonly principal?: string;
  readonly reason?: string;
  readonly rule?: string;
  readonly allow: boolean;
  readonly deny: boolean;
  readonly limit: number;
  readonly format: 'text' | 'json';
}

/** Recorded decisions, the newest first. */
export async function decisions(
  terminal: Terminal,
  { from, to, domain, endpoint, principal, reason, rule, allow, deny, limit, format, ...flags }: DecisionsOptions,
): Promise<ExitCode> {
  if (allow && deny) throw new Stop(2, '`--allow` and `--deny` exclude each other; without them both are listed');
  const filters = {
    from: from === undefined ? undefined : instantBefore(terminal, '--from', from),
    to: to === undefined ? undefined : instantBefore(terminal, '--to', to),
    domain,
    endpoint,
    principal,
    reason,
    rule,
    decision: allow ? 'allow' : deny ? 'deny' : undefined,
  };
  const client = await ServerClient.of(terminal, flags);
  const found = await client.decisions(filters, limit);
  await terminal.out.write(format === 'json' ? found.map((one) => `${JSON.stringify(one)}\n`).join('') : textOf(found));
  if (found.length === limit) await terminal.aside.line(`the newest ${limit}; \`--limit\` and \`--to\` show more`);
  return 0;
}

function textOf(found: readonly RecordedDecision[]): string {
  if (found.length === 0) return '';
  return tableText([
    ['TIME', 'VERDICT', 'REASON', 'AT', 'ENDPOINT', 'PRINCIPALS', 'RULES', 'REVISION', 'ID'],
    ...found.map(({ time, decision, observed, reason, deniedAt, endpoint, principals, rules, revision, id }) => [
      time,
      observed === true ? `${decision} (observed)` : decision,
      reason,
      deniedAt ?? '-',
      endpoint ?? '-',
      listText(principals),
      listText(rules),
      revision === null ? '-' : String(revision.number),
      id,
    ]),
  ]);
}

function listText(texts: readonly string[]): string {
  const [first = '-', ...more] = texts;
  return more.length === 0 ? first : `${first} +${more.length}`;
}
