import { CATALOGUE, type ProblemCode, type ProblemKind } from './catalogue.js';
import { problemType } from './problem-type.js';

export { CATALOGUE, type ProblemCode, type ProblemKind } from './catalogue.js';
export { DENIAL_CODES, denialBody, type DenialCode, denialTitle } from './denial.js';
export { problemType } from './problem-type.js';

/** The problem details of RFC 9457, with our stable `code` and what to do about it. */
export interface ProblemDetails {
  /** `urn:dharma:problem:` and the code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly remedy: string;
  /** Extension members, which each code has its own of. */
  readonly [member: string]: unknown;
}

/** The media type of {@link ProblemDetails}. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/**
 * An error that a caller may see. Its message is the detail of its kind with the values filled in, so no value may be
 * a secret.
 */
export class Problem extends Error {
  readonly code: ProblemCode;

  /**
   * @param values   for each `{name}` in the detail of this code, what stands there
   * @param members  extension members of the problem details: what a program does not want to read from a sentence
   */
  constructor(
    code: ProblemCode,
    readonly values: { readonly [name: string]: string | number } = {},
    readonly members: { readonly [member: string]: unknown } = {},
  ) {
    super(filled(CATALOGUE[code].detail, values));
    this.name = 'Problem';
    this.code = code;
  }

  get kind(): ProblemKind {
    return CATALOGUE[this.code];
  }

  details(): ProblemDetails {
    const { title, status, remedy } = this.kind;
    return {
      ...this.members,
      type: problemType(this.code),
      title,
      status,
      detail: this.message,
      code: this.code,
      remedy,
    };
  }
}

function filled(detail: string, values: { readonly [name: string]: string | number }): string {
  return detail.replace(/\{([a-z]+)\}/g, (placeholder, name: string) =>
    Object.hasOwn(values, name) ? String(values[name]) : placeholder,
  );
}
