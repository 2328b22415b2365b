import { quotaFaults, suspensionFaults } from '#administration';
import { type Fault, lint, loadBundle } from '#policy';
import { faultReport, type ReportFormat } from './faults.js';
import { readPolicies } from './policies.js';
import type { ExitCode, Terminal } from './terminal.js';

export interface ValidateOptions {
  readonly format: ReportFormat;
  /** Warnings count as errors. */
  readonly strict: boolean;
}

/** All faults of each folder, which is a policy set by itself. */
export async function validate(
  terminal: Terminal,
  directories: readonly string[],
  { format, strict }: ValidateOptions,
): Promise<ExitCode> {
  const faults: Fault[] = [];
  let documents = 0;
  for (const directory of directories) {
    const bundle = loadBundle(await readPolicies(terminal, directory));
    faults.push(
      ...bundle.faults,
      ...suspensionFaults(bundle.documents),
      ...quotaFaults(bundle.documents),
      ...(bundle.world === null ? [] : lint(bundle)),
    );
    documents += bundle.documents.length;
  }
  const warnings = faults.filter(({ severity }) => severity === 'warning').length;
  const errors = faults.length - warnings;
  const valid = errors === 0 && (warnings === 0 || !strict);
  await terminal.out.write(faultReport(format, faults, valid, terminal.out.colours));
  const { green, red } = terminal.aside.colours;
  const verdict = valid ? green('valid') : red('not valid');
  const summary = [`${documents} documents`, `${errors} errors`, `${warnings} warnings`].join(', ');
  await terminal.aside.line(`${directories.join(', ')}: ${verdict} (${summary})`);
  return valid ? 0 : 1;
}
