/** One case of a report; without a failure it passed. */
export interface ReportedCase {
  readonly group: string;
  readonly name: string;
  readonly failure?: string;
  /** Something worth reading about a case that passed. */
  readonly note?: string;
}

/** JUnit's XML in the form that continuous integration servers agree on: one suite, a case each. */
export function junitReport(suite: string, cases: readonly ReportedCase[]): string {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0"`;
  const rows = cases.map(({ group, name, failure, note }) => {
    const inside = [
      ...(failure === undefined ? [] : [`<failure message="${attribute(failure)}">${content(failure)}</failure>`]),
      ...(note === undefined ? [] : [`<system-out>${content(note)}</system-out>`]),
    ].join('');
    return `    <testcase classname="${attribute(group)}" name="${attribute(name)}">${inside}</testcase>\n`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    `<testsuites ${counts}>\n  <testsuite name="${attribute(suite)}" ${counts}>\n`,
    ...rows,
    '  </testsuite>\n</testsuites>\n',
  ].join('');
}

function content(text: string): string {
  return legal(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function attribute(text: string): string {
  return content(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');
}

/** XML 1.0 cannot hold most control characters, nor halves of surrogate pairs, in any spelling. */
function legal(text: string): string {
  return Buffer.from(text)
    .toString()
    .replaceAll(/[^\P{Cc}\t\n\r]|[\uFFFE\uFFFF]/gu, '\uFFFD');
}
