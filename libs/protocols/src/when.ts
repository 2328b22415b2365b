import type { Breath } from '#decision';

/** Goes on at once with what is there already; an extra turn of the loop a request would cost more than deciding. */
export function when<Value, Result>(
  value: Value | Promise<Value>,
  then: (value: Value) => Result,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(then) : then(value);
}

/** All of them in their order; at once when none has to be waited for. */
function whenAll<Value>(values: readonly (Value | Promise<Value>)[]): readonly Value[] | Promise<readonly Value[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as readonly Value[]);
}

/**
 * What the work gives for each item, in their order: at once as long as the thread was not held for long, and else with
 * turns for others between items.
 *
 * @param work  must never throw or reject: nobody would wait for it while others have their turn
 */
export function forEach<Item, Value>(
  items: readonly Item[],
  breath: Breath,
  work: (item: Item) => Value | Promise<Value>,
): readonly Value[] | Promise<readonly Value[]> {
  const values: (Value | Promise<Value>)[] = [];
  for (const item of items) {
    if (breath.isOver) return withTurns(items, values, breath, work);
    values.push(work(item));
  }
  return whenAll(values);
}

/** @param values  those that are there already, of the first items */
async function withTurns<Item, Value>(
  items: readonly Item[],
  values: (Value | Promise<Value>)[],
  breath: Breath,
  work: (item: Item) => Value | Promise<Value>,
): Promise<readonly Value[]> {
  for (const item of items.slice(values.length)) {
    if (breath.isOver) await breath.next();
    values.push(work(item));
  }
  return Promise.all(values);
}

/** What the work gives, at once or later; what it throws, at once or later, becomes what `failed` makes of it. */
export function attempt<Result>(
  work: () => Result | Promise<Result>,
  failed: (fault: unknown) => Result,
): Result | Promise<Result> {
  try {
    const result = work();
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (fault) {
    return failed(fault);
  }
}
