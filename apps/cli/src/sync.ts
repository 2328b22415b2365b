import { createHash } from 'node:crypto';
import { deletionsText, judgeDeletions, proposeTo, publishedText, publishOrSay } from './apply.js';
import type { AdminFlags } from './connection.js';
import { Drift } from './drift.js';
import { waitForFleet } from './fleet-wait.js';
import { folderInCommit } from './git/address.js';
import { commitFiles } from './git/commit-files.js';
import { type Commit, Repository } from './git/repository.js';
import { provenanceText } from './git/provenance-text.js';
import { watchRef } from './git/watch.js';
import { planReport } from './plan-report.js';
import { isPublishable, planSummary, planText } from './plan-text.js';
import { whileWaiting } from './progress.js';
import { judgeFourEyes } from './proposals.js';
import { ServerClient, type Publishing } from './server-client.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface SyncOptions extends AdminFlags {
  readonly repo: string;
  readonly ref: string;
  /** Folder in the repository. */
  readonly path: string;
  readonly source: string;
  readonly prune: boolean;
  readonly allowPrune: boolean;
  readonly allowedSigners?: string;
  /** Seconds to wait until the fleet decides by it; 0: not at all. */
  readonly wait: number;
  readonly watch: boolean;
  /** Seconds between two looks at the ref. */
  readonly every: number;
  readonly dryRun: boolean;
  /** Has somebody else publish it. */
  readonly propose: boolean;
  readonly format: 'text' | 'json';
}

/** Makes a server hold what a folder of a repository holds at one commit. */
export async function sync(terminal: Terminal, options: SyncOptions): Promise<ExitCode> {
  const { repo, ref, path, allowedSigners, watch, every, dryRun, propose, wait } = options;
  if (watch && dryRun) throw new Stop(2, '`--watch` publishes and `--dry-run` does not: say one of them');
  if (propose && (watch || wait > 0)) {
    throw new Stop(2, 'what is proposed waits for somebody: neither `--watch` nor `--wait` goes with `--propose`');
  }
  const folder = folderInCommit(path);
  const client = await ServerClient.of(terminal, options);
  const repository = await Repository.open(terminal, {
    repo,
    ref,
    ...(allowedSigners !== undefined && { allowedSigners }),
  });
  const drift = new Drift(terminal, client);
  const once = (): Promise<ExitCode> => syncCommit(terminal, client, repository, folder, options, drift);
  try {
    if (!watch) return await once();
    return await watchRef(terminal, {
      look: async () => (await repository.look()).id,
      act: async () => {
        drift.begin();
        // What the next commit takes back is told before.
        await drift.look();
        return once();
      },
      rest: () => drift.look(),
      isRefusedStill: async () => !(await drift.hasMoved()),
      seconds: every,
    });
  } finally {
    await repository.close();
  }
}

async function syncCommit(
  terminal: Terminal,
  client: ServerClient,
  repository: Repository,
  folder: string,
  { source, prune, allowPrune, wait, dryRun, propose, format }: SyncOptions,
  drift: Drift,
): Promise<ExitCode> {
  const { aside, out } = terminal;
  const commit = await whileWaiting(aside, `fetching ${repository.shown}`, () => repository.fetch());
  const files = await commitFiles(repository.git, commit.id, folder);
  await aside.line(commitLine(commit, repository.ref));
  const bundle = { source, files, prune };
  const planned = await whileWaiting(aside, `planning on ${client.server}`, () => client.plan(bundle));
  drift.planned(planned);
  const isForeignOnly = isPublishable({ ...planned, foreign: [], valid: true });
  if (dryRun) {
    await out.write(planReport(format, planned, out.colours));
    await aside.line(planSummary(planned));
    const deletions = allowPrune ? undefined : deletionsText(planned, bundle);
    if (deletions !== undefined) await aside.line(`${deletions}; \`sync\` takes \`--allow-prune\` for that`);
    return isPublishable(planned) ? 0 : isForeignOnly ? 4 : 1;
  }
  await aside.write(planText(planned, aside.colours));
  if (!isPublishable(planned)) {
    const what = `commit ${commit.id.slice(0, 12)} was not published: the server would not take it`;
    throw new Stop(isForeignOnly ? 4 : 1, what);
  }
  await aside.line(planSummary(planned));
  judgeDeletions(planned, bundle, allowPrune, '--allow-prune');
  const because = provenanceText(commit.message, { repository: repository.shown, ref: repository.ref, path: folder });
  const publishing: Publishing = {
    ...bundle,
    base: planned.base,
    because,
    gitCommit: commit.id,
    gitAuthor: commit.author,
  };
  if (propose && planned.changes.length > 0) return proposeTo(terminal, client, publishing, format);
  judgeFourEyes(planned);
  const published = await whileWaiting(aside, `publishing to ${client.server}`, () =>
    publishOrSay(
      () => client.publish({ ...publishing, idempotencyKey: keyOf(publishing) }),
      'look at what changed with `log` or `sync --dry-run`, then sync again: it is planned anew',
    ),
  );
  drift.follow({ bundle, commit: commit.id }, planned, published.revision);
  const told = { commit: commit.id, ...published };
  await out.write(format === 'json' ? `${JSON.stringify(told, null, 2)}\n` : publishedText(published));
  if (wait > 0 && published.revision !== null) await waitForFleet(terminal, client, published.revision, wait);
  return 0;
}

/** The same commit on the same base is one publication, whoever sends it and however often. */
function keyOf({ source, prune, base, because, gitCommit, files }: Publishing): string {
  const folder = files.map(({ file }) => file);
  const rest = createHash('sha256').update(JSON.stringify([source, prune, base, because, folder]));
  return `sync-${gitCommit}-${rest.digest('hex').slice(0, 32)}`;
}

function commitLine({ id, author, message, signer }: Commit, ref: string): string {
  const signed = signer === undefined ? '' : `, signed by ${signer}`;
  return `commit ${id.slice(0, 12)} of ${ref} by ${author}${signed}: ${message.split('\n', 1)[0]!}`;
}
