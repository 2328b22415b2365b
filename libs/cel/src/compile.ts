/**
 * Makes an expression that the parser and the type checker accepted into closures.
 *
 * The library's own evaluator is not used: it has no bound on steps, its `matches` and `duration` backtrack, its times
 * depend on the zone of the process, and its cache of types grows with the shapes of the data it compares. See the
 * budget in {@link ./condition.ts}.
 */

import { UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { FUNCTIONS, int, matchText } from './functions.js';
import { BINARY, contains, type BinaryOperator, negate } from './operators.js';
import { compilePattern } from './pattern.js';
import {
  alternative,
  call,
  conditional,
  constant,
  junction,
  mapOf,
  presence,
  type Program,
  readMembers,
  select,
  selectOptional,
  unary,
  VISITS,
} from './program.js';
import {
  type ASTNode,
  type Binding,
  bindingOf,
  type Comprehension,
  comprehensionOf,
  type ConditionFault,
  operandsOf,
  testedBy,
} from './syntax.js';
import {
  itemAt,
  keysOf,
  lengthOfList,
  List,
  Mapping,
  Optional,
  spend,
  TypeName,
  Unsigned,
  type Value,
} from './values.js';

/** Variables bound by macros, to their places among the locals. */
type Scope = ReadonlyMap<string, number>;

interface Compilation {
  readonly roots: ReadonlySet<string>;
  readonly faults: ConditionFault[];
  locals: number;
}

export interface Compiled {
  readonly program: Program;
  readonly faults: readonly ConditionFault[];
}

export function compile(ast: ASTNode, roots: readonly string[]): Compiled {
  const compilation: Compilation = { roots: new Set(roots), faults: [], locals: 0 };
  const program = compileNode(compilation, ast, new Map());
  return { program, faults: compilation.faults };
}

const unevaluable: Program = () => undefined;

function refuse(compilation: Compilation, node: ASTNode, message: string): Program {
  compilation.faults.push({ message, offset: node.pos });
  return unevaluable;
}

function compileNode(compilation: Compilation, node: ASTNode, scope: Scope): Program {
  const sub = (child: ASTNode): Program => compileNode(compilation, child, scope);
  switch (node.op) {
    case 'value':
      return typeof node.args === 'bigint' && int(node.args) === undefined
        ? refuse(compilation, node, `\`${node.args}\` does not fit 64 bits`)
        : constant(literal(node.args));
    case 'id':
      return compileName(compilation, node, node.args, scope);
    case '.':
      return staticPath(compilation, node, scope) ?? select(sub(node.args[0]), constant(node.args[1]));
    case '[]':
      return staticPath(compilation, node, scope) ?? select(sub(node.args[0]), sub(node.args[1]));
    case '.?':
      return selectOptional(sub(node.args[0]), constant(node.args[1]));
    case '[?]':
      return selectOptional(sub(node.args[0]), sub(node.args[1]));
    case 'call':
      return compileCall(compilation, node, node.args[0], node.args[1], scope);
    case 'rcall':
      return compileMethod(compilation, node, scope);
    case 'list':
      return compileList(node.args, node.args.map(sub));
    case 'map':
      return mapOf(node.args.map(([key, value]) => [sub(key), sub(value)]));
    case '?:':
      return conditional(sub(node.args[0]), sub(node.args[1]), sub(node.args[2]));
    case '&&':
      return junction(operandsOf(node as ASTNode & { op: '&&' }).map(sub), false);
    case '||':
      return junction(operandsOf(node as ASTNode & { op: '||' }).map(sub), true);
    case '!_':
      return unary(sub(node.args), (value) => (typeof value === 'boolean' ? !value : undefined));
    case '-_':
      return compileNegation(compilation, node.args, scope);
    default:
      return compileBinary(compilation, node.op, node.args, scope);
  }
}

function literal(value: unknown): Value {
  return value instanceof UnsignedInt ? new Unsigned(value.valueOf() as bigint) : (value as Value);
}

const TYPES: ReadonlyMap<string, TypeName> = new Map(
  ['string', 'bool', 'int', 'uint', 'double', 'map', 'list', 'bytes', 'null_type', 'type'].map((name) => [
    name,
    new TypeName(name),
  ]),
);
const PROTOBUF_TYPES = ['Timestamp', 'Duration'].map(
  (name) => [name, new TypeName(`google.protobuf.${name}`)] as const,
);
const GOOGLE = new Mapping(new Map([['protobuf', new Mapping(new Map(PROTOBUF_TYPES))]]));

function compileName(compilation: Compilation, node: ASTNode, name: string, scope: Scope): Program {
  const place = scope.get(name);
  if (place !== undefined) return (run) => (--run.steps < 0 ? undefined : run.locals[place]);
  if (compilation.roots.has(name)) return readMembers(name, []);
  const named = name === 'google' ? GOOGLE : TYPES.get(name);
  return named === undefined ? refuse(compilation, node, `\`${name}\` is not a value`) : constant(named);
}

/** `root.member["member"]…`, read in one go. @returns undefined for any other expression */
function staticPath(compilation: Compilation, node: ASTNode, scope: Scope): Program | undefined {
  const members: string[] = [];
  let object = node;
  while (object.op !== 'id') {
    if (object.op === '.') members.unshift(object.args[1]);
    else if (object.op === '[]' && object.args[1].op === 'value' && typeof object.args[1].args === 'string') {
      members.unshift(object.args[1].args);
    } else return undefined;
    object = object.args[0];
  }
  return scope.has(object.args) || !compilation.roots.has(object.args) ? undefined : readMembers(object.args, members);
}

function compileList(nodes: readonly ASTNode[], items: readonly Program[]): Program {
  const literals = nodes.map((node) => (node.op === 'value' ? literal(node.args) : undefined));
  // A list of literals is made once, and counts one step.
  if (literals.every((value) => value !== undefined)) return constant(new List(literals));
  return (run) => {
    if (--run.steps < 0) return undefined;
    const values: Value[] = [];
    for (const item of items) {
      const value = item(run);
      if (value === undefined) return undefined;
      values.push(value);
    }
    return new List(values);
  };
}

function compileNegation(compilation: Compilation, operand: ASTNode, scope: Scope): Program {
  // The one whole number that fits only with its sign.
  if (operand.op === 'value' && operand.args === 2n ** 63n) return constant(-operand.args);
  return unary(compileNode(compilation, operand, scope), negate);
}

function compileBinary(
  compilation: Compilation,
  operator: string,
  [left, right]: readonly [ASTNode, ASTNode],
  scope: Scope,
): Program {
  const one = compileNode(compilation, left, scope);
  const other = compileNode(compilation, right, scope);
  const apply = operator === 'in' ? membership(right) : BINARY.get(operator)!;
  return (run) => {
    if (--run.steps < 0) return undefined;
    const first = one(run);
    const second = first === undefined ? undefined : other(run);
    return first === undefined || second === undefined ? undefined : apply(run, first, second);
  };
}

/** Long lists of texts in policies are looked up, not searched. */
function membership(right: ASTNode): BinaryOperator {
  if (right.op !== 'list' || !right.args.every((item) => item.op === 'value' && typeof item.args === 'string'))
    return contains;
  const texts = new Set<unknown>(right.args.map((item) => item.args));
  return (_run, value) => texts.has(value);
}

function compileCall(
  compilation: Compilation,
  node: ASTNode,
  name: string,
  given: readonly ASTNode[],
  scope: Scope,
): Program {
  const tested = testedBy(node);
  if (tested !== undefined) return presence(compileNode(compilation, tested.object, scope), tested.member);
  return compileFunction(compilation, node, `${name}/${given.length}`, given, scope);
}

function compileMethod(compilation: Compilation, node: ASTNode & { readonly op: 'rcall' }, scope: Scope): Program {
  const [name, receiver, given] = node.args;
  const binding = bindingOf(node);
  if (binding !== undefined) return compileBinding(compilation, binding, scope);
  const comprehension = comprehensionOf(node);
  if (comprehension !== undefined) return compileComprehension(compilation, comprehension, scope);
  const [argument] = given;
  if (receiver.op === 'id' && receiver.args === 'optional' && !scope.has('optional')) {
    return argument === undefined
      ? constant(new Optional(undefined))
      : unary(compileNode(compilation, argument, scope), (value) => new Optional(value));
  }
  if ((name === 'or' || name === 'orValue') && argument !== undefined) {
    const [one, other] = [compileNode(compilation, receiver, scope), compileNode(compilation, argument, scope)];
    return alternative(one, other, name === 'orValue');
  }
  return compileFunction(compilation, node, `.${name}/${given.length}`, [receiver, ...given], scope);
}

function compileBinding(compilation: Compilation, { variable, value, body }: Binding, scope: Scope): Program {
  const bound = compileNode(compilation, value, scope);
  const place = compilation.locals++;
  const inner = compileNode(compilation, body, new Map([...scope, [variable, place]]));
  return (run) => {
    if (--run.steps < 0) return undefined;
    run.locals[place] = bound(run);
    return run.locals[place] === undefined ? undefined : inner(run);
  };
}

function compileComprehension(
  compilation: Compilation,
  { name, range, variable, bodies }: Comprehension,
  scope: Scope,
): Program {
  const over = compileNode(compilation, range, scope);
  const place = compilation.locals++;
  const inner = new Map([...scope, [variable, place]]);
  const [first, second] = bodies.map((body) => compileNode(compilation, body, inner)) as [Program, Program?];
  const visit = VISITS[name](first, second);
  return (run) => {
    const whole = --run.steps < 0 ? undefined : over(run);
    if (whole === undefined) return undefined;
    const length = lengthOfList(whole);
    const keys = length === undefined ? keysOf(run, whole) : undefined;
    if (length === undefined && keys === undefined) return undefined;
    return visit(run, length ?? keys!.length, (index) => {
      const item = keys === undefined ? itemAt(whole, index) : keys[index];
      run.locals[place] = item;
      return spend(run, 1) ? item : undefined;
    });
  };
}

function compileFunction(
  compilation: Compilation,
  node: ASTNode,
  signature: string,
  given: readonly ASTNode[],
  scope: Scope,
): Program {
  const apply = FUNCTIONS.get(signature);
  if (apply === undefined)
    return refuse(
      compilation,
      node,
      `conditions have no function \`${signature.replace(/\/.*/, '')}\` with these arguments`,
    );
  const programs = given.map((argument) => compileNode(compilation, argument, scope));
  const known = given.at(-1);
  if (known?.op === 'value' && typeof known.args === 'string') {
    if (signature === '.matches/1' || signature === 'matches/2')
      return literalMatch(compilation, known, known.args, programs[0]!);
    const meaning = LITERAL_TEXTS.get(signature);
    if (meaning !== undefined) {
      const value = apply({ input: {}, steps: 1, locals: [] }, known.args);
      return value === undefined ? refuse(compilation, known, `\`${known.args}\` is not ${meaning}`) : constant(value);
    }
  }
  return call(apply, programs);
}

/** Functions of a text that are worked out once where the text is a literal. */
const LITERAL_TEXTS: ReadonlyMap<string, string> = new Map([
  ['cidr/1', 'a CIDR block such as `10.0.0.0/8`'],
  ['ip/1', 'an IP address'],
  ['timestamp/1', 'a time such as `2026-12-24T12:00:00Z`'],
  ['duration/1', 'a duration such as `1h30m`'],
]);

function literalMatch(compilation: Compilation, node: ASTNode, source: string, text: Program): Program {
  const pattern = compilePattern(source);
  if (pattern === undefined)
    return refuse(compilation, node, `\`${source}\` is not a regular expression in RE2 syntax, or is too large`);
  return (run) => {
    if ((run.steps -= 2) < 0) return undefined;
    const value = text(run);
    return value === undefined ? undefined : matchText(run, value, pattern);
  };
}
