import type { Fault } from '#policy';
import { junitReport } from './junit.js';
import { inOneLine, printable, printableJson } from './printable.js';
import type { Output } from './terminal.js';

export const REPORT_FORMATS = ['text', 'json', 'github', 'junit'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** `file:line:column: message` on one line; a warning says that it is one. */
export function faultLine({ file, line, column, severity, message }: Fault, colours: Output['colours']): string {
  const place = colours.bold(`${inOneLine(file)}:${line}:${column}:`);
  return `${place} ${severity === 'warning' ? `${colours.yellow('warning:')} ` : ''}${inOneLine(message)}`;
}

/** A whole report of faults, ending in a newline unless it is empty. */
export function faultReport(
  format: ReportFormat,
  faults: readonly Fault[],
  valid: boolean,
  colours: Output['colours'],
): string {
  switch (format) {
    case 'text':
      return faults.map((fault) => `${faultLine(fault, colours)}\n`).join('');
    case 'json':
      return `${printableJson({ valid, faults: faults.map(faultMembers) }, 2)}\n`;
    case 'github':
      return faults.map((fault) => `${githubLine(fault.severity, fault, fault.code, fault.message)}\n`).join('');
    case 'junit':
      return junitReport('dharma validate', casesByFile(faults, valid));
  }
}

/**
 * A workflow command of GitHub Actions that marks a place in a file.
 *
 * @see https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
 */
export function githubLine(
  severity: Fault['severity'],
  at: { readonly file: string; readonly line: number; readonly column: number },
  title: string,
  message: string,
): string {
  const properties = Object.entries({ file: at.file, line: at.line, col: at.column, title })
    .map(([name, value]) => `${name}=${githubEscaped(String(value)).replaceAll(':', '%3A').replaceAll(',', '%2C')}`)
    .join(',');
  return `::${severity} ${properties}::${githubEscaped(message)}`;
}

/** Text in a workflow command, behind its properties; logs show it as it is. */
export function githubEscaped(text: string): string {
  return printable(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function faultMembers({ file, line, column, severity, code, message }: Fault): Fault {
  return { file, line, column, severity, code, message };
}

function casesByFile(faults: readonly Fault[], valid: boolean) {
  if (faults.length === 0) return [{ group: 'policies', name: 'the policy set is valid' }];
  return faults.map((fault) => ({
    group: fault.file,
    name: `${fault.line}:${fault.column} ${fault.code}`,
    // A warning fails the run only where warnings count.
    ...(fault.severity === 'error' || !valid ? { failure: fault.message } : { note: fault.message }),
  }));
}
