/** Tables of verdicts: each cell is a case. */
import type { Json } from '#engine';
import { sampleOf } from '#reach';
import type { Catalogue } from './catalogue.js';
import type { TestDocument } from './document-test.js';
import type { ReadDocument } from './read.js';
import type { References } from './references.js';
import { placeIn, type Report } from './report.js';
import { didYouMean } from './suggest.js';
import type { Path } from './yaml.js';

type Matrix = NonNullable<TestDocument['spec']['matrices']>[number];
type Members = { readonly [member: string]: Json };

/** A cell of a table, as the case that it stands for. */
export interface Cell {
  readonly because: string;
  /** Where its verdict stands in the matrix. */
  readonly path: Path;
  readonly row: string;
  readonly column: string;
  readonly request: Json;
  readonly expect: { readonly decision: 'allow' | 'deny' };
}

/** Every cell, row by row; of a sound table there is one for each subject and target. */
export function cellsOf({ because, subjects, targets, expect }: Matrix, catalogue: Catalogue): readonly Cell[] {
  return Object.entries(expect).flatMap(([row, verdicts]) =>
    Object.entries(verdicts).flatMap(([column, decision]): Cell[] => {
      const subject = subjects[row] as Members | undefined;
      const target = targets[column] as Json | undefined;
      if (subject === undefined || target === undefined) return [];
      const request = requestOf(subject, target, catalogue);
      return [
        {
          because: `${because}: ${row}, ${column}`,
          path: ['expect', row, column],
          row,
          column,
          request,
          expect: { decision },
        },
      ];
    }),
  );
}

function requestOf(subject: Members, target: Json, catalogue: Catalogue): Json {
  const { service, ...rest } = subject;
  if (typeof service !== 'string') return { ...rest, target };
  const evidence = [...proofsOf(service, catalogue), ...(Array.isArray(rest['evidence']) ? rest['evidence'] : [])];
  return { ...rest, evidence, target };
}

/** What the identities of a service amount to: one trust item a mechanism, for rules know its subjects by the service. */
function proofsOf(service: string, catalogue: Catalogue): readonly Json[] {
  const items = new Map<string, Json>();
  for (const { mechanism, subject } of catalogue.services.get(service)?.document.spec.identities ?? []) {
    const declared = catalogue.mechanisms.get(mechanism)?.declaration;
    if (declared?.role !== 'trust' || items.has(mechanism)) continue;
    items.set(mechanism, { role: 'trust', mechanism, subject: sampleOf(declared.kind, subject) });
  }
  return [...items.values()];
}

/** Rows and columns that do not belong together, and services that cannot stand for themselves. */
export function judgeMatrix(
  matrix: Matrix,
  source: ReadDocument,
  path: Path,
  { catalogue, known, report }: { readonly catalogue: Catalogue; readonly known: References; readonly report: Report },
): void {
  const { subjects, targets, expect } = matrix;
  const fault = (at: Path, code: string, message: string): void =>
    report.add(placeIn(source, [...path, ...at]), code, message);
  const columns = Object.keys(targets);
  for (const member of ['subjects', 'targets'] as const) {
    if (Object.keys(matrix[member]).length === 0)
      fault([member], 'empty-matrix', `a matrix without ${member} tests nothing; name one, or leave the matrix out`);
  }
  for (const [row, subject] of Object.entries(subjects)) {
    if (!Object.hasOwn(expect, row)) fault(['expect'], 'missing-row', `the row \`${row}\` is missing`);
    judgeSubject(subject as Members, source, [...path, 'subjects', row], { catalogue, known, report });
  }
  for (const [row, verdicts] of Object.entries(expect)) {
    if (!Object.hasOwn(subjects, row)) {
      fault(
        ['expect', row],
        'unknown-row',
        `\`${row}\` is no subject of this matrix${didYouMean(row, Object.keys(subjects))}`,
      );
      continue;
    }
    for (const column of Object.keys(verdicts).filter((name) => !Object.hasOwn(targets, name)))
      fault(
        ['expect', row, column],
        'unknown-column',
        `\`${column}\` is no target of this matrix${didYouMean(column, columns)}`,
      );
    const missing = columns.filter((column) => !Object.hasOwn(verdicts, column));
    for (const column of missing)
      fault(['expect', row], 'missing-cell', `the verdict of \`${row}\` on \`${column}\` is missing`);
  }
}

function judgeSubject(
  { service, target }: Members,
  source: ReadDocument,
  path: Path,
  { catalogue, known, report }: { readonly catalogue: Catalogue; readonly known: References; readonly report: Report },
): void {
  if (target !== undefined)
    report.add(
      placeIn(source, [...path, 'target']),
      'unknown-member',
      '`target` is not a member here: columns are targets',
    );
  if (service === undefined) return;
  const at: Path = [...path, 'service'];
  if (typeof service !== 'string') {
    report.add(placeIn(source, at), 'wrong-type', '`service` is the name of a service');
    return;
  }
  if (!known.service({ name: service, source, path: at }) || proofsOf(service, catalogue).length > 0) return;
  report.add(
    placeIn(source, at),
    'no-identity',
    `the service \`${service}\` has no identity of a trust mechanism, so that nothing proves it`,
  );
}
