/** What has to be equal for a condition to hold, as far as it says so at its outermost level. */
import { type ASTNode, operandsOf } from './syntax.js';

/** A dotted path of plain members, `principal.attributes.team`; or a text. */
export type Side = { readonly kind: 'path'; readonly path: string } | { readonly kind: 'text'; readonly text: string };

/** Whenever the condition holds, both sides are there and equal. */
export type Equality = readonly [Side, Side];

/** @returns those between paths and texts; there may be further ones */
export function equalitiesOf(ast: ASTNode): readonly Equality[] {
  const operands = ast.op === '&&' ? operandsOf(ast as ASTNode & { op: '&&' }) : [ast];
  return operands.flatMap((operand): Equality[] => {
    if (operand.op === '&&') return [...equalitiesOf(operand)];
    if (operand.op !== '==') return [];
    const [left, right] = (operand.args as readonly [ASTNode, ASTNode]).map(sideOf);
    return left === undefined || right === undefined ? [] : [[left, right]];
  });
}

function sideOf(node: ASTNode): Side | undefined {
  if (node.op === 'value') return typeof node.args === 'string' ? { kind: 'text', text: node.args } : undefined;
  const path = dotted(node);
  return path === undefined ? undefined : { kind: 'path', path };
}

function dotted(node: ASTNode): string | undefined {
  if (node.op === 'id') return node.args;
  if (node.op !== '.') return undefined;
  const object = dotted(node.args[0]);
  return object === undefined ? undefined : `${object}.${node.args[1]}`;
}
