/**
 * The conditions of rules: CEL expressions that are bounded, pure, and never throw.
 *
 * **The budget.** An evaluation takes at most 10,000 steps. Every node of the expression that is evaluated is a step
 * (a list of literals is one), and so is every round of a macro, every item that `==` or `in` compares, and every item
 * that a list operation touches. Text operations take a step for every 64 UTF-16 units they look at or make; `matches`
 * one for every 64 operations it may need (characters times instructions of the compiled pattern), and 200 and two a
 * character of the pattern where that is not a literal; a time zone other than UTC takes 100. What is spent is spent:
 * an expression over its budget is not evaluable, whatever `||` made of it.
 */

import { Environment } from '@marcbachmann/cel-js';
import { Address, Cidr } from './address.js';
import { compile } from './compile.js';
import type { Program } from './program.js';
import { type Equality, equalitiesOf } from './equalities.js';
import { readsOf } from './reads.js';
import { type ConditionInput, ROOTS } from './roots.js';
import { didYouMean } from './suggestion.js';
import { type ASTNode, type ConditionFault, depthOf } from './syntax.js';

const MAX_SOURCE_BYTES = 4096;
const MAX_DEPTH = 32;
const MAX_NODES = 2048;
const MAX_STEPS = 10_000;

/** For parsing and checking types only: its functions are never called. */
const environment = declared(
  new Environment({
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
    // Parentheses and member accesses count here too, so this bound is wider than the one on the tree.
    limits: { maxDepth: 2 * MAX_DEPTH, maxAstNodes: MAX_NODES, maxListElements: MAX_NODES, maxMapEntries: MAX_NODES },
  }),
);

function declared(bare: Environment): Environment {
  const nothing = (): undefined => undefined;
  bare.registerType('net.IP', Address).registerType('net.CIDR', Cidr);
  for (const root of ROOTS) bare.registerVariable(root, 'map<string, dyn>');
  for (const signature of [
    'ip(string): net.IP',
    'ip(net.IP): net.IP',
    'cidr(string): net.CIDR',
    'net.CIDR.containsIP(string): bool',
    'net.CIDR.containsIP(net.IP): bool',
    'matches(string, string): bool',
    'int(uint): int',
    'int(google.protobuf.Timestamp): int',
    'string(google.protobuf.Timestamp): string',
    'string(google.protobuf.Duration): string',
    'timestamp(google.protobuf.Timestamp): google.protobuf.Timestamp',
    'duration(google.protobuf.Duration): google.protobuf.Duration',
  ]) {
    bare.registerFunction(signature, nothing);
  }
  for (const operator of ['net.IP == net.IP', 'net.CIDR == net.CIDR']) bare.registerOperator(operator, () => false);
  return bare;
}

export class Condition {
  readonly source: string;
  /** The expression as the library parsed it; for linters and other compilers. */
  readonly ast: ASTNode;
  /** Reads `request.time`, or the whole of `request`: the answer may change with the time alone. */
  readonly readsTime: boolean;
  /** Paths of the members it reads, sorted: `principal.claims.tier`, `request.headers["x-team"]`. */
  readonly reads: readonly string[];
  /**
   * Those that may be absent without `has()`, `in` or optional syntax to guard them, sorted. Members of the variables
   * that macros bind are among them.
   */
  readonly unguardedReads: readonly string[];
  /** What would guard them, in an order in which each may be read: `has(claimed.a)`, `"x-team" in request.headers`. */
  readonly guards: readonly string[];
  readonly #program: Program;

  /** Use {@link parseCondition}. */
  constructor(source: string, ast: ASTNode, program: Program) {
    const { reads, unguarded, guards, readsTime } = readsOf(ast, ROOTS);
    this.source = source;
    this.ast = ast;
    this.readsTime = readsTime;
    this.reads = reads;
    this.unguardedReads = unguarded;
    this.guards = guards;
    this.#program = program;
  }

  /** What is equal whenever it holds, as far as it says so at its outermost level. */
  get equalities(): readonly Equality[] {
    return equalitiesOf(this.ast);
  }

  /**
   * @returns undefined when not evaluable: an error, a missing value, a result that is not a boolean, or over budget
   * @throws never
   */
  evaluate(input: ConditionInput): boolean | undefined {
    const run = { input, steps: MAX_STEPS, locals: [] };
    try {
      const value = this.#program(run);
      return typeof value === 'boolean' && run.steps >= 0 ? value : undefined;
    } catch {
      // Nothing below throws by design. If something does, the condition is not evaluable, and nothing else breaks.
      return undefined;
    }
  }
}

export type ParsedCondition = { readonly condition: Condition } | { readonly faults: readonly ConditionFault[] };

/**
 * @param source  a CEL expression of at most 4 KiB and 32 levels of nesting whose type is `bool`, or not known before
 *   it runs
 * @returns faults where it is not that; names a root that does not exist; or holds a literal that can never be
 *   evaluated: a pattern that is not RE2, a CIDR block, an address, a time or a duration that is none
 */
export function parseCondition(source: string): ParsedCondition {
  if (source.length > MAX_SOURCE_BYTES || new TextEncoder().encode(source).length > MAX_SOURCE_BYTES) {
    return faulty('the condition is longer than 4 KiB', 0);
  }
  try {
    return checked(source);
  } catch (error) {
    return faultOf(error);
  }
}

function checked(source: string): ParsedCondition {
  const parsed = environment.parse(source);
  // Before anything else recurses over the tree.
  if (depthOf(parsed.ast) > MAX_DEPTH) return faulty(`the condition nests deeper than ${MAX_DEPTH} levels`, 0);
  const { valid, type, error } = parsed.check();
  if (!valid) return faultOf(error);
  if (type !== 'bool' && !type!.startsWith('dyn')) {
    return faulty(`a condition must be true or false, and this is of type \`${type}\``, 0);
  }
  const { program, faults } = compile(parsed.ast, ROOTS);
  return faults.length > 0 ? { faults } : { condition: new Condition(source, parsed.ast, program) };
}

function faulty(message: string, offset: number): ParsedCondition {
  return { faults: [{ message, offset }] };
}

/** What the library says of an error, as far as we use it. */
interface LibraryError {
  readonly code?: string;
  readonly summary?: string;
  readonly range?: { readonly start: number };
  readonly node?: { readonly args?: unknown };
}

function faultOf(error: unknown): ParsedCondition {
  const { code, summary, range, node } = error as LibraryError;
  const offset = range?.start ?? 0;
  // The parser recurses on `!!!…` without a bound of its own, and overflows the stack.
  if (summary === undefined || code === 'limit_exceeded')
    return faulty('the condition is too large or nests too deep', offset);
  if (code === 'unknown_variable' && typeof node?.args === 'string') {
    return faulty(`\`${node.args}\` is nothing a condition can read${didYouMean(node.args, ROOTS)}`, offset);
  }
  return faulty(readable(summary), offset);
}

/** The library's words in our style: lower case, what the author wrote in backticks. */
function readable(summary: string): string {
  const quoted = summary.replace(/'([^']*)'/g, '`$1`');
  return quoted.slice(0, 1).toLowerCase() + quoted.slice(1);
}
