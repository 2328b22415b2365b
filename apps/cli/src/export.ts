import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { meshExport, type MeshExportOptions, meshExportText, remarkLine, type SpiffeTrustDomains } from '#mesh-export';
import type { Bundle } from '#policy';
import { loadPolicies } from './policies.js';
import { inOneLine } from './printable.js';
import type { ExitCode, Terminal } from './terminal.js';

export interface ExportOptions extends Omit<MeshExportOptions, 'now'> {
  readonly format: 'text' | 'json';
  /** File to write instead of standard output. */
  readonly out?: string;
}

/** A policy set as the configuration of something else. What that cannot say is listed on standard error as well. */
export async function exportPolicies(terminal: Terminal, directory: string, options: ExportOptions): Promise<ExitCode> {
  const { format, out, ...asked } = options;
  const bundle = await loadPolicies(terminal, directory);
  const exported = meshExport(bundle.world, spiffeTrustDomains(bundle), { ...asked, now: terminal.now() });
  const text =
    format === 'json'
      ? `${JSON.stringify({ target: asked.target, undecided: asked.undecided, ...exported }, null, 2)}\n`
      : meshExportText(exported);
  if (out === undefined) await terminal.out.write(text);
  else {
    const file = resolve(terminal.cwd, out);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    await terminal.out.line(out);
  }
  const { yellow } = terminal.aside.colours;
  for (const remark of exported.remarks)
    await terminal.aside.line(`${yellow(`${remark.effect}:`)} ${inOneLine(remarkLine(remark))}`);
  return 0;
}

/** Read from the documents: no decision reads them. */
function spiffeTrustDomains({ documents }: Bundle): SpiffeTrustDomains {
  const mechanisms = documents.flatMap(({ document }) =>
    document.kind === 'Domain' ? (document.spec.mechanisms ?? []) : [],
  );
  return new Map(
    mechanisms.flatMap((mechanism) =>
      mechanism.kind === 'spiffe' ? [[mechanism.name, mechanism.spiffe.trustDomain] as const] : [],
    ),
  );
}
