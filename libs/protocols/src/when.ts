/** Goes on at once with what is there already; an extra turn of the loop a request would cost more than deciding. */
export function when<Value, Result>(
  value: Value | Promise<Value>,
  then: (value: Value) => Result,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(then) : then(value);
}

/** All of them in their order; at once when none has to be waited for. */
export function whenAll<Value>(
  values: readonly (Value | Promise<Value>)[],
): readonly Value[] | Promise<readonly Value[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as readonly Value[]);
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
