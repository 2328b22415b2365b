import type { AdminFlags } from './connection.js';
import { ServerClient } from './server-client.js';
import type { Revision } from './server-shapes.js';
import { type ExitCode, type Output, Stop, type Terminal } from './terminal.js';

export interface LogOptions extends AdminFlags {
  /** Most revisions that are shown. */
  readonly limit: number;
  /** `Kind/name`: only revisions that changed it. */
  readonly document?: string;
  readonly format: 'text' | 'json';
}

/** Revisions that are looked through for one document: each costs a question. */
const MAXIMUM_LOOKED_THROUGH = 2_000;

/** What a server says instead of what it does not tell. */
const UNTOLD = '…';

/** The history, newest first: who published what, when, why, and from which commit. */
export async function log(terminal: Terminal, { limit, document, format, ...flags }: LogOptions): Promise<ExitCode> {
  const wanted = document === undefined ? undefined : documentKey(document);
  const client = await ServerClient.of(terminal, flags);
  const shown: Revision[] = [];
  let lookedThrough = 0;
  // Written as they are found, because looking through a long history takes a while.
  const show = async (listed: Revision): Promise<void> => {
    const revision = listed.because === UNTOLD ? await client.revision(listed.number) : listed;
    shown.push(revision);
    if (format === 'text') await terminal.out.write(revisionText(revision, shown.length > 1, terminal.out.colours));
  };
  for await (const page of client.revisions()) {
    for (const revision of page) {
      if (shown.length === limit) break;
      lookedThrough += 1;
      if (lookedThrough > MAXIMUM_LOOKED_THROUGH) break;
      if (wanted === undefined || (await changes(client, revision, wanted))) await show(revision);
    }
    if (shown.length === limit || lookedThrough > MAXIMUM_LOOKED_THROUGH) break;
  }
  if (format === 'json') await terminal.out.write(`${JSON.stringify(shown, null, 2)}\n`);
  if (lookedThrough > MAXIMUM_LOOKED_THROUGH) {
    await terminal.aside.line(`only the last ${MAXIMUM_LOOKED_THROUGH} revisions were looked through`);
  }
  if (shown.length === 0) {
    await terminal.aside.line(
      wanted === undefined ? 'nothing was ever published' : `no revision changed \`${document}\``,
    );
  }
  return 0;
}

interface DocumentKey {
  readonly kind: string;
  readonly name: string;
}

function documentKey(text: string): DocumentKey {
  const slash = text.indexOf('/');
  if (slash <= 0 || slash === text.length - 1)
    throw new Stop(2, '`--document` is like `Policy/shop`: a kind and a name');
  return { kind: text.slice(0, slash), name: text.slice(slash + 1) };
}

async function changes(client: ServerClient, { number }: Revision, wanted: DocumentKey): Promise<boolean> {
  const diff = await client.diff(number);
  return diff.changes.some(({ kind, name }) => kind === wanted.kind && name === wanted.name);
}

function revisionText(
  { number, publishedAt, author, source, because, gitCommit, gitAuthor }: Revision,
  isNext: boolean,
  { bold, dim }: Output['colours'],
): string {
  const commit = gitCommit ? [`commit ${gitCommit}${gitAuthor ? ` by ${gitAuthor}` : ''}`] : [];
  const lines = [...commit.map(dim), ...because.split('\n')].map((line) => (line === '' ? '' : `    ${line}`));
  return `${isNext ? '\n' : ''}${bold(`revision ${number}`)}  ${publishedAt}  ${author} from ${source}\n${lines.join('\n')}\n`;
}
