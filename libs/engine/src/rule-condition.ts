import { parseCondition } from '#cel';
import type { Condition, ConditionInput, Equality } from '#cel';

/**
 * The condition of a rule. A snapshot that has travelled between threads brings the source alone, and parses it when a
 * request first asks: parsing takes longer than all else that restoring a rule takes.
 */
export class RuleCondition {
  /** @param parsed  where it is there already */
  constructor(
    readonly source: string,
    private parsed: Condition | undefined,
  ) {}

  /** Paths of the members it reads. */
  get reads(): readonly string[] {
    return (this.parsed ??= conditionOf(this.source)).reads;
  }

  /** What is equal whenever it holds. */
  get equalities(): readonly Equality[] {
    return (this.parsed ??= conditionOf(this.source)).equalities;
  }

  /** @returns undefined when not evaluable */
  evaluate(input: ConditionInput): boolean | undefined {
    return (this.parsed ??= conditionOf(this.source)).evaluate(input);
  }
}

/** @throws TypeError  for what is no condition; a well-formed world has none of these */
export function conditionOf(source: string): Condition {
  const parsed = parseCondition(source);
  if (!('condition' in parsed)) throw new TypeError(`not a condition: ${source}`);
  return parsed.condition;
}
