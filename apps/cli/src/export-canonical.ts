import { WRITTEN_KINDS } from '#policy';
import { canonicalFiles } from './canonical-files.js';
import type { AdminFlags } from './connection.js';
import { whileWaiting } from './progress.js';
import { ServerClient } from './server-client.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';
import { writeFolder } from './write-folder.js';

export interface CanonicalExportOptions extends AdminFlags {
  /** Absent: the one that all documents are of. */
  readonly source?: string;
  /** Absent: the newest. */
  readonly revision?: number;
  /** The folder may hold an earlier export. */
  readonly overwrite: boolean;
}

/** Writes the documents of a server into a folder, one file each, as `fmt` prints them. */
export async function exportCanonical(
  terminal: Terminal,
  directory: string,
  { source, revision, overwrite, ...flags }: CanonicalExportOptions,
): Promise<ExitCode> {
  const client = await ServerClient.of(terminal, flags);
  const number = revision ?? (await client.newest())?.number;
  if (number === undefined) throw new Stop(1, 'nothing was ever published, so there is nothing to export');
  const stored = await whileWaiting(terminal.aside, `reading revision ${number}`, () => client.documents(number));
  // What operators suspended and limited is no bundle's to hold, so no file's either.
  const all = stored.filter(({ kind }) => WRITTEN_KINDS.includes(kind));
  const sources = [...new Set(all.map((document) => document.source))].sort();
  if (source === undefined && sources.length > 1) {
    const named = sources.map((one) => `\`${one}\``).join(', ');
    throw new Stop(2, `the documents are of several sources; say one with \`--source\`: ${named}`);
  }
  const documents = all.filter((document) => source === undefined || document.source === source);
  if (documents.length === 0) throw new Stop(1, `revision ${number} holds no documents of the source \`${source}\``);
  const files = canonicalFiles(documents);
  await writeFolder(terminal, directory, files, overwrite);
  for (const { file } of files) await terminal.out.line(file);
  const of = source ?? sources[0]!;
  await terminal.aside.line(
    `${directory}: ${files.length} documents of source \`${of}\`, as revision ${number} has them`,
  );
  return 0;
}
