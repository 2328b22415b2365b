/** Conditions of rules: CEL, bounded; and the addresses, patterns and paths they share with the rest of a rule. */

export { Address, Cidr, cidrContains, cidrsOverlap, parseAddress, parseCidr } from './address.js';
export { Condition, type ParsedCondition, parseCondition } from './condition.js';
export type { Equality, Side } from './equalities.js';
export { parsePath, readPath } from './paths.js';
export { compilePattern, type Pattern } from './pattern.js';
export { type ConditionInput, type ConditionValue, type Root, ROOTS } from './roots.js';
export type { ASTNode, ConditionFault } from './syntax.js';
