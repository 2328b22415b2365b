import type { AdminFlags } from './connection.js';
import { planSummary, planText } from './plan-text.js';
import { canAsk, saysYes } from './question.js';
import { ServerClient } from './server-client.js';
import type { Plan, Proposal } from './server-shapes.js';
import { tableText } from './table.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface ProposalOptions extends AdminFlags {
  readonly format: 'text' | 'json';
}

export interface ListProposalsOptions extends ProposalOptions {
  /** Also those that have ended. */
  readonly all: boolean;
}

export interface ApproveOptions extends ProposalOptions {
  /** Of what was looked at before; without it it is shown and asked about. */
  readonly hash?: string;
}

export interface RejectOptions extends ProposalOptions {
  readonly because: string;
}

/** Those that wait for a second person, the newest first. */
export async function listProposals(
  terminal: Terminal,
  { all, format, ...flags }: ListProposalsOptions,
): Promise<ExitCode> {
  const client = await ServerClient.of(terminal, flags);
  const shown = (await client.proposals()).filter(({ state }) => all || state === 'open');
  if (format === 'json') await terminal.out.write(jsonText(shown));
  else if (shown.length === 0) await terminal.aside.line('nothing waits to be approved');
  else {
    const rows = shown.map(({ number, state, proposer, own, expiresAt, source, because }) => [
      String(number),
      state,
      own ? `${proposer} (you)` : proposer,
      expiresAt,
      source,
      because.split('\n', 1)[0]!,
    ]);
    await terminal.out.write(tableText([['NUMBER', 'STATE', 'BY', 'UNTIL', 'SOURCE', 'BECAUSE'], ...rows]));
  }
  return 0;
}

/** What one would change now. */
export async function showProposal(
  terminal: Terminal,
  number: number,
  { format, ...flags }: ProposalOptions,
): Promise<ExitCode> {
  const client = await ServerClient.of(terminal, flags);
  const proposal = await client.proposal(number);
  const { out } = terminal;
  if (format === 'json') await out.write(jsonText(proposal));
  else await out.write(`${headText(proposal)}${proposal.plan === null ? '' : planText(proposal.plan, out.colours)}`);
  return 0;
}

/** Shows what somebody else proposed, asks, and publishes it; by the hash of what was shown, and so nothing else. */
export async function approveProposal(
  terminal: Terminal,
  number: number,
  { hash, format, ...flags }: ApproveOptions,
): Promise<ExitCode> {
  if (hash === undefined && !canAsk(terminal)) {
    throw new Stop(2, 'nobody is there to be asked; say by `--hash` which changes were looked at, as `show` tells it');
  }
  const { aside, out } = terminal;
  const client = await ServerClient.of(terminal, flags);
  const contentHash = hash ?? (await lookedAt(terminal, client, number));
  const approved = await client.approve(number, contentHash);
  const { revision, proposal } = approved;
  await out.write(format === 'json' ? jsonText(approved) : `revision ${revision.number} published\n`);
  await aside.line(`proposal ${number} of \`${proposal.proposer}\` is approved`);
  return 0;
}

/** Ends one for good. */
export async function rejectProposal(
  terminal: Terminal,
  number: number,
  { because, format, ...flags }: RejectOptions,
): Promise<ExitCode> {
  const client = await ServerClient.of(terminal, flags);
  const proposal = await client.reject(number, because);
  await terminal.out.write(format === 'json' ? jsonText(proposal) : `proposal ${number} is rejected\n`);
  return 0;
}

export function proposedText({ number, expiresAt, repeated }: Proposal): string {
  return `proposal ${number} waits ${repeated === true ? 'already, ' : ''}until ${expiresAt} for somebody else: \`proposals approve ${number}\`\n`;
}

/** @throws Stop with 1 where one person is not enough, and nothing is proposed */
export function judgeFourEyes({ fourEyes = [] }: Plan): void {
  if (fourEyes.length === 0) return;
  const where = fourEyes.map((domain) => `\`${domain}\``).join(', ');
  throw new Stop(1, `two people decide in ${where}: say \`--propose\`, and have somebody else approve it`);
}

/** @throws Stop with 1 when it has ended, or the answer is no */
async function lookedAt(terminal: Terminal, client: ServerClient, number: number): Promise<string> {
  const { aside } = terminal;
  const proposal = await client.proposal(number);
  await aside.write(headText(proposal));
  if (proposal.plan === null) throw new Stop(1, `proposal ${number} is ${proposal.state}`);
  await aside.write(planText(proposal.plan, aside.colours));
  await aside.line(planSummary(proposal.plan));
  if (!(await saysYes(terminal, `publish to ${client.server}?`))) throw new Stop(1, 'nothing was published');
  return proposal.contentHash;
}

function headText({
  number,
  state,
  proposer,
  own,
  proposedAt,
  expiresAt,
  contentHash,
  because,
  end,
}: Proposal): string {
  const ending =
    end === undefined
      ? []
      : [`${state} by ${end.by} at ${end.at}${end.revision === undefined ? '' : `, revision ${end.revision}`}`];
  return [
    `proposal ${number}, ${state}: by ${proposer}${own ? ' (you)' : ''} at ${proposedAt}, until ${expiresAt}`,
    ...ending,
    `changes ${contentHash}`,
    ...because.split('\n').map((line) => `    ${line}`),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function jsonText(answer: unknown): string {
  return `${JSON.stringify(answer, null, 2)}\n`;
}
