import {
  changeSummary,
  type ChangeSummary,
  documentChanges,
  keyText,
  newDocument,
  type SpokenChange,
  spokenChanges,
} from '#administration';
import { loadPart, type SourceFile } from '#policy';
import type { AdminFlags } from './connection.js';
import { faultLine } from './faults.js';
import { folderInCommit } from './git/address.js';
import { commitFiles } from './git/commit-files.js';
import { Repository } from './git/repository.js';
import { markdownOf, quoted, row, type Section } from './markdown.js';
import { changeLines, countsText, foreignText } from './plan-text.js';
import { readPolicies } from './policies.js';
import { printable, printableJson } from './printable.js';
import { ServerClient } from './server-client.js';
import type { ServerDocument } from './server-shapes.js';
import { type ExitCode, type Output, Stop, type Terminal } from './terminal.js';

/** Rows of a table in a comment, and rules in a row. */
const MOST_ROWS = 400;
const MOST_RULES = 20;

export interface DiffOptions extends AdminFlags {
  /** A repository instead of a folder. */
  readonly repo?: string;
  readonly ref: string;
  readonly path: string;
  readonly source: string;
  /** A revision instead of the newest. */
  readonly against?: number;
  readonly format: 'text' | 'json' | 'markdown';
}

/** How two sets of documents differ, from the first to the second. */
interface Difference {
  readonly from: string;
  readonly to: string;
  readonly changes: readonly SpokenChange[];
  readonly summary: ChangeSummary;
  /** Documents of ours that the server has from another source. */
  readonly foreign: readonly { readonly kind: string; readonly name: string; readonly source: string }[];
}

/**
 * What a server would have to change to hold what a folder or a commit holds; without either, what changed since a
 * revision.
 *
 * @returns 1 when there is a difference, and for nothing else
 * @throws Stop with 2 when the two could not be compared
 */
export async function diff(terminal: Terminal, directory: string | undefined, options: DiffOptions): Promise<ExitCode> {
  try {
    return await compare(terminal, directory, options);
  } catch (fault) {
    if (fault instanceof Stop && fault.code === 1) throw new Stop(2, fault.message);
    throw fault;
  }
}

async function compare(terminal: Terminal, directory: string | undefined, options: DiffOptions): Promise<ExitCode> {
  const { repo, ref, path, against, format } = options;
  if (directory !== undefined && repo !== undefined) throw new Stop(2, 'name a folder or `--repo`, not both');
  if (directory === undefined && repo === undefined && against === undefined) {
    throw new Stop(2, 'name a folder or `--repo` to compare with the server, or a revision with `--against`');
  }
  const client = await ServerClient.of(terminal, options);
  const found =
    directory === undefined && repo === undefined
      ? await betweenRevisions(client, against!)
      : await withFiles(terminal, client, options, await filesOf(terminal, directory, { repo, ref, path }));
  const { out, aside } = terminal;
  await out.write(differenceReport(format, found, out.colours));
  await aside.line(summaryLine(found));
  const isSame = found.changes.length + found.foreign.length === 0;
  if (!isSame && directory !== undefined) {
    const { program } = terminal;
    const of = `--source ${options.source}`;
    await aside.line(
      `to take the folder: \`${program} apply ${directory} ${of} --because '…'\`; to keep the server's: \`${program} export --canonical ${directory} --overwrite ${of}\``,
    );
  }
  return isSame ? 0 : 1;
}

async function betweenRevisions(client: ServerClient, against: number): Promise<Difference> {
  const newest = await client.newest();
  if (newest === null) throw new Stop(1, 'nothing was ever published');
  const { changes, summary } = await client.diff(newest.number, against);
  const spoken = changes.map((change) => ({ ...change, domain: change.domain ?? null }));
  return { from: `revision ${against}`, to: `revision ${newest.number}`, changes: spoken, summary, foreign: [] };
}

interface Ours {
  readonly shown: string;
  readonly files: readonly SourceFile[];
}

