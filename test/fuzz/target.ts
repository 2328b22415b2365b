import type fc from 'fast-check';

/** What is fuzzed: one input in, and what must hold of what comes out. */
export interface FuzzTarget<Input, Output> {
  readonly name: string;
  readonly inputs: fc.Arbitrary<Input>;
  /** The work whose time is bounded. It throws nothing. */
  readonly exercise: (input: Input) => Output;
  /** @throws where something does not hold */
  readonly judge: (input: Input, output: Output) => void;
  /** The input as it can stand in a row of a test. */
  readonly show: (input: Input) => string;
}

export function insist(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** A text as JSON, in ASCII. */
export function shownText(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[^\u0020-\u007e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
