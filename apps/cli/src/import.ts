import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FolderError, readFolder } from '#policy';
import {
  type ForeignFile,
  type Imported,
  importCasbin,
  importKubernetes,
  importOpenApi,
  ImportRefused,
} from '#policy-import';
import { canonicalFiles } from './canonical-files.js';
import { kindOf } from './policies.js';
import { printable } from './printable.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';
import { writeFolder } from './write-folder.js';

/** Domains that are named. */
const MOST_NAMED = 20;

interface Output {
  /** A folder instead of standard output. */
  readonly out?: string;
  /** It may hold an earlier import. */
  readonly overwrite: boolean;
  /** Of standard output. */
  readonly format: 'text' | 'json';
}

export interface CasbinImportOptions extends Output {
  readonly model: string;
  readonly policy: string;
  readonly domain: string;
  readonly service: string;
  readonly host?: string;
}

export async function importFromCasbin(terminal: Terminal, options: CasbinImportOptions): Promise<ExitCode> {
  const { model, policy, domain, service, host } = options;
  if (domain.includes('.')) throw new Stop(2, '`--domain` is one name without a dot: what enters it enters all of it');
  const source = { model: await textIn(terminal, model), policy: await textIn(terminal, policy) };
  return write(terminal, options, () => importCasbin(source, { domain, service, ...(host !== undefined && { host }) }));
}

export interface OpenApiImportOptions extends Output {
  readonly domain: string;
  readonly service?: string;
  readonly host?: readonly string[];
}

export async function importFromOpenApi(
  terminal: Terminal,
  file: string,
  options: OpenApiImportOptions,
): Promise<ExitCode> {
  const { domain, service, host } = options;
  const source = { file, text: await textIn(terminal, file) };
  return write(terminal, options, () =>
    importOpenApi(source, { domain, ...(service !== undefined && { service }), ...(host && { hosts: host }) }),
  );
}

export interface KubernetesImportOptions extends Output {
  readonly domain: string;
  readonly trustDomain: string;
  readonly mechanism: string;
}

export async function importFromKubernetes(
  terminal: Terminal,
  paths: readonly string[],
  options: KubernetesImportOptions,
): Promise<ExitCode> {
  const { domain, trustDomain, mechanism } = options;
  if (domain.includes('.')) throw new Stop(2, '`--domain` is one name without a dot: namespaces are domains in it');
  const files: ForeignFile[] = [];
  for (const path of paths) files.push(...(await filesAt(terminal, path)));
  return write(terminal, options, () => importKubernetes(files, { domain, trustDomain, mechanism }));
}

/** Writes what was made; what the source says and the documents do not is listed on standard error. */
async function write(
  terminal: Terminal,
  { out, overwrite, format: as }: Output,
  make: () => Imported,
): Promise<ExitCode> {
  const { documents, remarks } = made(make);
  const texts = documents.map((document) => ({
    kind: document.kind,
    name: document.metadata.name,
    text: JSON.stringify(document),
  }));
  const files = canonicalFiles(texts);
  if (out !== undefined) {
    await writeFolder(terminal, out, files, overwrite);
    for (const { file } of files) await terminal.out.line(file);
  } else if (as === 'json') {
    await terminal.out.write(`${JSON.stringify({ documents, remarks }, null, 2)}\n`);
  } else {
    await terminal.out.write(files.map(({ text }) => text).join('---\n'));
  }
  const { yellow, dim } = terminal.aside.colours;
  const domains = documents.flatMap(({ kind, metadata }) => (kind === 'Domain' ? [metadata.name] : []));
  if (domains.length > 0) {
    const which = domains.slice(0, MOST_NAMED).join(', ');
    const more = domains.length > MOST_NAMED ? ` and ${domains.length - MOST_NAMED} more` : '';
    await terminal.aside.line(
      `${dim('note:')} Domain ${printable(which)}${more}: each is written as a new one; where there is one of that name, here or in another source, leave it out, for it would replace or contradict it`,
    );
  }
  for (const { effect, concerns, because } of remarks) {
    const lead = effect === 'narrower' ? yellow('narrower:') : dim('note:');
    await terminal.aside.line(`${lead} ${printable(`${concerns}: ${because}`)}`);
  }
  return 0;
}

/** @throws Stop with 1 */
function made(make: () => Imported): Imported {
  try {
    return make();
  } catch (fault) {
    if (!(fault instanceof ImportRefused)) throw fault;
    throw new Stop(1, `nothing was written:\n${fault.reasons.map(printable).join('\n')}`);
  }
}

async function filesAt(terminal: Terminal, path: string): Promise<readonly ForeignFile[]> {
  const absolute = resolve(terminal.cwd, path);
  if ((await kindOf(absolute, path)) === 'file') return [{ file: path, text: await textIn(terminal, path) }];
  try {
    return await readFolder(absolute);
  } catch (fault) {
    if (fault instanceof FolderError) throw new Stop(1, fault.message);
    throw fault;
  }
}

async function textIn({ cwd }: Terminal, path: string): Promise<string> {
  return readFile(resolve(cwd, path), 'utf8').catch((fault: NodeJS.ErrnoException) => {
    throw new Stop(2, `cannot read \`${path}\`: ${fault.code ?? fault.message}`);
  });
}
