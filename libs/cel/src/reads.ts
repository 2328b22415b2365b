/**
 * Which members a condition reads, and which of these reads nothing guards.
 *
 * A path is written as CEL writes it: `principal.claims.tier`, `request.headers["x-team"]`; a key that is not a literal
 * stands in it as it is written, `request.headers[attributes.name]`.
 */

import { serialize } from '@marcbachmann/cel-js';
import { type ASTNode, bindingOf, childrenOf, comprehensionOf, operandsOf, testedBy } from './syntax.js';

export interface Reads {
  readonly reads: readonly string[];
  readonly unguarded: readonly string[];
  /** What guards those, as CEL writes it; of an item of a list nothing does but optional syntax. */
  readonly guards: readonly string[];
  readonly readsTime: boolean;
}

/**
 * Members every request has. `request.{method,host,path}`, `actor.service` and the members of `resource` and `action`
 * are not among them: topics have no method, callers need not be services, and most targets are no resources.
 */
const ALWAYS_PRESENT: ReadonlySet<string> = new Set([
  'request.query',
  'request.headers',
  'request.params',
  'request.time',
  'actor.domains',
  'principal.type',
  'principal.id',
  'principal.mechanism',
  'principal.groups',
  'principal.roles',
  'principal.scopes',
  'principal.claims',
  'principal.attributes',
  'target.service',
  'target.endpoint',
  'target.domains',
]);

/** Maps in every request: `"x" in` one of them asks for that member alone, as `has` does. */
const MAPS: ReadonlySet<string> = new Set([
  'request.query',
  'request.headers',
  'principal.claims',
  'attributes',
  'claimed',
  'context',
]);

/** Paths known to be there, since the expression is only reached, or only counts, where they are. */
type Facts = ReadonlySet<string>;
const NOTHING: Facts = new Set();

interface Walk {
  readonly roots: ReadonlySet<string>;
  readonly reads: Set<string>;
  readonly unguarded: Set<string>;
  readonly guards: Set<string>;
}

/** The variables of macros that are in scope; they hide roots of the same name. */
type Bound = ReadonlySet<string>;

