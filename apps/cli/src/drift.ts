import { isPublishable, planText } from './plan-text.js';
import type { ServerClient, SourceBundle } from './server-client.js';
import type { Plan, Revision } from './server-shapes.js';
import type { Terminal } from './terminal.js';

/** What was published last. */
interface Synced {
  readonly bundle: SourceBundle;
  /** In hex. */
  readonly commit: string;
}

const SUSPENDED = 'stays-suspended';
const MARK = 12;

/**
 * Whether a server still holds what was published, for whoever goes on watching: somebody may change documents of the same
 * source one by one, or suspend a domain. It is told once, and nothing is taken back: whether the server or the repository
 * is right only people know.
 */
export class Drift {
  readonly #terminal: Terminal;
  readonly #client: ServerClient;
  #synced: Synced | undefined;
  /** The newest revision that was looked at. */
  #looked = '';
  /** What it was told of last; empty: the server holds what was published. */
  #told = '';
  /** The revision that a commit was planned on last; undefined where it did not come to that. */
  #planned: string | undefined;

  constructor(terminal: Terminal, client: ServerClient) {
    this.#terminal = terminal;
    this.#client = client;
  }

  /** Another commit is about to be planned. */
  begin(): void {
    this.#planned = undefined;
  }

  /** A commit was planned on a revision. */
  planned({ base }: Plan): void {
    this.#planned = markOf(base);
  }

  /** Whether somebody published since, so that the same commit may be judged otherwise. @throws Stop */
  async hasMoved(): Promise<boolean> {
    return this.#planned !== undefined && markOf(await this.#client.newest()) !== this.#planned;
  }

  /**
   * @param planned  by which it was published; what it said of suspensions was told then
   * @param revision  the newest after it; null: nothing was ever published
   */
  follow(synced: Synced, planned: Plan, revision: Revision | null): void {
    this.#synced = synced;
    this.#looked = markOf(revision);
    this.#told = driftText({ ...planned, changes: [] }, this.#terminal);
  }

  /** Looks again, which takes a plan only where something was published since. @throws Stop */
  async look(): Promise<void> {
    if (this.#synced === undefined) return;
    const newest = await this.#client.newest();
    if (markOf(newest) === this.#looked) return;
    const { bundle, commit } = this.#synced;
    const planned = await this.#client.plan(bundle, { flips: false });
    const text = driftText(planned, this.#terminal);
    // What it was planned on, which may be newer than what was seen before.
    this.#looked = markOf(planned.base);
    if (text === this.#told) return;
    this.#told = text;
    await this.#tell(text, commit.slice(0, MARK), newest, planned);
  }

  async #tell(text: string, commit: string, newest: Revision | null, planned: Plan): Promise<void> {
    const { aside, program } = this.#terminal;
    const { source } = planned;
    if (text === '') {
      await aside.line(`the server holds what commit ${commit} holds again`);
      return;
    }
    const last = newest === null ? '' : `; revision ${newest.number} is by ${newest.author}, from ${newest.source}`;
    const head = aside.colours.yellow('drift:');
    if (planned.changes.length === 0 && isPublishable(planned)) {
      await aside.line(`${head} commit ${commit} is held, but not all of it decides${last}`);
      await aside.write(text);
      return;
    }
    await aside.line(
      `${head} the server does not hold what commit ${commit} holds${last}; to have it again would do this:`,
    );
    await aside.write(text);
    await aside.line(
      `nothing is taken back until the ref moves; to take the commit again, run \`${program} sync\` once; to keep the server's, run \`${program} export --canonical DIR --overwrite --source ${source}\` in a clone and commit that`,
    );
  }
}

/** Empty where there is none. */
function driftText(planned: Plan, { aside }: Terminal): string {
  const warnings = planned.warnings.filter(({ code }) => code === SUSPENDED);
  return planText({ ...planned, warnings, guardrails: undefined, flips: undefined, fourEyes: [] }, aside.colours);
}

function markOf(revision: Pick<Revision, 'epoch' | 'number' | 'contentHash'> | null): string {
  return revision === null ? '' : `${revision.epoch} ${revision.number} ${revision.contentHash}`;
}
