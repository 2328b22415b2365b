import { dirname, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loadBundle } from '#policy';
import type { AdminFlags } from './connection.js';
import { Unreachable } from './exchange.js';
import { gitProvenance } from './git-provenance.js';
import { isInOthersWay, isPublishable, planSummary, planText } from './plan-text.js';
import { kindOf, readPolicies } from './policies.js';
import { whileWaiting } from './progress.js';
import { judgeFourEyes, proposedText } from './proposals.js';
import { canAsk, saysYes } from './question.js';
import { type Proposing, type Publishing, Refused, ServerClient, type SourceBundle } from './server-client.js';
import type { Plan, Published, Revision, ServerProblem } from './server-shapes.js';
import { spanText } from './span.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface ApplyOptions extends AdminFlags {
  readonly source: string;
  /** Whether documents of the source that the folder does not hold go. */
  readonly prune: boolean;
  readonly because: string;
  /** Publishes without asking. */
  readonly yes: boolean;
  readonly allowDeletions: boolean;
  /** Has somebody else publish it. */
  readonly propose: boolean;
  /** Seconds to wait until the server decides by the new revision; 0: not at all. */
  readonly wait: number;
  readonly format: 'text' | 'json';
}

type Conflict = NonNullable<ServerProblem['conflicts']>[number];

/** Part of a source's documents that may go without `--allow-deletions`. */
const DELETED_PART = 0.1;
const DELETIONS_TOLD = 20;
const POLL_MILLISECONDS = 200;
/** Until its next look, at most 5 s away, a server's feed may speak of an earlier revision. */
const LONGER_THAN_A_LOOK_MILLISECONDS = 6_000;

/** Plans, shows, asks, and publishes exactly what was planned. */
export async function apply(terminal: Terminal, directory: string, options: ApplyOptions): Promise<ExitCode> {
  const { source, prune, because, yes, allowDeletions, propose, wait, format, ...flags } = options;
  if (propose && wait > 0)
    throw new Stop(2, 'what is proposed waits for somebody: `--wait` does not go with `--propose`');
  if (!yes && !canAsk(terminal)) {
    throw new Stop(2, 'nobody is there to be asked; say `--yes` to publish without a question');
  }
  const client = await ServerClient.of(terminal, flags);
  const bundle: SourceBundle = { source, files: await readPolicies(terminal, directory), prune };
  const { aside } = terminal;
  const planned = await whileWaiting(aside, `planning ${directory} on ${client.server}`, () => client.plan(bundle));
  await aside.write(planText(planned, aside.colours));
  if (!isPublishable(planned)) {
    throw new Stop(isInOthersWay(planned) ? 4 : 1, `\`${directory}\` was not published: the server would not take it`);
  }
  await aside.line(planSummary(planned));
  judgeDeletions(planned, bundle, allowDeletions, '--allow-deletions');
  const provenance = await provenanceOf(terminal, directory);
  if (!propose) judgeFourEyes(planned);
  const hasChanges = planned.changes.length > 0;
  const question = `${propose ? 'propose' : 'publish'} to ${client.server}?`;
  if (hasChanges && !yes && !(await saysYes(terminal, question))) {
    throw new Stop(1, `nothing was ${propose ? 'proposed' : 'published'}`);
  }
  if (propose && hasChanges) {
    return proposeTo(terminal, client, { ...bundle, ...provenance, base: planned.base, because }, format);
  }
  const published = await whileWaiting(aside, `publishing to ${client.server}`, () =>
    publishOrSay(
      () => client.publish({ ...bundle, ...provenance, base: planned.base, because }),
      'look at what changed with `plan`, then apply again',
    ),
  );
  await terminal.out.write(format === 'json' ? `${JSON.stringify(published, null, 2)}\n` : publishedText(published));
  const { revision } = published;
  if (wait === 0 || revision === null) return 0;
  await whileWaiting(aside, `waiting for revision ${revision.number}`, () => waitFor(client, revision, wait));
  await aside.line(`revision ${revision.number} is in force`);
  return 0;
}

/** Has somebody else decide about what was planned. */
export async function proposeTo(
  terminal: Terminal,
  client: ServerClient,
  proposing: Proposing,
  format: 'text' | 'json',
): Promise<ExitCode> {
  const proposal = await whileWaiting(terminal.aside, `proposing to ${client.server}`, () => client.propose(proposing));
  await terminal.out.write(format === 'json' ? `${JSON.stringify(proposal, null, 2)}\n` : proposedText(proposal));
  return 0;
}

/** @throws Stop with 1 when so many documents would go that a wrong folder or a lost file is likely */
export function judgeDeletions(planned: Plan, bundle: SourceBundle, areAllowed: boolean, flag: string): void {
  const deletions = areAllowed ? undefined : deletionsText(planned, bundle);
  if (deletions !== undefined) throw new Stop(1, `${deletions}; if that is meant, say \`${flag}\``);
}

