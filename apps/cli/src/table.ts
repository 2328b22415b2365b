import { inOneLine } from './printable.js';

/** Rows in columns as wide as their widest cell; the first row is the heading. No cell breaks its row. */
export function tableText(table: readonly (readonly string[])[]): string {
  const rows = table.map((row) => row.map(inOneLine));
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
