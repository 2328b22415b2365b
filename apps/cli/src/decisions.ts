import { ALLOW_REASONS, DENY_REASONS, OWN_STATE_REASONS } from '#engine';
import { didYouMean } from '#policy';
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
  /** Allows that a domain in report mode let pass. */
  readonly wouldDeny: boolean;
  readonly limit: number;
  readonly format: 'text' | 'json';
}

/** What a filter must look like, for else nothing is ever found; the server compares it whole. */
const FORMS = [
  ['domain', /^(?:\*|[a-z0-9-]+(?:\.[a-z0-9-]+)*)$/, 'a domain, like `acme.payments`'],
  ['endpoint', /^[a-z0-9-]+\/[a-z0-9-]+$/, 'one endpoint, like `orders/list`'],
  ['principal', /^[^:]+:.+$/s, 'a type and an id, like `user:ann`'],
  ['rule', /^[a-z0-9-]+\/[a-z0-9_-]+$/, 'a policy and the id of a rule, like `orders/read`'],
] as const;
/** What stands for somebody else's words. */
const UNTOLD = '…';
const REASONS: readonly string[] = [...ALLOW_REASONS, ...DENY_REASONS, ...OWN_STATE_REASONS];

/** Recorded decisions, the newest first. */
export async function decisions(
  terminal: Terminal,
  {
    from,
    to,
    domain,
    endpoint,
    principal,
    reason,
    rule,
    allow,
    deny,
    wouldDeny,
    limit,
    format,
    ...flags
  }: DecisionsOptions,
): Promise<ExitCode> {
  if ([allow, deny, wouldDeny].filter(Boolean).length > 1) {
    throw new Stop(2, '`--allow`, `--deny` and `--would-deny` exclude each other; without them all are listed');
  }
  judgeForms({ domain, endpoint, principal, rule });
  if (reason !== undefined && !REASONS.includes(reason)) {
    throw new Stop(2, `\`--reason ${reason}\` is no reason of a decision${didYouMean(reason, REASONS)}`);
  }
  const filters = {
    from: from === undefined ? undefined : instantBefore(terminal, '--from', from),
    to: to === undefined ? undefined : instantBefore(terminal, '--to', to),
    domain,
    endpoint,
    principal,
    reason,
    rule,
    decision: allow ? 'allow' : deny ? 'deny' : wouldDeny ? 'would-deny' : undefined,
  };
  if (filters.from !== undefined && filters.to !== undefined && filters.from >= filters.to) {
    throw new Stop(2, `nothing lies between \`--from ${from}\` and \`--to ${to}\`: \`--from\` is the earlier one`);
  }
  const client = await ServerClient.of(terminal, flags);
  const found = await client.decisions(filters, limit);
  await terminal.out.write(format === 'json' ? found.map((one) => `${JSON.stringify(one)}\n`).join('') : textOf(found));
  if (found.length === 0) await terminal.aside.line('nothing that is recorded, and yours to read, is like that');
  if (found.length === limit) await terminal.aside.line(`the newest ${limit}; \`--limit\` and \`--to\` show more`);
  return 0;
}

/** @throws Stop with 2 */
function judgeForms(filters: { readonly [name in (typeof FORMS)[number][0]]: string | undefined }): void {
  for (const [name, form, words] of FORMS) {
    const text = filters[name];
    if (text !== undefined && !form.test(text)) throw new Stop(2, `\`--${name} ${text}\` is not ${words}`);
  }
}

function textOf(found: readonly RecordedDecision[]): string {
  if (found.length === 0) return '';
  return tableText([
    ['TIME', 'VERDICT', 'REASON', 'AT', 'ENDPOINT', 'PRINCIPALS', 'RULES', 'REVISION', 'ID'],
    ...found.map(({ time, decision, observed, wouldDeny, endpoint, principals, rules, revision, id, ...verdict }) => [
      time,
      observed === true ? `${decision} (observed)` : wouldDeny === undefined ? decision : `${decision} (would deny)`,
      // What is to be mended before the domain enforces.
      (wouldDeny ?? verdict).reason,
      (wouldDeny ?? verdict).deniedAt ?? '-',
      endpoint ?? '-',
      listText(principals),
      listText(rules),
      revision === null ? '-' : String(revision.number),
      id,
    ]),
  ]);
}

/** Of several the first whose name is told. */
function listText(texts: readonly string[]): string {
  const shown = texts.find((text) => text !== UNTOLD) ?? texts[0] ?? '-';
  return texts.length <= 1 ? shown : `${shown} +${texts.length - 1}`;
}
