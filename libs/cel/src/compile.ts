/**
 * Makes an expression that the parser and the type checker accepted into closures.
 *
 * The library's own evaluator is not used: it has no bound on steps, its `matches` and `duration` backtrack, its times
 * depend on the zone of the process, and its cache of types grows with the shapes of the data it compares. See the
 * budget in {@link ./condition.ts}.
 */

import { UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { FUNCTIONS, int, matchText } from './functions.js';
import { add, arithmetic, negate } from './operators.js';
import { compilePattern, type Pattern } from './pattern.js';
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
  equal,
  fromInput,
  itemAt,
  keyOf,
  keysOf,
  kindOf,
  lengthOfList,
  List,
  Mapping,
  memberOf,
  Optional,
  order,
  ownMember,
  type Run,
  spend,
  TypeName,
  Unsigned,
  type Value,
} from './values.js';

export type Program = (run: Run) => Value | undefined;

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
      return compileMap(node.args.map(([key, value]) => [sub(key), sub(value)]));
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

function constant(value: Value): Program {
  return (run) => (--run.steps < 0 ? undefined : value);
}

function literal(value: unknown): Value {
  return value instanceof UnsignedInt ? new Unsigned(value.valueOf() as bigint) : (value as Value);
}

function unary(operand: Program, apply: (value: Value) => Value | undefined): Program {
  return (run) => {
    const value = --run.steps < 0 ? undefined : operand(run);
    return value === undefined ? undefined : apply(value);
  };
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
  if (compilation.roots.has(name)) return readPathOf(name, []);
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
  return scope.has(object.args) || !compilation.roots.has(object.args) ? undefined : readPathOf(object.args, members);
}

function readPathOf(root: string, members: readonly string[]): Program {
  const cost = members.length + 1;
  return (run) => {
    if ((run.steps -= cost) < 0) return undefined;
    let current: unknown = run.input[root];
    for (let index = 0; index < members.length; index++) {
      current = ownMember(current, members[index]!);
      if (current === undefined) return undefined;
    }
    return fromInput(current);
  };
}

/** The member of a map or the item of a list. */
function partOf(object: Value, key: Value): Value | undefined {
  const length = lengthOfList(object);
  if (length === undefined) return memberOf(object, key);
  const index = keyOf(key);
  return typeof index === 'bigint' && index >= 0n && index < BigInt(length) ? itemAt(object, Number(index)) : undefined;
}

function select(object: Program, key: Program): Program {
  return (run) => {
    if (--run.steps < 0) return undefined;
    const value = object(run);
    const name = value === undefined ? undefined : key(run);
    if (value === undefined || name === undefined) return undefined;
    if (!(value instanceof Optional)) return partOf(value, name);
    return value.value === undefined ? value : new Optional(partOf(value.value, name));
  };
}