/** Undefined unless more than a tenth of the documents of the source would go. */
export function deletionsText({ summary, changes }: Plan, { files }: SourceBundle): string | undefined {
  const { added, removed } = summary.documents;
  if (removed === 0) return undefined;
  const before = loadBundle(files).documents.length - added + removed;
  if (removed <= before * DELETED_PART) return undefined;
  const gone = changes.filter(({ change }) => change === 'removed').map(({ kind, name }) => `${kind} ${name}`);
  const which = gone.length === 0 ? '' : `: ${gone.slice(0, DELETIONS_TOLD).join(', ')}`;
  const rest = gone.length > DELETIONS_TOLD ? ` and ${gone.length - DELETIONS_TOLD} more` : '';
  return `${removed} of ${before} documents would be removed${which}${rest}`;
}

async function provenanceOf(
  terminal: Terminal,
  directory: string,
): Promise<Pick<Publishing, 'gitCommit' | 'gitAuthor'>> {
  const absolute = resolve(terminal.cwd, directory);
  const found = await gitProvenance((await kindOf(absolute, directory)) === 'file' ? dirname(absolute) : absolute);
  switch (found.kind) {
    case 'commit':
      return { gitCommit: found.gitCommit, gitAuthor: found.gitAuthor };
    case 'dirty':
      await terminal.aside.line(
        `\`${directory}\` holds changes that are not committed; the revision will name no commit`,
      );
      return {};
    case 'none':
      return {};
  }
}

/**
 * @param next  what to do when someone published first
 * @throws Stop with 3 when the answer is lost, 4 when someone was first
 */
export async function publishOrSay(send: () => Promise<Published>, next: string): Promise<Published> {
  try {
    return await send();
  } catch (fault) {
    if (fault instanceof Unreachable) {
      throw new Stop(3, `${fault.message}\nwhether it was published is not known; the same call again is safe`);
    }
    if (fault instanceof Refused && fault.problem.code === 'revision-superseded') {
      throw new Stop(4, supersededText(fault.problem, next));
    }
    throw fault;
  }
}

function supersededText({ current = null, conflicts = [] }: ServerProblem, then: string): string {
  const next = [...conflicts.map(conflictText), then].join('\n');
  if (current === null) return `the revision that was planned on is not the server's any more; ${next}`;
  const { number, author, publishedAt, source, because } = current;
  const why = because.split('\n', 1)[0]!;
  return `\`${author}\` published revision ${number} from \`${source}\` first, at ${publishedAt}: ${why}\n${next}`;
}

function conflictText({ kind, name, because, revision }: Conflict): string {
  const by = revision ? ` by \`${revision.author}\` in revision ${revision.number}` : '';
  const why = because === 'changed' ? 'is in this folder or of its source' : 'has to do with what changes here';
  return `  ${kind} ${name} was changed${by}, and ${why}`;
}

export function publishedText({ revision, unchanged, repeated, rebased }: Published): string {
  if (revision === null) return 'unchanged\n';
  if (unchanged === true) return `revision ${revision.number} unchanged\n`;
  const again =
    rebased === undefined ? '' : `, planned again on revision ${rebased.on.number}, which has nothing to do with it`;
  return `revision ${revision.number} published${repeated === true ? ' before' : ''}${again}\n`;
}

/** @throws Stop with 1 when the server does not decide by it in time */
export async function waitFor(client: ServerClient, revision: Revision, seconds: number): Promise<void> {
  const started = performance.now();
  let refusedAt: number | undefined;
  for (;;) {
    const { policy, feed } = await client.status();
    if (policy !== null && isAtLeast(policy, revision)) return;
    const now = performance.now();
    refusedAt = feed.state === 'not-taken' ? (refusedAt ?? now) : undefined;
    if (refusedAt !== undefined && now - refusedAt > LONGER_THAN_A_LOOK_MILLISECONDS) {
      throw new Stop(1, `the server does not take revision ${revision.number}: ${feed.detail ?? 'see its log'}`);
    }
    if (now - started > seconds * 1000) {
      const instead = policy === null ? 'no policy' : `revision ${policy.number}`;
      throw new Stop(
        1,
        `revision ${revision.number} is stored and after ${spanText(seconds)} not in force; ${instead} is`,
      );
    }
    await pause(POLL_MILLISECONDS);
  }
}

export function isAtLeast(policy: Pick<Revision, 'epoch' | 'number'>, revision: Revision): boolean {
  return policy.epoch > revision.epoch || (policy.epoch === revision.epoch && policy.number >= revision.number);
}
