import { readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { format, isJsonFile, readFolder, type SourceFile } from '#policy';
import { faultLine } from './faults.js';
import { kindOf } from './policies.js';
import { inOneLine } from './printable.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface FmtOptions {
  /** Writes nothing and names the files that are not canonical. */
  readonly check: boolean;
}

/** Rewrites policy files in their canonical form; `-` reads standard input and writes standard output. */
export async function fmt(terminal: Terminal, paths: readonly string[], { check }: FmtOptions): Promise<ExitCode> {
  if (paths.includes('-')) {
    if (paths.length > 1) throw new Stop(2, '`-` stands alone: standard input is one file');
    return fmtStream(terminal, check);
  }
  let faulty = 0;
  let changed = 0;
  let seen = 0;
  for (const path of paths) {
    for (const { source, absolute } of await filesBelow(terminal, path)) {
      seen += 1;
      const result = await formatted(terminal, source);
      if (result === undefined) faulty += 1;
      else if (result !== source.text) {
        changed += 1;
        await terminal.out.line(inOneLine(source.file));
        if (!check) await replace(absolute, result);
      }
    }
  }
  const what = check ? 'not canonical' : 'rewritten';
  const left = faulty === 0 ? '' : `, ${faulty} ${check ? 'not readable' : 'not readable and left alone'}`;
  await terminal.aside.line(`${changed} of ${seen} files ${what}${left}`);
  return faulty > 0 || (check && changed > 0) ? 1 : 0;
}

async function fmtStream(terminal: Terminal, check: boolean): Promise<ExitCode> {
  const chunks: Buffer[] = [];
  for await (const chunk of terminal.stdin) chunks.push(Buffer.from(chunk));
  const source = { file: '<stdin>', text: Buffer.concat(chunks).toString('utf8') };
  const result = await formatted(terminal, source);
  if (result === undefined) return 1;
  if (check) return result === source.text ? 0 : 1;
  await terminal.out.write(result);
  return 0;
}

interface Found {
  readonly source: SourceFile;
  readonly absolute: string;
}

async function filesBelow(terminal: Terminal, path: string): Promise<readonly Found[]> {
  const absolute = resolve(terminal.cwd, path);
  try {
    if ((await kindOf(absolute, path)) === 'file') {
      return [{ source: { file: path, text: await readFile(absolute, 'utf8') }, absolute }];
    }
    const files = await readFolder(absolute);
    // JSON is YAML to the parser, but a program that wrote JSON wants to read JSON.
    return files
      .filter(({ file }) => !isJsonFile(file))
      .map(({ file, text }) => ({ source: { file: join(path, file), text }, absolute: join(absolute, file) }));
  } catch (fault) {
    if (fault instanceof Stop) throw fault;
    throw new Stop(1, `cannot read \`${path}\`: ${(fault as Error).message}`);
  }
}

async function formatted(terminal: Terminal, source: SourceFile): Promise<string | undefined> {
  const result = format(source);
  if ('text' in result) return result.text;
  for (const fault of result.faults) await terminal.aside.line(faultLine(fault, terminal.aside.colours));
  return undefined;
}

/** So that nobody ever reads half a file, and a full disk loses nothing. */
async function replace(path: string, text: string): Promise<void> {
  // A link stays a link.
  const file = await realpath(path);
  const partial = `${file}.${process.pid}.partial`;
  const { mode } = await stat(file);
  await writeFile(partial, text, { mode });
  await rename(partial, file);
}
