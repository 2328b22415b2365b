/** Every token of the corpus: those that count, and those that do not, with the reason. */
import type { RefusedCase } from './case.js';
import { REFUSED_ALGORITHMS } from './refused-algorithms.js';
import { REFUSED_CLAIMS } from './refused-claims.js';
import { REFUSED_FORMS } from './refused-forms.js';
import { REFUSED_SIGNATURES } from './refused-signatures.js';

export { ACCEPTED } from './accepted.js';

export const REFUSED: readonly RefusedCase[] = [
  ...REFUSED_ALGORITHMS,
  ...REFUSED_SIGNATURES,
  ...REFUSED_CLAIMS,
  ...REFUSED_FORMS,
];