function selectOptional(object: Program, key: Program): Program {
  return (run) => {
    if (--run.steps < 0) return undefined;
    const given = object(run);
    const name = given === undefined ? undefined : key(run);
    if (given === undefined || name === undefined) return undefined;
    const value = given instanceof Optional ? given.value : given;
    if (value === undefined) return given;
    const kind = kindOf(value);
    return kind === 'map' || kind === 'list' ? new Optional(partOf(value, name)) : undefined;
  };
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

function compileMap(entries: readonly (readonly [Program, Program])[]): Program {
  return (run) => {
    if (--run.steps < 0) return undefined;
    const made = new Map<Value, Value>();
    for (const [key, value] of entries) {
      const keyValue = key(run);
      const held = value(run);
      // Doubles look up whole keys but cannot be keys themselves.
      const name = keyValue === undefined || typeof keyValue === 'number' ? undefined : keyOf(keyValue);
      if (name === undefined || held === undefined || made.has(name)) return undefined;
      made.set(name, held);
    }
    return new Mapping(made);
  };
}

function conditional(condition: Program, consequent: Program, alternate: Program): Program {
  return (run) => {
    if (--run.steps < 0) return undefined;
    const chosen = condition(run);
    if (chosen === true) return consequent(run);
    return chosen === false ? alternate(run) : undefined;
  };
}

/** `&&` (absorbing false) or `||` (absorbing true): the absorbing value wins over errors on either side. */
function junction(operands: readonly Program[], absorbing: boolean): Program {
  const cost = operands.length - 1;
  return (run) => {
    if ((run.steps -= cost) < 0) return undefined;
    let result: boolean | undefined = !absorbing;
    for (let index = 0; index < operands.length; index++) {
      const value = operands[index]!(run);
      if (value === absorbing) return absorbing;
      if (value !== !absorbing) result = undefined;
    }
    return result;
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

type BinaryOperator = (run: Run, one: Value, other: Value) => Value | undefined;

function ordering(holds: (difference: number) => boolean): BinaryOperator {
  return (run, one, other) => {
    const difference = order(run, one, other);
    return difference === undefined ? undefined : holds(difference);
  };
}

function differ(run: Run, one: Value, other: Value): boolean | undefined {
  const same = equal(run, one, other);
  return same === undefined ? undefined : !same;
}

const BINARY: ReadonlyMap<string, BinaryOperator> = new Map<string, BinaryOperator>([
  ['==', equal],
  ['!=', differ],
  ['<', ordering((difference) => difference < 0)],
  ['<=', ordering((difference) => difference <= 0)],
  ['>', ordering((difference) => difference > 0)],
  ['>=', ordering((difference) => difference >= 0)],
  ['+', add],
  ['-', arithmetic('-')],
  ['*', arithmetic('*')],
  ['/', arithmetic('/')],
  ['%', arithmetic('%')],
]);

/** Long lists of texts in policies are looked up, not searched. */
function membership(right: ASTNode): BinaryOperator {
  if (right.op !== 'list' || !right.args.every((item) => item.op === 'value' && typeof item.args === 'string'))
    return contains;
  const texts = new Set<unknown>(right.args.map((item) => item.args));
  return (_run, value) => texts.has(value);
}

function contains(run: Run, value: Value, whole: Value): boolean | undefined {
  const length = lengthOfList(whole);
  if (length === undefined) return kindOf(whole) === 'map' ? memberOf(whole, value) !== undefined : undefined;
  for (let index = 0; index < length; index++) {
    const item = itemAt(whole, index);
    const same = item === undefined ? undefined : equal(run, value, item);
    if (same !== false) return same;
  }
  return false;
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

function presence(object: Program, member: string): Program {
  return (run) => {
    if (--run.steps < 0) return undefined;
    const given = object(run);
    if (given === undefined) return undefined;
    const value = given instanceof Optional ? given.value : given;
    if (value === undefined) return false;
    return kindOf(value) === 'map' ? memberOf(value, member) !== undefined : undefined;
  };
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

function alternative(optional: Program, other: Program, unwrap: boolean): Program {
  return (run) => {
    const value = --run.steps < 0 ? undefined : optional(run);
    if (!(value instanceof Optional)) return undefined;
    if (value.value !== undefined) return unwrap ? value.value : value;
    const instead = other(run);
    return unwrap || instead instanceof Optional ? instead : undefined;
  };
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

/** @param enter  binds the variable to an item and gives it; undefined when it cannot be read, or over budget */
type Visit = (run: Run, length: number, enter: (index: number) => Value | undefined) => Value | undefined;

const VISITS: { readonly [name in Comprehension['name']]: (first: Program, second?: Program) => Visit } = {
  all: (predicate) => quantifier(predicate, false),
  exists: (predicate) => quantifier(predicate, true),
  exists_one: (predicate) => (run, length, enter) => {
    let found = 0;
    for (let index = 0; index < length; index++) {
      const holds = enter(index) === undefined ? undefined : predicate(run);
      if (typeof holds !== 'boolean') return undefined;
      if (holds) found++;
    }
    return found === 1;
  },
  map: (first, second) => (second === undefined ? gathered(undefined, first) : gathered(first, second)),
  filter: (predicate) => gathered(predicate, undefined),
};

/** Stops at the deciding value; an error counts only where no item decides. */
function quantifier(predicate: Program, deciding: boolean): Visit {
  return (run, length, enter) => {
    let result: boolean | undefined = !deciding;
    for (let index = 0; index < length && run.steps >= 0; index++) {
      const holds = enter(index) === undefined ? undefined : predicate(run);
      if (holds === deciding) return deciding;
      if (holds !== !deciding) result = undefined;
    }
    return result;
  };
}

/** @param made  what stands for an item in the new list; absent: the item itself */
function gathered(predicate: Program | undefined, made: Program | undefined): Visit {
  return (run, length, enter) => {
    const items: Value[] = [];
    for (let index = 0; index < length; index++) {
      const entered = enter(index);
      if (entered === undefined) return undefined;
      const kept = predicate === undefined || predicate(run);
      if (typeof kept !== 'boolean') return undefined;
      if (!kept) continue;
      const item = made === undefined ? entered : made(run);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return new List(items);
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
  const pattern: Pattern | undefined = compilePattern(source);
  if (pattern === undefined)
    return refuse(compilation, node, `\`${source}\` is not a regular expression in RE2 syntax`);
  return (run) => {
    if ((run.steps -= 2) < 0) return undefined;
    const value = text(run);
    return value === undefined ? undefined : matchText(run, value, pattern);
  };
}

function call(apply: (run: Run, ...given: Value[]) => Value | undefined, programs: readonly Program[]): Program {
  const [first, second] = programs as [Program, Program?];
  if (second === undefined) {
    return (run) => {
      const value = --run.steps < 0 ? undefined : first(run);
      return value === undefined ? undefined : apply(run, value);
    };
  }
  if (programs.length === 2) {
    return (run) => {
      const one = --run.steps < 0 ? undefined : first(run);
      const other = one === undefined ? undefined : second(run);
      return one === undefined || other === undefined ? undefined : apply(run, one, other);
    };
  }
  return (run) => {
    if (--run.steps < 0) return undefined;
    const values: Value[] = [];
    for (const program of programs) {
      const value = program(run);
      if (value === undefined) return undefined;
      values.push(value);
    }
    return apply(run, ...values);
  };
}
