/**
 * What an expression runs as: closures, each of which takes its steps before it does its work and gives undefined, CEL's
 * error, for what cannot be evaluated.
 */

import type { CelFunction } from './functions.js';
import type { Comprehension } from './syntax.js';
import {
  fromInput,
  itemAt,
  keyOf,
  kindOf,
  lengthOfList,
  List,
  Mapping,
  memberOf,
  Optional,
  ownMember,
  type Run,
  type Value,
} from './values.js';

export type Program = (run: Run) => Value | undefined;

export function constant(value: Value): Program {
  return (run) => (--run.steps < 0 ? undefined : value);
}

export function unary(operand: Program, apply: (value: Value) => Value | undefined): Program {
  return (run) => {
    const value = --run.steps < 0 ? undefined : operand(run);
    return value === undefined ? undefined : apply(value);
  };
}

export function readMembers(root: string, members: readonly string[]): Program {
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

export function select(object: Program, key: Program): Program {
  return (run) => {
    if (--run.steps < 0) return undefined;
    const value = object(run);
    const name = value === undefined ? undefined : key(run);
    if (value === undefined || name === undefined) return undefined;
    if (!(value instanceof Optional)) return partOf(value, name);
    return value.value === undefined ? value : new Optional(partOf(value.value, name));
  };
}

export function selectOptional(object: Program, key: Program): Program {
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

export function mapOf(entries: readonly (readonly [Program, Program])[]): Program {
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

export function conditional(condition: Program, consequent: Program, alternate: Program): Program {
  return (run) => {
    if (--run.steps < 0) return undefined;
    const chosen = condition(run);
    if (chosen === true) return consequent(run);
    return chosen === false ? alternate(run) : undefined;
  };
}

/** `&&` (absorbing false) or `||` (absorbing true): the absorbing value wins over errors on either side. */
export function junction(operands: readonly Program[], absorbing: boolean): Program {
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

export function presence(object: Program, member: string): Program {
  return (run) => {
    if (--run.steps < 0) return undefined;
    const given = object(run);
    if (given === undefined) return undefined;
    const value = given instanceof Optional ? given.value : given;
    if (value === undefined) return false;
    return kindOf(value) === 'map' ? memberOf(value, member) !== undefined : undefined;
  };
}

export function alternative(optional: Program, other: Program, unwrap: boolean): Program {
  return (run) => {
    const value = --run.steps < 0 ? undefined : optional(run);
    if (!(value instanceof Optional)) return undefined;
    if (value.value !== undefined) return unwrap ? value.value : value;
    const instead = other(run);
    return unwrap || instead instanceof Optional ? instead : undefined;
  };
}

/** @param enter  binds the variable to an item and gives it; undefined when it cannot be read, or over budget */
type Visit = (run: Run, length: number, enter: (index: number) => Value | undefined) => Value | undefined;

export const VISITS: { readonly [name in Comprehension['name']]: (first: Program, second?: Program) => Visit } = {
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

export function call(apply: CelFunction, programs: readonly Program[]): Program {
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
