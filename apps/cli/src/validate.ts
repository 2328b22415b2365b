import { quotaFaults, suspensionFaults } from '#administration';
import { type Fault, lint, loadBundle, loadPart } from '#policy';
import { faultReport, type ReportFormat } from './faults.js';
import { readPolicies } from './policies.js';
import type { ExitCode, Terminal } from './terminal.js';

export interface ValidateOptions {
  readonly format: ReportFormat;
  /** Warnings count as errors. */
  readonly strict: boolean;
  /** What nothing declares may be elsewhere. */
  readonly part: boolean;
}

/** Names that are told to be elsewhere. */
const MOST_NAMED = 20;

/** All faults of each folder, which is a policy set by itself. */
export async function validate(
  terminal: Terminal,
  directories: readonly string[],
  { format, strict, part }: ValidateOptions,
): Promise<ExitCode> {
  const faults: Fault[] = [];
  let documents = 0;
  const elsewhere = new Set<string>();
  for (const directory of directories) {
    const files = await readPolicies(terminal, directory);
    const judged = part ? loadPart(files) : loadBundle(files);
    faults.push(...judged.faults, ...suspensionFaults(judged.documents), ...quotaFaults(judged.documents));
    documents += judged.documents.length;
    if ('elsewhere' in judged) for (const name of judged.elsewhere) elsewhere.add(name);
    else if (judged.world !== null) faults.push(...lint(judged));
  }
  const warnings = faults.filter(({ severity }) => severity === 'warning').length;
  const errors = faults.length - warnings;
  const valid = errors === 0 && (warnings === 0 || !strict);
  await terminal.out.write(faultReport(format, faults, valid, terminal.out.colours));
  const { green, red } = terminal.aside.colours;
  const verdict = valid ? green('valid') : red('not valid');
  const summary = [`${documents} documents`, `${errors} errors`, `${warnings} warnings`].join(', ');
  await terminal.aside.line(`${directories.join(', ')}: ${verdict} (${summary})`);
  if (part) await terminal.aside.line(unjudged([...elsewhere]));
  return valid ? 0 : 1;
}

function unjudged(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  const missing = names.length === 0 ? '' : `whether there is ${names.slice(0, MOST_NAMED).join(', ')}${more}; `;
  return `not judged: ${missing}warnings, tests, and all that a part does to the rest; \`plan\` asks a server`;
}
