/** Walking the syntax tree that the parser gives. */

import type { ASTNode } from '@marcbachmann/cel-js';

export type { ASTNode };

/** What is wrong with an expression, and where. */
export interface ConditionFault {
  /** Lower case, without full stop; to stand after `file:line:column: `. */
  readonly message: string;
  /** UTF-16 units from the start of the source. */
  readonly offset: number;
}

export function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}

/**
 * Levels of nesting. A chain of one operator (`a || b || c`, `x + y + z`) is one level, as people see it, though the
 * parser nests it to the left.
 */
export function depthOf(root: ASTNode): number {
  let deepest = 0;
  const waiting: [ASTNode, number][] = [[root, 1]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [node, depth] = next;
    deepest = Math.max(deepest, depth);
    for (const [index, child] of childrenOf(node).entries()) {
      const chained = index === 0 && child.op === node.op && CHAINS.has(node.op);
      waiting.push([child, chained ? depth : depth + 1]);
    }
  }
  return deepest;
}

const CHAINS: ReadonlySet<string> = new Set(['||', '&&', '+', '-', '*', '/', '%']);

/** The operands of a chain of `&&` or `||`, left to right. */
export function operandsOf(node: ASTNode & { readonly op: '&&' | '||' }): readonly ASTNode[] {
  const operands: ASTNode[] = [];
  let left: ASTNode = node;
  while (left.op === node.op) {
    const [next, right] = left.args as [ASTNode, ASTNode];
    operands.unshift(right);
    left = next;
  }
  return [left, ...operands];
}

/** A macro with the variable it binds, as `receiver.name(variable, …bodies)`. */
export interface Comprehension {
  readonly name: 'all' | 'exists' | 'exists_one' | 'map' | 'filter';
  readonly range: ASTNode;
  readonly variable: string;
  readonly bodies: readonly ASTNode[];
}

const COMPREHENSIONS: ReadonlySet<string> = new Set([
  'all/2',
  'exists/2',
  'exists_one/2',
  'map/2',
  'map/3',
  'filter/2',
]);

export function comprehensionOf(node: ASTNode): Comprehension | undefined {
  if (node.op !== 'rcall') return undefined;
  const [name, range, [first, ...bodies]] = node.args;
  if (first?.op !== 'id' || !COMPREHENSIONS.has(`${name}/${bodies.length + 1}`)) return undefined;
  return { name: name as Comprehension['name'], range, variable: first.args, bodies };
}

/** `cel.bind(variable, value, body)`. */
export interface Binding {
  readonly variable: string;
  readonly value: ASTNode;
  readonly body: ASTNode;
}

export function bindingOf(node: ASTNode): Binding | undefined {
  if (node.op !== 'rcall' || node.args[0] !== 'bind') return undefined;
  const [, receiver, [first, value, body]] = node.args;
  if (receiver.op !== 'id' || receiver.args !== 'cel' || first?.op !== 'id' || !value || !body) return undefined;
  return { variable: first.args, value, body };
}

/** The argument of `has(object.member)`. */
export function testedBy(node: ASTNode): { readonly object: ASTNode; readonly member: string } | undefined {
  if (node.op !== 'call' || node.args[0] !== 'has') return undefined;
  const [tested, ...more] = node.args[1];
  if (more.length > 0 || (tested?.op !== '.' && tested?.op !== '.?')) return undefined;
  return { object: tested.args[0], member: tested.args[1] };
}
