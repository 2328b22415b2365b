import type { Json } from '#engine';
import type { Catalogue } from './catalogue.js';
import { placeIn, type Report } from './report.js';
import type { ReadDocument } from './read.js';
import { shown } from './shape.js';
import { didYouMean } from './suggest.js';
import type { Path } from './yaml.js';

/** What is asked for among names is looked for among all of them, and a table of tests may have many slips. */
const MOST_SUGGESTIONS = 20;

/**
 * Evidence in tests that no policy gives any weight: a case that expects a denial passes with it, whatever the rules say.
 */
export function lintTests(catalogue: Catalogue, report: Report): void {
  let suggestions = 0;
  const judge = (source: ReadDocument, path: Path, asked: Json | undefined): void => {
    for (const [index, { role, mechanism }] of evidenceOf(asked)) {
      const at = [...path, 'evidence', index];
      const declared = catalogue.mechanisms.get(mechanism)?.declaration;
      if (declared === undefined) {
        if (catalogue.mayBeDeclared(mechanism)) continue;
        suggestions += 1;
        const meant = suggestions > MOST_SUGGESTIONS ? '' : didYouMean(mechanism, catalogue.mechanisms.keys());
        const message = `the mechanism \`${shown(mechanism)}\` does not exist, so this evidence counts for nothing${meant}`;
        report.add(placeIn(source, [...at, 'mechanism']), 'evidence-without-mechanism', message);
      } else if (role !== declared.role) {
        const message = `\`${mechanism}\` has the role \`${declared.role}\`, so as \`${shown(role)}\` this evidence counts for nothing`;
        report.add(placeIn(source, [...at, 'role']), 'evidence-of-other-role', message);
      }
    }
  };
  for (const { document, source } of catalogue.tests.values()) {
    const { cases = [], matrices = [] } = document.spec;
    for (const [index, { request }] of cases.entries()) judge(source, ['spec', 'cases', index, 'request'], request);
    for (const [index, { subjects }] of matrices.entries()) {
      for (const [name, subject] of Object.entries(subjects))
        judge(source, ['spec', 'matrices', index, 'subjects', name], subject as Json);
    }
  }
}

/** Items as far as they are any, with where each stands: a bundle without faults has no others. */
function evidenceOf(
  asked: Json | undefined,
): readonly (readonly [index: number, item: { readonly role: string; readonly mechanism: string }])[] {
  const { evidence } = (asked ?? {}) as { readonly evidence?: Json };
  if (!Array.isArray(evidence)) return [];
  return evidence.flatMap((item, index) => {
    const { role, mechanism } = (item ?? {}) as { readonly role?: Json; readonly mechanism?: Json };
    return typeof role === 'string' && typeof mechanism === 'string' ? [[index, { role, mechanism }] as const] : [];
  });
}