export function readsOf(ast: ASTNode, roots: readonly string[]): Reads {
  const walk: Walk = { roots: new Set(roots), reads: new Set(), unguarded: new Set(), guards: new Set() };
  visit(walk, ast, NOTHING, new Set());
  const reads = [...walk.reads].toSorted();
  const readsTime = reads.some((path) => /^request(?:$|\.time(?![A-Za-z0-9_])|\[(?!"))/.test(path));
  return { reads, unguarded: [...walk.unguarded].toSorted(), guards: [...walk.guards], readsTime };
}

/** A variable or root, and the members read from it, outermost first. */
interface Path {
  readonly name: string;
  readonly keys: readonly string[];
  /** Where optional syntax begins: what comes after may be absent. */
  readonly required: number;
  /** Keys that are expressions themselves. */
  readonly computed: readonly ASTNode[];
}

function pathOf(node: ASTNode): Path | undefined {
  const keys: string[] = [];
  const computed: ASTNode[] = [];
  let optional = 0;
  let object = node;
  while (object.op !== 'id') {
    if (object.op === '.' || object.op === '.?') keys.unshift(`.${object.args[1]}`);
    else if (object.op === '[]' || object.op === '[?]') {
      const key = object.args[1];
      keys.unshift(keyText(key));
      if (key.op !== 'value') computed.push(key);
    } else return undefined;
    if (object.op === '.?' || object.op === '[?]') optional = keys.length;
    object = object.args[0];
  }
  return { name: object.args, keys, required: optional === 0 ? keys.length : keys.length - optional, computed };
}

function keyText(key: ASTNode): string {
  if (key.op === 'value' && typeof key.args === 'string') return memberText(key.args);
  return `[${serialize(key)}]`;
}

function memberText(member: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(member) ? `.${member}` : `[${JSON.stringify(member)}]`;
}

function visit(walk: Walk, node: ASTNode, facts: Facts, bound: Bound): void {
  const path = pathOf(node);
  if (path !== undefined) {
    read(walk, path, path.required, facts, bound);
    for (const key of path.computed) visit(walk, key, facts, bound);
    return;
  }
  const tested = testedBy(node);
  if (tested !== undefined) return visitTest(walk, node, facts, bound);
  if (node.op === '&&' || node.op === '||') return visitJunction(walk, node as never, facts, bound);
  if (node.op === 'in') {
    const [key, map] = node.args;
    const asked = pathOf(map);
    const isMember = key.op === 'value' && typeof key.args === 'string' && !bound.has(asked?.name ?? '');
    if (asked !== undefined && isMember && MAPS.has(asked.name + asked.keys.join(''))) {
      read(walk, { ...asked, keys: [...asked.keys, keyText(key)] }, asked.required, facts, bound);
      return;
    }
  }
  if (node.op === '?:') {
    const [condition, consequent, alternate] = node.args;
    visit(walk, condition, facts, bound);
    visit(walk, consequent, union(facts, established(condition, true)), bound);
    visit(walk, alternate, union(facts, established(condition, false)), bound);
    return;
  }
  const binder = bindingOf(node);
  const comprehension = comprehensionOf(node);
  if (binder === undefined && comprehension === undefined) {
    for (const child of childrenOf(node)) visit(walk, child, facts, bound);
    return;
  }
  const variable = binder?.variable ?? comprehension!.variable;
  visit(walk, binder?.value ?? comprehension!.range, facts, bound);
  const outer = new Set([...facts].filter((fact) => !startsWithName(fact, variable)));
  for (const body of comprehension?.bodies ?? [binder!.body]) visit(walk, body, outer, new Set([...bound, variable]));
}

function startsWithName(path: string, name: string): boolean {
  return path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`);
}

function visitTest(walk: Walk, node: ASTNode, facts: Facts, bound: Bound): void {
  const { object, member } = testedBy(node)!;
  const path = pathOf(object);
  if (path === undefined) return visit(walk, object, facts, bound);
  // The tested member may be absent; the objects on the way to it may not.
  read(walk, { ...path, keys: [...path.keys, `.${member}`] }, path.required, facts, bound);
}

/** What one side guards, it guards on the other too: an error there is absorbed where the guard decides. */
function visitJunction(walk: Walk, node: ASTNode & { readonly op: '&&' | '||' }, facts: Facts, bound: Bound): void {
  const operands = operandsOf(node);
  const passing = node.op === '&&';
  const known = operands.map((operand) => established(operand, passing));
  for (const [index, operand] of operands.entries()) {
    const others = known.filter((_, other) => other !== index);
    visit(walk, operand, others.reduce(union, facts), bound);
  }
}

function read(walk: Walk, path: Path, required: number, facts: Facts, bound: Bound): void {
  const isRoot = walk.roots.has(path.name) && !bound.has(path.name);
  if (!isRoot && !bound.has(path.name)) return;
  const whole = path.name + path.keys.join('');
  if (isRoot) walk.reads.add(whole);
  let prefix = path.name;
  for (const key of path.keys.slice(0, required)) {
    const guard = guardOf(prefix, key);
    prefix += key;
    if (facts.has(prefix) || (isRoot && ALWAYS_PRESENT.has(prefix))) continue;
    walk.unguarded.add(path.name + path.keys.slice(0, required).join(''));
    if (guard !== undefined) walk.guards.add(guard);
  }
}

/** `has()` takes no brackets, wherever they stand. */
function guardOf(object: string, key: string): string | undefined {
  if (key.startsWith('.')) return object.includes('[') ? `"${key.slice(1)}" in ${object}` : `has(${object}${key})`;
  const inside = key.slice(1, -1);
  return /^\d+$/.test(inside) ? undefined : `${inside} in ${object}`;
}

/** What is there whenever the expression is `outcome`; whatever is not makes it the other, not an error. */
function established(node: ASTNode, outcome: boolean): Facts {
  if (node.op === '!_') return established(node.args, !outcome);
  if (node.op === '&&' || node.op === '||') {
    const sides = operandsOf(node as ASTNode & { op: '&&' | '||' }).map((side) => established(side, outcome));
    return (node.op === '&&') === outcome ? sides.reduce(union) : sides.reduce(intersection);
  }
  if (!outcome) return NOTHING;
  const tested = testedBy(node);
  if (tested !== undefined) return prefixesOf(tested.object, `.${tested.member}`);
  return node.op === 'in' ? prefixesOf(node.args[1], keyText(node.args[0])) : NOTHING;
}

function prefixesOf(object: ASTNode, key: string): Facts {
  const path = pathOf(object);
  if (path === undefined) return NOTHING;
  const prefixes: string[] = [];
  for (const step of [...path.keys, key]) prefixes.push((prefixes.at(-1) ?? path.name) + step);
  return new Set(prefixes);
}

function union(one: Facts, other: Facts): Facts {
  return other.size === 0 ? one : new Set([...one, ...other]);
}

function intersection(one: Facts, other: Facts): Facts {
  return new Set([...one].filter((fact) => other.has(fact)));
}