async function filesOf(
  terminal: Terminal,
  directory: string | undefined,
  { repo, ref, path }: Pick<DiffOptions, 'repo' | 'ref' | 'path'>,
): Promise<Ours> {
  if (directory !== undefined) return { shown: directory, files: await readPolicies(terminal, directory) };
  const folder = folderInCommit(path);
  const repository = await Repository.open(terminal, { repo: repo!, ref });
  try {
    const { id } = await repository.fetch();
    return { shown: `commit ${id.slice(0, 12)}`, files: await commitFiles(repository.git, id, folder) };
  } finally {
    await repository.close();
  }
}

async function withFiles(
  terminal: Terminal,
  client: ServerClient,
  { source, against }: DiffOptions,
  { shown, files }: Ours,
): Promise<Difference> {
  const number = against ?? (await client.newest())?.number ?? null;
  const theirs = number === null ? [] : await client.documents(number);
  // What it refers to may be hidden from whoever asks, and is for a plan to judge.
  const { documents: own, faults } = loadPart(files);
  if (faults.length > 0) {
    for (const fault of faults) await terminal.aside.line(faultLine(fault, terminal.aside.colours));
    throw new Stop(2, `\`${shown}\` is not valid whatever the server has, so there is nothing to compare`);
  }
  const named = new Set(own.map(({ document }) => keyText({ kind: document.kind, name: document.metadata.name })));
  const ours = own.map(({ document, text }) => newDocument(document, text, source));
  const foreign = theirs.filter((document) => document.source !== source && named.has(keyText(document)));
  const taken = new Set(foreign.map(keyText));
  const changes = spokenChanges(
    documentChanges(
      theirs.filter((document) => document.source === source),
      ours.filter((document) => !taken.has(keyText(document))),
    ),
  );
  return {
    from: number === null ? 'a server without a revision' : `revision ${number}`,
    to: shown,
    changes,
    summary: changeSummary(changes),
    foreign: foreign.map(({ kind, name, source: owner }: ServerDocument) => ({ kind, name, source: owner })),
  };
}

function summaryLine({ from, to, changes, foreign, summary: { documents, rules } }: Difference): string {
  if (changes.length + foreign.length === 0) return `${from} and ${to}: no difference`;
  return `from ${from} to ${to}: documents ${countsText(documents)}; rules ${countsText(rules)}`;
}

function differenceReport(format: DiffOptions['format'], found: Difference, colours: Output['colours']): string {
  switch (format) {
    case 'text':
      return [...found.foreign.map(foreignText), ...found.changes.flatMap((change) => changeLines(change, colours))]
        .map((line) => `${printable(line)}\n`)
        .join('');
    case 'json':
      return `${printableJson(found, 2)}\n`;
    case 'markdown':
      return markdownText(found);
  }
}

function markdownText(found: Difference): string {
  const { foreign, changes } = found;
  const sections: readonly Section[] = [
    {
      opening: [],
      rows: foreign.map((one) => `* ${quoted(foreignText(one))}`),
      most: MOST_ROWS,
      noun: 'documents of other sources',
    },
    {
      opening: [row('', 'Document', 'What'), '|---|---|---|'],
      rows: changes.map(({ change, kind, name, words, rules }) => {
        const told = rules.slice(0, MOST_RULES).map((rule) => `${rule.change} ${rule.id}: ${rule.words}`);
        const said = [words, ...told].filter((text) => text !== '').map((text) => quoted(text));
        const more = rules.length > told.length ? [`… and ${rules.length - told.length} more rules`] : [];
        return row(change, quoted(`${kind} ${name}`), [...said, ...more].join('<br>'));
      }),
      most: MOST_ROWS,
      noun: 'documents',
    },
  ];
  const shown = sections.filter(({ rows }) => rows.length > 0);
  return markdownOf([`**Difference:** ${quoted(summaryLine(found))}`], shown);
}
